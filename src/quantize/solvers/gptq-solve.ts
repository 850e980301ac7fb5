/** GPTQ itself: four lines at a time, one place after the other. */
import type { F32, F64, I16, I32 } from '../../core/arrays.js';
import type { Factor } from '../../core/hessian-factor.js';
import { codeOf, fitRegion, valueOf, type Fit, type FitRule } from './gptq-fit.js';
import type { Lines } from './gptq-lines.js';
import { refineLine } from './gptq-refine.js';

/** Lines that share one pass over the factor, which is larger than any cache. */
const LINES_AT_ONCE = 4;

/** Places of the longest group whose scales are tried out: it costs length^2 / 2 for each candidate. */
const LONGEST_TRIED = 256;

/** Codes (of every element, in the tensor's order) with their scales and zero points, and what each line lost. */
export interface Solved {
  readonly codes: I16;
  readonly scale: F32;
  readonly zeroPoint: I32 | null;
  readonly losses: F64;
}

export interface SolvePlan {
  readonly lines: Lines;
  readonly factor: Factor;
  readonly rule: FitRule;
  readonly staticGroups: boolean;
  readonly refinePasses: number;
}

/** Room for a block of lines, in the order of processing; line i at i * n. */
class Block {
  readonly w: F64;
  readonly e: F64;
  readonly t: F64;
  readonly codes: I16;
  readonly fits: Fit[];

  constructor(n: number) {
    this.w = new Float64Array(LINES_AT_ONCE * n);
    this.e = new Float64Array(LINES_AT_ONCE * n);
    this.t = new Float64Array(LINES_AT_ONCE * n);
    this.codes = new Int16Array(LINES_AT_ONCE * n);
    this.fits = new Array<Fit>(LINES_AT_ONCE * n);
  }
}

/** The codes that GPTQ finds for `w`. `given`: scales to use where lines share regions. */
export function solveLines(w: F32, plan: SolvePlan, given: Pick<Solved, 'scale' | 'zeroPoint'>): Solved {
  const { lines, factor } = plan;
  const solved: Solved = {
    codes: new Int16Array(w.length),
    scale: given.scale.slice(),
    zeroPoint: given.zeroPoint === null ? null : given.zeroPoint.slice(),
    losses: new Float64Array(lines.starts.length),
  };
  const block = new Block(lines.n);
  for (let first = 0; first < lines.starts.length; first += LINES_AT_ONCE) {
    const count = Math.min(LINES_AT_ONCE, lines.starts.length - first);
    for (let i = 0; i < count; i++) {
      readLine(block.w, i, w, plan, first + i);
      if (lines.isShared) giveFits(block, i, plan, first + i, solved);
      else if (plan.staticGroups) fitStatic(block, i, plan);
    }
    solveBlock(block, plan, count);
    const losses = solved.losses.subarray(first, first + count);
    blockLosses(losses, block.e, factor);
    if (plan.refinePasses > 0) refineBlock(block, plan, losses);
    for (let i = 0; i < count; i++) writeLine(block, i, plan, first + i, solved);
  }
  return solved;
}

/** What every line loses with the values `v`: e H e^T of its errors. */
export function lossesOf(w: F32, v: F32, { lines, factor }: Pick<SolvePlan, 'lines' | 'factor'>): F64 {
  const losses = new Float64Array(lines.starts.length);
  const e = new Float64Array(LINES_AT_ONCE * lines.n);
  for (let first = 0; first < losses.length; first += LINES_AT_ONCE) {
    const part = losses.subarray(first, first + LINES_AT_ONCE);
    for (let i = 0; i < part.length; i++) {
      for (let k = 0; k < lines.n; k++) {
        const at = lines.starts[first + i] + factor.columns[k] * lines.stride;
        e[i * lines.n + k] = w[at] - v[at];
      }
    }
    blockLosses(part, e, factor);
  }
  return losses;
}

function readLine(to: F64, i: number, w: F32, { lines, factor }: SolvePlan, line: number): void {
  const { n, stride, starts } = lines;
  for (let k = 0; k < n; k++) to[i * n + k] = w[starts[line] + factor.columns[k] * stride];
}

/** Scales that are known already, as fits of every place. */
function giveFits(
  { fits }: Block,
  i: number,
  { lines, factor }: SolvePlan,
  line: number,
  given: Solved,
): void {
  for (let k = 0; k < lines.n; k++) {
    const region = lines.regionOfLine[line] + lines.groupOf[factor.columns[k]] * lines.regionStep;
    const zero = given.zeroPoint === null ? 0 : given.zeroPoint[region];
    fits[i * lines.n + k] = { scale: given.scale[region], zero };
  }
}

/** Scales from the original weights, priced by the Hessian's diagonal: groups as they lie, whatever the order. */
function fitStatic({ w, t, fits }: Block, i: number, { lines, factor, rule }: SolvePlan): void {
  const { n, groupSize, groupOf } = lines;
  const price = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    t[factor.columns[k]] = w[i * n + k];
    price[factor.columns[k]] = factor.hessian[k * n + k];
  }
  const groups: Fit[] = [];
  for (let begin = 0; begin < n; begin += groupSize)
    groups.push(fitRegion(t, price, begin, Math.min(n, begin + groupSize), rule, null));
  for (let k = 0; k < n; k++) fits[i * n + k] = groups[groupOf[factor.columns[k]]];
}

/** Rounds the lines of a block, group by group: what earlier groups left, the group's scale, then place by place. */
function solveBlock(block: Block, plan: SolvePlan, count: number): void {
  const { lines, factor, rule } = plan;
  const { n, groupOf } = lines;
  const { w, e, t, codes, fits } = block;
  const isDynamic = !lines.isShared && !plan.staticGroups;
  const trialErrors = new Float64Array(n);
  const ideal = new Float64Array(n);
  e.fill(0);
  for (let begin = 0; begin < n;) {
    let end = begin + 1;
    while (end < n && groupOf[factor.columns[end]] === groupOf[factor.columns[begin]]) end++;
    for (let k = begin; k < end; k++) addProduct(t, k, w, factor.feedback, n, e, 0, begin);
    for (let i = 0; isDynamic && i < count; i++) {
      const [weights, line] = [w.subarray(i * n, i * n + n), t.subarray(i * n, i * n + n)];
      const trial = (fit: Fit, limit: number): number =>
        groupLoss(weights, line, begin, end, fit, plan, limit, trialErrors);
      const isTried = end - begin <= LONGEST_TRIED;
      idealValues(ideal, weights, line, begin, end, factor);
      const fit = fitRegion(ideal, factor.price, begin, end, rule, isTried ? trial : null);
      fits.fill(fit, i * n + begin, i * n + end);
    }
    for (let k = begin; k < end; k++) {
      if (k > begin) addProduct(t, k, t, factor.feedback, n, e, begin, k);
      for (let i = 0; i < count; i++) {
        const at = i * n + k;
        codes[at] = codeOf(t[at], fits[at], rule);
        e[at] = w[at] - valueOf(codes[at], fits[at]);
      }
    }
    begin = end;
  }
}

/** The real numbers that places begin .. end would best become: what GPTQ's updates have made of the weights when their group begins. */
function idealValues(ideal: F64, w: F64, t: F64, begin: number, end: number, { feedback, n }: Factor): void {
  for (let k = begin; k < end; k++) {
    ideal[k] = t[k];
    for (let j = begin; j < k; j++) ideal[k] += feedback[k * n + j] * (w[j] - ideal[j]);
  }
}

/** What places begin .. end of a line lose with these parameters when each answers the errors of those before it; t without them. */
function groupLoss(
  w: F64,
  t: F64,
  begin: number,
  end: number,
  fit: Fit,
  { factor, rule }: SolvePlan,
  limit: number,
  errors: F64,
): number {
  const { feedback, price, n } = factor;
  let loss = 0;
  for (let k = begin; k < end && loss < limit; k++) {
    let moved = t[k];
    for (let j = begin; j < k; j++) moved += feedback[k * n + j] * errors[j];
    const value = valueOf(codeOf(moved, fit, rule), fit);
    const error = moved - value;
    errors[k] = w[k] - value;
    loss += price[k] * error * error;
  }
  return loss;
}

/**
 * Coordinate descent on each line; the gradients it begins with come from one pass over the Hessian. Every change lowers the loss but for rounding,
 * which can outweigh the change where the Hessian is all but singular: lines whose loss has not fallen go back to where they began.
 */
function refineBlock(block: Block, { lines, factor, rule, refinePasses }: SolvePlan, losses: F64): void {
  const { n } = lines;
  const { w, t: gradient, e } = block;
  const codesBefore = block.codes.slice();
  const fitsBefore = block.fits.slice();
  gradient.fill(0);
  for (let k = 0; k < n; k++) addProduct(gradient, k, gradient, factor.hessian, n, e, 0, n);
  for (let i = 0; i < losses.length; i++) {
    const line = {
      e: e.subarray(i * n, i * n + n),
      gradient: gradient.subarray(i * n, i * n + n),
      codes: block.codes.subarray(i * n, i * n + n),
      fits: block.fits.slice(i * n, i * n + n),
    };
    refineLine(line, factor, rule, refinePasses, lines);
    line.fits.forEach((fit, k) => (block.fits[i * n + k] = fit));
    for (let at = i * n; at < i * n + n; at++) e[at] = w[at] - valueOf(block.codes[at], block.fits[at]);
  }
  const refined = new Float64Array(losses.length);
  blockLosses(refined, e, factor);
  for (let i = 0; i < losses.length; i++) {
    if (refined[i] < losses[i]) {
      losses[i] = refined[i];
      continue;
    }
    for (let at = i * n; at < i * n + n; at++) {
      block.codes[at] = codesBefore[at];
      block.fits[at] = fitsBefore[at];
    }
  }
}

/** t = from + row k of `matrix` times the errors in places begin .. end, in place k of all lines of the block. */
function addProduct(
  t: F64,
  k: number,
  from: F64,
  matrix: F64,
  n: number,
  e: F64,
  begin: number,
  end: number,
): void {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let j = begin; j < end; j++) {
    const u = matrix[k * n + j];
    s0 += u * e[j];
    s1 += u * e[n + j];
    s2 += u * e[2 * n + j];
    s3 += u * e[3 * n + j];
  }
  t[k] = from[k] + s0;
  t[n + k] = from[n + k] + s1;
  t[2 * n + k] = from[2 * n + k] + s2;
  t[3 * n + k] = from[3 * n + k] + s3;
}

/** Sum over places of price * (error + feedback of the errors before it)^2, which is e H e^T. */
function blockLosses(losses: F64, e: F64, factor: Factor): void {
  const { n, price } = factor;
  const t = new Float64Array(LINES_AT_ONCE * n);
  losses.fill(0);
  for (let k = 0; k < n; k++) {
    addProduct(t, k, e, factor.feedback, n, e, 0, k);
    for (let i = 0; i < losses.length; i++) losses[i] += price[k] * t[i * n + k] * t[i * n + k];
  }
}

function writeLine(
  { codes, fits }: Block,
  i: number,
  { lines, factor }: SolvePlan,
  line: number,
  to: Solved,
): void {
  const { n, stride, starts, regionOfLine, groupOf, regionStep } = lines;
  for (let k = 0; k < n; k++) {
    const column = factor.columns[k];
    to.codes[starts[line] + column * stride] = codes[i * n + k];
    const region = regionOfLine[line] + groupOf[column] * regionStep;
    to.scale[region] = fits[i * n + k].scale;
    if (to.zeroPoint !== null) to.zeroPoint[region] = fits[i * n + k].zero;
  }
}

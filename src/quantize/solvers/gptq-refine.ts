/** Coordinate descent on a line that GPTQ has rounded: one code, then one scale at a time, each to where the loss is least. */
import type { F64, I16 } from '../../core/arrays.js';
import type { Factor } from '../../core/hessian-factor.js';
import { valueOf, type Fit, type FitRule } from './gptq-fit.js';
import type { Lines } from './gptq-lines.js';
import { roundScales } from '../affine/scale-rule.js';

/** A line in the order of processing. */
export interface Refined {
  /** w - values. */
  readonly e: F64;
  /** H e. */
  readonly gradient: F64;
  readonly codes: I16;
  readonly fits: Fit[];
}

/**
 * Refines a line in place. Moving the value in place k by d changes the loss by d (d H[k, k] - 2 gradient[k]), so the best code is that
 * nearest to the value + gradient[k] / H[k, k]; for a scale the same holds along the codes of its group. Only changes that lower the loss are made.
 */
export function refineLine(
  line: Refined,
  { hessian, n, columns }: Factor,
  rule: FitRule,
  passes: number,
  { groupOf, isShared }: Lines,
): void {
  const groups = isShared ? [] : placesOfGroups(groupOf, columns, n);
  for (let pass = 0; pass < passes; pass++) {
    let changes = 0;
    for (let k = 0; k < n; k++) changes += improveCode(line, k, hessian, n, rule);
    for (const places of groups) changes += improveScale(line, places, hessian, n, rule);
    if (changes === 0) return;
  }
}

/** The places of each group, in the order of the groups. */
function placesOfGroups(groupOf: Lines['groupOf'], columns: Factor['columns'], n: number): number[][] {
  const places: number[][] = Array.from({ length: groupOf[n - 1] + 1 }, () => []);
  for (let k = 0; k < n; k++) places[groupOf[columns[k]]].push(k);
  return places;
}

/** 1 if another code was better, else 0. */
function improveCode(line: Refined, k: number, hessian: F64, n: number, rule: FitRule): 0 | 1 {
  const { codes, fits, gradient } = line;
  const fit = fits[k];
  if (fit.scale === 0) return 0;
  const curvature = hessian[k * n + k];
  const wish = codes[k] + gradient[k] / (curvature * fit.scale);
  const code = Math.min(rule.codeMax, Math.max(rule.codeMin, Math.floor(wish + 0.5)));
  const d = valueOf(code, fit) - valueOf(codes[k], fit);
  if (d === 0 || !(d * (d * curvature - 2 * gradient[k]) < 0)) return 0;
  codes[k] = code;
  move(line, k, d, hessian, n);
  return 1;
}

/** 1 if another scale was better for the group's codes, else 0. */
function improveScale(
  line: Refined,
  places: readonly number[],
  hessian: F64,
  n: number,
  rule: FitRule,
): 0 | 1 {
  const { codes, fits, gradient } = line;
  const fit = fits[places[0]];
  let along = 0;
  let curvature = 0;
  for (const k of places) {
    const c = codes[k] - fit.zero;
    if (c === 0) continue;
    along += c * gradient[k];
    for (const j of places) curvature += c * hessian[k * n + j] * (codes[j] - fit.zero);
  }
  const wish = Float32Array.of(Math.max(0, fit.scale + along / curvature));
  roundScales(wish, rule.scaleDtype);
  const scale = wish[0];
  const d = scale - fit.scale;
  if (!(scale > 0) || d === 0 || !(d * (d * curvature - 2 * along) < 0)) return 0;
  const next = { scale, zero: fit.zero };
  for (const k of places) {
    const moved = valueOf(codes[k], next) - valueOf(codes[k], fit);
    if (moved !== 0) move(line, k, moved, hessian, n);
    fits[k] = next;
  }
  return 1;
}

/** Moves the value in place k by d. */
function move({ e, gradient }: Refined, k: number, d: number, hessian: F64, n: number): void {
  e[k] -= d;
  for (let j = 0, at = k * n; j < n; j++) gradient[j] -= d * hessian[at + j];
}

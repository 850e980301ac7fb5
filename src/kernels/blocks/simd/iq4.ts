/** Encoders of IQ4_NL and IQ4_XS, as ../iq4.ts describes them; eight runs of 32 elements at once, in lanes. */
import { halfBits, nearestInt, putHalf } from '../../blocks-k/simd/half';
import { intoLanes, squaresOfLanes, sumOfSquares, W, weighLanes, X } from '../../blocks-k/simd/lanes';

const LEAST_PEAK: f32 = 1e-15;
const LOWEST: f32 = -127;

/** The sixteen levels plus 128, a byte each. */
const LEVELS: usize = memory.data<u8>([1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241], 16);

/** Halfway between levels, where the upper one begins: multiples of 0.5, near which float32 differences are exact. */
const MIDDLES: usize = memory.data<f32>([
  -115.5, -93.5, -74, -57, -42, -28.5, -16, -4.5, 7, 19, 31.5, 45.5, 61, 79, 101,
]);

/** The same, each four times. */
const LIMITS: usize = memory.data(240, 16);

/** Of eight runs: the scale found. */
const SCALES: usize = memory.data(32, 16);
/** Importance of eight runs, and a last group that is not full. */
const WEIGHTS: usize = memory.data(1024, 16);
const REST: usize = memory.data(1024, 16);

const RUN: usize = 128;

function fillLimits(): void {
  for (let k: usize = 0; k < 15; k++) v128.store(LIMITS + 16 * k, v128.load32_splat(MIDDLES + 4 * k));
}

/** 0x80 in the upper bytes makes i8x16.swizzle give 0 there; 15 for a value that is in no lower level, NaN too. */
const TOP: i32 = <i32>0x8080800f;

// @ts-ignore: decorator
@inline
function levelOf(code: v128): v128 {
  const raised = f32x4.convert_i32x4_s(i8x16.swizzle(v128.load(LEVELS), code));
  return f32x4.sub(raised, f32x4.splat(128));
}

/** Scales of the eight runs in X under W; 0 where the peak counts as zero. */
function fitRuns(): void {
  const zero = f32x4.splat(0);
  let mostA = zero;
  let mostB = zero;
  let peakA = zero;
  let peakB = zero;
  for (let at: usize = 0; at < 1024; at += 32) {
    const xA = v128.load(X + at);
    const xB = v128.load(X + at, 16);
    const aA = f32x4.abs(xA);
    const aB = f32x4.abs(xB);
    const isMoreA = f32x4.gt(aA, mostA);
    const isMoreB = f32x4.gt(aB, mostB);
    mostA = v128.bitselect(aA, mostA, isMoreA);
    mostB = v128.bitselect(aB, mostB, isMoreB);
    peakA = v128.bitselect(xA, peakA, isMoreA);
    peakB = v128.bitselect(xB, peakB, isMoreB);
  }
  const nothingA = f32x4.lt(mostA, f32x4.splat(LEAST_PEAK));
  const nothingB = f32x4.lt(mostB, f32x4.splat(LEAST_PEAK));
  let scaleA = zero;
  let scaleB = zero;
  let bestA = zero;
  let bestB = zero;
  // Candidate -8 stands for the first, whose scale is the reciprocal of a quotient and whose sums are taken as they are; then -7 to 7.
  for (let k = -8; k <= 7; k++) {
    const isFirst = k == -8;
    const steps = f32x4.splat(<f32>k + LOWEST);
    let inverseA = f32x4.div(steps, peakA);
    let inverseB = f32x4.div(steps, peakB);
    if (isFirst) {
      const one = f32x4.splat(1);
      inverseA = f32x4.div(one, f32x4.div(f32x4.neg(peakA), f32x4.splat(LOWEST)));
      inverseB = f32x4.div(one, f32x4.div(f32x4.neg(peakB), f32x4.splat(LOWEST)));
    }
    let xlA = zero;
    let xlB = zero;
    let l2A = zero;
    let l2B = zero;
    for (let at: usize = 0; at < 1024; at += 32) {
      const xA = v128.load(X + at);
      const xB = v128.load(X + at, 16);
      const vA = f32x4.mul(inverseA, xA);
      const vB = f32x4.mul(inverseB, xB);
      let cA = i32x4.splat(TOP);
      let cB = i32x4.splat(TOP);
      for (let m: usize = 0; m < 240; m += 80) {
        let limit = v128.load(LIMITS + m);
        cA = i32x4.add(cA, f32x4.lt(vA, limit));
        cB = i32x4.add(cB, f32x4.lt(vB, limit));
        limit = v128.load(LIMITS + m, 16);
        cA = i32x4.add(cA, f32x4.lt(vA, limit));
        cB = i32x4.add(cB, f32x4.lt(vB, limit));
        limit = v128.load(LIMITS + m, 32);
        cA = i32x4.add(cA, f32x4.lt(vA, limit));
        cB = i32x4.add(cB, f32x4.lt(vB, limit));
        limit = v128.load(LIMITS + m, 48);
        cA = i32x4.add(cA, f32x4.lt(vA, limit));
        cB = i32x4.add(cB, f32x4.lt(vB, limit));
        limit = v128.load(LIMITS + m, 64);
        cA = i32x4.add(cA, f32x4.lt(vA, limit));
        cB = i32x4.add(cB, f32x4.lt(vB, limit));
      }
      const lA = levelOf(cA);
      const lB = levelOf(cB);
      const wlA = f32x4.mul(v128.load(W + at), lA);
      const wlB = f32x4.mul(v128.load(W + at, 16), lB);
      xlA = f32x4.add(xlA, f32x4.mul(wlA, xA));
      xlB = f32x4.add(xlB, f32x4.mul(wlB, xB));
      l2A = f32x4.add(l2A, f32x4.mul(wlA, lA));
      l2B = f32x4.add(l2B, f32x4.mul(wlB, lB));
    }
    let betterA = f32x4.gt(l2A, zero);
    let betterB = f32x4.gt(l2B, zero);
    if (isFirst) {
      bestA = f32x4.mul(zero, xlA);
      bestB = f32x4.mul(zero, xlB);
    } else {
      betterA = v128.and(betterA, f32x4.gt(f32x4.mul(xlA, xlA), f32x4.mul(bestA, l2A)));
      betterB = v128.and(betterB, f32x4.gt(f32x4.mul(xlB, xlB), f32x4.mul(bestB, l2B)));
      if (!v128.any_true(v128.or(betterA, betterB))) continue;
    }
    scaleA = v128.bitselect(f32x4.div(xlA, l2A), scaleA, betterA);
    scaleB = v128.bitselect(f32x4.div(xlB, l2B), scaleB, betterB);
    bestA = v128.bitselect(f32x4.mul(scaleA, xlA), bestA, betterA);
    bestB = v128.bitselect(f32x4.mul(scaleB, xlB), bestB, betterB);
  }
  v128.store(SCALES, v128.andnot(scaleA, nothingA));
  v128.store(SCALES, v128.andnot(scaleB, nothingB), 16);
}

// @ts-ignore: decorator
@inline
function codesOf(value: v128): v128 {
  let code = i32x4.splat(15);
  for (let m: usize = 0; m < 240; m += 16) code = i32x4.add(code, f32x4.lt(value, v128.load(LIMITS + m)));
  return code;
}

/** Sixteen bytes: element j beside element j + 16 of the 32 at `x`. */
function putRun(out: usize, x: usize, inverse: f32): void {
  const factor = f32x4.splat(inverse);
  let bytes = i8x16.splat(0);
  for (let half = 0; half < 2; half++) {
    const at = x + (half ? 0 : 64);
    const a = codesOf(f32x4.mul(factor, v128.load(at)));
    const b = codesOf(f32x4.mul(factor, v128.load(at, 16)));
    const c = codesOf(f32x4.mul(factor, v128.load(at, 32)));
    const d = codesOf(f32x4.mul(factor, v128.load(at, 48)));
    const codes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
    bytes = v128.or(i16x8.shl(bytes, 4), codes);
  }
  v128.store(out, bytes);
}

/** Weights of the runs in X: x * x, or from the importance at `importance`. */
function weighRuns(importance: usize, variance: f32): void {
  if (importance) {
    intoLanes(W, importance, 32);
    weighLanes(32, variance);
    return;
  }
  for (let at: usize = 0; at < 1024; at += 16) {
    const x = v128.load(X + at);
    v128.store(W + at, f32x4.mul(x, x));
  }
}

/** Weights where every run has a variance of its own. */
function weighApart(importance: usize): void {
  intoLanes(W, importance, 32);
  const share = f32x4.splat(0.0625);
  const varianceA = f32x4.mul(squaresOfLanes(32, 0), share);
  const varianceB = f32x4.mul(squaresOfLanes(32, 1), share);
  for (let at: usize = 0; at < 1024; at += 32) {
    const xA = v128.load(X + at);
    const xB = v128.load(X + at, 16);
    const rootA = f32x4.sqrt(f32x4.add(varianceA, f32x4.mul(xA, xA)));
    const rootB = f32x4.sqrt(f32x4.add(varianceB, f32x4.mul(xB, xB)));
    v128.store(W + at, f32x4.mul(v128.load(W + at), rootA));
    v128.store(W + at, f32x4.mul(v128.load(W + at, 16), rootB), 16);
  }
}

/** `importance` is 0, or the address of `width` float32: one per column of a row, the first block being the first of one. */
export function encodeIQ4NL(out: usize, x: usize, blocks: i32, importance: usize, width: i32): void {
  fillLimits();
  const row = <usize>width << 2;
  let column: usize = 0;
  for (let b = 0; b < blocks; b += 8) {
    const some = <usize>min(8, blocks - b);
    let from = x;
    if (some < 8) {
      memory.copy(REST, x, some * RUN);
      memory.fill(REST + some * RUN, 0, (8 - some) * RUN);
      from = REST;
    }
    intoLanes(X, from, 32);
    if (importance) {
      for (let r: usize = 0; r < some; r++) {
        memory.copy(WEIGHTS + r * RUN, importance + column, RUN);
        column = column + RUN == row ? 0 : column + RUN;
      }
      weighApart(WEIGHTS);
    } else weighRuns(0, 0);
    fitRuns();
    for (let r: usize = 0; r < some; r++) {
      const d = f32.load(SCALES + 4 * r);
      store<u16>(out, <u16>halfBits(d));
      putRun(out + 2, from + r * RUN, d == 0 ? 0 : <f32>1 / d);
      out += 18;
    }
    x += 8 * RUN;
  }
}

function blockIQ4XS(out: usize, x: usize, importance: usize): void {
  intoLanes(X, x, 32);
  weighRuns(importance, importance ? sumOfSquares(x, 256) * <f32>0.0078125 : 0);
  fitRuns();
  let most: f32 = 0;
  let peak: f32 = 0;
  for (let j: usize = 0; j < 32; j += 4) {
    const scale = f32.load(SCALES + j);
    if (abs<f32>(scale) > most) {
      most = abs<f32>(scale);
      peak = scale;
    }
  }
  const d = -peak / 32;
  putHalf(out, d);
  const inverse = d == 0 ? <f32>0 : <f32>1 / d;
  let high = 0;
  store<u32>(out, 0, 4);
  for (let j: usize = 0; j < 8; j++) {
    const code = max(-32, min(31, nearestInt(inverse * f32.load(SCALES + (j << 2)))));
    const scale = d * <f32>code;
    putRun(out + 8 + 16 * j, x + RUN * j, scale == 0 ? 0 : <f32>1 / scale);
    const at = out + (j >> 1);
    store<u8>(at, load<u8>(at, 4) | <u8>(((code + 32) & 15) << (4 * (<i32>j & 1))), 4);
    high |= ((code + 32) >> 4) << (2 * <i32>j);
  }
  store<u16>(out, <u16>high, 2);
}

export function encodeIQ4XS(out: usize, x: usize, blocks: i32, importance: usize, width: i32): void {
  fillLimits();
  const row = <usize>width << 2;
  for (let b: usize = 0, column: usize = 0; b < <usize>blocks; b++) {
    blockIQ4XS(out + 136 * b, x + 1024 * b, importance ? importance + column : 0);
    column = column + 1024 == row ? 0 : column + 1024;
  }
}

/** The searches of blocks/fit-levels.ts for eight sub-blocks of sixteen at once, and one for the scales themselves. */
import { LEAST_PEAK, TENTH } from './fit-scales';
import { nearestInt } from './half';
import { L, ROW, roundSmall, roundWithin, W, X } from './lanes';

const SIXTEEN: usize = 16 * ROW;

/** Weight times element, for eight sub-blocks. */
const WX: usize = memory.data(512, 16);

/** Of eight sub-blocks: the scale found, and the factor that gives the codes of the search; both 0 where the peak counts as zero. */
export const LEVEL_SCALE: usize = memory.data(32, 16);
export const LEVEL_INVERSE: usize = memory.data(32, 16);

/** The first of the elements of largest magnitude, with its sign, in every lane of group 0 or 1. */
function peaksOfLanes(group: usize): v128 {
  let most = f32x4.splat(0);
  let peak = most;
  for (let at: usize = 16 * group; at < SIXTEEN; at += ROW) {
    const x = v128.load(X + at);
    const a = f32x4.abs(x);
    const isMore = f32x4.gt(a, most);
    most = v128.bitselect(a, most, isMore);
    peak = v128.bitselect(x, peak, isMore);
  }
  return peak;
}

// @ts-ignore: decorator
@inline
function isNothing(peak: v128): v128 {
  return f32x4.lt(f32x4.abs(peak), f32x4.splat(LEAST_PEAK));
}

// @ts-ignore: decorator
@inline
function clampSmall(value: v128, half: f32): v128 {
  return f32x4.pmax(f32x4.pmin(roundSmall(value), f32x4.splat(half - 1)), f32x4.splat(-half));
}

/** Fills LEVEL_SCALE and LEVEL_INVERSE from X and W. Codes before the clamp are at most half + 1: peaks are no smaller than LEAST_PEAK. */
// @ts-ignore: decorator
@inline
export function fitLevels(half: f32): void {
  for (let at: usize = 0; at < SIXTEEN; at += 16) {
    v128.store(WX + at, f32x4.mul(v128.load(W + at), v128.load(X + at)));
  }
  const zero = f32x4.splat(0);
  const peakA = peaksOfLanes(0);
  const peakB = peaksOfLanes(1);
  const nothingA = isNothing(peakA);
  const nothingB = isNothing(peakB);
  let chosenA = zero;
  let chosenB = zero;
  let scaleA = zero;
  let scaleB = zero;
  let bestA = zero;
  let bestB = zero;
  // Candidate -10 stands for the first, whose sums are taken as they are; then -9 to 9.
  for (let k = -10; k <= 9; k++) {
    if (k == 0) continue;
    const isFirst = k == -10;
    const steps = f32x4.splat(isFirst ? -half : -(half + TENTH * <f32>k));
    const inverseA = v128.andnot(f32x4.div(steps, peakA), nothingA);
    const inverseB = v128.andnot(f32x4.div(steps, peakB), nothingB);
    let xlA = zero;
    let xlB = zero;
    let l2A = zero;
    let l2B = zero;
    for (let at: usize = 0; at < SIXTEEN; at += ROW) {
      const lA = clampSmall(f32x4.mul(inverseA, v128.load(X + at)), half);
      const lB = clampSmall(f32x4.mul(inverseB, v128.load(X + at, 16)), half);
      xlA = f32x4.add(xlA, f32x4.mul(v128.load(WX + at), lA));
      xlB = f32x4.add(xlB, f32x4.mul(v128.load(WX + at, 16), lB));
      l2A = f32x4.add(l2A, f32x4.mul(f32x4.mul(v128.load(W + at), lA), lA));
      l2B = f32x4.add(l2B, f32x4.mul(f32x4.mul(v128.load(W + at, 16), lB), lB));
    }
    let betterA = v128.and(f32x4.gt(l2A, zero), f32x4.gt(f32x4.mul(xlA, xlA), f32x4.mul(bestA, l2A)));
    let betterB = v128.and(f32x4.gt(l2B, zero), f32x4.gt(f32x4.mul(xlB, xlB), f32x4.mul(bestB, l2B)));
    if (isFirst) {
      betterA = f32x4.ne(l2A, zero);
      betterB = f32x4.ne(l2B, zero);
      chosenA = inverseA;
      chosenB = inverseB;
    } else if (!v128.any_true(v128.or(betterA, betterB))) continue;
    chosenA = v128.bitselect(inverseA, chosenA, betterA);
    chosenB = v128.bitselect(inverseB, chosenB, betterB);
    scaleA = v128.bitselect(f32x4.div(xlA, l2A), scaleA, betterA);
    scaleB = v128.bitselect(f32x4.div(xlB, l2B), scaleB, betterB);
    bestA = v128.bitselect(f32x4.mul(scaleA, xlA), isFirst ? f32x4.mul(scaleA, xlA) : bestA, betterA);
    bestB = v128.bitselect(f32x4.mul(scaleB, xlB), isFirst ? f32x4.mul(scaleB, xlB) : bestB, betterB);
  }
  v128.store(LEVEL_SCALE, scaleA);
  v128.store(LEVEL_SCALE, scaleB, 16);
  v128.store(LEVEL_INVERSE, chosenA);
  v128.store(LEVEL_INVERSE, chosenB, 16);
}

/** Weighted sums of both groups on their way from one function to the next. */
const SUMS: usize = memory.data(64, 16);

// @ts-ignore: decorator
@inline
function roundLevels(value: v128, half: i32): v128 {
  return f32x4.convert_i32x4_s(roundWithin(value, -half, half - 1));
}

// @ts-ignore: decorator
@inline
function startDescent(group: usize, half: i32): void {
  const zero = f32x4.splat(0);
  const peak = peaksOfLanes(group);
  const nothing = isNothing(peak);
  const inverse = v128.andnot(f32x4.div(f32x4.splat(<f32>-half), peak), nothing);
  let xl = zero;
  let l2 = zero;
  for (let at: usize = 16 * group; at < SIXTEEN; at += ROW) {
    const x = v128.load(X + at);
    const l = roundLevels(f32x4.mul(inverse, x), half);
    const w = f32x4.mul(x, x);
    const wx = f32x4.mul(w, x);
    v128.store(L + at, l);
    v128.store(W + at, w);
    v128.store(WX + at, wx);
    xl = f32x4.add(xl, f32x4.mul(wx, l));
    l2 = f32x4.add(l2, f32x4.mul(f32x4.mul(w, l), l));
  }
  v128.store(SUMS + 32 * group, xl);
  v128.store(SUMS + 32 * group, l2, 16);
  v128.store(LEVEL_INVERSE + 16 * group, inverse);
}

/** The lanes' codes around zero stay in L, float32, and their scales in LEVEL_SCALE; LEVEL_INVERSE is 0 where the peak counts as zero. */
export function descendLevels(half: i32): void {
  startDescent(0, half);
  startDescent(1, half);
  const zero = f32x4.splat(0);
  let xlA = v128.load(SUMS);
  let l2A = v128.load(SUMS, 16);
  let xlB = v128.load(SUMS, 32);
  let l2B = v128.load(SUMS, 48);
  for (let pass = 0; pass < 5; pass++) {
    let moved = zero;
    for (let at: usize = 0; at < SIXTEEN; at += ROW) {
      const lA = v128.load(L + at);
      const lB = v128.load(L + at, 16);
      const wA = v128.load(W + at);
      const wB = v128.load(W + at, 16);
      const wxA = v128.load(WX + at);
      const wxB = v128.load(WX + at, 16);
      let xA = f32x4.sub(xlA, f32x4.mul(wxA, lA));
      let xB = f32x4.sub(xlB, f32x4.mul(wxB, lB));
      const positiveA = f32x4.gt(xA, zero);
      const positiveB = f32x4.gt(xB, zero);
      let qA = f32x4.sub(l2A, f32x4.mul(f32x4.mul(wA, lA), lA));
      let qB = f32x4.sub(l2B, f32x4.mul(f32x4.mul(wB, lB), lB));
      const nextA = roundLevels(f32x4.div(f32x4.mul(v128.load(X + at), qA), xA), half);
      const nextB = roundLevels(f32x4.div(f32x4.mul(v128.load(X + at, 16), qB), xB), half);
      xA = f32x4.add(xA, f32x4.mul(wxA, nextA));
      xB = f32x4.add(xB, f32x4.mul(wxB, nextB));
      qA = f32x4.add(qA, f32x4.mul(f32x4.mul(wA, nextA), nextA));
      qB = f32x4.add(qB, f32x4.mul(f32x4.mul(wB, nextB), nextB));
      let movesA = v128.and(f32x4.gt(qA, zero), v128.and(positiveA, f32x4.ne(nextA, lA)));
      let movesB = v128.and(f32x4.gt(qB, zero), v128.and(positiveB, f32x4.ne(nextB, lB)));
      const gainA = f32x4.gt(f32x4.mul(f32x4.mul(xA, xA), l2A), f32x4.mul(f32x4.mul(xlA, xlA), qA));
      const gainB = f32x4.gt(f32x4.mul(f32x4.mul(xB, xB), l2B), f32x4.mul(f32x4.mul(xlB, xlB), qB));
      movesA = v128.and(movesA, gainA);
      movesB = v128.and(movesB, gainB);
      v128.store(L + at, v128.bitselect(nextA, lA, movesA));
      v128.store(L + at, v128.bitselect(nextB, lB, movesB), 16);
      xlA = v128.bitselect(xA, xlA, movesA);
      xlB = v128.bitselect(xB, xlB, movesB);
      l2A = v128.bitselect(qA, l2A, movesA);
      l2B = v128.bitselect(qB, l2B, movesB);
      moved = v128.or(moved, v128.or(movesA, movesB));
    }
    // A lane that nothing moved in stays as it is in every later pass.
    if (!v128.any_true(moved)) break;
  }
  v128.store(LEVEL_SCALE, v128.and(f32x4.div(xlA, l2A), f32x4.gt(l2A, zero)));
  v128.store(LEVEL_SCALE, v128.and(f32x4.div(xlB, l2B), f32x4.gt(l2B, zero)), 16);
}

/** The first of sixteen numbers of largest magnitude, with its sign. */
export function peakOfSixteen(x: usize): f32 {
  let most: f32 = 0;
  let peak: f32 = 0;
  for (let i: usize = 0; i < 64; i += 4) {
    const value = f32.load(x + i);
    const a = abs<f32>(value);
    if (a > most) {
      most = a;
      peak = value;
    }
  }
  return peak;
}

/** Codes 0 to 63 of sixteen scales at `x` under weights at `w`, and their common scale. Candidates are independent: four at once. */
export function fitSixteen(codes: usize, x: usize, w: usize): f32 {
  const peak = peakOfSixteen(x);
  if (abs<f32>(peak) < LEAST_PEAK) {
    memory.fill(codes, 0, 16);
    return 0;
  }
  let chosen = <f32>-32 / peak;
  let scale: f32 = 0;
  let best: f32 = 0;
  const zero = f32x4.splat(0);
  for (let round = 0; round < 5; round++) {
    const k = i32x4.add(i32x4.splat(4 * round - 10), i32x4(0, 1, 2, 3));
    // Candidate -10 stands for the first, whose sums are taken as they are; 0 would be the first again, and rounding might let it in.
    const isPlain = i32x4.eq(k, i32x4.splat(-10));
    const tenths = f32x4.mul(f32x4.splat(TENTH), f32x4.convert_i32x4_s(k));
    const steps = f32x4.neg(f32x4.add(f32x4.splat(32), v128.andnot(tenths, isPlain)));
    const inverse = f32x4.div(steps, f32x4.splat(peak));
    let xl = zero;
    let l2 = zero;
    for (let i: usize = 0; i < 64; i += 4) {
      const value = v128.load32_splat(x + i);
      const weight = v128.load32_splat(w + i);
      // Scales may be infinite: their codes are 0.
      const l = roundLevels(f32x4.mul(inverse, value), 32);
      xl = f32x4.add(xl, f32x4.mul(f32x4.mul(weight, value), l));
      l2 = f32x4.add(l2, f32x4.mul(f32x4.mul(weight, l), l));
    }
    v128.store(SUMS, xl);
    v128.store(SUMS, l2, 16);
    v128.store(SUMS, inverse, 32);
    for (let c: usize = 0; c < 16; c += 4) {
      const thisXL = f32.load(SUMS + c);
      const thisL2 = f32.load(SUMS + c, 16);
      if (round == 2 && c == 8) continue;
      const isFirst = round == 0 && c == 0;
      if (isFirst ? thisL2 != 0 : thisL2 > 0 && thisXL * thisXL > best * thisL2) {
        chosen = f32.load(SUMS + c, 32);
        scale = thisXL / thisL2;
        best = scale * thisXL;
      } else if (isFirst) best = scale * thisXL;
    }
  }
  for (let i: usize = 0; i < 16; i++) {
    const whole = nearestInt(chosen * f32.load(x + (i << 2)));
    store<u8>(codes + i, <u8>(max(-32, min(31, whole)) + 32));
  }
  return scale;
}

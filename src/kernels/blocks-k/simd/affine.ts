/** Encoders of Q2_K, Q4_K and Q5_K, as ../affine.ts describes them. */
import { fitAffine, FOUND, INVERSE, MIN, OFFSET, SCALE, SUM_W } from './fit-affine';
import { fitScales } from './fit-scales';
import { halfValue, nearestInt, putHalf } from './half';
import { intoLanes, roundWithin, squaresOfLanes, sumOfSquares, W, weighLanes, X } from './lanes';
import { CODES, minOfQ4K, putFours, putHighBits, putPairs, putScalesQ4K, scaleOfQ4K, storeCodes } from './pack';

/** Of sixteen sub-blocks: scales, minima with their sign turned, sums of weights, and what the codes of the search came from. */
const SCALES: usize = memory.data(64, 16);
const MINS: usize = memory.data(64, 16);
const SUMS: usize = memory.data(64, 16);
const INVERSES: usize = memory.data(64, 16);
const OFFSETS: usize = memory.data(64, 16);
const SCALE_CODES: usize = memory.data(16, 16);
const MIN_CODES: usize = memory.data(16, 16);

/** Keeps what was found for the eight sub-blocks from `j` on. */
function keep(j: usize): void {
  const at = j << 2;
  for (let i: usize = 0; i < 32; i += 16) {
    v128.store(SCALES + at + i, v128.load(FOUND + SCALE + i));
    v128.store(MINS + at + i, f32x4.neg(v128.load(FOUND + MIN + i)));
    v128.store(SUMS + at + i, v128.load(FOUND + SUM_W + i));
    v128.store(INVERSES + at + i, v128.load(FOUND + INVERSE + i));
    v128.store(OFFSETS + at + i, v128.load(FOUND + OFFSET + i));
  }
}

/** The largest of the first `n`, at least 0. */
function largest(values: usize, n: usize): f32 {
  let most: f32 = 0;
  for (let j: usize = 0; j < n; j++) {
    const value = f32.load(values + (j << 2));
    if (value > most) most = value;
  }
  return most;
}

/**
 * Codes of the `n` elements of sub-block j under the stored scale and minimum; those of the search where the scale is 0.
 */
function requantize(x: usize, j: usize, n: usize, scale: f32, min: f32, most: i32): void {
  const s = f32x4.splat(scale);
  const m = f32x4.splat(min);
  const inverse = v128.load32_splat(INVERSES + (j << 2));
  const offset = v128.load32_splat(OFFSETS + (j << 2));
  const to = CODES + n * j;
  for (let i: usize = 0; i < n; i += 16) {
    const at = x + ((n * j + i) << 2);
    let a = v128.load(at);
    let b = v128.load(at, 16);
    let c = v128.load(at, 32);
    let d = v128.load(at, 48);
    if (scale == 0) {
      a = f32x4.mul(inverse, f32x4.sub(a, offset));
      b = f32x4.mul(inverse, f32x4.sub(b, offset));
      c = f32x4.mul(inverse, f32x4.sub(c, offset));
      d = f32x4.mul(inverse, f32x4.sub(d, offset));
    } else {
      a = f32x4.div(f32x4.add(a, m), s);
      b = f32x4.div(f32x4.add(b, m), s);
      c = f32x4.div(f32x4.add(c, m), s);
      d = f32x4.div(f32x4.add(d, m), s);
    }
    a = roundWithin(a, 0, most);
    b = roundWithin(b, 0, most);
    c = roundWithin(c, 0, most);
    storeCodes(to + i, a, b, c, roundWithin(d, 0, most));
  }
}

function weighByMagnitude(): void {
  for (let at: usize = 0; at < 512; at += 16) v128.store(W + at, f32x4.abs(v128.load(X + at)));
}

/** Scales and minima as nibbles against the largest of each. */
function scalesQ2K(out: usize): void {
  const maxScale = largest(SCALES, 16);
  const maxMin = largest(MINS, 16);
  const inverseScale = <f32>15 / maxScale;
  const inverseMin = <f32>15 / maxMin;
  for (let j: usize = 0; j < 16; j++) {
    const scale = inverseScale * f32.load(SCALES + (j << 2));
    const min = inverseMin * f32.load(MINS + (j << 2));
    store<u8>(SCALE_CODES + j, maxScale > 0 ? <u8>nearestInt(scale) : 0);
    store<u8>(MIN_CODES + j, maxMin > 0 ? <u8>nearestInt(min) : 0);
  }
  putHalf(out + 80, maxScale / 15);
  putHalf(out + 82, maxMin / 15);
}

function searchPlain2(): void {
  fitAffine(16, 3, -0.5, 0.1, 15, true);
}

function searchWeighted2(): void {
  fitAffine(16, 3, -0.9, 0.05, 36, false);
}

/** `importance` is 0, or the address of one float32 per element of the block. */
export function blockQ2K(out: usize, x: usize, importance: usize): void {
  const variance = importance ? sumOfSquares(x, 256) / 256 : 0;
  for (let j: usize = 0; j < 16; j += 8) {
    intoLanes(X, x + 64 * j, 16);
    if (importance) {
      intoLanes(W, importance + 64 * j, 16);
      weighLanes(16, variance);
      searchWeighted2();
    } else {
      weighByMagnitude();
      searchPlain2();
    }
    keep(j);
  }
  if (importance) {
    putHalf(out + 80, fitScales(SCALE_CODES, SCALES, SUMS, 16, 15));
    putHalf(out + 82, fitScales(MIN_CODES, MINS, SUMS, 16, 15));
  } else {
    scalesQ2K(out);
  }
  const d = halfValue(load<u16>(out, 80));
  const dmin = halfValue(load<u16>(out, 82));
  for (let j: usize = 0; j < 16; j++) {
    const byte = <u8>(load<u8>(SCALE_CODES + j) | (load<u8>(MIN_CODES + j) << 4));
    store<u8>(out + j, byte);
    requantize(x, j, 16, d * <f32>(byte & 15), dmin * <f32>(byte >> 4), 3);
  }
  putPairs(out + 16);
}

/** Scales and minima in six bits against the largest of each; C takes both through an unsigned byte. */
function scalesQ4K(out: usize): void {
  const maxScale = largest(SCALES, 8);
  const maxMin = largest(MINS, 8);
  const inverseScale = maxScale > 0 ? <f32>63 / maxScale : 0;
  const inverseMin = maxMin > 0 ? <f32>63 / maxMin : 0;
  for (let j: usize = 0; j < 8; j++) {
    const scale = nearestInt(inverseScale * f32.load(SCALES + (j << 2)));
    const low = nearestInt(inverseMin * f32.load(MINS + (j << 2)));
    store<u8>(SCALE_CODES + j, <u8>min<i32>(63, scale & 255));
    store<u8>(MIN_CODES + j, <u8>min<i32>(63, low & 255));
  }
  putHalf(out, maxScale / 63);
  putHalf(out + 2, maxMin / 63);
}

/** Weights of the eight sub-blocks in X: the root of their mean square plus the magnitude. */
function weighByAverage(): void {
  const count = f32x4.splat(32);
  const averageA = f32x4.sqrt(f32x4.div(squaresOfLanes(32, 0), count));
  const averageB = f32x4.sqrt(f32x4.div(squaresOfLanes(32, 1), count));
  for (let at: usize = 0; at < 1024; at += 32) {
    v128.store(W + at, f32x4.add(averageA, f32x4.abs(v128.load(X + at))));
    v128.store(W + at, f32x4.add(averageB, f32x4.abs(v128.load(X + at, 16))), 16);
  }
}

function searchPlain4(): void {
  fitAffine(32, 15, -1, 0.1, 20, false);
}

function searchPlain5(): void {
  fitAffine(32, 31, -0.5, 0.1, 15, false);
}

function searchWeighted(most: i32): void {
  fitAffine(32, most, -0.9, 0.05, 36, false);
}

/** d, dmin, scales and minima of a block of Q4_K or Q5_K, and CODES under them. */
function putHead(out: usize, x: usize, importance: usize, most: i32): void {
  intoLanes(X, x, 32);
  if (importance) {
    intoLanes(W, importance, 32);
    weighLanes(32, (<f32>2 * sumOfSquares(x, 256)) / 256);
    searchWeighted(most);
    keep(0);
    putHalf(out, fitScales(SCALE_CODES, SCALES, SUMS, 8, 63));
    putHalf(out + 2, fitScales(MIN_CODES, MINS, SUMS, 8, 63));
  } else {
    weighByAverage();
    if (most == 15) searchPlain4();
    else searchPlain5();
    keep(0);
    scalesQ4K(out);
  }
  putScalesQ4K(out + 4, SCALE_CODES, MIN_CODES);
  const d = halfValue(load<u16>(out));
  const dmin = halfValue(load<u16>(out, 2));
  for (let j: usize = 0; j < 8; j++) {
    const scale = d * <f32>scaleOfQ4K(out + 4, j);
    requantize(x, j, 32, scale, dmin * <f32>minOfQ4K(out + 4, j), most);
  }
}

export function blockQ4K(out: usize, x: usize, importance: usize): void {
  putHead(out, x, importance, 15);
  putFours(out + 16);
}

export function blockQ5K(out: usize, x: usize, importance: usize): void {
  putHead(out, x, importance, 31);
  putHighBits(out + 16, 4);
  putFours(out + 48);
}

/** Encoders of Q3_K and Q6_K, as ../centered.ts describes them. */
import {
  descendLevels,
  fitLevels,
  fitSixteen,
  LEVEL_INVERSE,
  LEVEL_SCALE,
  peakOfSixteen,
} from './fit-levels';
import { LEAST_PEAK } from './fit-scales';
import { nearestInt, putHalf } from './half';
import { intoLanes, L, roundWithin, sumOfSquares, W, weighLanes, X } from './lanes';
import { CODES, putHighBits, putPairs, putScalesQ3K, putSixes, storeCodes } from './pack';

const SCALES: usize = memory.data(64, 16);
const INVERSES: usize = memory.data(64, 16);
const SUMS: usize = memory.data(64, 16);
const SCALE_CODES: usize = memory.data(16, 16);
/** The codes around zero of a block's sixteen descents, float32, eight sub-blocks beside each other. */
const DESCENTS: usize = memory.data(1024, 16);

function keep(j: usize): void {
  const at = j << 2;
  v128.store(SCALES + at, v128.load(LEVEL_SCALE));
  v128.store(SCALES + at, v128.load(LEVEL_SCALE, 16), 16);
  v128.store(INVERSES + at, v128.load(LEVEL_INVERSE));
  v128.store(INVERSES + at, v128.load(LEVEL_INVERSE, 16), 16);
}

/** Codes of sub-block j under the scale stored, or under the factor of the search where that is 0; 0 where there was none. */
// @ts-ignore: decorator
@inline
function requantize(x: usize, j: usize, scale: f32, half: i32): void {
  const inverse = f32.load(INVERSES + (j << 2));
  if (scale == 0 && inverse == 0) {
    v128.store(CODES + 16 * j, i8x16.splat(0));
    return;
  }
  const from = x + 64 * j;
  let a = v128.load(from);
  let b = v128.load(from, 16);
  let c = v128.load(from, 32);
  let d = v128.load(from, 48);
  if (scale == 0) {
    const factor = f32x4.splat(inverse);
    a = f32x4.mul(a, factor);
    b = f32x4.mul(b, factor);
    c = f32x4.mul(c, factor);
    d = f32x4.mul(d, factor);
  } else {
    const divisor = f32x4.splat(scale);
    a = f32x4.div(a, divisor);
    b = f32x4.div(b, divisor);
    c = f32x4.div(c, divisor);
    d = f32x4.div(d, divisor);
  }
  const up = i32x4.splat(half);
  a = i32x4.add(roundWithin(a, -half, half - 1), up);
  b = i32x4.add(roundWithin(b, -half, half - 1), up);
  c = i32x4.add(roundWithin(c, -half, half - 1), up);
  storeCodes(CODES + 16 * j, a, b, c, i32x4.add(roundWithin(d, -half, half - 1), up));
}

/** Codes of a descent for sub-block j. */
function takeDescent(j: usize): void {
  const hasPeak = f32.load(INVERSES + (j << 2)) != 0;
  const from = DESCENTS + 512 * (j >> 3) + 4 * (j & 7);
  for (let i: usize = 0; i < 16; i++) {
    const code = <i32>f32.load(from + 32 * i) + 4;
    store<u8>(CODES + 16 * j + i, hasPeak ? <u8>code : 0);
  }
}

function searchPlain3(): void {
  fitLevels(4);
}

function searchPlain6(): void {
  fitLevels(32);
}

/** Scales and codes of all sub-blocks for weights x * x; fills SCALE_CODES and returns d. */
function searchQ3K(x: usize): f32 {
  for (let j: usize = 0; j < 16; j += 8) {
    intoLanes(X, x + 64 * j, 16);
    descendLevels(4);
    keep(j);
    memory.copy(DESCENTS + 64 * j, L, 512);
  }
  const peak = peakOfSixteen(SCALES);
  if (peak == 0) {
    memory.fill(SCALE_CODES, 0, 16);
    return 0;
  }
  const inverse = <f32>-32 / peak;
  for (let j: usize = 0; j < 16; j++) {
    const whole = <i32>(<i8>nearestInt(inverse * f32.load(SCALES + (j << 2))));
    store<u8>(SCALE_CODES + j, <u8>(max(-32, min(31, whole)) + 32));
  }
  return <f32>1 / inverse;
}

function searchQ3KByImportance(x: usize, importance: usize): f32 {
  const variance = (<f32>2 * sumOfSquares(x, 256)) / 256;
  for (let j: usize = 0; j < 16; j += 8) {
    intoLanes(X, x + 64 * j, 16);
    intoLanes(W, importance + 64 * j, 16);
    weighLanes(16, variance);
    for (let group: usize = 0; group < 32; group += 16) {
      let sum = f32x4.splat(0);
      for (let at: usize = group; at < 512; at += 32) sum = f32x4.add(sum, v128.load(W + at));
      v128.store(SUMS + (j << 2) + group, sum);
    }
    searchPlain3();
    keep(j);
  }
  return fitSixteen(SCALE_CODES, SCALES, SUMS);
}

/** `importance` is 0, or the address of one float32 per element of the block. */
export function blockQ3K(out: usize, x: usize, importance: usize): void {
  const asked = importance ? searchQ3KByImportance(x, importance) : searchQ3K(x);
  const d = putHalf(out + 108, asked);
  putScalesQ3K(out + 96, SCALE_CODES);
  for (let j: usize = 0; j < 16; j++) {
    const scale = d * <f32>(<i32>load<u8>(SCALE_CODES + j) - 32);
    if (scale == 0 && !importance) takeDescent(j);
    else requantize(x, j, scale, 4);
  }
  putHighBits(out, 2);
  putPairs(out + 32);
}

export function blockQ6K(out: usize, x: usize, importance: usize): void {
  for (let j: usize = 0; j < 16; j += 8) {
    intoLanes(X, x + 64 * j, 16);
    if (importance) intoLanes(W, importance + 64 * j, 16);
    else {
      for (let at: usize = 0; at < 512; at += 16) {
        const value = v128.load(X + at);
        v128.store(W + at, f32x4.mul(value, value));
      }
    }
    searchPlain6();
    keep(j);
  }
  const peak = peakOfSixteen(SCALES);
  if (abs<f32>(peak) < LEAST_PEAK) {
    memory.fill(out, 0, 210);
    return;
  }
  const inverse = <f32>-128 / peak;
  const d = putHalf(out + 208, <f32>1 / inverse);
  for (let j: usize = 0; j < 16; j++) {
    const whole = <i32>(<i8>min(127, nearestInt(inverse * f32.load(SCALES + (j << 2)))));
    store<u8>(out + j, <u8>whole, 192);
    requantize(x, j, d * <f32>whole, 32);
  }
  putSixes(out);
}

/**
 * Reductions in plain TypeScript. Floats are compared through their bits: integer maxima compile to branch-free code
 * and keep NaN, whose bits lie above those of infinity, without a test per element.
 */
import type { F32, F64, I32 } from '../../core/arrays.js';

const ABS_MASK = 0x7fffffff;
const INFINITY_BITS = 0x7f800000;
const NAN_BITS = 0x7fc00000;

const bitsOf = (x: F32): I32 => new Int32Array(x.buffer, x.byteOffset, x.length);

function absmaxBits(bits: I32, begin: number, end: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = begin;
  // Four chains: one comparison waits for the last one of its own chain only.
  for (; i + 3 < end; i += 4) {
    const x0 = bits[i] & ABS_MASK;
    const x1 = bits[i + 1] & ABS_MASK;
    const x2 = bits[i + 2] & ABS_MASK;
    const x3 = bits[i + 3] & ABS_MASK;
    if (x0 > a) a = x0;
    if (x1 > b) b = x1;
    if (x2 > c) c = x2;
    if (x3 > d) d = x3;
  }
  if (b > a) a = b;
  if (d > c) c = d;
  if (c > a) a = c;
  for (; i < end; i++) {
    const x0 = bits[i] & ABS_MASK;
    if (x0 > a) a = x0;
  }
  return a > INFINITY_BITS ? NAN_BITS : a;
}

export function absmaxRuns(out: F32, x: F32, rows: number, width: number, run: number): void {
  const bits = bitsOf(x);
  const outBits = bitsOf(out);
  let index = 0;
  for (let r = 0; r < rows; r++) {
    const rowEnd = (r + 1) * width;
    for (let begin = r * width; begin < rowEnd; begin += run) {
      outBits[index++] = absmaxBits(bits, begin, Math.min(begin + run, rowEnd));
    }
  }
}

/** Turns every NaN into the one whose bits win each integer maximum. */
function quietPositive(bits: I32, count: number): void {
  for (let c = 0; c < count; c++) if ((bits[c] & ABS_MASK) > INFINITY_BITS) bits[c] = NAN_BITS;
}

export function absmaxColumns(out: F32, x: F32, rows: number, width: number): void {
  if (rows === 0) return;
  const bits = bitsOf(x);
  const best = bitsOf(out);
  quietPositive(best, width);
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < width; c++, i++) {
      const magnitude = bits[i] & ABS_MASK;
      if (magnitude > best[c]) best[c] = magnitude;
    }
  }
  quietPositive(best, width);
}

/** An integer that orders as the float does, NaN outermost on either side, -0 below +0. Its own inverse. */
const key = (bits: number): number => bits ^ ((bits >> 31) & ABS_MASK);
const KEY_MINUS_INFINITY = -0x7f800001;

function storeRange(low: I32, high: I32, index: number, lowKey: number, highKey: number): void {
  const bad = highKey > INFINITY_BITS || lowKey < KEY_MINUS_INFINITY;
  low[index] = bad ? NAN_BITS : key(lowKey);
  high[index] = bad ? NAN_BITS : key(highKey);
}

export function minmaxRuns(min: F32, max: F32, x: F32, rows: number, width: number, run: number): void {
  const bits = bitsOf(x);
  const low = bitsOf(min);
  const high = bitsOf(max);
  let index = 0;
  for (let r = 0; r < rows; r++) {
    const rowEnd = (r + 1) * width;
    for (let begin = r * width; begin < rowEnd; begin += run) {
      minmaxRange(low, high, index++, bits, begin, Math.min(begin + run, rowEnd));
    }
  }
}

function minmaxRange(low: I32, high: I32, index: number, bits: I32, begin: number, end: number): void {
  let low0 = key(bits[begin]);
  let high0 = low0;
  let low1 = low0;
  let high1 = low0;
  let i = begin;
  for (; i + 1 < end; i += 2) {
    const a = key(bits[i]);
    const b = key(bits[i + 1]);
    if (a < low0) low0 = a;
    if (a > high0) high0 = a;
    if (b < low1) low1 = b;
    if (b > high1) high1 = b;
  }
  const last = key(bits[end - 1]);
  storeRange(low, high, index, Math.min(low0, low1, last), Math.max(high0, high1, last));
}

export function minmaxColumns(min: F32, max: F32, x: F32, rows: number, width: number): void {
  if (rows === 0) return;
  const bits = bitsOf(x);
  const low = bitsOf(min);
  const high = bitsOf(max);
  for (let c = 0; c < width; c++) {
    low[c] = Number.isNaN(min[c]) ? -0x80000000 : key(low[c]);
    high[c] = Number.isNaN(max[c]) ? NAN_BITS : key(high[c]);
  }
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < width; c++, i++) {
      const k = key(bits[i]);
      if (k < low[c]) low[c] = k;
      if (k > high[c]) high[c] = k;
    }
  }
  for (let c = 0; c < width; c++) storeRange(low, high, c, low[c], high[c]);
}

/** Eight partial sums, as the reference says, in eight variables: one store per run instead of one per element. */
export function momentsRuns(out: F64, x: F32, rows: number, width: number, run: number): void {
  let index = 0;
  for (let r = 0; r < rows; r++) {
    const rowEnd = (r + 1) * width;
    for (let begin = r * width; begin < rowEnd; begin += run) {
      const end = Math.min(begin + run, rowEnd);
      out[index++] = sumRange(x, begin, end);
      out[index++] = sumSquaresRange(x, begin, end);
    }
  }
}

/** A position past the end counts as +0, which changes no sum: a partial sum starts at +0 and so is never -0. */
function sumRange(x: F32, begin: number, end: number): number {
  let s0 = 0,
    s1 = 0,
    s2 = 0,
    s3 = 0,
    s4 = 0,
    s5 = 0,
    s6 = 0,
    s7 = 0;
  let i = begin;
  for (; i + 7 < end; i += 8) {
    s0 += x[i];
    s1 += x[i + 1];
    s2 += x[i + 2];
    s3 += x[i + 3];
    s4 += x[i + 4];
    s5 += x[i + 5];
    s6 += x[i + 6];
    s7 += x[i + 7];
  }
  const at = (k: number): number => (i + k < end ? x[i + k] : 0);
  return (
    s0 +
    at(0) +
    (s4 + at(4)) +
    (s2 + at(2) + (s6 + at(6))) +
    (s1 + at(1) + (s5 + at(5)) + (s3 + at(3) + (s7 + at(7))))
  );
}

function sumSquaresRange(x: F32, begin: number, end: number): number {
  let s0 = 0,
    s1 = 0,
    s2 = 0,
    s3 = 0,
    s4 = 0,
    s5 = 0,
    s6 = 0,
    s7 = 0;
  let i = begin;
  for (; i + 7 < end; i += 8) {
    s0 += x[i] * x[i];
    s1 += x[i + 1] * x[i + 1];
    s2 += x[i + 2] * x[i + 2];
    s3 += x[i + 3] * x[i + 3];
    s4 += x[i + 4] * x[i + 4];
    s5 += x[i + 5] * x[i + 5];
    s6 += x[i + 6] * x[i + 6];
    s7 += x[i + 7] * x[i + 7];
  }
  const at = (k: number): number => (i + k < end ? x[i + k] * x[i + k] : 0);
  return (
    s0 +
    at(0) +
    (s4 + at(4)) +
    (s2 + at(2) + (s6 + at(6))) +
    (s1 + at(1) + (s5 + at(5)) + (s3 + at(3) + (s7 + at(7))))
  );
}

export function firstNonFinite(x: F32): number {
  const bits = bitsOf(x);
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i] & INFINITY_BITS) === INFINITY_BITS) return i;
  }
  return -1;
}

/**
 * Exact sums of float32 values and of their squares, so that no order of adding can matter.
 *
 * The values of one exponent are whole multiples of one unit u = 2^(e-150) and below 2^24 u, so 2^29 of them add up exactly in a
 * float64. A square, at most 2^48 u^2, is split at 2^24 u^2 into two parts that do the same. The sums of all 255 exponents become whole numbers of any
 * size only when somebody asks.
 */
import type { F32, F64 } from '../../core/arrays.js';
import { powerOfTwo } from '../../core/float-formats.js';
import { visit, type Batch } from './observer-batch.js';
import type { Span } from '../affine/regions.js';

const EXPONENTS = 256;
/** Additions after which the sums of exponents are emptied: half of what would still be exact. */
const MAX_ADDITIONS = 2 ** 28;
/** The smallest unit of float32 is 2^-149. */
const UNIT_EXPONENT = 149;
const SPLIT_BITS = 24;

export interface ExactSums {
  /** In units of 2^-149. */
  readonly sum: bigint;
  /** In units of 2^-298. */
  readonly sumOfSquares: bigint;
}

export interface MomentTable {
  /** Per channel and exponent: sum of values, of the high and of the low parts of squares. */
  readonly values: F64;
  readonly high: F64;
  readonly low: F64;
  /** Additions per channel since the table was emptied. */
  readonly additions: F64;
  /** What was taken out of the table. */
  readonly settled: ExactSums[];
}

export function createMomentTable(channels: number): MomentTable {
  const part = (): F64 => new Float64Array(channels * EXPONENTS);
  return {
    values: part(),
    high: part(),
    low: part(),
    additions: new Float64Array(channels),
    settled: Array.from({ length: channels }, () => ({ sum: 0n, sumOfSquares: 0n })),
  };
}

/** The exponent of the unit of biased exponent `e`; subnormal numbers share that of the smallest normal ones. */
const unitExponent = (e: number): number => Math.max(e, 1) - 150;

/** Adding and subtracting 1.5 * 2^52 units of 2^24 u^2 rounds a square to a multiple of it. */
function splitters(): F64 {
  return Float64Array.from(
    { length: EXPONENTS },
    (_, e) => 1.5 * powerOfTwo(52 + SPLIT_BITS + 2 * unitExponent(e)),
  );
}

export function addMoments(table: MomentTable, { x, plan }: Batch): void {
  const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
  const split = splitters();
  visit(plan, {
    run(channel, begin, end) {
      for (let from = begin; from < end; from += MAX_ADDITIONS) {
        const to = Math.min(end, from + MAX_ADDITIONS);
        makeRoom(table, channel, to - from);
        addRun(table, channel * EXPONENTS, x, bits, from, to, split);
      }
    },
    columns: (span) => addColumns(table, span, x, bits, split),
  });
}

/** Empties a channel's sums into whole numbers when `more` additions could make them inexact. */
function makeRoom(table: MomentTable, channel: number, more: number): void {
  if (table.additions[channel] + more > MAX_ADDITIONS) {
    table.settled[channel] = sumsOf(table, channel);
    const begin = channel * EXPONENTS;
    for (const part of [table.values, table.high, table.low]) part.fill(0, begin, begin + EXPONENTS);
    table.additions[channel] = 0;
  }
  table.additions[channel] += more;
}

/** 3 ns per value. */
function addRun(
  { values, high, low }: MomentTable,
  offset: number,
  x: F32,
  bits: Uint32Array,
  begin: number,
  end: number,
  split: F64,
): void {
  for (let i = begin; i < end; i++) {
    const e = (bits[i] >>> 23) & 255;
    const value = x[i];
    const square = value * value;
    const part = square + split[e] - split[e];
    values[offset + e] += value;
    high[offset + e] += part;
    low[offset + e] += square - part;
  }
}

function addColumns(
  table: MomentTable,
  { begin, rows, width, repeat, firstRegion }: Span,
  x: F32,
  bits: Uint32Array,
  split: F64,
): void {
  const channels = width / repeat;
  const rowsAtOnce = Math.floor(MAX_ADDITIONS / repeat);
  for (let r = 0; r < rows; r++) {
    const more = r % rowsAtOnce === 0 ? Math.min(rowsAtOnce, rows - r) * repeat : 0;
    for (let c = 0; c < channels; c++) {
      if (more > 0) makeRoom(table, firstRegion + c, more);
      const at = begin + r * width + c * repeat;
      addRun(table, (firstRegion + c) * EXPONENTS, x, bits, at, at + repeat, split);
    }
  }
}

/** The exact sums of a channel; the table does not change. */
export function sumsOf({ values, high, low, settled }: MomentTable, channel: number): ExactSums {
  let { sum, sumOfSquares } = settled[channel];
  for (let e = 0; e < EXPONENTS - 1; e++) {
    const at = channel * EXPONENTS + e;
    const unit = unitExponent(e);
    const shift = BigInt(unit + UNIT_EXPONENT);
    if (values[at] !== 0) sum += BigInt(values[at] * powerOfTwo(-unit)) << shift;
    if (high[at] !== 0) {
      const units = BigInt(high[at] * powerOfTwo(-2 * unit - SPLIT_BITS));
      sumOfSquares += units << (2n * shift + BigInt(SPLIT_BITS));
    }
    if (low[at] !== 0) sumOfSquares += BigInt(low[at] * powerOfTwo(-2 * unit)) << (2n * shift);
  }
  return { sum, sumOfSquares };
}

export function addSums(table: MomentTable, channel: number, { sum, sumOfSquares }: ExactSums): void {
  const own = table.settled[channel];
  table.settled[channel] = { sum: own.sum + sum, sumOfSquares: own.sumOfSquares + sumOfSquares };
}

/** Mean and population standard deviation: each an exact fraction, rounded once; the deviation's root is rounded once more. */
export function meanAndDeviation(
  { sum, sumOfSquares }: ExactSums,
  count: number,
): { readonly mean: number; readonly deviation: number } {
  const n = BigInt(count);
  const mean = quotient(sum, n) * powerOfTwo(-UNIT_EXPONENT);
  const variance = quotient(n * sumOfSquares - sum * sum, n * n) * powerOfTwo(-2 * UNIT_EXPONENT);
  return { mean, deviation: Math.sqrt(variance) };
}

/** Bits of a quotient before it is rounded to the 53 of a float64. */
const QUOTIENT_BITS = 64;

/** numerator / denominator, rounded half to even. */
function quotient(numerator: bigint, denominator: bigint): number {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const bits = magnitude.toString(2).length - denominator.toString(2).length;
  const shift = Math.max(0, QUOTIENT_BITS - bits);
  const scaled = magnitude << BigInt(shift);
  // The remainder only matters as more than nothing: a last bit far below the rounding.
  const whole = (scaled / denominator) | (scaled % denominator === 0n ? 0n : 1n);
  const value = Number(whole) * powerOfTwo(-shift);
  return numerator < 0n ? -value : value;
}

/**
 * Codes of 8 bits. Letters and semantics as in ../types.ts.
 *
 * Where no two thresholds share a key, the upper 15 bits of their float32, a table tells how many lie below all numbers of a key, and one
 * comparison is left: 1.7 ns per element. Where two do, or where there are too few elements to fill a table for, the count is
 * found by halving, without branches: 7 ns.
 */
import { Product, Quotient, divides, divisorOf } from './codes';
import { above, one } from './codebook';

// @ts-ignore: decorator
@inline
function rankOf256(q: f32, thresholds: usize): i32 {
  let n = above(q, thresholds, 127, 7);
  n += above(q, thresholds, n + 63, 6);
  n += above(q, thresholds, n + 31, 5);
  n += above(q, thresholds, n + 15, 4);
  n += above(q, thresholds, n + 7, 3);
  n += above(q, thresholds, n + 3, 2);
  n += above(q, thresholds, n + 1, 1);
  return n + above(q, thresholds, n, 0);
}

/** Keys of float32: the sign, the exponent and 6 bits of the mantissa, so that two levels of the dynamic map never share one. */
const KEY_SHIFT: i32 = 17;
const KEYS: i32 = 32768;
const NEGATIVE: i32 = 16384;

/** -0 counts as 0. */
// @ts-ignore: decorator
@inline
function keyOf(q: f32): i32 {
  return <i32>(reinterpret<u32>(q + 0) >> KEY_SHIFT);
}

/**
 * Fills the table of KEYS bytes: for each key, how many thresholds have keys of lower numbers. Returns 0 when two thresholds share a key,
 * else 1: one comparison, with thresholds[base], is then left for each element.
 */
export function prepareKeys(table: usize, thresholds: usize): i32 {
  // In the order of the numbers: negative keys downwards, then the positive ones.
  let next = KEYS - 1;
  let last = -1;
  for (let i = 0; i < 255; i++) {
    const threshold = load<f32>(thresholds + ((<usize>i) << 2));
    if (threshold == Infinity) return fillKeys(table, next, NEGATIVE - 1, i);
    const key = keyOf(threshold);
    if (key == last) return 0;
    fillKeys(table, next, key, i);
    next = key == NEGATIVE ? 0 : key >= NEGATIVE ? key - 1 : key + 1;
    last = key;
  }
  return fillKeys(table, next, NEGATIVE - 1, 255);
}

/** Stores `base` from key `from` to key `to`, both included, in the order of the numbers. */
function fillKeys(table: usize, from: i32, to: i32, base: i32): i32 {
  if (from >= NEGATIVE) {
    const end = to >= NEGATIVE ? to : NEGATIVE;
    if (end <= from) memory.fill(table + end, <u8>base, from - end + 1);
    if (to >= NEGATIVE) return 1;
    from = 0;
  }
  if (to >= from) memory.fill(table + from, <u8>base, to - from + 1);
  return 1;
}

// @ts-ignore: decorator
@inline
function byteRun<Op>(
  codes: usize,
  x: usize,
  count: i32,
  factor: f32,
  thresholds: usize,
  order: usize,
  table: usize,
): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const q = one<Op>(x + (i << 2), factor);
    let rank: i32;
    if (table) {
      const base = <i32>load<u8>(table + keyOf(q));
      // Behind the last threshold anything may stand.
      rank = min(base + <i32>(q > load<f32>(thresholds + ((<usize>base) << 2))), 255);
    } else rank = rankOf256(q, thresholds);
    store<u8>(codes + i, load<u8>(order + rank));
  }
}

/** `table`: what prepareKeys filled, or 0 for none. */
export function quantizeLevels(
  codes: usize,
  x: usize,
  scales: usize,
  count: i32,
  run: i32,
  thresholds: usize,
  order: usize,
  table: usize,
): void {
  for (let left = count; left > 0; left -= run) {
    const length = min(run, left);
    const scale = load<f32>(scales);
    if (divides(scale, 0)) byteRun<Quotient>(codes, x, length, divisorOf(scale), thresholds, order, table);
    else byteRun<Product>(codes, x, length, <f32>1.0 / scale, thresholds, order, table);
    scales += 4;
    x += (<usize>length) << 2;
    codes += length;
  }
}

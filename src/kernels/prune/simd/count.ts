/**
 * Counts of keys by their high and low 16 bits. Neighbouring elements often fall into the same bin, and a count that was just stored must be
 * forwarded to the next load of it; two tables in turn halve that wait. A tensor's magnitudes lie in few octaves of 256 bins, so the part of the tables
 * that is used stays in the first cache.
 */
import { keyOf, signedKeys } from './key';

const BYTES: usize = 65536 * 4;

export function clearCounts(table: usize): void {
  memory.fill(table, 0, BYTES);
}

/** Adds the table `more` to `table`. */
export function mergeCounts(table: usize, more: usize): void {
  for (let i: usize = 0; i < BYTES; i += 16) {
    v128.store(table + i, i32x4.add(v128.load(table + i), v128.load(more + i)));
  }
}

// @ts-ignore: decorator
@inline
function add(table: usize, bin: u32): void {
  const at = table + ((<usize>bin) << 2);
  store<u32>(at, load<u32>(at) + 1);
}

// @ts-ignore: decorator
@inline
function countAll(even: usize, odd: usize, x: usize, count: i32, isMagnitude: bool): void {
  const end = x + ((<usize>count) << 2);
  const last = x + ((<usize>(count & ~3)) << 2);
  for (; x < last; x += 16) {
    const a = load<u64>(x);
    const b = load<u64>(x, 8);
    if (isMagnitude) {
      add(even, (<u32>(a >> 15)) & 0xffff);
      add(odd, (<u32>(a >> 47)) & 0xffff);
      add(even, (<u32>(b >> 15)) & 0xffff);
      add(odd, (<u32>(b >> 47)) & 0xffff);
    } else {
      add(even, keyOf(<u32>a, false) >> 16);
      add(odd, keyOf(<u32>(a >> 32), false) >> 16);
      add(even, keyOf(<u32>b, false) >> 16);
      add(odd, keyOf(<u32>(b >> 32), false) >> 16);
    }
  }
  for (; x < end; x += 4) add(even, keyOf(load<u32>(x), isMagnitude) >> 16);
}

export function countHigh(even: usize, odd: usize, x: usize, count: i32, isMagnitude: bool): void {
  if (isMagnitude) countAll(even, odd, x, count, true);
  else countAll(even, odd, x, count, false);
}

// @ts-ignore: decorator
@inline
function addIf(table: usize, bits: u32, high: u32, isMagnitude: bool): void {
  const key = keyOf(bits, isMagnitude);
  if (key >> 16 == high) add(table, key & 0xffff);
}

/** Few elements share their 16 high bits with the threshold: sixteen at once are looked at, and most leave it at that. */
// @ts-ignore: decorator
@inline
function countSome(table: usize, x: usize, count: i32, high: u32, isMagnitude: bool): void {
  const end = x + ((<usize>count) << 2);
  const last = x + ((<usize>(count & ~15)) << 2);
  // What a signed key of this bin has in its high bits.
  const wanted = i32x4.splat((high ^ 0x8000) << 16);
  for (; x < last; x += 64) {
    const a = v128.xor(signedKeys(v128.load(x), isMagnitude), wanted);
    const b = v128.xor(signedKeys(v128.load(x, 16), isMagnitude), wanted);
    const c = v128.xor(signedKeys(v128.load(x, 32), isMagnitude), wanted);
    const d = v128.xor(signedKeys(v128.load(x, 48), isMagnitude), wanted);
    const zero = i32x4.splat(0);
    // The high halves of the differences, 16 of them in two vectors: a lane of 0 is a match.
    const e = v128.shuffle<u16>(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
    const f = v128.shuffle<u16>(c, d, 1, 3, 5, 7, 9, 11, 13, 15);
    const match = i8x16.narrow_i16x8_s(i16x8.eq(e, zero), i16x8.eq(f, zero));
    let bits = i8x16.bitmask(match);
    while (bits != 0) {
      const at = x + ((<usize>ctz(bits)) << 2);
      add(table, keyOf(load<u32>(at), isMagnitude) & 0xffff);
      bits &= bits - 1;
    }
  }
  for (; x < end; x += 4) addIf(table, load<u32>(x), high, isMagnitude);
}

export function countLow(table: usize, x: usize, count: i32, high: u32, isMagnitude: bool): void {
  if (isMagnitude) countSome(table, x, count, high, true);
  else countSome(table, x, count, high, false);
}

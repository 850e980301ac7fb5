/** The mask of a threshold: 16 elements at once, one by one only where some of 16 equal it and the rule changes among them. */
import { keyOf, signedKeys } from './key';

// @ts-ignore: decorator
@inline
function bytesOf(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

// @ts-ignore: decorator
@inline
function maskAll(
  mask: usize,
  x: usize,
  count: i32,
  threshold: u32,
  first: i32,
  value: i32,
  isMagnitude: bool,
): i32 {
  const limit = i32x4.splat(threshold ^ 0x80000000);
  const ones = i8x16.splat(1);
  let ties = 0;
  let i = 0;
  for (; i < (count & ~15); i += 16) {
    const at = x + ((<usize>i) << 2);
    const a = signedKeys(v128.load(at), isMagnitude);
    const b = signedKeys(v128.load(at, 16), isMagnitude);
    const c = signedKeys(v128.load(at, 32), isMagnitude);
    const d = signedKeys(v128.load(at, 48), isMagnitude);
    const above = bytesOf(i32x4.gt_s(a, limit), i32x4.gt_s(b, limit), i32x4.gt_s(c, limit), i32x4.gt_s(d, limit));
    const equal = bytesOf(i32x4.eq(a, limit), i32x4.eq(b, limit), i32x4.eq(c, limit), i32x4.eq(d, limit));
    let result = above;
    if (v128.any_true(equal)) {
      const here = popcnt(i8x16.bitmask(equal));
      // All of them before the change of the rule, all after it, or the change among them.
      if (ties + here <= first) {
        if (value != 0) result = v128.or(above, equal);
      } else if (ties >= first) {
        if (value == 0) result = v128.or(above, equal);
      } else {
        oneByOne(mask + i, at, 16, threshold, first - ties, value, isMagnitude);
        ties += here;
        continue;
      }
      ties += here;
    }
    v128.store(mask + i, v128.and(result, ones));
  }
  const rest = first > ties ? first - ties : 0;
  return ties + oneByOne(mask + i, x + ((<usize>i) << 2), count - i, threshold, rest, value, isMagnitude);
}

function oneByOne(
  mask: usize,
  x: usize,
  count: i32,
  threshold: u32,
  first: i32,
  value: i32,
  isMagnitude: bool,
): i32 {
  let ties = 0;
  for (let i = 0; i < count; i++) {
    const key = keyOf(load<u32>(x + ((<usize>i) << 2)), isMagnitude);
    let bit = key > threshold ? 1 : 0;
    if (key == threshold) bit = ties++ < first ? value : 1 - value;
    store<u8>(mask + i, <u8>bit);
  }
  return ties;
}

/** Returns how many elements equal the threshold. */
export function writeMask(
  mask: usize,
  x: usize,
  count: i32,
  threshold: u32,
  first: i32,
  value: i32,
  isMagnitude: bool,
): i32 {
  if (isMagnitude) return maskAll(mask, x, count, threshold, first, value, true);
  return maskAll(mask, x, count, threshold, first, value, false);
}

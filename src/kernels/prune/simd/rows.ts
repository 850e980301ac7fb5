/**
 * The largest of each row, found bit by bit: 32 counts of a row that stays in the first or second cache take 3 to 4 ns per element at
 * any width, where tables of counts would be cleared and searched for every row.
 */
import { isNaN4, signedKeys } from './key';
import { writeMask } from './mask';

/** Signed keys of the row to `keys`, padded with the lowest key, which no count counts; returns whether any is NaN. */
function loadKeys(keys: usize, x: usize, width: i32, isMagnitude: bool): bool {
  let nan = i32x4.splat(0);
  let i = 0;
  for (; i < (width & ~3); i += 4) {
    const at = (<usize>i) << 2;
    const v = v128.load(x + at);
    nan = v128.or(nan, isNaN4(v));
    v128.store(keys + at, isMagnitude ? signedKeys(v, true) : signedKeys(v, false));
  }
  if (i == width) return v128.any_true(nan);
  let rest = v128.load32_zero(x + ((<usize>i) << 2));
  let pad = i32x4(0, -1, -1, -1);
  if (width - i > 1) {
    rest = i32x4.replace_lane(rest, 1, load<i32>(x + ((<usize>(i + 1)) << 2)));
    pad = i32x4(0, 0, -1, -1);
  }
  if (width - i > 2) {
    rest = i32x4.replace_lane(rest, 2, load<i32>(x + ((<usize>(i + 2)) << 2)));
    pad = i32x4(0, 0, 0, -1);
  }
  nan = v128.or(nan, isNaN4(rest));
  const found = isMagnitude ? signedKeys(rest, true) : signedKeys(rest, false);
  v128.store(keys + ((<usize>i) << 2), v128.bitselect(i32x4.splat(0x80000000), found, pad));
  return v128.any_true(nan);
}

function countFrom(keys: usize, bytes: usize, least: v128): i32 {
  let sum = i32x4.splat(0);
  let more = i32x4.splat(0);
  const end = keys + bytes;
  const last = keys + (bytes & ~31);
  for (; keys < last; keys += 32) {
    sum = i32x4.sub(sum, i32x4.ge_s(v128.load(keys), least));
    more = i32x4.sub(more, i32x4.ge_s(v128.load(keys, 16), least));
  }
  for (; keys < end; keys += 16) sum = i32x4.sub(sum, i32x4.ge_s(v128.load(keys), least));
  sum = i32x4.add(sum, more);
  return (
    i32x4.extract_lane(sum, 0) +
    i32x4.extract_lane(sum, 1) +
    (i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3))
  );
}

/** `keys` is room for one row, a multiple of 16 bytes. Returns whether any element is NaN. */
export function maskRows(
  mask: usize,
  x: usize,
  rows: i32,
  width: i32,
  keep: i32,
  keepLast: bool,
  isMagnitude: bool,
  keys: usize,
): bool {
  const bytes = (<usize>((width + 3) & ~3)) << 2;
  let hasNaN = false;
  for (let r = 0; r < rows; r++) {
    if (loadKeys(keys, x, width, isMagnitude)) hasNaN = true;
    if (keep == 0 || keep == width) memory.fill(mask, keep == 0 ? 0 : 1, width);
    else {
      // The largest threshold that at least `keep` keys reach.
      let threshold: u32 = 0;
      let reached = width;
      for (let bit: u32 = 0x80000000; bit != 0 && reached != keep; bit >>= 1) {
        const count = countFrom(keys, bytes, i32x4.splat((threshold | bit) ^ 0x80000000));
        if (count < keep) continue;
        threshold |= bit;
        reached = count;
      }
      if (reached == keep) writeMask(mask, x, width, threshold, 0x7fffffff, 1, isMagnitude);
      else {
        const above = threshold == 0xffffffff ? 0 : countFrom(keys, bytes, i32x4.splat((threshold + 1) ^ 0x80000000));
        const first = keepLast ? reached - keep : keep - above;
        writeMask(mask, x, width, threshold, first, keepLast ? 0 : 1, isMagnitude);
      }
    }
    mask += width;
    x += (<usize>width) << 2;
  }
  return hasNaN;
}

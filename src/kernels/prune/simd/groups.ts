/**
 * The largest of each short group: every pair of a group is compared, in four groups at once, and an element is kept if it wins often
 * enough. Of equal ones the first wins.
 */
import { isNaN4, signedKeys } from './key';

/** Keys and negated wins of 32 elements in four groups. */
const keys = memory.data(32 * 16, 16);
const wins = memory.data(32 * 16, 16);

// @ts-ignore: decorator
@inline
function fours(mask: usize, x: usize, groups: i32, keep: i32, isMagnitude: bool): bool {
  // Wins are counted as sums of -1.
  const least = i32x4.splat(keep - 3);
  const all = i32x4.splat(-1);
  let nan = i32x4.splat(0);
  for (let g = 0; g < groups; g += 4) {
    const p = v128.load(x);
    const q = v128.load(x, 16);
    const r = v128.load(x, 32);
    const s = v128.load(x, 48);
    nan = v128.or(nan, v128.or(v128.or(isNaN4(p), isNaN4(q)), v128.or(isNaN4(r), isNaN4(s))));
    // Four groups side by side: a holds their first elements, d their last.
    const pq = v128.shuffle<f32>(p, q, 0, 4, 1, 5);
    const rs = v128.shuffle<f32>(r, s, 0, 4, 1, 5);
    const pq2 = v128.shuffle<f32>(p, q, 2, 6, 3, 7);
    const rs2 = v128.shuffle<f32>(r, s, 2, 6, 3, 7);
    const a = signedKeys(v128.shuffle<f32>(pq, rs, 0, 1, 4, 5), isMagnitude);
    const b = signedKeys(v128.shuffle<f32>(pq, rs, 2, 3, 6, 7), isMagnitude);
    const c = signedKeys(v128.shuffle<f32>(pq2, rs2, 0, 1, 4, 5), isMagnitude);
    const d = signedKeys(v128.shuffle<f32>(pq2, rs2, 2, 3, 6, 7), isMagnitude);
    const ab = i32x4.ge_s(a, b);
    const ac = i32x4.ge_s(a, c);
    const ad = i32x4.ge_s(a, d);
    const bc = i32x4.ge_s(b, c);
    const bd = i32x4.ge_s(b, d);
    const cd = i32x4.ge_s(c, d);
    const wa = i32x4.add(i32x4.add(ab, ac), ad);
    const wb = i32x4.add(i32x4.sub(all, ab), i32x4.add(bc, bd));
    const wc = i32x4.add(i32x4.sub(i32x4.sub(i32x4.splat(-2), ac), bc), cd);
    const wd = i32x4.sub(i32x4.sub(i32x4.splat(-3), ad), i32x4.add(bd, cd));
    // The four bytes of a lane are the four elements of a group.
    const first = v128.and(i32x4.lt_s(wa, least), i32x4.splat(0x01));
    const second = v128.and(i32x4.lt_s(wb, least), i32x4.splat(0x0100));
    const third = v128.and(i32x4.lt_s(wc, least), i32x4.splat(0x010000));
    const fourth = v128.and(i32x4.lt_s(wd, least), i32x4.splat(0x01000000));
    v128.store(mask, v128.or(v128.or(first, second), v128.or(third, fourth)));
    mask += 16;
    x += 64;
  }
  return v128.any_true(nan);
}

/** Groups of 4, their number a multiple of 4. Returns whether any element is NaN. */
export function maskFours(mask: usize, x: usize, groups: i32, keep: i32, isMagnitude: bool): bool {
  if (isMagnitude) return fours(mask, x, groups, keep, true);
  return fours(mask, x, groups, keep, false);
}

/** The same for groups of `length`, at most 32. */
export function maskGroups(mask: usize, x: usize, groups: i32, length: i32, keep: i32, isMagnitude: bool): bool {
  const step = (<usize>length) << 2;
  const least = i32x4.splat(keep - length + 1);
  let nan = i32x4.splat(0);
  for (let g = 0; g < groups; g += 4) {
    for (let j: usize = 0; j < step; j += 4) {
      let v = v128.load32_zero(x + j);
      v = v128.load32_lane(x + j + step, v, 1);
      v = v128.load32_lane(x + j + 2 * step, v, 2);
      v = v128.load32_lane(x + j + 3 * step, v, 3);
      nan = v128.or(nan, isNaN4(v));
      v128.store(keys + (j << 2), isMagnitude ? signedKeys(v, true) : signedKeys(v, false));
      v128.store(wins + (j << 2), i32x4.splat(0));
    }
    for (let i: usize = 0; i < step << 2; i += 16) {
      const key = v128.load(keys + i);
      let own = v128.load(wins + i);
      for (let j = i + 16; j < step << 2; j += 16) {
        const beats = i32x4.ge_s(key, v128.load(keys + j));
        own = i32x4.add(own, beats);
        v128.store(wins + j, i32x4.add(v128.load(wins + j), v128.not(beats)));
      }
      const kept = v128.and(i32x4.lt_s(own, least), i32x4.splat(1));
      const at = mask + (i >> 4);
      v128.store8_lane(at, kept, 0);
      v128.store8_lane(at + length, kept, 4);
      v128.store8_lane(at + 2 * length, kept, 8);
      v128.store8_lane(at + 3 * length, kept, 12);
    }
    mask += 4 * length;
    x += 4 * step;
  }
  return v128.any_true(nan);
}

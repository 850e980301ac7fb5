/** The nearest of up to 256 centers: 16 of them at once, four to a register, so that no addition waits for another. */

export function nearest(
  codes: usize,
  distances: usize,
  x: usize,
  centers: usize,
  count: i32,
  dimensions: i32,
  columns: i32,
): void {
  const width = <usize>columns << 2;
  const height = <usize>dimensions << 2;
  const wide = width & ~63;
  for (let i = 0; i < count; i++) {
    let least = f32x4.splat(Infinity);
    let best = i32x4.splat(0);
    let index = i32x4(0, 1, 2, 3);
    let c: usize = 0;
    for (; c < wide; c += 64) {
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let at = centers + c;
      for (let d: usize = 0; d < height; d += 4) {
        const value = v128.load32_splat(x + d);
        const d0 = f32x4.sub(value, v128.load(at));
        const d1 = f32x4.sub(value, v128.load(at, 16));
        const d2 = f32x4.sub(value, v128.load(at, 32));
        const d3 = f32x4.sub(value, v128.load(at, 48));
        s0 = f32x4.add(s0, f32x4.mul(d0, d0));
        s1 = f32x4.add(s1, f32x4.mul(d1, d1));
        s2 = f32x4.add(s2, f32x4.mul(d2, d2));
        s3 = f32x4.add(s3, f32x4.mul(d3, d3));
        at += width;
      }
      let isLess = f32x4.lt(s0, least);
      least = v128.bitselect(s0, least, isLess);
      best = v128.bitselect(index, best, isLess);
      index = i32x4.add(index, i32x4.splat(4));
      isLess = f32x4.lt(s1, least);
      least = v128.bitselect(s1, least, isLess);
      best = v128.bitselect(index, best, isLess);
      index = i32x4.add(index, i32x4.splat(4));
      isLess = f32x4.lt(s2, least);
      least = v128.bitselect(s2, least, isLess);
      best = v128.bitselect(index, best, isLess);
      index = i32x4.add(index, i32x4.splat(4));
      isLess = f32x4.lt(s3, least);
      least = v128.bitselect(s3, least, isLess);
      best = v128.bitselect(index, best, isLess);
      index = i32x4.add(index, i32x4.splat(4));
    }
    for (; c < width; c += 16) {
      let sum = f32x4.splat(0);
      let at = centers + c;
      for (let d: usize = 0; d < height; d += 4) {
        const difference = f32x4.sub(v128.load32_splat(x + d), v128.load(at));
        sum = f32x4.add(sum, f32x4.mul(difference, difference));
        at += width;
      }
      const isLess = f32x4.lt(sum, least);
      least = v128.bitselect(sum, least, isLess);
      best = v128.bitselect(index, best, isLess);
      index = i32x4.add(index, i32x4.splat(4));
    }
    storeFirst(codes + <usize>i, distances + (<usize>i << 2), least, best);
    x += height;
  }
}

/** The least of four distances, the lowest index among equal ones. */
function storeFirst(code: usize, distance: usize, least: v128, best: v128): void {
  let value = f32x4.extract_lane(least, 0);
  let index = i32x4.extract_lane(best, 0);
  const v1 = f32x4.extract_lane(least, 1);
  const i1 = i32x4.extract_lane(best, 1);
  if (v1 < value || (v1 == value && i1 < index)) {
    value = v1;
    index = i1;
  }
  const v2 = f32x4.extract_lane(least, 2);
  const i2 = i32x4.extract_lane(best, 2);
  if (v2 < value || (v2 == value && i2 < index)) {
    value = v2;
    index = i2;
  }
  const v3 = f32x4.extract_lane(least, 3);
  const i3 = i32x4.extract_lane(best, 3);
  if (v3 < value || (v3 == value && i3 < index)) {
    value = v3;
    index = i3;
  }
  store<u8>(code, <u8>index);
  f32.store(distance, value);
}

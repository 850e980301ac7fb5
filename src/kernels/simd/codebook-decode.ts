/** Values of codebooks. Letters and semantics as in ../types.ts. The last step of a run may overlap the one before. */
import { firstHalves, lastHalves } from './pack';
import { firstFour, lastFour, storePlanes } from './planes';

/** The planes of 16 levels. */
const PLANES: usize = memory.data(64, 16);

/** Eight products of levels and the scale, the levels given by their bytes. */
// @ts-ignore: decorator
@inline
function storeProducts(out: usize, lower: v128, upper: v128, scale: v128): void {
  v128.store(out, f32x4.mul(firstFour(lower, upper), scale));
  v128.store(out, f32x4.mul(lastFour(lower, upper), scale), 16);
}

// @ts-ignore: decorator
@inline
function storeSixteen(out: usize, codes: v128, p0: v128, p1: v128, p2: v128, p3: v128, scale: v128): void {
  const b0 = i8x16.swizzle(p0, codes);
  const b1 = i8x16.swizzle(p1, codes);
  const b2 = i8x16.swizzle(p2, codes);
  const b3 = i8x16.swizzle(p3, codes);
  storeProducts(out, firstHalves(b0, b1), firstHalves(b2, b3), scale);
  storeProducts(out + 32, lastHalves(b0, b1), lastHalves(b2, b3), scale);
}

export function dequantizeLevels4(
  out: usize,
  packed: usize,
  scales: usize,
  count: i32,
  run: i32,
  levels: usize,
): void {
  // prettier-ignore
  storePlanes(PLANES, v128.load(levels), v128.load(levels, 16), v128.load(levels, 32), v128.load(levels, 48));
  const p0 = v128.load(PLANES);
  const p1 = v128.load(PLANES, 16);
  const p2 = v128.load(PLANES, 32);
  const p3 = v128.load(PLANES, 48);
  const mask = i8x16.splat(15);
  for (let left = count; left > 0; left -= run) {
    const length = min(run, left);
    const scale = load<f32>(scales);
    const factors = f32x4.splat(scale);
    const pairs = length & ~1;
    if (pairs >= 32) {
      for (let i = 0; i < pairs; i += 32) {
        const begin = <usize>min(i, pairs - 32);
        const v = v128.load(packed + (begin >> 1));
        const first = v128.and(i16x8.shr_u(v, 4), mask);
        const second = v128.and(v, mask);
        const to = out + (begin << 2);
        storeSixteen(to, firstHalves(first, second), p0, p1, p2, p3, factors);
        storeSixteen(to + 64, lastHalves(first, second), p0, p1, p2, p3, factors);
      }
    } else {
      for (let i: usize = 0; i < <usize>pairs; i += 2) {
        const byte = <usize>load<u8>(packed + (i >> 1));
        store<f32>(out + (i << 2), load<f32>(levels + ((byte >> 4) << 2)) * scale);
        store<f32>(out + (i << 2), load<f32>(levels + ((byte & 15) << 2)) * scale, 4);
      }
    }
    if (pairs < length) {
      const last = <usize>pairs;
      const byte = <usize>load<u8>(packed + (last >> 1));
      store<f32>(out + (last << 2), load<f32>(levels + ((byte >> 4) << 2)) * scale);
    }
    scales += 4;
    out += (<usize>length) << 2;
    packed += (<usize>length) >> 1;
  }
}

// @ts-ignore: decorator
@inline
function levelAt(codes: usize, offset: usize, levels: usize): usize {
  return levels + ((<usize>load<u8>(codes + offset)) << 2);
}

export function dequantizeLevels(
  out: usize,
  codes: usize,
  scales: usize,
  count: i32,
  run: i32,
  levels: usize,
): void {
  for (let left = count; left > 0; left -= run) {
    const length = min(run, left);
    const scale = load<f32>(scales);
    const factors = f32x4.splat(scale);
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      let v = v128.load32_zero(levelAt(codes, 0, levels));
      v = v128.load32_lane(levelAt(codes, 1, levels), v, 1);
      v = v128.load32_lane(levelAt(codes, 2, levels), v, 2);
      v = v128.load32_lane(levelAt(codes, 3, levels), v, 3);
      v128.store(out, f32x4.mul(v, factors));
      codes += 4;
      out += 16;
    }
    for (; i < length; i++) {
      store<f32>(out, load<f32>(levelAt(codes, 0, levels)) * scale);
      codes++;
      out += 4;
    }
    scales += 4;
  }
}

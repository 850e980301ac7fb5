/** Blocks: rows of `width` values against as many elements of x, four at a time. Block columns have 32 bits. */
import { finish } from './csr';

export function bsrGemv(
  y: usize,
  values: usize,
  indices: usize,
  pointers: usize,
  x: usize,
  blockRows: i32,
  height: i32,
  width: i32,
): void {
  const rowBytes = <usize>width << 2;
  const blockBytes = rowBytes * <usize>height;
  for (let b = 0; b < blockRows; b++) {
    const begin = <usize>load<u32>(pointers);
    const end = <usize>load<u32>(pointers, 4);
    for (let i = 0; i < height; i++) {
      let p = f32x4.splat(0);
      let v = values + begin * blockBytes + <usize>i * rowBytes;
      for (let at = indices + (begin << 2); at < indices + (end << 2); at += 4) {
        p = addRow(p, v, x + <usize>load<u32>(at) * rowBytes, width);
        v += blockBytes;
      }
      f32.store(y, finish(p));
      y += 4;
    }
    pointers += 4;
  }
}

// @ts-ignore: decorator
@inline
function addRow(p: v128, v: usize, u: usize, width: i32): v128 {
  for (; width >= 4; width -= 4) {
    p = f32x4.add(p, f32x4.mul(v128.load(v), v128.load(u)));
    v += 16;
    u += 16;
  }
  return width == 0 ? p : addTail(p, v, u, width);
}

/** The last one to three columns; other lanes stay as they are, a NaN with its payload too. */
function addTail(p: v128, v: usize, u: usize, width: i32): v128 {
  p = f32x4.replace_lane(p, 0, f32x4.extract_lane(p, 0) + load<f32>(v) * load<f32>(u));
  if (width == 1) return p;
  p = f32x4.replace_lane(p, 1, f32x4.extract_lane(p, 1) + load<f32>(v, 4) * load<f32>(u, 4));
  if (width == 2) return p;
  return f32x4.replace_lane(p, 2, f32x4.extract_lane(p, 2) + load<f32>(v, 8) * load<f32>(u, 8));
}

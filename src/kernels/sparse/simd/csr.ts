/**
 * Rows of values with their columns: four at a time, x gathered lane by lane. Addresses of values and indices are those of entry 0, which may lie
 * before what is there: only entries from pointers[0] on are read.
 */

export function csrGemv8(y: usize, values: usize, indices: usize, pointers: usize, x: usize, rows: i32): void {
  for (let r = 0; r < rows; r++) {
    const begin = <usize>load<u32>(pointers);
    const count = <i32>(<usize>load<u32>(pointers, 4) - begin);
    f32.store(y, dot8(values + (begin << 2), indices + begin, count, x));
    y += 4;
    pointers += 4;
  }
}

export function csrGemv16(y: usize, values: usize, indices: usize, pointers: usize, x: usize, rows: i32): void {
  for (let r = 0; r < rows; r++) {
    const begin = <usize>load<u32>(pointers);
    const count = <i32>(<usize>load<u32>(pointers, 4) - begin);
    f32.store(y, dot16(values + (begin << 2), indices + (begin << 1), count, x));
    y += 4;
    pointers += 4;
  }
}

export function csrGemv32(y: usize, values: usize, indices: usize, pointers: usize, x: usize, rows: i32): void {
  for (let r = 0; r < rows; r++) {
    const begin = <usize>load<u32>(pointers);
    const count = <i32>(<usize>load<u32>(pointers, 4) - begin);
    f32.store(y, dot32(values + (begin << 2), indices + (begin << 2), count, x));
    y += 4;
    pointers += 4;
  }
}

function dot8(v: usize, at: usize, count: i32, x: usize): f32 {
  let p = f32x4.splat(0);
  for (; count >= 4; count -= 4) {
    const four = gather(
      x + (<usize>load<u8>(at) << 2),
      x + (<usize>load<u8>(at, 1) << 2),
      x + (<usize>load<u8>(at, 2) << 2),
      x + (<usize>load<u8>(at, 3) << 2),
    );
    p = f32x4.add(p, f32x4.mul(v128.load(v), four));
    v += 16;
    at += 4;
  }
  for (let lane = 0; lane < count; lane++) {
    p = addTo(p, lane, load<f32>(v) * load<f32>(x + (<usize>load<u8>(at) << 2)));
    v += 4;
    at += 1;
  }
  return finish(p);
}

export function dot16(v: usize, at: usize, count: i32, x: usize): f32 {
  let p = f32x4.splat(0);
  for (; count >= 4; count -= 4) {
    const four = gather(
      x + (<usize>load<u16>(at) << 2),
      x + (<usize>load<u16>(at, 2) << 2),
      x + (<usize>load<u16>(at, 4) << 2),
      x + (<usize>load<u16>(at, 6) << 2),
    );
    p = f32x4.add(p, f32x4.mul(v128.load(v), four));
    v += 16;
    at += 8;
  }
  for (let lane = 0; lane < count; lane++) {
    p = addTo(p, lane, load<f32>(v) * load<f32>(x + (<usize>load<u16>(at) << 2)));
    v += 4;
    at += 2;
  }
  return finish(p);
}

function dot32(v: usize, at: usize, count: i32, x: usize): f32 {
  let p = f32x4.splat(0);
  for (; count >= 4; count -= 4) {
    const four = gather(
      x + (<usize>load<u32>(at) << 2),
      x + (<usize>load<u32>(at, 4) << 2),
      x + (<usize>load<u32>(at, 8) << 2),
      x + (<usize>load<u32>(at, 12) << 2),
    );
    p = f32x4.add(p, f32x4.mul(v128.load(v), four));
    v += 16;
    at += 16;
  }
  for (let lane = 0; lane < count; lane++) {
    p = addTo(p, lane, load<f32>(v) * load<f32>(x + (<usize>load<u32>(at) << 2)));
    v += 4;
    at += 4;
  }
  return finish(p);
}

// @ts-ignore: decorator
@inline
function gather(a: usize, b: usize, c: usize, d: usize): v128 {
  let four = v128.load32_zero(a);
  four = v128.load32_lane(b, four, 1);
  four = v128.load32_lane(c, four, 2);
  return v128.load32_lane(d, four, 3);
}

function addTo(p: v128, lane: i32, product: f32): v128 {
  if (lane == 0) return f32x4.replace_lane(p, 0, f32x4.extract_lane(p, 0) + product);
  if (lane == 1) return f32x4.replace_lane(p, 1, f32x4.extract_lane(p, 1) + product);
  return f32x4.replace_lane(p, 2, f32x4.extract_lane(p, 2) + product);
}

export function finish(p: v128): f32 {
  const even = f32x4.extract_lane(p, 0) + f32x4.extract_lane(p, 2);
  return even + (f32x4.extract_lane(p, 1) + f32x4.extract_lane(p, 3));
}

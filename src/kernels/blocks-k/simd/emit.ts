/** Sixteen codes of one byte as float32 values. */

/** scale * code at `out`, the codes signed. */
// @ts-ignore: decorator
@inline
export function emitScaled(out: usize, codes: v128, scale: v128): void {
  const low = i16x8.extend_low_i8x16_s(codes);
  const high = i16x8.extend_high_i8x16_s(codes);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), scale));
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), scale), 16);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), scale), 32);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), scale), 48);
}

/** scale * code - min at `out`; min is subtracted, which is the sum with its negative to the bit. */
// @ts-ignore: decorator
@inline
export function emitAffine(out: usize, codes: v128, scale: v128, min: v128): void {
  const low = i16x8.extend_low_i8x16_s(codes);
  const high = i16x8.extend_high_i8x16_s(codes);
  const a = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), scale);
  const b = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), scale);
  const c = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), scale);
  const d = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), scale);
  v128.store(out, f32x4.sub(a, min));
  v128.store(out, f32x4.sub(b, min), 16);
  v128.store(out, f32x4.sub(c, min), 32);
  v128.store(out, f32x4.sub(d, min), 48);
}

// @ts-ignore: decorator
@inline
export function lowFours(bytes: v128): v128 {
  return v128.and(bytes, i8x16.splat(15));
}

// @ts-ignore: decorator
@inline
export function highFours(bytes: v128): v128 {
  return v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(15));
}

/** `value` in the bytes that have all of `bits`, 0 in the others. */
// @ts-ignore: decorator
@inline
export function where(bytes: v128, bits: v128, value: i32): v128 {
  return v128.and(i8x16.eq(v128.and(bytes, bits), bits), i8x16.splat(<i8>value));
}

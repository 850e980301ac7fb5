/** Keys of types.ts less 2^31, so that signed comparisons, one instruction on x86 where unsigned ones are two, order them. */

// @ts-ignore: decorator
@inline
export function signedKeys(v: v128, isMagnitude: bool): v128 {
  if (isMagnitude) return v128.xor(i32x4.shl(v, 1), i32x4.splat(0x80000000));
  const number = v128.andnot(v, i32x4.eq(v, i32x4.splat(0x80000000)));
  return v128.xor(number, v128.and(i32x4.shr_s(number, 31), i32x4.splat(0x7fffffff)));
}

// @ts-ignore: decorator
@inline
export function keyOf(bits: u32, isMagnitude: bool): u32 {
  if (isMagnitude) return bits << 1;
  const number: u32 = bits == 0x80000000 ? 0 : bits;
  return number ^ (<u32>((<i32>number) >> 31) | 0x80000000);
}

/** All ones in the lanes of NaN. */
// @ts-ignore: decorator
@inline
export function isNaN4(v: v128): v128 {
  return f32x4.ne(v, v);
}

/** float16 numbers and ggml's rounding of one float32. */

/** 1.5 * 2^23: adding it to a smaller magnitude leaves the nearest whole number in the low bits, ties to even. */
export const MAGIC: f32 = 12582912;

// @ts-ignore: decorator
@inline
export function nearestInt(value: f32): i32 {
  return (reinterpret<i32>(value + MAGIC) & 0x7fffff) - 0x400000;
}

/** Bits of the float16 nearest to `value`, ties to even. */
export function halfBits(value: f32): i32 {
  const bits = reinterpret<i32>(value);
  const magnitude = bits & 0x7fffffff;
  let code: i32;
  if (magnitude < 0x38800000) code = <i32>nearest<f32>(abs<f32>(value) * 16777216);
  else if (magnitude < 0x47800000) code = (magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  else code = magnitude > 0x7f800000 ? 0x7e00 : 0x7c00;
  return ((bits >>> 16) & 0x8000) | code;
}

/** The value of float16 bits, exactly. */
export function halfValue(code: i32): f32 {
  const magnitude = code & 0x7fff;
  if (magnitude < 0x400) {
    const small = <f32>magnitude * <f32>5.9604644775390625e-8;
    return code == magnitude ? small : -small;
  }
  const bias = magnitude < 0x7c00 ? 0x38000000 : 0x70000000;
  return reinterpret<f32>(((code & 0x8000) << 16) | ((magnitude << 13) + bias));
}

/** Stores `value` as float16 and returns the value stored. */
export function putHalf(at: usize, value: f32): f32 {
  const bits = halfBits(value);
  store<u16>(at, <u16>bits);
  return halfValue(bits);
}

/** Decoders of blocks of 32 with one scale, and of IQ4_XS, sixteen codes at a time. */
import { emitAffine, emitScaled, highFours, lowFours, where } from '../../blocks-k/simd/emit';
import { halfValue } from '../../blocks-k/simd/half';

/** Twice the values of e2m1; scales are halved instead. */
const FLOAT4: usize = memory.data<i8>([0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12], 16);

/** The levels of IQ4. */
const LEVELS: usize = memory.data<i8>(
  [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113],
  16,
);

// @ts-ignore: decorator
@inline
function half(at: usize): f32 {
  return halfValue(load<u16>(at));
}

export function decodeQ40(out: usize, bytes: usize, blocks: i32): void {
  const eight = i8x16.splat(8);
  for (; blocks > 0; blocks--) {
    const d = f32x4.splat(half(bytes));
    const codes = v128.load(bytes, 2);
    emitScaled(out, i8x16.sub(lowFours(codes), eight), d);
    emitScaled(out + 64, i8x16.sub(highFours(codes), eight), d);
    bytes += 18;
    out += 128;
  }
}

export function decodeQ41(out: usize, bytes: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    const d = f32x4.splat(half(bytes));
    const min = f32x4.splat(-half(bytes + 2));
    const codes = v128.load(bytes, 4);
    emitAffine(out, lowFours(codes), d, min);
    emitAffine(out + 64, highFours(codes), d, min);
    bytes += 20;
    out += 128;
  }
}

/** 16 where bit j of the two bytes at `at` is set, for byte j. */
// @ts-ignore: decorator
@inline
function fifths(at: usize): v128 {
  const both = v128.load16_splat(at);
  const spread = i8x16.shuffle(both, both, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  return where(spread, i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128), 16);
}

export function decodeQ50(out: usize, bytes: usize, blocks: i32): void {
  const sixteen = i8x16.splat(16);
  for (; blocks > 0; blocks--) {
    const d = f32x4.splat(half(bytes));
    const codes = v128.load(bytes, 6);
    emitScaled(out, i8x16.sub(v128.or(lowFours(codes), fifths(bytes + 2)), sixteen), d);
    emitScaled(out + 64, i8x16.sub(v128.or(highFours(codes), fifths(bytes + 4)), sixteen), d);
    bytes += 22;
    out += 128;
  }
}

export function decodeQ51(out: usize, bytes: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    const d = f32x4.splat(half(bytes));
    const min = f32x4.splat(-half(bytes + 2));
    const codes = v128.load(bytes, 8);
    emitAffine(out, v128.or(lowFours(codes), fifths(bytes + 4)), d, min);
    emitAffine(out + 64, v128.or(highFours(codes), fifths(bytes + 6)), d, min);
    bytes += 24;
    out += 128;
  }
}

export function decodeQ80(out: usize, bytes: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    const d = f32x4.splat(half(bytes));
    emitScaled(out, v128.load(bytes, 2), d);
    emitScaled(out + 64, v128.load(bytes, 18), d);
    bytes += 34;
    out += 128;
  }
}

export function decodeMXFP4(out: usize, bytes: usize, blocks: i32): void {
  const levels = v128.load(FLOAT4);
  for (; blocks > 0; blocks--) {
    const code = <i32>load<u8>(bytes);
    // Half the value of the scale, 2^(code - 128).
    const d = f32x4.splat(reinterpret<f32>(code < 2 ? 0x200000 << code : (code - 1) << 23));
    const codes = v128.load(bytes, 1);
    emitScaled(out, i8x16.swizzle(levels, lowFours(codes)), d);
    emitScaled(out + 64, i8x16.swizzle(levels, highFours(codes)), d);
    bytes += 17;
    out += 128;
  }
}

export function decodeIQ4NL(out: usize, bytes: usize, blocks: i32): void {
  const levels = v128.load(LEVELS);
  for (; blocks > 0; blocks--) {
    const d = f32x4.splat(half(bytes));
    const codes = v128.load(bytes, 2);
    emitScaled(out, i8x16.swizzle(levels, lowFours(codes)), d);
    emitScaled(out + 64, i8x16.swizzle(levels, highFours(codes)), d);
    bytes += 18;
    out += 128;
  }
}

export function decodeIQ4XS(out: usize, bytes: usize, blocks: i32): void {
  const levels = v128.load(LEVELS);
  for (; blocks > 0; blocks--) {
    const d = half(bytes);
    const high = <i32>load<u16>(bytes, 2);
    for (let k = 0; k < 8; k++) {
      const low = (<i32>load<u8>(bytes + (k >> 1), 4) >> (4 * (k & 1))) & 15;
      const scale = f32x4.splat(d * <f32>((low | (((high >> (2 * k)) & 3) << 4)) - 32));
      const codes = v128.load(bytes + 16 * k, 8);
      emitScaled(out, i8x16.swizzle(levels, lowFours(codes)), scale);
      emitScaled(out + 64, i8x16.swizzle(levels, highFours(codes)), scale);
      out += 128;
    }
    bytes += 136;
  }
}

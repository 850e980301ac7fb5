/** Decoders of the K-quants, sixteen codes at a time. */
import { emitAffine, emitScaled, highFours, lowFours, where } from './emit';
import { halfValue } from './half';
import { minOfQ4K, scaleOfQ4K } from './pack';

/** Two bits of every byte, from bit `shift` on. */
// @ts-ignore: decorator
@inline
function pairs(bytes: v128, shift: i32): v128 {
  return v128.and(i16x8.shr_u(bytes, shift), i8x16.splat(3));
}

export function decodeQ2K(out: usize, bytes: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    const d = halfValue(load<u16>(bytes, 80));
    const dmin = halfValue(load<u16>(bytes, 82));
    for (let j = 0; j < 16; j++) {
      const byte = load<u8>(bytes + j);
      const codes = pairs(v128.load(bytes + 16 + (j >> 3) * 32 + (j & 1) * 16), 2 * ((j >> 1) & 3));
      emitAffine(out, codes, f32x4.splat(d * <f32>(byte & 15)), f32x4.splat(dmin * <f32>(byte >> 4)));
      out += 64;
    }
    bytes += 84;
  }
}

/** Scale j, 0 to 63, of the twelve bytes at `at`. */
function scaleOfQ3K(at: usize, j: i32): i32 {
  const low = j < 8 ? <i32>load<u8>(at + j) & 15 : <i32>load<u8>(at + j - 8) >> 4;
  return low | (((<i32>load<u8>(at + (j & 3), 8) >> (2 * (j >> 2))) & 3) << 4);
}

export function decodeQ3K(out: usize, bytes: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    const d = halfValue(load<u16>(bytes, 108));
    for (let j = 0; j < 16; j++) {
      const scale = d * <f32>(scaleOfQ3K(bytes + 96, j) - 32);
      const low = pairs(v128.load(bytes + 32 + (j >> 3) * 32 + (j & 1) * 16), 2 * ((j >> 1) & 3));
      const high = where(v128.load(bytes + (j & 1) * 16), i8x16.splat(<i8>(<i32>1 << (j >> 1))), 4);
      emitScaled(out, i8x16.sub(v128.or(low, high), i8x16.splat(4)), f32x4.splat(scale));
      out += 64;
    }
    bytes += 110;
  }
}

export function decodeQ4K(out: usize, bytes: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    const d = halfValue(load<u16>(bytes));
    const dmin = halfValue(load<u16>(bytes, 2));
    for (let j: usize = 0; j < 8; j += 2) {
      const from = bytes + 16 + 16 * j;
      const a = v128.load(from);
      const b = v128.load(from, 16);
      let scale = f32x4.splat(d * <f32>scaleOfQ4K(bytes + 4, j));
      let min = f32x4.splat(dmin * <f32>minOfQ4K(bytes + 4, j));
      emitAffine(out, lowFours(a), scale, min);
      emitAffine(out + 64, lowFours(b), scale, min);
      scale = f32x4.splat(d * <f32>scaleOfQ4K(bytes + 4, j + 1));
      min = f32x4.splat(dmin * <f32>minOfQ4K(bytes + 4, j + 1));
      emitAffine(out + 128, highFours(a), scale, min);
      emitAffine(out + 192, highFours(b), scale, min);
      out += 256;
    }
    bytes += 144;
  }
}

export function decodeQ5K(out: usize, bytes: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    const d = halfValue(load<u16>(bytes));
    const dmin = halfValue(load<u16>(bytes, 2));
    const highA = v128.load(bytes, 16);
    const highB = v128.load(bytes, 32);
    for (let j: usize = 0; j < 8; j += 2) {
      const from = bytes + 48 + 16 * j;
      const a = v128.load(from);
      const b = v128.load(from, 16);
      let bit = i8x16.splat(<i8>(<i32>1 << <i32>j));
      let scale = f32x4.splat(d * <f32>scaleOfQ4K(bytes + 4, j));
      let min = f32x4.splat(dmin * <f32>minOfQ4K(bytes + 4, j));
      emitAffine(out, v128.or(lowFours(a), where(highA, bit, 16)), scale, min);
      emitAffine(out + 64, v128.or(lowFours(b), where(highB, bit, 16)), scale, min);
      bit = i8x16.splat(<i8>(<i32>2 << <i32>j));
      scale = f32x4.splat(d * <f32>scaleOfQ4K(bytes + 4, j + 1));
      min = f32x4.splat(dmin * <f32>minOfQ4K(bytes + 4, j + 1));
      emitAffine(out + 128, v128.or(highFours(a), where(highA, bit, 16)), scale, min);
      emitAffine(out + 192, v128.or(highFours(b), where(highB, bit, 16)), scale, min);
      out += 256;
    }
    bytes += 176;
  }
}

// @ts-ignore: decorator
@inline
function emitSixes(out: usize, low: v128, high: v128, d: f32, scale: usize): void {
  const codes = v128.or(low, i16x8.shl(high, 4));
  emitScaled(out, i8x16.sub(codes, i8x16.splat(32)), f32x4.splat(d * <f32>load<i8>(scale)));
}

export function decodeQ6K(out: usize, bytes: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    const d = halfValue(load<u16>(bytes, 208));
    for (let half: usize = 0; half < 2; half++) {
      for (let i: usize = 0; i < 2; i++) {
        const a = v128.load(bytes + 64 * half + 16 * i);
        const b = v128.load(bytes + 64 * half + 16 * i, 32);
        const high = v128.load(bytes + 128 + 32 * half + 16 * i);
        const scales = bytes + 192 + 8 * half + i;
        const to = out + 512 * half + 64 * i;
        emitSixes(to, lowFours(a), pairs(high, 0), d, scales);
        emitSixes(to + 128, lowFours(b), pairs(high, 2), d, scales + 2);
        emitSixes(to + 256, highFours(a), pairs(high, 4), d, scales + 4);
        emitSixes(to + 384, highFours(b), pairs(high, 6), d, scales + 6);
      }
    }
    bytes += 210;
    out += 1024;
  }
}

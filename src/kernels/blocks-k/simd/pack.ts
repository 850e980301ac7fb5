/** The codes, scales and minima of a super-block as bytes. CODES holds the 256 codes, one per byte. */

export const CODES: usize = memory.data(256, 16);

/** Sixteen int32 of 0 to 255 as bytes. */
// @ts-ignore: decorator
@inline
export function storeCodes(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(to, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
}

/** `bits` bits of the bytes of `codes`, moved up by `shift`: both together at most 8, so that nothing leaves its byte. */
// @ts-ignore: decorator
@inline
function part(codes: v128, mask: i32, shift: i32): v128 {
  return i16x8.shl(v128.and(codes, i8x16.splat(<i8>mask)), shift);
}

/** Two bits per code: per 128 codes, four that are 32 apart share a byte. */
export function putPairs(out: usize): void {
  for (let half: usize = 0; half < 2; half++) {
    for (let l: usize = 0; l < 32; l += 16) {
      const at = CODES + 128 * half + l;
      const low = v128.or(part(v128.load(at), 3, 0), part(v128.load(at, 32), 3, 2));
      const high = v128.or(part(v128.load(at, 64), 3, 4), part(v128.load(at, 96), 3, 6));
      v128.store(out + 32 * half + l, v128.or(low, high));
    }
  }
}

/** Bit `shift` of every code: bit j of byte l for code 32 * j + l. */
export function putHighBits(out: usize, shift: i32): void {
  const bit = i8x16.splat(1);
  for (let l: usize = 0; l < 32; l += 16) {
    let bits = i8x16.splat(0);
    for (let j = 7; j >= 0; j--) {
      const codes = v128.load(CODES + 32 * <usize>j + l);
      bits = v128.or(i16x8.shl(bits, 1), v128.and(i16x8.shr_u(codes, shift), bit));
    }
    v128.store(out + l, bits);
  }
}

/** The low four bits of every code: per 64 codes, two that are 32 apart share a byte. */
export function putFours(out: usize): void {
  for (let j: usize = 0; j < 128; j += 16) {
    const at = CODES + (j >> 5) * 64 + (j & 31);
    v128.store(out + j, v128.or(part(v128.load(at), 15, 0), part(v128.load(at, 32), 15, 4)));
  }
}

/** Bits 4 and 5 of the codes, moved up by `shift`. */
// @ts-ignore: decorator
@inline
function highPair(codes: v128, shift: i32): v128 {
  const pair = i16x8.shr_u(v128.and(codes, i8x16.splat(0x30)), 4);
  return i16x8.shl(pair, shift);
}

/** Q6_K: 128 bytes of the low four bits, 64 of the high two. */
export function putSixes(out: usize): void {
  for (let half: usize = 0; half < 2; half++) {
    for (let l: usize = 0; l < 32; l += 16) {
      const at = CODES + 128 * half + l;
      const a = v128.load(at);
      const b = v128.load(at, 32);
      const c = v128.load(at, 64);
      const d = v128.load(at, 96);
      const to = out + 64 * half + l;
      v128.store(to, v128.or(part(a, 15, 0), part(c, 15, 4)));
      v128.store(to, v128.or(part(b, 15, 0), part(d, 15, 4)), 32);
      const ab = v128.or(highPair(a, 0), highPair(b, 2));
      const cd = v128.or(highPair(c, 4), highPair(d, 6));
      v128.store(out + 128 + 32 * half + l, v128.or(ab, cd));
    }
  }
}

/** Q3_K: sixteen scales of six bits, 0 to 63, in twelve bytes. */
export function putScalesQ3K(out: usize, scales: usize): void {
  for (let j: usize = 0; j < 8; j++) {
    store<u8>(out + j, (load<u8>(scales + j) & 15) | ((load<u8>(scales + j, 8) & 15) << 4));
  }
  for (let j: usize = 0; j < 4; j++) {
    const at = scales + j;
    const low = (load<u8>(at) >> 4) | ((load<u8>(at, 4) >> 4) << 2);
    store<u8>(out + j, low | ((load<u8>(at, 8) >> 4) << 4) | ((load<u8>(at, 12) >> 4) << 6), 8);
  }
}

/** Q4_K and Q5_K: eight scales and eight minima of six bits in twelve bytes. */
export function putScalesQ4K(out: usize, scales: usize, mins: usize): void {
  for (let j: usize = 0; j < 4; j++) {
    const scale = load<u8>(scales + j, 4);
    const min = load<u8>(mins + j, 4);
    store<u8>(out + j, load<u8>(scales + j) | ((scale >> 4) << 6));
    store<u8>(out + j, load<u8>(mins + j) | ((min >> 4) << 6), 4);
    store<u8>(out + j, (scale & 15) | ((min & 15) << 4), 8);
  }
}

/** Scale j, 0 to 63, of the twelve bytes at `at` of Q4_K and Q5_K. */
export function scaleOfQ4K(at: usize, j: usize): i32 {
  if (j < 4) return <i32>load<u8>(at + j) & 63;
  return (<i32>load<u8>(at + j, 4) & 15) | ((<i32>load<u8>(at + j - 4) >> 6) << 4);
}

export function minOfQ4K(at: usize, j: usize): i32 {
  if (j < 4) return <i32>load<u8>(at + j, 4) & 63;
  return (<i32>load<u8>(at + j, 4) >> 4) | ((<i32>load<u8>(at + j) >> 6) << 4);
}

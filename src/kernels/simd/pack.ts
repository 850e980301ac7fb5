/**
 * Codes to a little-endian bit stream and back. Every function below works on codes as bytes minus codeMin.
 *
 * Packing halves the number of lanes step by step: two codes of `bits` bits in one 16-bit lane, two of those in one 32-bit lane,
 * two of those in one 64-bit lane, which then holds eight codes and fills `bits` bytes. Unpacking goes back the same
 * way. For 4, 2 and 1 bits a lane is one byte after 1, 2 and 3 steps, and whole vectors of bytes are stored at once.
 */

// @ts-ignore: decorator
@inline
function offsetCodes(codes: usize, codeMin: v128, mask: v128): v128 {
  return v128.and(i8x16.sub(v128.load(codes), codeMin), mask);
}

/** Eight codes in each 64-bit lane, 4 * bits <= 28 bits from each half. */
// @ts-ignore: decorator
@inline
function gather(v: v128, bits: i32): v128 {
  v = v128.or(v128.and(v, i16x8.splat(0x00ff)), i16x8.shr_u(v128.and(v, i16x8.splat(<i16>0xff00)), 8 - bits));
  v = v128.or(
    v128.and(v, i32x4.splat(0x0000ffff)),
    i32x4.shr_u(v128.and(v, i32x4.splat(0xffff0000)), 16 - 2 * bits),
  );
  return v128.or(
    v128.and(v, i64x2.splat(0x00000000ffffffff)),
    i64x2.shr_u(v128.and(v, i64x2.splat(0xffffffff00000000)), 32 - 4 * bits),
  );
}

// @ts-ignore: decorator
@inline
function scatter(v: v128, bits: i32): v128 {
  const mask64: i64 = ((<i64>1) << (4 * bits)) - 1;
  const mask32: i32 = (1 << (2 * bits)) - 1;
  const mask16: i32 = (1 << bits) - 1;
  v = v128.or(
    v128.and(v, i64x2.splat(mask64)),
    v128.and(i64x2.shl(v, 32 - 4 * bits), i64x2.splat(mask64 << 32)),
  );
  v = v128.or(
    v128.and(v, i32x4.splat(mask32)),
    v128.and(i32x4.shl(v, 16 - 2 * bits), i32x4.splat(mask32 << 16)),
  );
  return v128.or(
    v128.and(v, i16x8.splat(<i16>mask16)),
    v128.and(i16x8.shl(v, 8 - bits), i16x8.splat(<i16>(mask16 << 8))),
  );
}

/** Two nibbles of one 16-bit lane in its low byte, the high byte 0. */
// @ts-ignore: decorator
@inline
export function nibbles(v: v128): v128 {
  return v128.and(v128.or(v, i16x8.shr_u(v, 4)), i16x8.splat(0x00ff));
}

/** Four codes of 2 bits of one 32-bit lane in its low byte, the rest 0. */
// @ts-ignore: decorator
@inline
function quarters(v: v128): v128 {
  const pairs = v128.or(v, i16x8.shr_u(v, 6));
  return v128.and(v128.or(v128.and(pairs, i32x4.splat(0x0f)), i32x4.shr_u(pairs, 12)), i32x4.splat(0xff));
}

/** Sixteen codes of 1 bit as the 16 low bits. */
// @ts-ignore: decorator
@inline
function sixteenBits(codes: usize, codeMin: v128): u64 {
  return <u64>i8x16.bitmask(i16x8.shl(i8x16.sub(v128.load(codes), codeMin), 7));
}

export function packBits(packed: usize, codes: usize, count: i32, bits: i32, codeMin: i32): void {
  const least = i8x16.splat(<i8>codeMin);
  const bitMask = (1 << bits) - 1;
  const mask = i8x16.splat(<i8>bitMask);
  let i = 0;
  if (bits == 8) {
    for (; i + 16 <= count; i += 16) {
      v128.store(packed, i8x16.sub(v128.load(codes), least));
      codes += 16;
      packed += 16;
    }
  } else if (bits == 4) {
    for (; i + 32 <= count; i += 32) {
      const first = nibbles(offsetCodes(codes, least, mask));
      const last = nibbles(offsetCodes(codes + 16, least, mask));
      v128.store(packed, i8x16.narrow_i16x8_u(first, last));
      codes += 32;
      packed += 16;
    }
  } else if (bits == 2) {
    for (; i + 64 <= count; i += 64) {
      const a = quarters(offsetCodes(codes, least, mask));
      const b = quarters(offsetCodes(codes + 16, least, mask));
      const c = quarters(offsetCodes(codes + 32, least, mask));
      const d = quarters(offsetCodes(codes + 48, least, mask));
      v128.store(packed, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_u(a, b), i16x8.narrow_i32x4_u(c, d)));
      codes += 64;
      packed += 16;
    }
  } else if (bits == 1) {
    for (; i + 64 <= count; i += 64) {
      store<u64>(
        packed,
        sixteenBits(codes, least) |
          (sixteenBits(codes + 16, least) << 16) |
          (sixteenBits(codes + 32, least) << 32) |
          (sixteenBits(codes + 48, least) << 48),
      );
      codes += 64;
      packed += 8;
    }
  } else {
    // Eight bytes are stored of which `bits` count; the next store overwrites the rest. The last 32 codes, 12 bytes or
    // more, are left to the loop below, so that no store passes the end.
    for (; i + 48 <= count; i += 16) {
      const v = gather(offsetCodes(codes, least, mask), bits);
      v128.store64_lane(packed, v, 0);
      v128.store64_lane(packed + bits, v, 1);
      codes += 16;
      packed += 2 * bits;
    }
  }
  let kept: u32 = 0;
  let keptBits = 0;
  for (; i < count; i++) {
    kept |= ((<i32>load<u8>(codes) - codeMin) & bitMask) << keptBits;
    keptBits += bits;
    codes++;
    if (keptBits >= 8) {
      store<u8>(packed, <u8>kept);
      packed++;
      kept >>= 8;
      keptBits -= 8;
    }
  }
  if (keptBits > 0) store<u8>(packed, <u8>kept);
}

/** The low and the high nibbles of sixteen bytes in turn: those of the first eight bytes, or of the last eight. */
// @ts-ignore: decorator
@inline
export function firstHalves(low: v128, high: v128): v128 {
  return i8x16.shuffle(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-ignore: decorator
@inline
export function lastHalves(low: v128, high: v128): v128 {
  return i8x16.shuffle(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** Stores 32 codes of 2 bits from 16 bytes that hold two each. */
// @ts-ignore: decorator
@inline
function storePairs(codes: usize, pairs: v128, least: v128): void {
  const low = v128.and(pairs, i8x16.splat(3));
  const high = v128.and(i16x8.shr_u(pairs, 2), i8x16.splat(3));
  v128.store(codes, i8x16.add(firstHalves(low, high), least));
  v128.store(codes, i8x16.add(lastHalves(low, high), least), 16);
}

/** Stores 16 codes of 1 bit from two bytes. */
// @ts-ignore: decorator
@inline
function storeBits(codes: usize, packed: usize, least: v128): void {
  const v = v128.load16_splat(packed);
  const spread = i8x16.shuffle(v, v, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  const bit = i64x2.splat(<i64>0x8040201008040201);
  // Equal gives -1 = 255, so that codeMin - (-1) is the code of a 1.
  v128.store(codes, i8x16.sub(least, i8x16.eq(v128.and(spread, bit), bit)));
}

export function unpackBits(codes: usize, packed: usize, count: i32, bits: i32, codeMin: i32): void {
  const least = i8x16.splat(<i8>codeMin);
  let i = 0;
  if (bits == 8) {
    for (; i + 16 <= count; i += 16) {
      v128.store(codes, i8x16.add(v128.load(packed), least));
      codes += 16;
      packed += 16;
    }
  } else if (bits == 4) {
    const mask = i8x16.splat(15);
    for (; i + 32 <= count; i += 32) {
      const v = v128.load(packed);
      const low = v128.and(v, mask);
      const high = v128.and(i16x8.shr_u(v, 4), mask);
      v128.store(codes, i8x16.add(firstHalves(low, high), least));
      v128.store(codes, i8x16.add(lastHalves(low, high), least), 16);
      codes += 32;
      packed += 16;
    }
  } else if (bits == 2) {
    const mask = i8x16.splat(15);
    for (; i + 64 <= count; i += 64) {
      const v = v128.load(packed);
      const low = v128.and(v, mask);
      const high = v128.and(i16x8.shr_u(v, 4), mask);
      storePairs(codes, firstHalves(low, high), least);
      storePairs(codes + 32, lastHalves(low, high), least);
      codes += 64;
      packed += 16;
    }
  } else if (bits == 1) {
    for (; i + 64 <= count; i += 64) {
      storeBits(codes, packed, least);
      storeBits(codes + 16, packed + 2, least);
      storeBits(codes + 32, packed + 4, least);
      storeBits(codes + 48, packed + 6, least);
      codes += 64;
      packed += 8;
    }
  } else {
    // Eight bytes are read of which `bits` count: the last 32 codes are left to the loop below.
    for (; i + 48 <= count; i += 16) {
      const v = v128.load64_lane(packed + bits, v128.load64_zero(packed), 1);
      v128.store(codes, i8x16.add(scatter(v, bits), least));
      codes += 16;
      packed += 2 * bits;
    }
  }
  const mask: u32 = (1 << bits) - 1;
  let kept: u32 = 0;
  let keptBits = 0;
  for (; i < count; i++) {
    if (keptBits < bits) {
      kept |= (<u32>load<u8>(packed)) << keptBits;
      packed++;
      keptBits += 8;
    }
    store<u8>(codes, <u8>((kept & mask) + codeMin));
    codes++;
    kept >>= bits;
    keptBits -= bits;
  }
}

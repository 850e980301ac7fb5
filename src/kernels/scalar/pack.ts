/**
 * Bit streams in plain TypeScript: eight codes, which fill `bits` whole bytes, at a time. Codes are handled as unsigned
 * bytes whatever their array's type, because only their low bits count, and code that sees one type of array is faster.
 */
import type { I8, U8 } from '../../core/arrays.js';

const bytesOf = (codes: I8 | U8): U8 => new Uint8Array(codes.buffer, codes.byteOffset, codes.length);

export function packBits(packed: U8, codes: I8 | U8, count: number, bits: number, codeMin: number): void {
  const bytes = bytesOf(codes);
  const mask = (1 << bits) - 1;
  let to = 0;
  let i = 0;
  if (bits === 8) {
    for (; i < count; i++) packed[i] = bytes[i] - codeMin;
    return;
  }
  if (bits === 4) {
    for (; i + 1 < count; i += 2) {
      packed[to++] = ((bytes[i] - codeMin) & 15) | ((bytes[i + 1] - codeMin) << 4);
    }
  } else {
    // Four codes fill 4 * bits <= 28 bits, eight fill the bytes of `low` and then those of `rest`.
    const half = 4 * bits;
    for (; i + 7 < count; i += 8) {
      const first = four(bytes, i, bits, codeMin, mask);
      const last = four(bytes, i + 4, bits, codeMin, mask);
      let low = first | (last << half);
      let rest = last >>> (32 - half);
      for (let k = Math.min(bits, 4); k > 0; k--, low >>>= 8) packed[to++] = low;
      for (let k = bits - 4; k > 0; k--, rest >>>= 8) packed[to++] = rest;
    }
  }
  let kept = 0;
  let keptBits = 0;
  for (; i < count; i++) {
    kept |= ((bytes[i] - codeMin) & mask) << keptBits;
    keptBits += bits;
    if (keptBits >= 8) {
      packed[to++] = kept;
      kept >>>= 8;
      keptBits -= 8;
    }
  }
  if (keptBits > 0) packed[to] = kept;
}

function four(bytes: U8, i: number, bits: number, codeMin: number, mask: number): number {
  return (
    ((bytes[i] - codeMin) & mask) |
    (((bytes[i + 1] - codeMin) & mask) << bits) |
    (((bytes[i + 2] - codeMin) & mask) << (2 * bits)) |
    (((bytes[i + 3] - codeMin) & mask) << (3 * bits))
  );
}

export function unpackBits(codes: I8 | U8, packed: U8, count: number, bits: number, codeMin: number): void {
  const bytes = bytesOf(codes);
  const mask = (1 << bits) - 1;
  let from = 0;
  let i = 0;
  if (bits === 8) {
    for (; i < count; i++) bytes[i] = packed[i] + codeMin;
    return;
  }
  if (bits === 4) {
    for (; i + 1 < count; i += 2) {
      const byte = packed[from++];
      bytes[i] = (byte & 15) + codeMin;
      bytes[i + 1] = (byte >> 4) + codeMin;
    }
  } else {
    const half = 4 * bits;
    const halfMask = (1 << half) - 1;
    for (; i + 7 < count; i += 8) {
      let low = 0;
      let rest = 0;
      for (let k = 0; k < bits && k < 4; k++) low |= packed[from++] << (8 * k);
      for (let k = 4; k < bits; k++) rest |= packed[from++] << (8 * (k - 4));
      const first = low & halfMask;
      const last = ((low >>> half) | (rest << (32 - half))) & halfMask;
      for (let k = 0; k < 4; k++) {
        bytes[i + k] = ((first >> (k * bits)) & mask) + codeMin;
        bytes[i + 4 + k] = ((last >> (k * bits)) & mask) + codeMin;
      }
    }
  }
  let kept = 0;
  let keptBits = 0;
  for (; i < count; i++) {
    if (keptBits < bits) {
      kept |= packed[from++] << keptBits;
      keptBits += 8;
    }
    bytes[i] = (kept & mask) + codeMin;
    kept >>>= bits;
    keptBits -= bits;
  }
}

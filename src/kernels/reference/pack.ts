/** Codes to a little-endian bit stream and back, bit by bit. */
import type { I8, U8 } from '../../core/arrays.js';

/** Bits behind the last code, up to the end of its byte, are 0; later bytes of `packed` are not touched. */
export function packBits(packed: U8, codes: I8 | U8, count: number, bits: number, codeMin: number): void {
  packed.fill(0, 0, Math.ceil((count * bits) / 8));
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < bits; k++) {
      const bit = ((codes[i] - codeMin) >> k) & 1;
      const position = i * bits + k;
      packed[Math.floor(position / 8)] |= bit << (position % 8);
    }
  }
}

export function unpackBits(codes: I8 | U8, packed: U8, count: number, bits: number, codeMin: number): void {
  for (let i = 0; i < count; i++) {
    let code = 0;
    for (let k = 0; k < bits; k++) {
      const position = i * bits + k;
      code |= ((packed[Math.floor(position / 8)] >> (position % 8)) & 1) << k;
    }
    codes[i] = code + codeMin;
  }
}

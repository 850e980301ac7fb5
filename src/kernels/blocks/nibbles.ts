/** Codes of 4 and 5 bits in blocks of 32: element j and element j + 16 share a byte. */
import type { U8 } from '../../core/arrays.js';

export function putNibbles(out: U8, at: number, codes: U8, from: number): void {
  for (let j = 0; j < 16; j++) out[at + j] = (codes[from + j] & 15) | (codes[from + j + 16] << 4);
}

/** Four bytes of fifth bits, bit j for element j, then the nibbles. */
export function putFives(out: U8, at: number, codes: U8): void {
  for (let k = 0; k < 4; k++) {
    let high = 0;
    for (let j = 0; j < 8; j++) high |= ((codes[8 * k + j] >> 4) & 1) << j;
    out[at + k] = high;
  }
  putNibbles(out, at + 4, codes, 0);
}

/** Decoders of IQ1 to IQ3: scale of the sub-block times the levels of a grid's point, and for IQ2 and IQ3 a sign per element. */
import type { F32, I8, U8 } from '../../core/arrays.js';
import { getHalf, halfValue } from '../blocks/half.js';
import { gridOf } from './grids.js';

const f = Math.fround;

/** Bit 7 makes the number of minus signs even: it is not stored where seven bits stand for eight signs. */
const EVEN_SIGNS: U8 = Uint8Array.from({ length: 128 }, (_, signs) => {
  let bits = signs;
  let odd = 0;
  for (; bits > 0; bits >>= 1) odd ^= bits & 1;
  return signs | (odd << 7);
});

const half16 = (bytes: U8, at: number): number => bytes[at] | (bytes[at + 1] << 8);
const word = (bytes: U8, at: number): number => half16(bytes, at) | (half16(bytes, at + 2) << 16);

/** Eight elements: a point of eight levels, or a part of it, from `point` of the grid. */
function putPoint(
  out: F32,
  to: number,
  grid: I8,
  point: number,
  n: number,
  scale: number,
  signs: number,
): void {
  for (let j = 0; j < n; j++) {
    const value = f(scale * grid[point * n + j]);
    out[to + j] = ((signs >> j) & 1) === 0 ? value : -value;
  }
}

/** A quarter of d times 0.5 + code. */
const quarter = (d: number, code: number): number => f(f(d * (0.5 + code)) * 0.25);

export function decodeIq2Xxs(out: F32, bytes: U8, blocks: number): void {
  const grid = gridOf('IQ2_XXS');
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 66) {
    const d = getHalf(bytes, at);
    for (let k = at + 2; k < at + 66; k += 8) {
      const tail = word(bytes, k + 4);
      const scale = quarter(d, tail >>> 28);
      for (let l = 0; l < 4; l++, to += 8) {
        putPoint(out, to, grid, bytes[k + l], 8, scale, EVEN_SIGNS[(tail >>> (7 * l)) & 127]);
      }
    }
  }
}

export function decodeIq2Xs(out: F32, bytes: U8, blocks: number): void {
  const grid = gridOf('IQ2_XS');
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 74) {
    const d = getHalf(bytes, at);
    for (let l = 0; l < 32; l++, to += 8) {
      const code = half16(bytes, at + 2 + 2 * l);
      const scale = quarter(d, (bytes[at + 66 + (l >> 2)] >> (2 * (l & 2))) & 15);
      putPoint(out, to, grid, code & 511, 8, scale, EVEN_SIGNS[code >> 9]);
    }
  }
}

export function decodeIq2S(out: F32, bytes: U8, blocks: number): void {
  const grid = gridOf('IQ2_S');
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 82) {
    const d = getHalf(bytes, at);
    for (let l = 0; l < 32; l++, to += 8) {
      const high = (bytes[at + 66 + (l >> 2)] >> (2 * (l & 3))) & 3;
      const scale = quarter(d, (bytes[at + 74 + (l >> 2)] >> (2 * (l & 2))) & 15);
      putPoint(out, to, grid, bytes[at + 2 + l] | (high << 8), 8, scale, bytes[at + 34 + l]);
    }
  }
}

export function decodeIq3Xxs(out: F32, bytes: U8, blocks: number): void {
  const grid = gridOf('IQ3_XXS');
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 98) {
    const d = getHalf(bytes, at);
    for (let k = 0; k < 8; k++) {
      const tail = word(bytes, at + 66 + 4 * k);
      const scale = f(f(d * (0.5 + (tail >>> 28))) * 0.5);
      for (let l = 0; l < 4; l++, to += 8) {
        const signs = EVEN_SIGNS[(tail >>> (7 * l)) & 127];
        const code = at + 2 + 8 * k + 2 * l;
        putPoint(out, to, grid, bytes[code], 4, scale, signs);
        putPoint(out, to + 4, grid, bytes[code + 1], 4, scale, signs >> 4);
      }
    }
  }
}

export function decodeIq3S(out: F32, bytes: U8, blocks: number): void {
  const grid = gridOf('IQ3_S');
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 110) {
    const d = getHalf(bytes, at);
    for (let q = 0; q < 64; q++, to += 4) {
      const scale = f(d * (1 + 2 * ((bytes[at + 106 + (q >> 4)] >> ((q >> 1) & 4)) & 15)));
      const high = (bytes[at + 66 + (q >> 3)] >> (q & 7)) & 1;
      const signs = bytes[at + 74 + (q >> 1)] >> (4 * (q & 1));
      putPoint(out, to, grid, bytes[at + 2 + q] | (high << 8), 4, scale, signs);
    }
  }
}

/** The levels of IQ1 are -1, 0 and 1, all moved by an eighth up or down. */
function putMoved(out: F32, to: number, grid: I8, point: number, scale: number, moved: number): void {
  for (let j = 0; j < 8; j++) out[to + j] = scale * (grid[point * 8 + j] + moved);
}

export function decodeIq1S(out: F32, bytes: U8, blocks: number): void {
  const grid = gridOf('IQ1');
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 50) {
    const d = getHalf(bytes, at);
    for (let l = 0; l < 32; l++, to += 8) {
      const high = half16(bytes, at + 34 + 2 * (l >> 2));
      const scale = f(d * (2 * ((high >> 12) & 7) + 1));
      const point = bytes[at + 2 + l] | (((high >> (3 * (l & 3))) & 7) << 8);
      putMoved(out, to, grid, point, scale, high >= 0x8000 ? -0.125 : 0.125);
    }
  }
}

/** The float16 scale of a block of IQ1_M: the high four bits of its four words of scales. */
export function scaleBitsOfIq1M(bytes: U8, at: number): number {
  let bits = 0;
  for (let k = 0; k < 4; k++) bits |= (bytes[at + 49 + 2 * k] >> 4) << (4 * k);
  return bits;
}

export function decodeIq1M(out: F32, bytes: U8, blocks: number): void {
  const grid = gridOf('IQ1');
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 56) {
    const d = halfValue(scaleBitsOfIq1M(bytes, at));
    for (let l = 0; l < 32; l++, to += 8) {
      const scales = half16(bytes, at + 48 + 2 * (l >> 3));
      const scale = f(d * (2 * ((scales >> (3 * ((l >> 1) & 3))) & 7) + 1));
      const high = bytes[at + 32 + (l >> 1)] >> (4 * (l & 1));
      putMoved(out, to, grid, bytes[at + l] | ((high & 7) << 8), scale, (high & 8) === 0 ? 0.125 : -0.125);
    }
  }
}

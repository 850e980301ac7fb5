/** Loops as anyone would write them first, over typed arrays: the baseline that needs no library. */
import type { F32, I8, U8 } from '../../src/core/arrays.js';

export function absmaxLoop(x: F32): number {
  let best = 0;
  for (let i = 0; i < x.length; i++) best = Math.max(best, Math.abs(x[i]));
  return best;
}

export function minmaxLoop(x: F32): [number, number] {
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < x.length; i++) {
    min = Math.min(min, x[i]);
    max = Math.max(max, x[i]);
  }
  return [min, max];
}

export function momentsLoop(x: F32): [number, number] {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    sum += x[i];
    squares += x[i] * x[i];
  }
  return [sum, squares];
}

export function quantizeLoop(codes: I8, x: F32, scale: number): void {
  for (let i = 0; i < x.length; i++) {
    codes[i] = Math.max(-127, Math.min(127, Math.round(x[i] / scale)));
  }
}

export function quantizeColumnsLoop(codes: I8, x: F32, scale: F32, rows: number, width: number): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < width; c++) {
      const i = r * width + c;
      codes[i] = Math.max(-127, Math.min(127, Math.round(x[i] / scale[c])));
    }
  }
}

export function dequantizeLoop(out: F32, codes: I8, scale: number): void {
  for (let i = 0; i < codes.length; i++) out[i] = codes[i] * scale;
}

/** Codes as nibbles plus 8, low nibble first, and one float32 scale per group. */
export function quantize4Loop(packed: U8, scale: F32, x: F32, group: number): void {
  for (let g = 0; g < scale.length; g++) {
    let best = 0;
    for (let i = g * group; i < (g + 1) * group; i++) best = Math.max(best, Math.abs(x[i]));
    scale[g] = best / 7;
    for (let i = g * group; i < (g + 1) * group; i += 2) {
      const low = Math.max(-8, Math.min(7, Math.round(x[i] / scale[g]))) + 8;
      const high = Math.max(-8, Math.min(7, Math.round(x[i + 1] / scale[g]))) + 8;
      packed[i / 2] = low | (high << 4);
    }
  }
}

export function dequantize4Loop(out: F32, packed: U8, scale: F32, group: number): void {
  for (let i = 0; i < out.length; i++) {
    const nibble = i % 2 === 0 ? packed[i >> 1] & 15 : packed[i >> 1] >> 4;
    out[i] = (nibble - 8) * scale[Math.floor(i / group)];
  }
}

export function pack4Loop(packed: U8, codes: I8): void {
  for (let i = 0; i < codes.length; i += 2) packed[i / 2] = (codes[i] + 8) | ((codes[i + 1] + 8) << 4);
}

export function unpack4Loop(codes: I8, packed: U8): void {
  for (let i = 0; i < codes.length; i += 2) {
    codes[i] = (packed[i / 2] & 15) - 8;
    codes[i + 1] = (packed[i / 2] >> 4) - 8;
  }
}

/** Largest |a - b|, then the sums of (a - b)^2, a^2, b^2 and a * b. */
export function errorLoop(a: F32, b: F32): number[] {
  let maxAbs = 0;
  let squaredError = 0;
  let squaredA = 0;
  let squaredB = 0;
  let dot = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] - b[i];
    maxAbs = Math.max(maxAbs, Math.abs(difference));
    squaredError += difference * difference;
    squaredA += a[i] * a[i];
    squaredB += b[i] * b[i];
    dot += a[i] * b[i];
  }
  return [maxAbs, squaredError, squaredA, squaredB, dot];
}

const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

/** MXFP4 with logarithms and a search for the nearest value; ties to the even code. */
export function quantizeMx4Loop(packed: U8, scale: U8, x: F32, block: number): void {
  for (let j = 0; j < scale.length; j++) {
    let absmax = 0;
    for (let i = j * block; i < (j + 1) * block; i++) absmax = Math.max(absmax, Math.abs(x[i]));
    const exponent = Math.max(absmax === 0 ? -127 : Math.floor(Math.log2(absmax)) - 2, -127);
    scale[j] = exponent + 127;
    const factor = 2 ** -exponent;
    for (let i = j * block; i < (j + 1) * block; i++) {
      const y = Math.abs(x[i] * factor);
      let code = 0;
      for (let c = 1; c < 8; c++) {
        const middle = (E2M1[c - 1] + E2M1[c]) / 2;
        if (y > middle || (y === middle && c % 2 === 0)) code = c;
      }
      const nibble = x[i] < 0 || Object.is(x[i], -0) ? code | 8 : code;
      packed[i >> 1] = i % 2 === 0 ? nibble : packed[i >> 1] | (nibble << 4);
    }
  }
}

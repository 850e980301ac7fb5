/** Integer inference in plain TypeScript: int32 sums in variables, float32 sums with every rounding written out. */
import type { F32, I16, I8, U8 } from '../../core/arrays.js';
import { scalarRequantize } from './scalar-requantize.js';
import type { GroupedCodes, IntegerKernels } from './types.js';

const f = Math.fround;

/** Four lanes of the row at work: int32 sums of a part, float32 sums of a group, float32 totals of the row. */
const whole = new Int32Array(4);
const real = new Float32Array(4);
const total = new Float32Array(4);

export const scalarInteger: IntegerKernels = {
  name: 'scalar',

  products(out, a, b, m, n, k) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) out[i * n + j] = product(a, i * k, b, j * k, k);
    }
  },

  requantize: scalarRequantize,

  groupDots(y, w, x, sums, part) {
    const { rows, columns, group, bits, codes, scale } = w;
    const sumPart = bits === 8 ? addPart8 : addPart4;
    for (let r = 0; r < rows; r++) {
      total.fill(0);
      for (let p = 0, at = 0; at < columns; p++, at += part) {
        const g = r * (columns / group) + Math.floor(at / group);
        whole.fill(0);
        whole[0] = Math.imul(-offsetOf(w, g), sums[p]);
        sumPart(codes, r * columns + at, x, at, part);
        for (let l = 0; l < 4; l++) total[l] += f(f(whole[l]) * scale[g]);
      }
      y[r] = addTotals();
    }
  },

  weightDots(y, w, x, sums) {
    const { rows, columns, group, bits, codes, scale } = w;
    const turn = bits === 8 && codes instanceof Uint8Array ? 128 : 0;
    for (let r = 0; r < rows; r++) {
      total.fill(0);
      for (let j = 0, at = 0; at < columns; j++, at += group) {
        const g = r * (columns / group) + j;
        real.fill(0);
        real[0] = f(offsetOf(w, g) - turn) * -sums[j];
        if (bits === 8) addGroup8(codes, r * columns + at, x, at, group, turn);
        else addGroup4(codes, r * columns + at, x, at, group);
        for (let l = 0; l < 4; l++) total[l] += f(real[l] * scale[g]);
      }
      y[r] = addTotals();
    }
  },
};

function product(a: I16, i: number, b: I8 | U8, j: number, k: number): number {
  let even = 0;
  let odd = 0;
  const end = i + k - (k % 2);
  for (; i < end; i += 2, j += 2) {
    even = (even + a[i] * b[j]) | 0;
    odd = (odd + a[i + 1] * b[j + 1]) | 0;
  }
  return k % 2 === 0 ? even + odd : even + odd + a[i] * b[j];
}

function offsetOf(w: GroupedCodes, g: number): number {
  return w.offsets === null ? w.offset : w.offsets[g];
}

function addTotals(): number {
  return f(total[0] + total[2]) + f(total[1] + total[3]);
}

/** Adds `count` products to `whole`, eight columns at a time. */
function addPart8(codes: I8 | U8, i: number, x: I16, k: number, count: number): void {
  let [l0, l1, l2, l3] = whole;
  for (const end = k + count; k < end; k += 8, i += 8) {
    l0 = (l0 + codes[i] * x[k] + codes[i + 1] * x[k + 1]) | 0;
    l1 = (l1 + codes[i + 2] * x[k + 2] + codes[i + 3] * x[k + 3]) | 0;
    l2 = (l2 + codes[i + 4] * x[k + 4] + codes[i + 5] * x[k + 5]) | 0;
    l3 = (l3 + codes[i + 6] * x[k + 6] + codes[i + 7] * x[k + 7]) | 0;
  }
  setWhole(l0, l1, l2, l3);
}

function addPart4(codes: I8 | U8, i: number, x: I16, k: number, count: number): void {
  let [l0, l1, l2, l3] = whole;
  let byte = i / 2;
  for (const end = k + count; k < end; k += 32, byte += 16) {
    l0 = (l0 + eight(codes, byte, x, k)) | 0;
    l1 = (l1 + eight(codes, byte + 4, x, k + 8)) | 0;
    l2 = (l2 + eight(codes, byte + 8, x, k + 16)) | 0;
    l3 = (l3 + eight(codes, byte + 12, x, k + 24)) | 0;
  }
  setWhole(l0, l1, l2, l3);
}

function setWhole(l0: number, l1: number, l2: number, l3: number): void {
  whole[0] = l0;
  whole[1] = l1;
  whole[2] = l2;
  whole[3] = l3;
}

/** Eight codes of four bits times eight columns: at most 8 * 15 * 2^15. */
function eight(codes: I8 | U8, byte: number, x: I16, k: number): number {
  const c0 = codes[byte];
  const c1 = codes[byte + 1];
  const c2 = codes[byte + 2];
  const c3 = codes[byte + 3];
  return (
    (c0 & 15) * x[k] +
    ((c0 >> 4) & 15) * x[k + 1] +
    (c1 & 15) * x[k + 2] +
    ((c1 >> 4) & 15) * x[k + 3] +
    (c2 & 15) * x[k + 4] +
    ((c2 >> 4) & 15) * x[k + 5] +
    (c3 & 15) * x[k + 6] +
    ((c3 >> 4) & 15) * x[k + 7]
  );
}

/**
 * Adds the products of a group to `real`: in each block of 32 columns, eight for each sum. Codes stay where they lie in 16 bits, 2^0, 2^4,
 * 2^8 and 2^12 times too large.
 */
function addGroup4(codes: I8 | U8, i: number, x: F32, k: number, count: number): void {
  let byte = i / 2;
  for (const end = k + count; k < end; k += 32) {
    for (let l = 0; l < 4; l++) {
      let sum = real[l];
      for (let c = k + 8 * l; c < k + 8 * l + 8; c += 4, byte += 2) {
        const low = codes[byte];
        const high = codes[byte + 1];
        sum = f(sum + f((low & 15) * x[c]));
        sum = f(sum + f((low & 240) * f(x[c + 1] * 2 ** -4)));
        sum = f(sum + f(((high & 15) << 8) * f(x[c + 2] * 2 ** -8)));
        sum = f(sum + f(((high & 240) << 8) * f(x[c + 3] * 2 ** -12)));
      }
      real[l] = sum;
    }
  }
}

/** The same for bytes: in each block of 16 columns, four for each sum, codes 2^24 times too large. */
function addGroup8(codes: I8 | U8, i: number, x: F32, k: number, count: number, turn: number): void {
  for (const end = k + count; k < end; k += 16) {
    for (let l = 0; l < 4; l++) {
      let sum = real[l];
      for (let n = 0; n < 4; n++, i++) {
        const code = (codes[i] - turn) * 2 ** 24;
        sum = f(sum + f(code * f(x[k + 4 * l + n] * 2 ** -24)));
      }
      real[l] = sum;
    }
  }
}

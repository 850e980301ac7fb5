/** Hadamard transforms in plain TypeScript: two steps of butterflies in one pass over the row. */
import type { F32 } from '../../core/arrays.js';
import type { HadamardKernels, HadamardRule } from './types.js';

const f = Math.fround;

/** A column of the elements that B mixes. */
const column = new Float32Array(128);

export const scalarHadamard: HadamardKernels = {
  name: 'scalar',

  hadamard(out, x, rows, rule) {
    const { power, base, before, after, scale } = rule;
    const n = power * base;
    for (let r = 0; r < rows; r++) {
      const at = r * n;
      if (before === null) for (let i = 0; i < n; i++) out[at + i] = x[at + i];
      else for (let i = 0; i < n; i++) out[at + i] = x[at + i] * before[i];
      let h = 1;
      for (; 4 * h <= power; h *= 4) twoSteps(out, at, at + n, h);
      if (h < power) oneStep(out, at, at + n, h);
      if (base > 1) mix(out, at, rule);
      if (scale !== 1) for (let i = 0; i < n; i++) out[at + i] *= scale;
      if (after !== null) for (let i = 0; i < n; i++) out[at + i] *= after[i];
    }
  },
};

function oneStep(v: F32, begin: number, end: number, h: number): void {
  for (let block = begin; block < end; block += 2 * h) {
    for (let i = block; i < block + h; i++) {
      const a = v[i];
      const b = v[i + h];
      v[i] = a + b;
      v[i + h] = a - b;
    }
  }
}

/** The steps h and 2 h. */
function twoSteps(v: F32, begin: number, end: number, h: number): void {
  for (let block = begin; block < end; block += 4 * h) {
    for (let i = block; i < block + h; i++) {
      const a = v[i];
      const b = v[i + h];
      const c = v[i + 2 * h];
      const d = v[i + 3 * h];
      const sum = f(a + b);
      const difference = f(a - b);
      const sum2 = f(c + d);
      const difference2 = f(c - d);
      v[i] = sum + sum2;
      v[i + h] = difference + difference2;
      v[i + 2 * h] = sum - sum2;
      v[i + 3 * h] = difference - difference2;
    }
  }
}

function mix(v: F32, at: number, { power, base, matrix }: HadamardRule): void {
  for (let a = at; a < at + power; a++) {
    for (let j = 0; j < base; j++) column[j] = v[a + j * power];
    for (let i = 0; i < base; i++) {
      const row = i * base;
      let even = fourTerms(matrix, row, 0);
      let odd = base > 4 ? fourTerms(matrix, row, 4) : f(0);
      for (let j = 8; j < base; j += 8) {
        even = f(even + fourTerms(matrix, row, j));
        if (j + 4 < base) odd = f(odd + fourTerms(matrix, row, j + 4));
      }
      v[a + i * power] = base > 4 ? even + odd : even;
    }
  }
}

function fourTerms(matrix: F32, row: number, j: number): number {
  const first = f(f(matrix[row + j] * column[j]) + f(matrix[row + j + 1] * column[j + 1]));
  return f(first + f(f(matrix[row + j + 2] * column[j + 2]) + f(matrix[row + j + 3] * column[j + 3])));
}

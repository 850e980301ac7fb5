/** The definition of hadamard/types.ts, as it reads. */
import type { F32 } from '../../core/arrays.js';
import type { HadamardKernels, HadamardRule } from './types.js';

const f = Math.fround;

export const referenceHadamard: HadamardKernels = {
  name: 'reference',

  hadamard(out, x, rows, rule) {
    const { power, base, before, after, scale } = rule;
    const n = power * base;
    for (let r = 0; r < rows; r++) {
      const row = x.slice(r * n, (r + 1) * n);
      let v = before === null ? row : row.map((value, i) => value * before[i]);
      for (let h = 1; h < power; h *= 2) {
        v = v.map((value, i) => (Math.floor(i / h) % 2 === 0 ? value + v[i + h] : v[i - h] - value));
      }
      if (base > 1) v = v.map((_, at) => product(v, rule, Math.floor(at / power), at % power));
      for (let i = 0; i < n; i++) out[r * n + i] = f(v[i] * scale) * (after === null ? 1 : after[i]);
    }
  },
};

/** Row i of B times the elements at a, power + a, 2 power + a ... */
function product(v: F32, { power, base, matrix }: HadamardRule, i: number, a: number): number {
  const term = (j: number): number => matrix[i * base + j] * v[j * power + a];
  const totals: [number | null, number | null] = [null, null];
  for (let j = 0; j < base; j += 4) {
    const four = f(f(term(j) + term(j + 1)) + f(term(j + 2) + term(j + 3)));
    const which = (j / 4) % 2;
    const total = totals[which];
    totals[which] = total === null ? four : f(total + four);
  }
  const [even, odd] = totals;
  return odd === null ? (even ?? 0) : f((even ?? 0) + odd);
}

/** Products of float32 matrices in plain TypeScript: four of the eight partial sums at a time, in variables. */
import type { F32 } from '../../core/arrays.js';
import type { GemmKernels } from './types.js';

const f = Math.fround;

/** Partial sums of one row, as gemm/types.ts numbers them. */
const partial = new Float32Array(8);

export const scalarGemm: GemmKernels = {
  name: 'scalar',

  gemvF32(y, w, x, rows, columns) {
    for (let r = 0; r < rows; r++) {
      for (let first = 0; first < 8; first += 4) sumColumns(w, r * columns, x, columns, first);
      const p = partial;
      const even = f(f(p[0] + p[4]) + f(p[2] + p[6]));
      y[r] = even + f(f(p[1] + p[5]) + f(p[3] + p[7]));
    }
  },
};

/** Partial sums first .. first + 3: of the columns k with k mod 8 = first, first + 1 ... */
function sumColumns(w: F32, row: number, x: F32, columns: number, first: number): void {
  let a = f(0);
  let b = f(0);
  let c = f(0);
  let d = f(0);
  let k = first;
  for (; k + 3 < columns; k += 8) {
    a = f(a + f(w[row + k] * x[k]));
    b = f(b + f(w[row + k + 1] * x[k + 1]));
    c = f(c + f(w[row + k + 2] * x[k + 2]));
    d = f(d + f(w[row + k + 3] * x[k + 3]));
  }
  if (k < columns) a = f(a + f(w[row + k] * x[k]));
  if (k + 1 < columns) b = f(b + f(w[row + k + 1] * x[k + 1]));
  if (k + 2 < columns) c = f(c + f(w[row + k + 2] * x[k + 2]));
  partial[first] = a;
  partial[first + 1] = b;
  partial[first + 2] = c;
  partial[first + 3] = d;
}

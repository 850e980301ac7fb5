/** Products of float matrices in plain TypeScript: sums in variables, four at a time. */
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import type { GemmKernels, Product } from './types.js';

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

  gemmF32(c, a, b, product) {
    const { rows, columns, aRow } = product;
    for (let i = 0; i < rows; i++) {
      const row = c.subarray(i * columns, (i + 1) * columns).fill(0);
      addProductsF32(row, a, i * aRow, b, product);
    }
  },

  gemmF64(c, a, b, product) {
    const { rows, columns, aRow } = product;
    for (let i = 0; i < rows; i++) {
      const row = c.subarray(i * columns, (i + 1) * columns).fill(0);
      addProductsF64(row, a, i * aRow, b, product);
    }
  },
};

/** One row of C: four rows of B go by at once, so that a sum is loaded and stored once for four products. */
function addProductsF32(row: F32, a: F32, at: number, b: F32, product: Product): void {
  const { columns, depth, aColumn, bRow, bColumn } = product;
  let k = 0;
  for (; k + 4 <= depth; k += 4) {
    const p = at + k * aColumn;
    const a0 = a[p];
    const a1 = a[p + aColumn];
    const a2 = a[p + 2 * aColumn];
    const a3 = a[p + 3 * aColumn];
    let q = k * bRow;
    for (let j = 0; j < columns; j++) {
      const two = f(f(row[j] + f(a0 * b[q])) + f(a1 * b[q + bRow]));
      row[j] = f(two + f(a2 * b[q + 2 * bRow])) + f(a3 * b[q + 3 * bRow]);
      q += bColumn;
    }
  }
  for (; k < depth; k++) {
    const value = a[at + k * aColumn];
    for (let j = 0; j < columns; j++) row[j] += f(value * b[k * bRow + j * bColumn]);
  }
}

function addProductsF64(row: F64, a: FloatArray, at: number, b: FloatArray, product: Product): void {
  const { columns, depth, aColumn, bRow, bColumn } = product;
  let k = 0;
  for (; k + 4 <= depth; k += 4) {
    const p = at + k * aColumn;
    const a0 = a[p];
    const a1 = a[p + aColumn];
    const a2 = a[p + 2 * aColumn];
    const a3 = a[p + 3 * aColumn];
    let q = k * bRow;
    for (let j = 0; j < columns; j++) {
      const two = row[j] + a0 * b[q] + a1 * b[q + bRow];
      row[j] = two + a2 * b[q + 2 * bRow] + a3 * b[q + 3 * bRow];
      q += bColumn;
    }
  }
  for (; k < depth; k++) {
    const value = a[at + k * aColumn];
    for (let j = 0; j < columns; j++) row[j] += value * b[k * bRow + j * bColumn];
  }
}

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

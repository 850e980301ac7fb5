/** The definitions of gemm/types.ts, as they read. */
import type { GemmKernels } from './types.js';

export const referenceGemm: GemmKernels = {
  name: 'reference',

  gemvF32(y, w, x, rows, columns) {
    for (let r = 0; r < rows; r++) {
      const p = new Float32Array(8);
      for (let k = 0; k < columns; k++) p[k % 8] += Math.fround(w[r * columns + k] * x[k]);
      const lane = new Float32Array(4).map((_, l) => p[l] + p[l + 4]);
      y[r] = Math.fround(lane[0] + lane[2]) + Math.fround(lane[1] + lane[3]);
    }
  },

  gemmF32(c, a, b, { rows, columns, depth, aRow, aColumn, bRow, bColumn }) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < depth; k++) {
          const product = Math.fround(a[i * aRow + k * aColumn] * b[k * bRow + j * bColumn]);
          sum = Math.fround(sum + product);
        }
        c[i * columns + j] = sum;
      }
    }
  },

  gemmF64(c, a, b, { rows, columns, depth, aRow, aColumn, bRow, bColumn }) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < depth; k++) sum += a[i * aRow + k * aColumn] * b[k * bRow + j * bColumn];
        c[i * columns + j] = sum;
      }
    }
  },
};

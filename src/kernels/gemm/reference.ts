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
};

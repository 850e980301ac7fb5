/** The definitions of vectors/types.ts, as they read. */
import type { VectorKernels } from './types.js';

const f = Math.fround;

export const referenceVectors: VectorKernels = {
  name: 'reference',

  hamming(out, query, codes, count, bytes) {
    for (let i = 0; i < count; i++) {
      let bits = 0;
      for (let b = 0; b < bytes; b++) {
        for (let other = query[b] ^ codes[i * bytes + b]; other !== 0; other >>= 1) bits += other & 1;
      }
      out[i] = bits;
    }
  },

  scanTables(out, tables, codes, count, subspaces, centroids) {
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (let m = 0; m < subspaces; m++) sum = f(sum + tables[m * centroids + codes[i * subspaces + m]]);
      out[i] = sum;
    }
  },

  scanLevels(out, query, low, step, codes, count, dimensions, isDot) {
    for (let i = 0; i < count; i++) {
      const p = new Float32Array(8);
      for (let d = 0; d < dimensions; d++) {
        const value = f(low[d] + f(step[d] * codes[i * dimensions + d]));
        const difference = f(query[d] - value);
        p[d % 8] += isDot ? f(query[d] * value) : f(difference * difference);
      }
      const lane = new Float32Array(4).map((_, l) => p[l] + p[l + 4]);
      out[i] = f(lane[0] + lane[2]) + f(lane[1] + lane[3]);
    }
  },

  nearest(codes, distances, x, centers, count, dimensions, columns) {
    for (let i = 0; i < count; i++) {
      codes[i] = 0;
      distances[i] = Infinity;
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let d = 0; d < dimensions; d++) {
          const difference = f(x[i * dimensions + d] - centers[d * columns + c]);
          sum = f(sum + f(difference * difference));
        }
        if (sum < distances[i]) {
          distances[i] = sum;
          codes[i] = c;
        }
      }
    }
  },
};

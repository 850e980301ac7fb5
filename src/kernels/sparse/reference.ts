/** The definitions of sparse/types.ts, as they read. */
import type { F32 } from '../../core/arrays.js';
import type { SparseKernels } from './types.js';

const sum = (p: F32): number => Math.fround(Math.fround(p[0] + p[2]) + Math.fround(p[1] + p[3]));

export const referenceSparse: SparseKernels = {
  name: 'reference',

  csrGemv(y, values, indices, pointers, x, rows) {
    for (let r = 0; r < rows; r++) {
      const p = new Float32Array(4);
      for (let i = pointers[r]; i < pointers[r + 1]; i++)
        p[(i - pointers[r]) % 4] += Math.fround(values[i] * x[indices[i]]);
      y[r] = sum(p);
    }
  },

  bitmaskGemv(y, values, bits, x, rows, columns) {
    const rowBytes = Math.ceil(columns / 8);
    let i = 0;
    for (let r = 0; r < rows; r++) {
      const p = new Float32Array(4);
      const begin = i;
      for (let k = 0; k < columns; k++) {
        if (((bits[r * rowBytes + (k >> 3)] >> (k & 7)) & 1) === 0) continue;
        p[(i - begin) % 4] += Math.fround(values[i] * x[k]);
        i++;
      }
      y[r] = sum(p);
    }
  },

  bsrGemv(y, values, indices, pointers, x, blockRows, height, width) {
    for (let r = 0; r < blockRows * height; r++) {
      const b = Math.floor(r / height);
      const p = new Float32Array(4);
      for (let i = pointers[b]; i < pointers[b + 1]; i++) {
        for (let j = 0; j < width; j++) {
          const value = values[(i * height + (r % height)) * width + j];
          p[j % 4] += Math.fround(value * x[indices[i] * width + j]);
        }
      }
      y[r] = sum(p);
    }
  },
};

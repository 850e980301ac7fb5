/** Products of sparse matrices in plain TypeScript: the four partial sums in variables. */
import type { F32, U32 } from '../../core/arrays.js';
import type { Indices, SparseKernels } from './types.js';

const f = Math.fround;

export const scalarSparse: SparseKernels = {
  name: 'scalar',

  csrGemv(y, values, indices, pointers, x, rows) {
    for (let r = 0; r < rows; r++)
      y[r] = dot(values, indices, pointers[r], 0, pointers[r + 1] - pointers[r], x);
  },

  bitmaskGemv(y, values, bits, x, rows, columns) {
    const rowBytes = (columns + 7) >> 3;
    const places = new Uint32Array(columns);
    let at = 0;
    for (let r = 0; r < rows; r++) {
      let count = 0;
      for (let b = 0; b < rowBytes; b++) {
        for (let byte = bits[r * rowBytes + b]; byte !== 0; byte &= byte - 1)
          places[count++] = 8 * b + 31 - Math.clz32(byte & -byte);
      }
      y[r] = dot(values, places, at, at, count, x);
      at += count;
    }
  },

  bsrGemv(y, values, indices, pointers, x, blockRows, height, width) {
    for (let b = 0; b < blockRows; b++)
      for (let i = 0; i < height; i++)
        y[b * height + i] = blockRow(values, indices, pointers, x, b, i, height, width);
  },
};

/** Sum of values[begin + i] * x[indices[begin - shift + i]] for i < count. */
function dot(values: F32, indices: Indices, begin: number, shift: number, count: number, x: F32): number {
  const from = begin - shift;
  let a = f(0);
  let b = f(0);
  let c = f(0);
  let d = f(0);
  let i = 0;
  for (; i + 3 < count; i += 4) {
    a = f(a + f(values[begin + i] * x[indices[from + i]]));
    b = f(b + f(values[begin + i + 1] * x[indices[from + i + 1]]));
    c = f(c + f(values[begin + i + 2] * x[indices[from + i + 2]]));
    d = f(d + f(values[begin + i + 3] * x[indices[from + i + 3]]));
  }
  if (i < count) a = f(a + f(values[begin + i] * x[indices[from + i]]));
  if (i + 1 < count) b = f(b + f(values[begin + i + 1] * x[indices[from + i + 1]]));
  if (i + 2 < count) c = f(c + f(values[begin + i + 2] * x[indices[from + i + 2]]));
  return f(f(a + c) + f(b + d));
}

/** Row i of block row b. */
function blockRow(
  values: F32,
  indices: Indices,
  pointers: U32,
  x: F32,
  b: number,
  i: number,
  height: number,
  width: number,
): number {
  let s0 = f(0);
  let s1 = f(0);
  let s2 = f(0);
  let s3 = f(0);
  for (let block = pointers[b]; block < pointers[b + 1]; block++) {
    const v = (block * height + i) * width;
    const u = indices[block] * width;
    let j = 0;
    for (; j + 3 < width; j += 4) {
      s0 = f(s0 + f(values[v + j] * x[u + j]));
      s1 = f(s1 + f(values[v + j + 1] * x[u + j + 1]));
      s2 = f(s2 + f(values[v + j + 2] * x[u + j + 2]));
      s3 = f(s3 + f(values[v + j + 3] * x[u + j + 3]));
    }
    if (j < width) s0 = f(s0 + f(values[v + j] * x[u + j]));
    if (j + 1 < width) s1 = f(s1 + f(values[v + j + 1] * x[u + j + 1]));
    if (j + 2 < width) s2 = f(s2 + f(values[v + j + 2] * x[u + j + 2]));
  }
  return f(f(s0 + s2) + f(s1 + s3));
}

/** ml-matrix has the extremes of a matrix and no quantization. */
import { Matrix } from 'ml-matrix';
import type { F32 } from '../../src/core/arrays.js';

export function matrixMinmax(x: F32): () => [number, number] {
  const width = 128;
  const matrix = Matrix.from1DArray(x.length / width, width, x as unknown as number[]);
  return () => [matrix.min(), matrix.max()];
}

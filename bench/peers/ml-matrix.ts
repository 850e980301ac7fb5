/** ml-matrix has the extremes of a matrix, products and decompositions in float64, and no quantization. */
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { F32 } from '../../src/core/arrays.js';
import type { Trial } from '../kernels/case.js';

export function matrixMinmax(x: F32): () => [number, number] {
  const width = 128;
  const matrix = Matrix.from1DArray(x.length / width, width, x as unknown as number[]);
  return () => [matrix.min(), matrix.max()];
}

const squareMatrix = (x: F32, side: number): Matrix =>
  Matrix.from1DArray(side, side, x as unknown as number[]);

export function matrixProduct(x: F32, side: number): Trial {
  const a = squareMatrix(x, side);
  let product = new Matrix(1, 1);
  return {
    run: () => {
      product = a.mmul(a);
    },
    result: () => [Float64Array.from(product.to1DArray())],
  };
}

export function matrixSingularValues(x: F32, side: number): Trial {
  const a = squareMatrix(x, side);
  let values: number[] = [];
  return {
    run: () => {
      values = new SingularValueDecomposition(a).diagonal;
    },
    result: () => [Float64Array.from(values)],
  };
}

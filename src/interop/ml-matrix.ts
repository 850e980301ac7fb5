/** Tensors to and from the `ml-matrix` package. */
import { Matrix } from 'ml-matrix';
import { describe, NumericError, rangeError, typeError } from '../core/errors.js';
import { tensor, toContiguous, type MatrixLike, type Tensor, type TensorLike } from '../core/tensor.js';

/**
 * Returns an ml-matrix Matrix of the tensor's values.
 *
 * Shapes: two axes, rows and columns.
 *
 * Numerics: float64, exact. NaN and infinities are refused: ml-matrix's eigenvalue solver does not end on them.
 *
 * Cost: one copy; a Matrix keeps an array of its own per row.
 *
 * Compatible with: ml-matrix 6.15.
 *
 * @param x a tensor of real numbers with two axes
 * @throws TypeError when `x` is no tensor, RangeError for another number of axes, NumericError 'NON_FINITE' with the index.
 * @example
 * toMatrix(tensor([1, 2, 3, 4], [2, 2])).get(1, 0); // 3
 * @see fromMatrix
 */
export function toMatrix(x: TensorLike): Matrix {
  const fn = 'toMatrix';
  const { data, shape } = toContiguous(x, fn);
  if (shape.length !== 2) {
    throw rangeError(fn, 'x', 'two axes', `[${shape.join(', ')}]`, 'give it a shape [rows, columns]');
  }
  const [rows, columns] = shape;
  const index = data.findIndex((value) => !Number.isFinite(value));
  if (index >= 0) {
    const place = `x[${Math.floor(index / columns)}, ${index % columns}]`;
    const message = `${fn}: "${place}" expected a finite number, got ${describe(data[index])} - replace it first`;
    throw new NumericError('NON_FINITE', message, index);
  }
  return Matrix.from1DArray(rows, columns, data);
}

/**
 * Returns the matrix's values as a float64 tensor [rows, columns].
 *
 * Cost: one copy, read by `get`, so that ml-matrix views work too.
 *
 * Compatible with: ml-matrix 6.15, and anything with `rows`, `columns` and `get(row, column)`.
 *
 * @param matrix a Matrix or a view of one
 * @throws TypeError for anything else or an element that is no number.
 * @example
 * fromMatrix(toMatrix(tensor([1, 2, 3, 4], [2, 2]))).data; // Float64Array [1, 2, 3, 4]
 * @see toMatrix
 */
export function fromMatrix(matrix: MatrixLike): Tensor {
  const fn = 'fromMatrix';
  if (typeof matrix !== 'object' || matrix === null || !('rows' in matrix)) {
    throw typeError(fn, 'matrix', 'an ml-matrix Matrix', matrix, 'pass a Matrix or a view of one');
  }
  const { data, shape } = toContiguous(matrix, fn, 'matrix');
  return tensor(data, shape);
}

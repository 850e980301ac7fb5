/** Tensors in, tensors out: one plain readonly record inside the library, several shapes of array at its edge. */
import type { F32, F64, FloatArray, TypedArray } from './arrays.js';
import type { DType } from './dtype.js';

/** What every function returns and every compressed result decodes to: row-major data with its shape. */
export interface Tensor {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A strided view in the manner of the `ndarray` package: element (i, j ...) lies at offset + i*stride[0] + j*stride[1] ... */
export interface StridedView {
  readonly data: TypedArray | readonly number[];
  readonly shape: readonly number[];
  readonly stride?: readonly number[];
  readonly offset?: number;
}

/** What an ml-matrix `Matrix` shows of itself. */
export interface MatrixLike {
  readonly rows: number;
  readonly columns: number;
  get(row: number, column: number): number;
}

/** Every input that a function of this library takes as a tensor of real numbers. */
export type TensorLike = F32 | F64 | StridedView | MatrixLike;

/** A validated, contiguous, row-major tensor of real numbers: what goes down to the kernels. */
export interface Contiguous {
  readonly data: FloatArray;
  readonly shape: readonly number[];
  readonly size: number;
}

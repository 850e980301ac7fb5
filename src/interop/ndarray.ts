/** Tensors to and from the `ndarray` package. */
import ndarray from 'ndarray';
import { arrayTag } from '../core/array-tag.js';
import type { TypedArray, U16, U8 } from '../core/arrays.js';
import { typeError } from '../core/errors.js';
import { isSmallFloat } from '../core/float-formats.js';
import { isPlainObject } from '../core/options.js';
import { decodeCodes, tensor, toContiguous, type StridedView, type Tensor } from '../core/tensor.js';

/** An array of the `ndarray` package, described here so that nobody needs its types. */
export interface Ndarray {
  data: TypedArray;
  shape: number[];
  stride: number[];
  offset: number;
  readonly dtype: string;
  readonly size: number;
  readonly order: number[];
  readonly dimension: number;
  get(...index: number[]): number | bigint;
  set(...indexAndValue: (number | bigint)[]): number | bigint;
  index(...index: number[]): number;
  lo(...index: number[]): Ndarray;
  hi(...index: number[]): Ndarray;
  step(...steps: number[]): Ndarray;
  transpose(...axes: number[]): Ndarray;
  pick(...index: (number | null)[]): Ndarray;
}

/**
 * Returns an ndarray of the tensor's values.
 *
 * Numerics: exact. Codes of small floats are decoded to float32; integers stay integers.
 *
 * Cost: the memory is shared, so that a change of one shows in the other, unless codes had to be decoded.
 *
 * Compatible with: ndarray 1.1.
 *
 * @param t a tensor
 * @throws TypeError or RangeError when `t` is no valid tensor.
 * @example
 * toNdarray(tensor([1, 2, 3, 4], [2, 2])).get(1, 0); // 3
 * @see fromNdarray
 */
export function toNdarray(t: Tensor): Ndarray {
  const fn = 'toNdarray';
  if (!isPlainObject(t)) throw typeError(fn, 't', 'a tensor', t, 'make one with tensor(data, shape)');
  const { data, shape, dtype } = tensor(t.data, t.shape, t.dtype);
  const values = isSmallFloat(dtype) ? decodeCodes(data as U16 | U8, dtype, fn, 't.data') : data;
  return ndarray(values as never, Array.from(shape)) as unknown as Ndarray;
}

/**
 * Returns the view's values as a tensor in row-major order.
 *
 * Shapes: any stride and offset, negative and zero ones too.
 *
 * Numerics: exact. Typed arrays keep their type; a plain array of numbers becomes float64.
 *
 * Cost: a float array that is row-major already is shared, everything else is copied.
 *
 * Compatible with: ndarray 1.1, and any `{data, shape, stride, offset}`.
 *
 * @param view an ndarray over a typed array or an array of numbers
 * @throws TypeError for anything else, RangeError when the view reaches outside its data.
 * @example
 * fromNdarray(toNdarray(tensor([1, 2, 3, 4], [2, 2])).transpose(1, 0)).data; // Float32Array [1, 3, 2, 4]
 * @see toNdarray
 */
export function fromNdarray(view: StridedView): Tensor {
  const fn = 'fromNdarray';
  if (typeof view !== 'object' || view === null || !('shape' in view)) {
    throw typeError(fn, 'view', 'an ndarray', view, 'pass an ndarray or {data, shape, stride, offset}');
  }
  const { data, shape } = toContiguous(view, fn, 'view');
  // A record with the dtype of a small float held codes, which are values now.
  const decoded = 'dtype' in view && isSmallFloat(view.dtype);
  return tensor(decoded ? data : storedAs(data, arrayTag(view.data)), shape);
}

/** The values, which came from an array with this tag, in an array of that type again. */
function storedAs(values: ArrayLike<number>, tag: string | null): TypedArray {
  if (tag === 'BigInt64Array') return BigInt64Array.from(Array.from(values, BigInt));
  if (tag === 'BigUint64Array') return BigUint64Array.from(Array.from(values, BigInt));
  const constructor = CONSTRUCTORS.get(tag ?? '');
  return constructor === undefined ? (values as TypedArray) : constructor.from(values);
}

const CONSTRUCTORS = new Map(
  [Int32Array, Uint32Array, Int16Array, Uint16Array, Int8Array, Uint8Array].map((array) => [
    array.name,
    array as Uint8ArrayConstructor,
  ]),
);

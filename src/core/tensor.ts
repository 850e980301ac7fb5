/** Tensors in, tensors out: one plain readonly record inside the library, several shapes of array at its edge. */
import { arrayTag, type ArrayTag } from './array-tag.js';
import type { AnyTypedArray, F32, FloatArray, TypedArray, U16, U8 } from './arrays.js';
import { DTYPES, dtypeOfArray, isDType, type DType } from './dtype.js';
import { rangeError, typeError } from './errors.js';
import { decodeInto, FLOAT_FORMATS, isSmallFloat, type SmallFloat } from './float-formats.js';
import { previewOf, printsAs } from './inspect.js';
import {
  allocateFloats,
  checkAttached,
  checkIntegers,
  integerRange,
  numbersOf,
  ownArray,
  storeNumbers,
  type Numbers,
} from './numbers.js';
import { elementCount, MAX_RANK, rowMajorStrides } from './shape.js';
import { copyStrided, isRowMajor, reachOf } from './strided.js';

/** What every function returns and every compressed result decodes to: row-major data with its shape. */
export interface Tensor {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A strided view in the manner of the `ndarray` package: element (i, j ...) lies at offset + i*stride[0] + j*stride[1] ... */
export interface StridedView {
  readonly data: AnyTypedArray | readonly number[];
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
export type TensorLike = Float32Array | Float64Array | StridedView | MatrixLike;

/** A validated, contiguous, row-major tensor of real numbers: what goes down to the kernels. */
export interface Contiguous {
  readonly data: FloatArray;
  readonly shape: readonly number[];
  readonly size: number;
}

const EXPECTED = 'a Float32Array, a Float64Array, {data, shape}, an ndarray or an ml-matrix Matrix';

/**
 * Returns `x` as row-major real numbers: the one door through which tensors enter.
 *
 * Shapes: a float array is one-dimensional; a record has its own shape; a Matrix is [rows, columns]. Without stride and
 * offset, `data` must hold exactly as many elements as the shape says; with one of them it may hold more, and every
 * index that the view reaches is checked against its length.
 *
 * Numerics: nothing is rounded. Float32 and float64 stay what they are; float16, 8-bit and 16-bit integers become
 * float32; 32-bit and 64-bit integers and plain arrays of numbers become float64 (a 64-bit integer that float64 cannot
 * hold is an error); a record with the dtype of a smaller float holds codes and is decoded. NaN and infinities pass.
 *
 * Cost: contiguous float data is not copied and must not change during the call (which shared memory allows and is
 * accepted); everything else is copied once.
 *
 * @param fn name of the public function, for messages
 * @param argument name of its parameter, for messages
 * @throws TypeError for the wrong kind of value, RangeError for shapes, strides, offsets and values that do not fit.
 */
export function toContiguous(x: TensorLike, fn: string, argument = 'x'): Contiguous {
  const value: unknown = x;
  const tag = arrayTag(value);
  if (tag !== null) return fromArray(value as TypedArray, tag, fn, argument);
  if (isRecord(value)) {
    if ('shape' in value) return fromView(value, fn, argument);
    if ('rows' in value && 'columns' in value && typeof value.get === 'function') {
      return fromMatrixLike(value as unknown as MatrixLike, fn, argument);
    }
  }
  throw typeError(fn, argument, EXPECTED, value, 'wrap other numbers as {data, shape}');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function fromArray(array: TypedArray, tag: ArrayTag, fn: string, argument: string): Contiguous {
  // A bare array of integers is more likely bytes or codes passed by mistake than real numbers.
  if (!tag.startsWith('Float')) {
    throw typeError(
      fn,
      argument,
      EXPECTED,
      array,
      'if these integers are the real values, pass {data, shape}',
    );
  }
  const size = array.length;
  return { data: rowMajor(numbersOf(array, fn, argument), 0, size, fn, argument), shape: [size], size };
}

function fromView(view: Record<string, unknown>, fn: string, argument: string): Contiguous {
  const shape = copyOf(view.shape);
  const size = elementCount(shape as number[], fn, `${argument}.shape`);
  const numbers = viewNumbers(view, fn, argument);
  const [stride, offset] = layoutOf(view, shape as number[], numbers.values.length, size, fn, argument);
  const contiguous = { shape: shape as number[], size };
  if (isRowMajor(contiguous.shape, stride)) {
    return { data: rowMajor(numbers, offset, size, fn, argument), ...contiguous };
  }
  const data = allocateFloats(numbers.float, size, fn, `${argument}.shape`);
  copyStrided(data, numbers.values, contiguous.shape, stride, offset);
  return { data, ...contiguous };
}

/** Arrays are copied before they are checked, so that what was checked is what is used. */
function copyOf(list: unknown): unknown {
  return Array.isArray(list) && list.length <= MAX_RANK ? Array.from(list as unknown[]) : list;
}

function viewNumbers(view: Record<string, unknown>, fn: string, argument: string): Numbers {
  const { data, dtype } = view;
  const place = `${argument}.data`;
  const tag = arrayTag(data);
  if (tag !== null && tag !== 'Float16Array' && isDType(dtype)) {
    checkDTypeArray(dtype, tag, data, fn, place);
    if (isSmallFloat(dtype))
      return { values: decodeCodes(data as U16 | U8, dtype, fn, place), float: Float32Array };
  }
  return numbersOf(data, fn, place);
}

/** The values of the codes of a small float, in a new array; codes outside the type are an error. */
export function decodeCodes(codes: U16 | U8, dtype: SmallFloat, fn: string, argument: string): F32 {
  checkAttached(codes, fn, argument);
  if (DTYPES[dtype].bits < 8) checkIntegers(codes, ...integerRange(dtype), dtype, fn, argument);
  const values = allocateFloats(Float32Array, codes.length, fn, argument) as F32;
  decodeInto(values, codes, FLOAT_FORMATS[dtype]);
  return values;
}

function checkDTypeArray(dtype: DType, tag: ArrayTag, data: unknown, fn: string, argument: string): void {
  const wanted = DTYPES[dtype].array.name;
  if (tag !== wanted) {
    throw typeError(
      fn,
      argument,
      `a ${wanted} for dtype ${dtype}`,
      data,
      'correct dtype or convert the data',
    );
  }
}

/** Stride and offset, checked so that every element of the view lies inside `length`. */
function layoutOf(
  view: Record<string, unknown>,
  shape: readonly number[],
  length: number,
  size: number,
  fn: string,
  argument: string,
): [stride: readonly number[], offset: number] {
  const given = copyOf(view.stride) as readonly number[] | undefined;
  const offset = (view.offset ?? 0) as number;
  if (given === undefined && view.offset === undefined) {
    if (length !== size) {
      const fix = `the shape [${shape.join(', ')}] holds ${size}`;
      throw rangeError(fn, `${argument}.data`, `${size} elements`, length, fix);
    }
    return [rowMajorStrides(shape), 0];
  }
  if (!Number.isSafeInteger(offset)) {
    throw rangeError(fn, `${argument}.offset`, 'a whole number', view.offset, 'count it in elements');
  }
  const stride = given ?? rowMajorStrides(shape);
  if (!Array.isArray(stride) || stride.length !== shape.length || !stride.every(Number.isSafeInteger)) {
    const expected = `an array of ${shape.length} whole numbers, one per axis`;
    throw rangeError(fn, `${argument}.stride`, expected, view.stride, 'count strides in elements');
  }
  const [low, high] = reachOf(shape, stride, offset);
  if (low < 0 || high >= length) {
    const fix = `shape, stride and offset reach from index ${low} to ${high}`;
    throw rangeError(fn, `${argument}.data`, 'a view inside its data', `${length} elements`, fix);
  }
  return [stride, size === 0 ? 0 : offset];
}

/** Elements `[offset, offset + size)` as floats: the same memory when it holds floats already, else a copy. */
function rowMajor(numbers: Numbers, offset: number, size: number, fn: string, argument: string): FloatArray {
  const { values, float } = numbers;
  if (values instanceof float) {
    if (offset === 0 && size === values.length) return values as FloatArray;
    return new float(values.buffer, values.byteOffset + offset * float.BYTES_PER_ELEMENT, size);
  }
  const data = allocateFloats(float, size, fn, argument);
  data.set(values.subarray(offset, offset + size));
  return data;
}

function fromMatrixLike(matrix: MatrixLike, fn: string, argument: string): Contiguous {
  const shape = [matrix.rows, matrix.columns];
  const size = elementCount(shape, fn, `${argument}.rows and columns`);
  const data = allocateFloats(Float64Array, size, fn, `${argument}.rows and columns`);
  let i = 0;
  for (let row = 0; row < shape[0]; row++) {
    for (let column = 0; column < shape[1]; column++) {
      const value: unknown = matrix.get(row, column);
      if (typeof value !== 'number') {
        throw typeError(
          fn,
          `${argument}.get(${row}, ${column})`,
          'a number',
          value,
          'pass a matrix of numbers',
        );
      }
      data[i++] = value;
    }
  }
  return { data, shape, size };
}

/**
 * Returns a tensor: `data` with its shape and element type, checked.
 *
 * Shapes: `data.length` is the product of `shape`; `[]` is a scalar, an axis may be 0.
 *
 * Numerics: a typed array is not copied and keeps its type; a plain array of numbers is stored as `dtype` (floats
 * rounded to nearest; integers must be whole and in range). Codes of types below 8 bits, one per byte, must be in range.
 *
 * @param data a typed array, or an array of numbers
 * @param shape axis lengths, at most 64
 * @param dtype element type; by default that of the typed array, and 'float32' for plain numbers
 * @throws TypeError when data and dtype do not fit together, RangeError for a wrong length, shape or value.
 * @example
 * tensor([1, 2, 3, 4], [2, 2]); // tensor float32 [2, 2]: 1, 2, 3, 4
 */
export function tensor(
  data: AnyTypedArray | readonly number[],
  shape: readonly number[],
  dtype?: DType,
): Tensor {
  const fn = 'tensor';
  const axes = copyOf(shape) as number[];
  const size = elementCount(axes, fn);
  if (dtype !== undefined && !isDType(dtype)) {
    throw rangeError(fn, 'dtype', 'an element type', dtype, `one of ${Object.keys(DTYPES).join(', ')}`);
  }
  const stored = storedAs(data, dtype, fn);
  if (stored.data.length !== size) {
    const fix = `the shape [${axes.join(', ')}] holds ${size}`;
    throw rangeError(fn, 'data', `${size} elements`, stored.data.length, fix);
  }
  return printsAs(
    { data: stored.data, shape: axes, dtype: stored.dtype },
    (t) => `tensor ${t.dtype} [${t.shape.join(', ')}]: ${previewOf(t.data)}`,
  );
}

function storedAs(data: unknown, dtype: DType | undefined, fn: string): { data: TypedArray; dtype: DType } {
  const tag = arrayTag(data);
  if (tag === null) {
    if (!Array.isArray(data)) {
      throw typeError(
        fn,
        'data',
        'a typed array or an array of numbers',
        data,
        'copy the values into a Float32Array',
      );
    }
    return { data: storeNumbers(data, dtype ?? 'float32', fn, 'data'), dtype: dtype ?? 'float32' };
  }
  const array = ownArray(data as TypedArray, tag);
  checkAttached(array, fn, 'data');
  const type = dtype ?? dtypeOfArray(array);
  checkDTypeArray(type, tag, data, fn, 'data');
  const { bits } = DTYPES[type];
  if (bits < 8 || type === 'bool')
    checkIntegers(array as ArrayLike<number>, ...integerRange(type), type, fn, 'data');
  return { data: array, dtype: type };
}

/** Arrays of any number type on their way to float32 or float64, exactly. */
import { arrayTag, isDetached, type ArrayTag } from './array-tag.js';
import type { AnyTypedArray, F32, F64, FloatArray, TypedArray } from './arrays.js';
import { DTYPES, type DType } from './dtype.js';
import { rangeError, typeError } from './errors.js';

const CONSTRUCTORS = {
  Float64Array,
  Float32Array,
  BigInt64Array,
  BigUint64Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
} as const;

/** Types whose every value is a float32: at most 24 significant bits. The others become float64. */
const FITS_FLOAT32: ReadonlySet<ArrayTag> = new Set<ArrayTag>([
  'Float32Array',
  'Float16Array',
  'Int16Array',
  'Uint16Array',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
]);

export type NumberArray = Exclude<
  TypedArray,
  ReturnType<typeof BigInt64Array.of> | ReturnType<typeof BigUint64Array.of>
>;

/** Numbers that can be read one by one, and the float array that holds each of them exactly. */
export interface Numbers {
  readonly values: NumberArray;
  readonly float: Float32ArrayConstructor | Float64ArrayConstructor;
}

/**
 * The same memory as an array of this realm and of no subclass: a Float32Array of a node:vm context fails instanceof,
 * and a subclass may overwrite `subarray`. Copies nothing.
 */
export function ownArray(array: TypedArray, tag: ArrayTag): TypedArray {
  if (tag === 'Float16Array') return array;
  const constructor = CONSTRUCTORS[tag] as Uint8ArrayConstructor;
  if (Object.getPrototypeOf(array) === constructor.prototype) return array;
  return new constructor(array.buffer, array.byteOffset, array.length);
}

/**
 * `data` as numbers. Plain arrays become float64 after a check of every element; 64-bit integers become float64 when
 * every one is exact, else an error: nothing is rounded on the way in.
 */
export function numbersOf(data: unknown, fn: string, argument: string): Numbers {
  const tag = arrayTag(data);
  if (tag === null) {
    if (Array.isArray(data)) return { values: fromList(data, fn, argument), float: Float64Array };
    throw typeError(
      fn,
      argument,
      'a typed array or an array of numbers',
      data,
      'copy the values into a Float32Array',
    );
  }
  const array = data as TypedArray;
  checkAttached(array, fn, argument);
  if (tag === 'BigInt64Array' || tag === 'BigUint64Array') {
    return { values: fromBigIntegers(array as ArrayLike<bigint>, fn, argument), float: Float64Array };
  }
  return {
    values: ownArray(array, tag) as NumberArray,
    float: FITS_FLOAT32.has(tag) ? Float32Array : Float64Array,
  };
}

/** The named error when the array's buffer was transferred away. */
export function checkAttached(array: AnyTypedArray, fn: string, argument: string): void {
  if (isDetached(array)) {
    throw typeError(
      fn,
      argument,
      'an array with its memory',
      array,
      'its buffer was transferred or shrunk: pass a copy made before that',
    );
  }
}

/** A float array of `size` zeros, or the named error when the engine has no room for it. */
export function allocateFloats(
  float: Float32ArrayConstructor | Float64ArrayConstructor,
  size: number,
  fn: string,
  argument: string,
): FloatArray {
  try {
    return new float(size);
  } catch {
    throw rangeError(fn, argument, 'a tensor that fits into memory', size, 'split the tensor');
  }
}

/** `out` when it is a Float32Array of `size` elements, or a new one when it is undefined. */
export function outputFloats(out: unknown, size: number, fn: string): F32 {
  if (out === undefined) return allocateFloats(Float32Array, size, fn, 'shape') as F32;
  if (arrayTag(out) !== 'Float32Array') {
    throw typeError(fn, 'out', 'a Float32Array', out, 'leave it out for a new array');
  }
  const values = ownArray(out as F32, 'Float32Array') as F32;
  checkAttached(values, fn, 'out');
  if (values.length !== size) {
    throw rangeError(fn, 'out', `${size} elements`, values.length, 'leave it out for a new array');
  }
  return values;
}

/** A plain array of numbers as the memory of `dtype`: floats are rounded to float32 or float64, integers must fit. */
export function storeNumbers(
  list: readonly unknown[],
  dtype: DType,
  fn: string,
  argument: string,
): TypedArray {
  const numbers = fromList(list, fn, argument);
  if (dtype === 'float64') return numbers;
  if (dtype === 'float32') return Float32Array.from(numbers);
  if (dtype.includes('float')) {
    throw typeError(fn, argument, `a typed array of ${dtype} codes`, list, 'make the codes with castFloat');
  }
  const { bits, array } = DTYPES[dtype];
  if (bits === 64) {
    const limit = Number.MAX_SAFE_INTEGER;
    checkIntegers(numbers, dtype === 'uint64' ? 0 : -limit, limit, dtype, fn, argument);
    const exact = Array.from(numbers, BigInt);
    return dtype === 'uint64' ? BigUint64Array.from(exact) : BigInt64Array.from(exact);
  }
  const [low, high] = integerRange(dtype);
  checkIntegers(numbers, low, high, dtype, fn, argument);
  return (array as Int32ArrayConstructor).from(numbers);
}

/** Lowest and highest value of an integer type of at most 32 bits, or lowest and highest code of a float type of at most 16. */
export function integerRange(dtype: DType): [low: number, high: number] {
  const { bits } = DTYPES[dtype];
  if (dtype === 'bool') return [0, 1];
  return dtype.startsWith('int') ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
}

/** The named error at the first value that is not a whole number from `low` to `high`. */
export function checkIntegers(
  values: ArrayLike<number>,
  low: number,
  high: number,
  dtype: DType,
  fn: string,
  argument: string,
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(value >= low && value <= high && Number.isInteger(value))) {
      const place = `${argument}[${i}]`;
      throw rangeError(
        fn,
        place,
        `a whole number from ${low} to ${high} (${dtype})`,
        value,
        'pass another dtype',
      );
    }
  }
}

function fromList(list: readonly unknown[], fn: string, argument: string): F64 {
  const out = allocateFloats(Float64Array, list.length, fn, argument);
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (typeof value !== 'number') {
      throw typeError(fn, `${argument}[${i}]`, 'a number', value, 'flatten nested arrays and fill holes');
    }
    out[i] = value;
  }
  return out as F64;
}

function fromBigIntegers(array: ArrayLike<bigint>, fn: string, argument: string): F64 {
  const out = new Float64Array(array.length);
  for (let i = 0; i < array.length; i++) {
    out[i] = Number(array[i]);
    if (BigInt(out[i]) !== array[i]) {
      throw rangeError(fn, `${argument}[${i}]`, 'an integer that float64 holds', array[i], 'round it first');
    }
  }
  return out;
}

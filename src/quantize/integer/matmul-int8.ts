/** Products of 8-bit matrices in int32. */
import { arrayTag } from '../../core/array-tag.js';
import type { F32, F64, FloatArray, I16, I32, I8, U8 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkAttached, ownArray } from '../../core/numbers.js';
import { checkChoice, checkOptions, isPlainObject } from '../../core/options.js';
import { integer } from '../../kernels/integer/family.js';
import type { Granularity } from '../affine/affine-types.js';
import {
  checkInt32,
  REQUANTIZE_KEYS,
  requantizeBy,
  type IntegerCodes,
  type RequantizeOptions,
} from './requantize.js';

/** A matrix in codes of 8 bits; an AffineTensor of 8 bits is one. real = scale * (code - zeroPoint). */
export interface Int8Matrix {
  /** Int8Array or Uint8Array. Those of 16 bits, which an AffineTensor may have, are refused. */
  readonly codes: Int8Array | Uint8Array | Int16Array | Uint16Array;
  readonly shape: readonly number[];
  /** Read for output 'float32' alone: one, or one per row of `a` or column of the product. */
  readonly scale?: number | Float32Array | Float64Array;
  /** One, one per row of `a` or column of the product, or none: 0. */
  readonly zeroPoint?: number | Int32Array | null;
  /** Of an AffineTensor: groups that cut the inner axis are refused. */
  readonly granularity?: Granularity;
}

export interface MatmulInt8Options {
  /** b is [n, k], as layers keep their weights, in place of [k, n]: nothing is transposed then. Default false. */
  readonly transposeB?: boolean;
  /** Added to the sums: one per column of the product. */
  readonly bias?: Int32Array;
  /** Default 'int32'. */
  readonly output?: 'int32' | 'float32' | Omit<RequantizeOptions, 'bias'>;
}

interface Factor {
  readonly codes: I8 | U8;
  readonly rows: number;
  readonly columns: number;
  readonly zeroPoint: I32;
  /** Largest |code - zeroPoint| that the type allows. */
  readonly reach: number;
}

/**
 * Returns the product of two 8-bit matrices: sums in int32, in float32, or in output codes.
 *
 * Formula: sum[i, j] = bias[j] + sum over c of (a[i, c] - za) * (b[c, j] - zb). 'float32': fround(sum * (sa * sb)), the scales' product in
 * float64. Options of `requantize` as output: the sums requantized, a multiplier per column or one for all.
 *
 * Shapes: a [m, k], or [k] as one row; b [k, n], or [n, k] with transposeB; the result m x n, row-major. Scales and zero points of a belong
 * to its rows, those of b to the product's columns.
 *
 * Numerics: exact. a's zero point leaves its codes as they become 16 bits; b's is taken away as zb times the sums of a's rows. No sum can
 * overflow: k * max|a - za| * max|b - zb| + max|bias| must be below 2^31 for the types at hand, or it is an error. Without zero points that is
 * k <= 131,071 for int8; with any zero point of a (uint8, or int8 activations) and weights without, k <= 65,793.
 *
 * Cost: 60 to 100 GOP/s with SIMD; one row (GEMV) at the pace of memory. b that is not transposed is copied once.
 *
 * Compatible with: ONNX Runtime's MatMulInteger (int32) to the bit; TFLite's int8 FullyConnected with transposeB, codes of
 * int8Weights, int8Activations and int8Bias and the multipliers of int8Multipliers. QLinearMatMul scales in float32 and rounds half to even.
 *
 * @param a activations; never changed
 * @param b weights; never changed
 * @throws TypeError or RangeError for arguments, shapes that do not fit, and sums that could overflow.
 * @example
 * const a = { codes: Int8Array.of(1, 2, 3, 4), shape: [2, 2] };
 * const b = { codes: Uint8Array.of(10, 20, 30, 40), shape: [2, 2], zeroPoint: 10 };
 * matmulInt8(a, b); // Int32Array [40, 70, 80, 150]
 * @see requantize
 */
export function matmulInt8(
  a: Int8Matrix,
  b: Int8Matrix,
  options?: MatmulInt8Options & { readonly output?: 'int32' },
): I32;
export function matmulInt8(
  a: Int8Matrix,
  b: Int8Matrix,
  options: MatmulInt8Options & { readonly output: 'float32' },
): F32;
export function matmulInt8(
  a: Int8Matrix,
  b: Int8Matrix,
  options: MatmulInt8Options & { readonly output: Omit<RequantizeOptions, 'bias'> },
): IntegerCodes;
export function matmulInt8(
  a: Int8Matrix,
  b: Int8Matrix,
  options?: MatmulInt8Options,
): I32 | F32 | IntegerCodes {
  const fn = 'matmulInt8';
  const given = checkOptions(fn, options, ['transposeB', 'bias', 'output']);
  const transposeB = checkBoolean(fn, given.transposeB ?? false);
  const output = checkOutput(fn, given.output ?? 'int32');
  const left = factorOf(fn, 'a', a, 0);
  const right = factorOf(fn, 'b', b, transposeB ? 0 : 1);
  const [n, inner] = transposeB ? [right.rows, right.columns] : [right.columns, right.rows];
  if (inner !== left.columns) {
    const fix = transposeB ? 'b is [n, k] with transposeB' : 'b is [k, n]; pass transposeB for [n, k]';
    throw rangeError(fn, 'b.shape', `an inner axis of ${left.columns}`, Array.from(b.shape), fix);
  }
  const bias = checkBias(fn, given.bias, n);
  refuseOverflow(fn, left, right, bias);
  const scales = output === 'float32' ? scalesOf(fn, a, b, left.rows, n) : null;
  const sums = productOf(left, right, n, transposeB);
  // The requantizing kernel adds the bias itself.
  if (typeof output !== 'string') return requantizeBy(fn, sums, withBias(output, bias), n);
  if (bias !== null) addBias(sums, bias);
  return scales === null ? sums : toFloats(sums, scales.left, scales.right);
}

function productOf(left: Factor, right: Factor, n: number, isTransposed: boolean): I32 {
  const { rows: m, columns: k } = left;
  const a = withoutZeroPoint(left);
  const b = isTransposed ? right.codes : transposed(right);
  const sums = new Int32Array(m * n);
  integer.inUse().products(sums, a, b, m, n, k);
  if (right.zeroPoint.every((zero) => zero === 0)) return sums;
  for (let i = 0; i < m; i++) {
    let rowSum = 0;
    for (let c = 0; c < k; c++) rowSum += a[i * k + c];
    for (let j = 0; j < n; j++) sums[i * n + j] -= rowSum * entry(right.zeroPoint, j);
  }
  return sums;
}

/** The entry of a list that has one for each or one for all. */
function entry(list: I32 | FloatArray, i: number): number {
  return list.length === 1 ? list[0] : list[i];
}

function withoutZeroPoint({ codes, rows, columns, zeroPoint }: Factor): I16 {
  const whole = new Int16Array(codes);
  for (let i = 0; i < rows; i++) {
    const zero = entry(zeroPoint, i);
    for (let c = i * columns; zero !== 0 && c < (i + 1) * columns; c++) whole[c] -= zero;
  }
  return whole;
}

/** Columns as rows, in blocks of 32 x 32 that stay in the cache. */
function transposed({ codes, rows, columns }: Factor): I8 | U8 {
  const out = codes instanceof Int8Array ? new Int8Array(codes.length) : new Uint8Array(codes.length);
  for (let r0 = 0; r0 < rows; r0 += 32) {
    for (let c0 = 0; c0 < columns; c0 += 32) {
      const end = Math.min(c0 + 32, columns);
      for (let r = r0; r < Math.min(r0 + 32, rows); r++) {
        for (let c = c0; c < end; c++) out[c * rows + r] = codes[r * columns + c];
      }
    }
  }
  return out;
}

function addBias(sums: I32, bias: I32): void {
  for (let i = 0; i < sums.length; i += bias.length) {
    for (let j = 0; j < bias.length; j++) sums[i + j] += bias[j];
  }
}

function toFloats(sums: I32, left: FloatArray, right: FloatArray): F32 {
  const n = right.length;
  const out = new Float32Array(sums.length);
  for (let i = 0; i < out.length; i++) {
    const row = Math.floor(i / n);
    out[i] = sums[i] * (entry(left, row) * right[i - row * n]);
  }
  return out;
}

function withBias(output: Omit<RequantizeOptions, 'bias'>, bias: I32 | null): Partial<RequantizeOptions> {
  return bias === null ? output : { ...output, bias };
}

function factorOf(fn: string, name: 'a' | 'b', matrix: unknown, outer: 0 | 1): Factor {
  if (!isPlainObject(matrix)) {
    throw typeError(fn, name, 'a record of codes and shape', matrix, 'pass an AffineTensor of 8 bits');
  }
  const { codes: given, shape: axes, zeroPoint, granularity } = matrix as Partial<Int8Matrix>;
  const tag = arrayTag(given);
  if (tag !== 'Int8Array' && tag !== 'Uint8Array') {
    const fix = name === 'a' ? 'quantize to 8 bits' : 'quantize to 8 bits, or use quantizedLinear';
    throw typeError(fn, `${name}.codes`, 'an Int8Array or a Uint8Array', given, fix);
  }
  const codes = ownArray(given as I8, tag) as I8 | U8;
  checkAttached(codes, fn, `${name}.codes`);
  const [rows, columns] = shapeOf(fn, name, axes, codes.length);
  refuseInnerRegions(fn, name, granularity, axes as readonly number[], outer);
  const count = outer === 0 ? rows : columns;
  const low = tag === 'Int8Array' ? -128 : 0;
  const zeros = zeroPointsOf(fn, name, zeroPoint ?? 0, count, low);
  const reach = zeros.reduce((most, zero) => Math.max(most, zero - low, low + 255 - zero), 0);
  return { codes, rows, columns, zeroPoint: zeros, reach };
}

function shapeOf(fn: string, name: string, shape: unknown, size: number): [rows: number, columns: number] {
  const isVector = name === 'a' && Array.isArray(shape) && shape.length === 1;
  const axes: unknown = isVector ? [1, (shape as number[])[0]] : shape;
  const isShape =
    Array.isArray(axes) &&
    axes.length === 2 &&
    axes.every((axis) => Number.isSafeInteger(axis) && axis >= 0) &&
    (axes as number[])[0] * (axes as number[])[1] === size;
  if (!isShape) {
    throw rangeError(fn, `${name}.shape`, `[rows, columns] of ${size} codes`, shape, 'reshape to a matrix');
  }
  return axes as [number, number];
}

/** Regions may cut a matrix into rows of a, or into what becomes columns of the product. */
function refuseInnerRegions(
  fn: string,
  name: string,
  granularity: Granularity | undefined,
  shape: readonly number[],
  outer: 0 | 1,
): void {
  const kind = granularity?.kind ?? 'tensor';
  const isRows = kind === 'token' && outer === 0;
  const isAxis = granularity?.kind === 'axis' && granularity.axis === outer && shape.length === 2;
  if (kind === 'tensor' || isRows || isAxis) return;
  const expected = `one scale for the tensor or per ${name === 'a' ? 'row' : 'column of the product'}`;
  throw rangeError(fn, `${name}.granularity`, expected, kind, 'use quantizedLinear for groups');
}

function zeroPointsOf(fn: string, name: string, value: unknown, count: number, low: number): I32 {
  const argument = `${name}.zeroPoint`;
  const list = typeof value === 'number' ? Float64Array.of(value) : checkInt32(fn, argument, value);
  if (list.length !== 1 && list.length !== count) {
    throw rangeError(fn, argument, `1 or ${count} entries`, list.length, 'one per row or column');
  }
  for (const zero of list) {
    if (Number.isInteger(zero) && zero >= low && zero <= low + 255) continue;
    throw rangeError(fn, argument, `a code from ${low} to ${low + 255}`, zero, 'zero points are codes');
  }
  return Int32Array.from(list);
}

function refuseOverflow(fn: string, left: Factor, right: Factor, bias: I32 | null): void {
  const most = (bias ?? new Int32Array(0)).reduce((sum, value) => Math.max(sum, Math.abs(value)), 0);
  const product = left.reach * right.reach;
  if (left.columns * product + most < 2 ** 31) return;
  const fits = Math.max(Math.floor((2 ** 31 - 1 - most) / product), 0);
  const expected = `an inner axis of at most ${fits}, so that no sum can leave int32`;
  throw rangeError(fn, 'a.shape', expected, left.columns, 'cut the inner axis and add the parts in float64');
}

function checkBias(fn: string, value: unknown, n: number): I32 | null {
  if (value === undefined) return null;
  const bias = checkInt32(fn, 'bias', value);
  if (bias.length !== n) throw rangeError(fn, 'bias', `${n} entries`, bias.length, 'one per column');
  return bias;
}

function scalesOf(
  fn: string,
  a: Int8Matrix,
  b: Int8Matrix,
  m: number,
  n: number,
): { left: FloatArray; right: FloatArray } {
  const list = (name: string, value: unknown, count: number): F64 => {
    const tag = arrayTag(value);
    const isList = tag === 'Float32Array' || tag === 'Float64Array';
    if (typeof value !== 'number' && !isList) {
      throw typeError(fn, name, 'a number or an array of floats', value, "output 'float32' needs scales");
    }
    const scales = isList ? Float64Array.from(value as FloatArray) : Float64Array.of(value as number);
    if (scales.length !== 1 && scales.length !== count) {
      throw rangeError(fn, name, `1 or ${count} scales`, scales.length, 'one per row or column');
    }
    const bad = scales.find((scale) => !(scale >= 0 && scale < Infinity));
    if (bad !== undefined) throw rangeError(fn, name, 'finite numbers >= 0', bad, 'scales are steps');
    return scales;
  };
  const right = list('b.scale', b.scale, n);
  return {
    left: list('a.scale', a.scale, m),
    right: right.length === n ? right : new Float64Array(n).fill(right[0]),
  };
}

function checkBoolean(fn: string, value: unknown): boolean {
  if (typeof value !== 'boolean') {
    throw typeError(fn, 'transposeB', 'true or false', value, 'true when b is [n, k]');
  }
  return value;
}

function checkOutput(fn: string, value: unknown): 'int32' | 'float32' | Omit<RequantizeOptions, 'bias'> {
  if (typeof value === 'string')
    return checkChoice<'int32' | 'float32'>(fn, 'output', value, ['int32', 'float32']);
  const keys = REQUANTIZE_KEYS.filter((key) => key !== 'bias');
  return checkOptions(fn, value as RequantizeOptions, keys, 'output') as RequantizeOptions;
}

/** Scaled 8-bit floats: the public functions. */
import type { F32, U8 } from '../../core/arrays.js';
import { arrayTag } from '../../core/array-tag.js';
import { rangeError, typeError } from '../../core/errors.js';
import { decodeTable, FLOAT_FORMATS, maxFinite } from '../../core/float-formats.js';
import type { Pictured } from '../../core/inspect.js';
import { checkAttached, outputFloats } from '../../core/numbers.js';
import { checkChoice, checkOptions, isPlainObject } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';
import { rangesOf, toFloat32 } from '../affine/affine-scale.js';
import type { Granularity } from '../affine/affine-types.js';
import { BoundSum, reachesOf } from '../affine/code-reach.js';
import { codedTensor } from '../coded-view.js';
import type { Float8, Float8Options, Float8Tensor } from './float8-types.js';
import { checkBytes } from './mx-tensor.js';
import { nonFiniteError } from '../non-finite.js';
import { checkGranularity, paramsOf, planRegions, type RegionPlan, type Span } from '../affine/regions.js';

export const FLOAT8_TYPES: readonly Float8[] = ['float8_e4m3fn', 'float8_e5m2'];

const SMALLEST_NORMAL = 2 ** -126;
const SMALLEST = 2 ** -149;

/** The options with every default filled in, checked against the shape of the tensor they are for. */
export function checkFloat8Options(
  fn: string,
  options: Float8Options | undefined,
  shape: readonly number[],
): { readonly dtype: Float8; readonly granularity: Granularity } {
  const given = checkOptions<Float8Options>(fn, options, ['dtype', 'granularity']);
  return {
    dtype: checkChoice(fn, 'dtype', given.dtype ?? 'float8_e4m3fn', FLOAT8_TYPES),
    granularity: checkGranularity(fn, given.granularity ?? { kind: 'tensor' }, shape),
  };
}

/**
 * Returns `x` in 8-bit floats with a float32 scale per region that brings the region's largest magnitude to the type's largest value.
 *
 * Formula: scale = absmax / largest, with largest 448 (float8_e4m3fn) or 57344 (float8_e5m2); code = cast(x / scale), to nearest, ties to even,
 * clamped to the largest value; x is restored as value * scale. Every operation in float32.
 *
 * Shapes: any; regions as `granularity` says, tails allowed everywhere.
 *
 * Numerics: float64 input is rounded to float32 first. A region of zeros has scale 0 and codes 0; elsewhere -0 is kept. A subnormal scale is rounded up,
 * so that nothing is clamped. NaN and infinities are an error. Empty tensors have no codes; a scalar has one region. Bound: `errorBound`;
 * at most 1/28 (float8_e4m3fn) or 1/14 (float8_e5m2) of absmax, and |x| / 17 or |x| / 9 where the code is no subnormal number.
 *
 * Cost: two passes; regions that are columns cost a third one in plain TypeScript.
 *
 * Compatible with: torchao (2026-08) _choose_scale_float8 and _quantize_affine_float8, to the bit, for tensors, rows and blocks whose scale is a
 * normal number; it makes NaN of a region of zeros. compressed-tensors' FP8 and FP8_BLOCK. ONNX Runtime's scale is another: a quotient of
 * standard deviations.
 *
 * @param x a tensor of real numbers; never changed
 * @param options dtype, granularity
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const c = quantizeFloat8({ data: Float32Array.of(448, 100, -0.1, 0.2), shape: [2, 2] }, { granularity: { kind: 'axis', axis: 0 } });
 * dequantizeFloat8(c); // Float32Array [448, 96, -0.10000000149011612, 0.20000000298023224]
 * @see dequantizeFloat8
 * @see OCP 8-bit floating point 1.0
 */
export function quantizeFloat8(x: TensorLike, options?: Float8Options): Float8Tensor & Pictured {
  const fn = 'quantizeFloat8';
  const { data, shape } = toContiguous(x, fn);
  const { dtype, granularity } = checkFloat8Options(fn, options, shape);
  const values = toFloat32(data);
  const plan = planRegions(shape, granularity);
  const scale = rangesOf(values, plan, true).max;
  const largest = maxFinite(FLOAT_FORMATS[dtype]);
  for (let r = 0; r < scale.length; r++) {
    if (!(scale[r] < Infinity)) throw nonFiniteError(fn, data, values, 'repair the tensor');
    scale[r] = scaleOf(scale[r], largest);
  }
  const codes = encode(values, plan, scale, dtype);
  return float8Tensor({ kind: 'float8', codes, scale, dtype, granularity, shape: Array.from(shape) });
}

/** absmax / largest in float32; a subnormal quotient rounded up. */
function scaleOf(absmax: number, largest: number): number {
  const quotient = absmax / largest;
  const scale = Math.fround(quotient);
  return scale < quotient && scale < SMALLEST_NORMAL ? scale + SMALLEST : scale;
}

/** Elements that are divided by the scales of their columns at a time: 16 KiB stay in the first-level cache. */
const CHUNK = 4096;

function encode(x: F32, plan: RegionPlan, scale: F32, dtype: Float8): U8 {
  const codes = new Uint8Array(x.length);
  for (const span of plan.spans()) {
    const params = paramsOf(span, scale, (n) => new Float32Array(n));
    const end = span.begin + span.rows * span.width;
    const from = x.subarray(span.begin, end);
    const to = codes.subarray(span.begin, end);
    if (span.run > 0) {
      kernels().encodeFloatRuns(to, from, params, span.rows, span.width, span.run, dtype, 'quotient');
    } else encodeColumns(to, from, params, span, dtype);
  }
  return codes;
}

function encodeColumns(to: U8, from: F32, scale: F32, { width }: Span, dtype: Float8): void {
  const quotients = new Float32Array(Math.min(CHUNK, from.length));
  const one = Float32Array.of(1);
  for (let begin = 0; begin < from.length; begin += CHUNK) {
    const count = Math.min(CHUNK, from.length - begin);
    for (let i = 0; i < count; i++) quotients[i] = from[begin + i] / scale[(begin + i) % width];
    const part = to.subarray(begin, begin + count);
    kernels().encodeFloatRuns(part, quotients.subarray(0, count), one, 1, count, count, dtype, 'product');
  }
}

/**
 * Returns the float32 values of a Float8Tensor in row-major order: fround(value of the code * scale).
 *
 * @param c what quantizeFloat8 returned
 * @param options `out`: a Float32Array of the tensor's size to write to, instead of a new one
 * @throws TypeError when `c` is no Float8Tensor, RangeError when its parts or `out` do not fit together.
 * @example
 * dequantizeFloat8(quantizeFloat8(Float32Array.of(1, 7))); // Float32Array [1, 7]
 * @see quantizeFloat8
 */
export function dequantizeFloat8(c: Float8Tensor, options?: { readonly out?: Float32Array }): F32 {
  const fn = 'dequantizeFloat8';
  const plan = checkFloat8Tensor(fn, c);
  const { out } = checkOptions(fn, options, ['out']);
  const values = outputFloats(out, c.codes.length, fn);
  const table = decodeTable(FLOAT_FORMATS[c.dtype]);
  for (const span of plan.spans()) {
    const params = paramsOf(span, c.scale, (n) => new Float32Array(n));
    const end = span.begin + span.rows * span.width;
    const to = values.subarray(span.begin, end);
    const from = c.codes.subarray(span.begin, end);
    if (span.run > 0) {
      kernels().decodeFloatRuns(to, from, params, span.rows, span.width, span.run, c.dtype);
      continue;
    }
    for (let i = 0; i < to.length; i++) to[i] = table[from[i]] * params[i % span.width];
  }
  return values;
}

/** Checks that the parts of a Float8Tensor fit together; returns its regions. */
export function checkFloat8Tensor(fn: string, c: Float8Tensor): RegionPlan {
  if (!isPlainObject(c) || c.kind !== 'float8') {
    throw typeError(fn, 'c', 'a Float8Tensor', c, 'make one with quantizeFloat8');
  }
  checkChoice(fn, 'c.dtype', c.dtype, FLOAT8_TYPES);
  const size = elementCount(c.shape, fn, 'c.shape');
  const plan = planRegions(c.shape, checkGranularity(fn, c.granularity, c.shape));
  checkBytes(fn, 'c.codes', c.codes, 'Uint8Array', size, 'quantizeFloat8');
  if (arrayTag(c.scale) !== 'Float32Array') {
    throw typeError(fn, 'c.scale', 'a Float32Array', c.scale, 'make c with quantizeFloat8');
  }
  checkAttached(c.scale, fn, 'c.scale');
  if (c.scale.length !== plan.regions) {
    throw rangeError(
      fn,
      'c.scale',
      `${plan.regions} scales, one per region`,
      c.scale.length,
      'correct c.shape',
    );
  }
  for (let r = 0; r < c.scale.length; r++) {
    if (!(c.scale[r] >= 0 && c.scale[r] < Infinity)) {
      throw rangeError(fn, `c.scale[${r}]`, 'a finite number >= 0', c.scale[r], 'make c with quantizeFloat8');
    }
  }
  return plan;
}

/** Unit roundoff of float32, half to even. */
const U = 2 ** -24;

/**
 * Returns a bound of the error of `c` that holds for every finite float32 or float64 input that quantizeFloat8 turns into `c`.
 *
 * Formula: per element scale * (reach + (value + reach) * 2^-22) + 2^-149, value that of the code, reach half the larger distance to a neighbour.
 *
 * Proof. y = fround(x / scale) is within 2^-24 relative of x / scale (it underflows only where the code is 0 anyway) and is rounded to nearest: |y - value| <=
 * reach. scale is at least absmax / largest less 2^-24 of it, so that |y| exceeds the largest value by less than reach. Decoding rounds once, float64 input
 * once: by 2^-24 of x each, or by 2^-150. A region of scale 0 holds what float32 rounds to 0.
 *
 * Numerics: Infinity for codes that are not finite and for values beyond float32, which quantizeFloat8 never makes. Tight: ties reach it.
 *
 * @returns maxAbs: largest |error| of an element; l2: root of the sum of squares over the tensor
 */
export function float8ErrorBound(c: Float8Tensor): { maxAbs: number; l2: number } {
  const plan = checkFloat8Tensor('errorBound', c);
  const reaches = reachesOf(FLOAT_FORMATS[c.dtype], 0);
  const sum = new BoundSum();
  for (const span of plan.spans()) {
    const params = paramsOf(span, c.scale, (n) => new Float32Array(n));
    const perRow = span.run > 0 ? Math.ceil(span.width / span.run) : 0;
    for (let r = 0; r < span.rows; r++) {
      for (let k = 0; k < span.width; k++) {
        const scale = params[span.run > 0 ? r * perRow + Math.floor(k / span.run) : k];
        const { value, reach } = reaches[c.codes[span.begin + r * span.width + k] & 0x7f];
        sum.add(elementBound(scale, value, reach), 1);
      }
    }
  }
  return sum.bound();
}

function elementBound(scale: number, value: number, reach: number): number {
  if (reach === Infinity || Math.fround(value * scale) === Infinity) return Infinity;
  return scale * (reach + (value + reach) * 4 * U) + SMALLEST;
}

/** Gives the record its printed form and pictures. */
export function float8Tensor(c: Float8Tensor): Float8Tensor & Pictured {
  return codedTensor(c, {
    head: ({ dtype, granularity, shape }) =>
      `Float8Tensor ${dtype} per ${granularity.kind} [${shape.join(', ')}]`,
    bytes: ({ codes, scale }) => codes.byteLength + scale.byteLength,
    scales: ({ scale }) => scale,
    decode: (record) => dequantizeFloat8(record),
    boundOf: float8ErrorBound,
    facts: ({ scale }) => [['scales', `${scale.length} float32`]],
  });
}

/** NVFP4: the public functions. */
import type { F32, FloatArray, U8 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { decodeTable, FLOAT_FORMATS } from '../../core/float-formats.js';
import type { Pictured } from '../../core/inspect.js';
import { outputFloats } from '../../core/numbers.js';
import { checkOptions, isPlainObject } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';
import { toFloat32 } from '../affine/affine-scale.js';
import { BoundSum, reachesOf } from '../affine/code-reach.js';
import { codedTensor } from '../coded-view.js';
import { checkBytes, isWhole, layoutOf, packBytes, unpackBytes, type BlockLayout } from './mx-tensor.js';
import { nonFiniteError } from '../non-finite.js';
import type { Nvfp4Options, Nvfp4Tensor } from './nvfp4-types.js';

export const NVFP4_BLOCK = 16;

const ELEMENT = 'float4_e2m1fn';
const LARGEST_ELEMENT = 6;
const SCALE_FORMAT = FLOAT_FORMATS.float8_e4m3fn;
/** The least scale that torchao gives a block, the least normal number, and the largest. */
const LEAST_SCALE = 2 ** -6;
const LARGEST_SCALE = 448;
/** Below, the reciprocal of a block's whole scale could be infinite. */
const LEAST_TENSOR_SCALE = 2 ** -120;

export function checkNvfp4Options(fn: string, options: Nvfp4Options | undefined): Required<Nvfp4Options> {
  const { levels = 2 } = checkOptions<Nvfp4Options>(fn, options, ['levels']);
  if (typeof levels !== 'number') throw typeError(fn, 'levels', '1 or 2', levels, 'leave it out for 2');
  if (levels !== 1 && levels !== 2) throw rangeError(fn, 'levels', '1 or 2', levels, 'leave it out for 2');
  return { levels };
}

/**
 * Returns `x` in NVFP4: blocks of 16 along the last axis, each with a float8_e4m3fn scale, and 4-bit floats.
 *
 * Formula: with A the block's largest magnitude and g the tensor's largest / (448 * 6), or 1 with one level: scale = e4m3(A / 6 / g), clamped to
 * 2^-6 .. 448; code = e2m1(x * (1 / g / scale)), clamped to 6; every operation in float32. x is restored as code * (g * scale).
 *
 * Shapes: any; the last block of a row may be shorter. A scalar is one block.
 *
 * Numerics: float64 input is rounded to float32 first. Both roundings are half to even. Signs are kept, also of 0. With one level blocks
 * beyond 6 * 448 are clamped (`overflow` says by how much) and those below 6 * 2^-6 lose precision; with two levels only blocks below 2^-14 of
 * the tensor's largest magnitude do. g is at least 2^-120, which zeros have too. NaN and infinities are an error. An empty tensor has no
 * blocks. Bound: `errorBound`, from the codes; `NVFP4_RELATIVE_BOUND` of A before anything is known.
 *
 * Cost: two passes (three with two levels) by the kernels in use.
 *
 * Compatible with: torchao (2026-08) `nvfp4_quantize` with per_tensor_amax_to_scale, codes, scales and packing to the bit, for tensors whose largest
 * magnitude is above 2^-108. compressed-tensors stores 1 / g, and divides. ggml's NVFP4 has one level, scales rounded half up, below 2^-6 too,
 * ties to the smaller magnitude, and another order of bytes.
 *
 * @param x a tensor of real numbers; never changed
 * @param options levels
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const c = quantizeNvfp4(Float32Array.of(1, -0.3, 6, 5));
 * dequantizeNvfp4(c); // Float32Array [1, -0.5, 6, 4]
 * @see dequantizeNvfp4
 */
export function quantizeNvfp4(x: TensorLike, options?: Nvfp4Options): Nvfp4Tensor & Pictured {
  const fn = 'quantizeNvfp4';
  const { levels } = checkNvfp4Options(fn, options);
  const { data, shape } = toContiguous(x, fn);
  const values = toFloat32(data);
  const layout = layoutOf(fn, shape, NVFP4_BLOCK);
  const absmax = new Float32Array(layout.blocks);
  kernels().absmaxRuns(absmax, values, layout.rows, layout.width, NVFP4_BLOCK);
  const largest = largestOf(fn, absmax, data, values);
  const tensorScale = levels === 1 ? 1 : tensorScaleOf(largest);
  const scales = blockScales(absmax, tensorScale);
  const overflow = Math.max(0, largest - 7 * LARGEST_SCALE * tensorScale) * (1 + 2 ** -50);
  return nvfp4Tensor({
    kind: 'nvfp4',
    codes: encode(values, layout, scales, tensorScale),
    scales,
    tensorScale,
    levels,
    shape: Array.from(shape),
    overflow: levels === 1 ? overflow : 0,
  });
}

function largestOf(fn: string, absmax: F32, data: FloatArray, values: F32): number {
  let largest = 0;
  for (let j = 0; j < absmax.length; j++) {
    if (!(absmax[j] < Infinity)) throw nonFiniteError(fn, data, values, 'repair the tensor');
    largest = Math.max(largest, absmax[j]);
  }
  return largest;
}

/** 6 * fround(448 g) is finite also for the largest float32. */
function tensorScaleOf(largest: number): number {
  return Math.max(Math.fround(largest / (LARGEST_SCALE * LARGEST_ELEMENT)), LEAST_TENSOR_SCALE);
}

function blockScales(absmax: F32, tensorScale: number): U8 {
  const quotient = new Float32Array(absmax.length);
  for (let j = 0; j < absmax.length; j++) {
    const scale = Math.fround(Math.fround(absmax[j] / LARGEST_ELEMENT) / tensorScale);
    quotient[j] = Math.min(Math.max(scale, LEAST_SCALE), LARGEST_SCALE);
  }
  const codes = new Uint8Array(absmax.length);
  const one = Float32Array.of(1);
  kernels().encodeFloatRuns(
    codes,
    quotient,
    one,
    1,
    codes.length,
    Math.max(codes.length, 1),
    'float8_e4m3fn',
    'product',
  );
  return codes;
}

function encode(x: F32, layout: BlockLayout, scales: U8, tensorScale: number): U8 {
  const { rows, width, size } = layout;
  const values = decodeTable(SCALE_FORMAT);
  const reciprocal = Math.fround(1 / tensorScale);
  const factor = new Float32Array(scales.length);
  for (let j = 0; j < scales.length; j++) factor[j] = reciprocal / values[scales[j]];
  const codes = new Uint8Array(size);
  kernels().encodeFloatRuns(codes, x, factor, rows, width, NVFP4_BLOCK, ELEMENT, 'product');
  return packBytes(codes, 4);
}

/** What the codes of each block are multiplied by. */
function wholeScales({ scales, tensorScale }: Nvfp4Tensor): F32 {
  const values = decodeTable(SCALE_FORMAT);
  const whole = new Float32Array(scales.length);
  for (let j = 0; j < scales.length; j++) whole[j] = values[scales[j]] * tensorScale;
  return whole;
}

/**
 * Returns the float32 values of an Nvfp4Tensor in row-major order: fround(value of the code * fround(tensorScale * block scale)).
 *
 * Cost: one pass, in whole blocks at about a third of copy bandwidth with SIMD.
 *
 * @param c what quantizeNvfp4 returned
 * @param options `out`: a Float32Array of the tensor's size to write to, instead of a new one
 * @throws TypeError when `c` is no Nvfp4Tensor, RangeError when its parts or `out` do not fit together.
 * @example
 * dequantizeNvfp4(quantizeNvfp4(Float32Array.of(3, 6), { levels: 1 })); // Float32Array [3, 6]
 * @see quantizeNvfp4
 */
export function dequantizeNvfp4(c: Nvfp4Tensor, options?: { readonly out?: Float32Array }): F32 {
  const fn = 'dequantizeNvfp4';
  const layout = checkNvfp4Tensor(fn, c);
  const { out } = checkOptions(fn, options, ['out']);
  const { rows, width, blocks, size } = layout;
  const values = outputFloats(out, size, fn);
  const scale = wholeScales(c);
  if (isWhole(layout, NVFP4_BLOCK)) {
    kernels().decodePackedFloatRuns4(values, c.codes, scale, blocks, NVFP4_BLOCK);
    return values;
  }
  kernels().decodeFloatRuns(values, unpackBytes(c.codes, size, 4), scale, rows, width, NVFP4_BLOCK, ELEMENT);
  return values;
}

/** Checks that the parts of an Nvfp4Tensor fit together; returns its layout. */
export function checkNvfp4Tensor(fn: string, c: Nvfp4Tensor): BlockLayout {
  if (!isPlainObject(c) || c.kind !== 'nvfp4') {
    throw typeError(fn, 'c', 'an Nvfp4Tensor', c, 'make one with quantizeNvfp4');
  }
  const { levels, tensorScale, overflow } = c;
  const fix = 'make c with quantizeNvfp4';
  if (levels !== 1 && levels !== 2) throw rangeError(fn, 'c.levels', '1 or 2', levels, fix);
  if (typeof tensorScale !== 'number' || !(tensorScale > 0) || Math.fround(tensorScale) !== tensorScale) {
    throw rangeError(fn, 'c.tensorScale', 'a float32 above 0', tensorScale, fix);
  }
  if (tensorScale === Infinity || (levels === 1 && tensorScale !== 1)) {
    throw rangeError(
      fn,
      'c.tensorScale',
      levels === 1 ? '1 with one level' : 'a finite number',
      tensorScale,
      fix,
    );
  }
  if (typeof overflow !== 'number' || !(overflow >= 0 && overflow < Infinity)) {
    throw rangeError(fn, 'c.overflow', 'a number >= 0', overflow, fix);
  }
  elementCount(c.shape, fn, 'c.shape');
  const layout = layoutOf(fn, c.shape, NVFP4_BLOCK);
  checkBytes(fn, 'c.codes', c.codes, 'Uint8Array', Math.ceil(layout.size / 2), 'quantizeNvfp4');
  checkBytes(fn, 'c.scales', c.scales, 'Uint8Array', layout.blocks, 'quantizeNvfp4');
  return layout;
}

/**
 * Largest error of an NVFP4 block as a share of its largest magnitude A, where its scale was not clamped: A between 6 * 2^-6 * tensorScale
 * and 6 * 448 * tensorScale. Reached to within rounding.
 *
 * Proof. Let q = A / 6 / g be what the scale s is rounded from, and y = x / (g s). Rounding to three mantissa bits takes s to at most 18 / 17
 * of q (just above 1 + 1/16, to 1 + 1/8) and at least 16 / 17 of it (just below that). Where |y| <= 6 the error is at most half of the largest
 * gap, g s <= 18 / 17 * A / 6 = 3 A / 17. Beyond, |y| <= 6 * 17 / 16, and the error is at most A - 6 g s <= A / 17. Float32 operations add less
 * than 2^-20.
 *
 * @see quantizeNvfp4
 */
export const NVFP4_RELATIVE_BOUND: number = (3 / 17) * (1 + 2 ** -20);

/** Unit roundoff of float32, half to even. */
const U = 2 ** -24;

/**
 * Returns a bound of the error of `c` that holds for every finite float32 or float64 input that quantizeNvfp4 turns into `c`.
 *
 * Formula: per element D * (reach + (|value| + reach) * 2^-21) + 2^-149, D = fround(tensorScale * block scale), value that of the code, reach half the
 * larger distance to a neighbour; `overflow` more at the largest value.
 *
 * Proof. y = fround(x * fround(fround(1 / g) / s)) is within 3.1 * 2^-24 relative of x / (g s), and so within 4.1 * 2^-24 of x / D; it is rounded to nearest. A
 * value of 6 also stands for what was clamped: with two levels |x| <= A <= 6.375 * g s (1 + 2^-22), which is nearer than reach; with one level a
 * block beyond 6 * 448 has D = 448 and lies at most `overflow` beyond 7 D. Decoding rounds once, float64 input once: 2^-24 of |x| each, or 2^-150.
 *
 * Numerics: Infinity for codes of scales that are NaN, which quantizeNvfp4 never makes.
 *
 * @returns maxAbs: largest |error| of an element; l2: root of the sum of squares over the tensor
 */
export function nvfp4ErrorBound(c: Nvfp4Tensor): { maxAbs: number; l2: number } {
  const { size, rows, width } = checkNvfp4Tensor('errorBound', c);
  const codes = unpackBytes(c.codes, size, 4);
  const perRow = Math.ceil(width / NVFP4_BLOCK);
  const counts = new Float64Array(256 * 8);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < perRow; j++) {
      const base = c.scales[r * perRow + j] * 8;
      const end = r * width + Math.min((j + 1) * NVFP4_BLOCK, width);
      for (let i = r * width + j * NVFP4_BLOCK; i < end; i++) counts[base + (codes[i] & 7)]++;
    }
  }
  const reaches = reachesOf(FLOAT_FORMATS[ELEMENT], 0);
  const values = decodeTable(SCALE_FORMAT);
  const sum = new BoundSum();
  for (let s = 0; s < 256; s++) {
    const scale = Math.abs(Math.fround(values[s] * c.tensorScale));
    for (let code = 0; code < 8; code++) {
      const { value, reach } = reaches[code];
      const isFinite = Math.fround(value * scale) < Infinity;
      const clamped = code === 7 ? c.overflow : 0;
      const bound = isFinite
        ? scale * (reach + (value + reach) * 8 * U) + clamped * (1 + U) + 2 ** -149
        : Infinity;
      sum.add(bound, counts[s * 8 + code]);
    }
  }
  return sum.bound();
}

/** Gives the record its printed form and pictures. */
export function nvfp4Tensor(c: Nvfp4Tensor): Nvfp4Tensor & Pictured {
  return codedTensor(c, {
    head: ({ shape, levels }) =>
      `Nvfp4Tensor of ${levels} level${levels === 1 ? '' : 's'} [${shape.join(', ')}]`,
    bytes: ({ codes, scales, levels }) => codes.byteLength + scales.byteLength + (levels === 2 ? 4 : 0),
    scales: wholeScales,
    decode: (record) => dequantizeNvfp4(record),
    boundOf: nvfp4ErrorBound,
    facts: ({ scales, tensorScale }) => [
      ['scales', `${scales.length} float8_e4m3fn`],
      ['scale of the tensor', String(tensorScale)],
    ],
  });
}

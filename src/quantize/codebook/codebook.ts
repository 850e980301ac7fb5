/** Codebook quantization: the public functions. */
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import type { Pictured } from '../../core/inspect.js';
import { outputFloats } from '../../core/numbers.js';
import { checkOptions } from '../../core/options.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';
import { toFloat32 } from '../affine/affine-scale.js';
import type { NonFinite } from '../affine/affine-types.js';
import { decodeCodes, encodeBlocks, encodeCodes } from './codebook-codes.js';
import { kMeans, type KMeansFit } from './codebook-kmeans.js';
import { nestAbsmax } from './codebook-nested.js';
import { checkCodebookOptions, type CodebookSettings, type KMeansSettings } from './codebook-options.js';
import { bitsFor, nearestCodebook, type Codebook } from './codebook-tables.js';
import { checkCodebookTensor, scalesOf } from './codebook-tensor.js';
import type { CodebookTensor, KMeansReport, QuantizeCodebookOptions } from './codebook-types.js';
import { codebookTensor } from './codebook-view.js';
import { nonFiniteError } from '../non-finite.js';

/**
 * Returns `x` in codes of a table of numbers, with the largest magnitude of each block.
 *
 * Formula: q = x * (1 / absmax), the code is that of the level nearest to q; x is restored as level * absmax. Without blocks q is x.
 *
 * Shapes: any. Blocks count elements in row-major order, across rows; the last may be shorter.
 *
 * Numerics: float64 input is rounded to float32 first; q takes two float32 operations, or one division where 1 / absmax is no normal
 * float32. What lies exactly between two levels goes to the lower one; the named tables decide by bitsandbytes' own thresholds: FP4
 * gives ties to the smaller magnitude and negative numbers that round to 0 the code of -0, dynamic8 gives ties to the even
 * code. 0 stays 0 where the table has a 0; a block of zeros takes that code. NaN and infinities are an error; with nonFinite 'saturate' they
 * become the code of 0 and the outermost ones and count as 0 in absmax. Empty tensors have no codes. Bound: `errorBound`; of absmax,
 * NF4 0.151904, FP4 0.166667, AF4 0.152796, dynamic8 0.0070317.
 *
 * k-means minimizes the sum of weights * squared errors, in blocks that of the restored values: Lloyd's method from quantiles, equal steps
 * and drawn starts, never worse than where it began. The result is the same on every engine.
 *
 * Cost: with SIMD one pass, about 0.7 ns per element for NF4, 1 ns for the other tables of 4 bits, 2 to 8 ns for other widths. k-means sorts:
 * 0.4 s and 40 bytes per element for 1 M elements.
 *
 * Compatible with: bitsandbytes 95f9af30, codes, absmax and nested absmax as its CUDA kernels decide: to the bit against the MatMulBnb4
 * quantizer of ONNX Runtime 1.30 (NF4, FP4), which has the same thresholds, and bitsandbytes' own functions on torch 2.14 (dynamic map,
 * nesting). Different on purpose: blocks of zeros, and absmax whose reciprocal is no normal float32, of which CUDA makes NaN.
 *
 * @param x a tensor of real numbers; never changed
 * @param options codebook, blockSize, doubleQuant, nonFinite
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const c = quantizeCodebook(Float32Array.of(-1, 0, 0.5, 1), { codebook: 'nf4' });
 * dequantizeCodebook(c); // Float32Array [-1, 0, 0.44070982933044434, 1]
 * quantizeCodebook(Float32Array.of(1, 1.1, 5, 5.1), { codebook: { kmeans: 2 } }).codebook; // Float32Array [1.0499999523162842, 5.050000190734863]
 * @see dequantizeCodebook
 * @see Dettmers et al. 2023, QLoRA; Dettmers et al. 2022, 8-bit optimizers via block-wise quantization; Yoshida 2023 (AF4)
 */
export function quantizeCodebook(x: TensorLike, options: QuantizeCodebookOptions): CodebookTensor & Pictured {
  const fn = 'quantizeCodebook';
  const { data, shape, size } = toContiguous(x, fn);
  const settings = checkCodebookOptions(fn, options, size);
  const { source, blockSize } = settings;
  const values = toFloat32(data);
  const bits = bitsFor(settings.count);
  const run = blockSize ?? Math.max(size, 1);
  const maxima = new Float32Array(Math.ceil(size / run));
  const isKnown = blockSize !== null && source.name !== 'kmeans';
  const early = isKnown ? encodeBlocks(values, maxima, run, source.book, bits) : null;
  if (early === null) kernels().absmaxRuns(maxima, values, 1, size, run);
  // The largest magnitudes tell whether everything is finite: no pass of its own is spent on that.
  const isFinite = maxima.every(Number.isFinite);
  const finite = isFinite ? values : zerosFor(fn, data, values, settings.nonFinite);
  if (!isFinite) kernels().absmaxRuns(maxima, finite, 1, size, run);
  const absmax = blockSize === null ? null : maxima;
  const { book, fit } = bookFor(settings, finite, absmax);
  return codebookTensor({
    kind: 'codebook',
    codes:
      early !== null && isFinite ? early : encodeCodes(values, absmax ?? Float32Array.of(1), run, book, bits),
    bits,
    codebook: book.levels,
    name: source.name,
    absmax: absmax !== null && settings.doubleQuant ? nestAbsmax(absmax) : absmax,
    blockSize,
    shape: [...shape],
    overflow: absmax === null ? overflowOf(finite, book) : 0,
    fit,
  });
}

/** `values`, which are `data` in float32, with 0 for NaN and infinities when they are to saturate; else the named error. */
function zerosFor(fn: string, data: FloatArray, values: F32, nonFinite: NonFinite): F32 {
  if (nonFinite === 'saturate') return values.map((v) => (Number.isFinite(v) ? v : 0));
  throw nonFiniteError(fn, data, values, "repair the tensor, or pass nonFinite: 'saturate'");
}

function bookFor(
  { source, blockSize }: CodebookSettings,
  x: F32,
  absmax: F32 | null,
): { book: Codebook; fit: KMeansReport | null } {
  if (source.name !== 'kmeans') return { book: source.book, fit: null };
  const { levels, iterations, inertia, startInertia } = fitLevels(source.kmeans, x, absmax, blockSize ?? 1);
  return { book: nearestCodebook(levels), fit: { iterations, inertia, startInertia } };
}

/** In blocks a squared error counts absmax^2 times what it counts in the quotients that the levels are for. */
function fitLevels({ k, seed, weights }: KMeansSettings, x: F32, absmax: F32 | null, run: number): KMeansFit {
  if (absmax === null) return kMeans(x, weights, k, seed);
  const quotients = new Float32Array(x.length);
  const scaled: F64 = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const a = absmax[Math.floor(i / run)];
    quotients[i] = a === 0 ? 0 : x[i] / a;
    scaled[i] = (weights === null ? 1 : weights[i]) * a * a;
  }
  // Zeros alone: every codebook is as good.
  return kMeans(quotients, scaled.some((w) => w > 0) ? scaled : null, k, seed);
}

/** At most 2^-50 above the truth, so that it may be added to a bound. */
function overflowOf(x: F32, { levels, order }: Codebook): number {
  const low = levels[order[0]];
  const high = levels[order[order.length - 1]];
  let overflow = 0;
  for (let i = 0; i < x.length; i++) {
    const beyond = x[i] > high ? x[i] - high : low - x[i];
    if (beyond > overflow) overflow = beyond;
  }
  return overflow * (1 + 2 ** -50);
}

/**
 * Returns the float32 values of a codebook tensor in row-major order: fround(level * absmax).
 *
 * @param c what quantizeCodebook returned
 * @param options `out`: a Float32Array of the tensor's size to write to, instead of a new one
 * @throws TypeError or RangeError when c or out do not fit together.
 * @example
 * dequantizeCodebook(quantizeCodebook(Float32Array.of(3, -6), { codebook: 'fp4' })); // Float32Array [3, -6]
 * @see quantizeCodebook
 */
export function dequantizeCodebook(c: CodebookTensor, options?: { readonly out?: Float32Array }): F32 {
  const fn = 'dequantizeCodebook';
  const size = checkCodebookTensor(fn, c);
  const { out } = checkOptions(fn, options, ['out']);
  const values = outputFloats(out, size, fn);
  const { scale, run } = scalesOf(c, size);
  decodeCodes(values, c.codes, scale, run, c.codebook, c.bits);
  return values;
}

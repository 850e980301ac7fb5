/** encodeMatMulNBits and decodeMatMulNBits: the weights of ONNX Runtime's MatMulNBits. */
import type { F32, U16, U8 } from '../core/arrays.js';
import { describe, NumericError, rangeError } from '../core/errors.js';
import { outputFloats } from '../core/numbers.js';
import { checkChoice, checkOptions } from '../core/options.js';
import { roundTo } from '../core/rounding.js';
import { toContiguous, type TensorLike } from '../core/tensor.js';
import { kernels } from '../kernels/dispatch.js';
import {
  checkBlockSize,
  checkMatMulNBits,
  checkWidth,
  layoutFor,
  type NBitsLayout,
} from './matmul-nbits-check.js';
import type { MatMulNBitsOptions, MatMulNBitsTensor } from './matmul-nbits-types.js';

const FN = 'encodeMatMulNBits';
const KEYS = ['bits', 'blockSize', 'mapping', 'scaleDtype', 'inputAxis'] as const;

/** A block's grid: value = scale * (code - zeroPoint). */
interface Grid {
  readonly scale: number;
  readonly zeroPoint: number;
}

/**
 * Returns the codes, scales and zero points of a MatMulNBits node: the bytes that ONNX Runtime's quantizer writes for round to nearest.
 *
 * Formula, in float32: symmetric: m = the value of largest magnitude (the smallest value when two are equal), scale = m / -2^(bits - 1), which is
 * negative for m > 0, zero point 2^(bits - 1). Asymmetric: scale = (max - min) / (2^bits - 1) with 0 inside [min, max], zero point = -min / scale
 * rounded. code = clamp(round(x * (1 / scale) + zero point)), halves away from zero. A scale of 0 has the codes of 0.
 *
 * Shapes: w is [K, N], or [N, K] with inputAxis -1. Blocks run along K; the last may be shorter and has a scale of its own.
 *
 * Numerics: float64 is rounded to float32 first. NaN and infinities are an error. Bounds, s being the block's scale: symmetric |s|, a full step, at the
 * end opposite to m (m itself is exact), |s| / 2 up to (2^(bits - 1) - 1/2) |s| there; asymmetric |s| / 2. Each grows by (2^bits + 2) 2^-22 |s| of
 * float32 rounding, and with float16 scales that are normal numbers by 2^(bits - 11) |s|.
 * Blocks whose 1 / scale exceeds float32 (magnitudes below 2^-120) become 0.
 *
 * Cost: two passes over every block.
 *
 * Compatible with: onnxruntime 1.30.0 (MLAS), `quantize_matmul_2bits`, `_4bits` and `_8bits`, to the byte; where 1 / scale exceeds float32, C converts NaN to
 * an integer, which has no defined result.
 *
 * @param w a matrix of real numbers; never changed
 * @param options bits, blockSize, mapping, scaleDtype, inputAxis
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value, RANGE_OVERFLOW for a block whose
 * max - min exceeds float32, SCALE_OVERFLOW for a scale that exceeds float16.
 * @example
 * const w = { data: Float32Array.from({ length: 64 }, (_, i) => i - 32), shape: [32, 2] };
 * encodeMatMulNBits(w, { bits: 4, blockSize: 32 }).scales; // Float32Array [4, 3.875]
 * @see decodeMatMulNBits
 */
export function encodeMatMulNBits(w: TensorLike, options?: MatMulNBitsOptions): MatMulNBitsTensor {
  const settings = checkOptions(FN, options, KEYS);
  const bits = checkWidth(FN, settings.bits ?? 4);
  const blockSize = checkBlockSize(FN, settings.blockSize ?? 32);
  const mapping = checkChoice(FN, 'mapping', settings.mapping ?? 'symmetric', ['symmetric', 'asymmetric']);
  const scaleDtype = checkChoice(FN, 'scaleDtype', settings.scaleDtype ?? 'float32', ['float32', 'float16']);
  const inputAxis = checkInputAxis(settings.inputAxis ?? -2);
  const { data, shape } = toContiguous(w, FN, 'w');
  if (shape.length !== 2) throw rangeError(FN, 'w', 'a matrix', shape, 'reshape it to [K, N]');
  const isTransposed = inputAxis === -1;
  const [K, N] = isTransposed ? [shape[1], shape[0]] : shape;
  const layout = layoutFor(FN, [K, N], bits, blockSize);
  const values: F32 = data instanceof Float32Array ? data : Float32Array.from(data);
  const index = kernels().firstNonFinite(values);
  if (index >= 0) throw failure('NON_FINITE', 'finite float32 values', data[index], index);

  const { codes, zeroPoints } = newArrays(layout, mapping);
  const scales = new Float32Array(N * layout.blocks);
  const line = new Float32Array(K);
  for (let n = 0; n < N && K > 0; n++) {
    if (isTransposed) line.set(values.subarray(n * K, (n + 1) * K));
    else for (let k = 0; k < K; k++) line[k] = values[k * N + n];
    encodeLine({ codes, scales, zeroPoints }, line, n, layout, scaleDtype);
  }
  return {
    kind: 'matmulnbits',
    K,
    N,
    bits,
    blockSize,
    codes,
    scales: scaleDtype === 'float32' ? scales : float16Codes(scales),
    scaleDtype,
    zeroPoints,
  };
}

function checkInputAxis(axis: unknown): -1 | -2 {
  if (axis === -1 || axis === -2) return axis;
  throw rangeError(FN, 'inputAxis', '-2 for [K, N] or -1 for [N, K]', axis, 'w is a matrix');
}

function failure(code: string, expected: string, got: number, index: number): NumericError {
  const message = `${FN}: "w" expected ${expected}, got ${describe(got)} at index ${index} - repair the tensor`;
  return new NumericError(code, message, index);
}

function newArrays(
  { N, blocks, blockBytes, zeroBytes, bits }: NBitsLayout,
  mapping: 'symmetric' | 'asymmetric',
): { codes: U8; zeroPoints: U8 | null } {
  try {
    const codes = new Uint8Array(N * blocks * blockBytes);
    if (mapping === 'symmetric') return { codes, zeroPoints: null };
    const zeroPoints = new Uint8Array(N * zeroBytes);
    // Where blocks do not fill the last byte of a column, the quantizer leaves the middle code behind them.
    const perByte = 8 / bits;
    for (let b = blocks; b < zeroBytes * perByte; b++) {
      for (let n = 0; n < N; n++) putCode(zeroPoints, n * zeroBytes, b, 2 ** (bits - 1), bits);
    }
    return { codes, zeroPoints };
  } catch {
    throw rangeError(FN, 'w', 'a matrix whose codes fit into memory', N * blocks, 'split it');
  }
}

interface LineArrays {
  readonly codes: U8;
  readonly scales: F32;
  readonly zeroPoints: U8 | null;
}

function encodeLine(
  { codes, scales, zeroPoints }: LineArrays,
  line: F32,
  n: number,
  layout: NBitsLayout,
  scaleDtype: 'float32' | 'float16',
): void {
  const { K, bits, blockSize, blocks, blockBytes, zeroBytes } = layout;
  for (let b = 0; b < blocks; b++) {
    const begin = b * blockSize;
    const block = line.subarray(begin, Math.min(K, begin + blockSize));
    const grid = gridOf(block, bits, zeroPoints !== null);
    if (!Number.isFinite(grid.scale))
      throw failure('RANGE_OVERFLOW', 'a range within float32', grid.scale, n);
    const scale = scaleDtype === 'float32' ? grid.scale : roundFloat16(grid.scale);
    if (!Number.isFinite(scale)) throw failure('SCALE_OVERFLOW', 'scales within float16', grid.scale, n);
    scales[n * blocks + b] = scale;
    if (zeroPoints !== null) putCode(zeroPoints, n * zeroBytes, b, grid.zeroPoint, bits);
    encodeBlock(codes, (n * blocks + b) * blockBytes, block, { ...grid, scale }, bits);
  }
  fillLastByte(codes, n, layout);
}

/**
 * MLAS codes as many elements at a time as share a byte, in a buffer that it clears once for as many blocks. Where the last byte of a column is
 * not full, the rest of that buffer is written too: the codes of one byte earlier, or 0 before the first.
 */
function fillLastByte(codes: U8, n: number, { K, bits, blockSize, blocks, blockBytes }: NBitsLayout): void {
  const perByte = 8 / bits;
  const used = K % perByte;
  if (used === 0 || (K - used) % (blockSize * perByte) === 0) return;
  const last = n * blocks * blockBytes + (K - used) / perByte;
  codes[last] |= codes[last - 1] & (0xff << (used * bits));
}

function gridOf(block: F32, bits: number, isAsymmetric: boolean): Grid {
  let min = block[0];
  let max = block[0];
  for (const x of block) {
    if (x < min) min = x;
    if (x > max) max = x;
  }
  const top = 2 ** bits - 1;
  const middle = 2 ** (bits - 1);
  if (!isAsymmetric) {
    const extreme = Math.abs(max) > Math.abs(min) ? max : min;
    return ordinary(Math.fround(extreme / -middle), middle);
  }
  min = Math.min(min, 0);
  max = Math.max(max, 0);
  const scale = Math.fround(Math.fround(max - min) / top);
  const zero = scale === 0 ? 0 : roundTo(Math.fround(-Math.fround(min / scale)), 'halfAwayFromZero');
  return ordinary(scale, Math.min(Math.max(zero, 0), top));
}

/** The grid, or that of zeros where 1 / scale is beyond float32. */
function ordinary(scale: number, zeroPoint: number): Grid {
  return Math.fround(1 / scale) === Math.sign(scale) * Infinity
    ? { scale: 0, zeroPoint }
    : { scale, zeroPoint };
}

function encodeBlock(codes: U8, base: number, block: F32, { scale, zeroPoint }: Grid, bits: number): void {
  const top = 2 ** bits - 1;
  const reciprocal = scale === 0 ? 0 : Math.fround(1 / scale);
  for (let i = 0; i < block.length; i++) {
    const position = Math.fround(Math.fround(block[i] * reciprocal) + zeroPoint);
    // Below 0 all become 0, so halves away from zero are halves up here; the sum is exact below 2^23.
    const code = position <= 0 ? 0 : Math.min(Math.floor(position + 0.5), top);
    putCode(codes, base, i, code, bits);
  }
}

/** Sets code i of those that begin at byte `base`; its bits were 0. */
export function putCode(bytes: U8, base: number, i: number, code: number, bits: number): void {
  const at = i * bits;
  bytes[base + (at >>> 3)] |= code << (at & 7);
}

/** Code i of those that begin at byte `base`. */
export function takeCode(bytes: U8, base: number, i: number, bits: number): number {
  const at = i * bits;
  return (bytes[base + (at >>> 3)] >>> (at & 7)) & (2 ** bits - 1);
}

function float16Codes(values: F32): U16 {
  const codes = new Uint16Array(values.length);
  kernels().encodeFloat16(codes, values);
  return codes;
}

function float16Values(codes: U16): F32 {
  const values = new Float32Array(codes.length);
  kernels().decodeFloat16(values, codes);
  return values;
}

const roundFloat16 = (x: number): number => float16Values(float16Codes(Float32Array.of(x)))[0];

/** The scales as numbers. */
export function scaleValues({ scales }: Pick<MatMulNBitsTensor, 'scales'>): F32 {
  return scales instanceof Float32Array ? scales : float16Values(scales as U16);
}

/**
 * Returns the float32 values of a MatMulNBits weight, [K, N].
 *
 * Formula: scale * (code - zero point), one float32 product.
 *
 * Shapes: [K, N], ONNX's order; [N, K] with inputAxis -1.
 *
 * Numerics: any codes are decoded; a scale that is NaN or infinite gives NaN or infinities.
 *
 * Cost: one pass.
 *
 * Compatible with: onnxruntime 1.30.0, what MatMulNBits multiplies by with float32 arithmetic (accuracy_level 0 or 1).
 *
 * @param q the weight, such as encodeMatMulNBits makes it
 * @param options inputAxis; `out`: a Float32Array of K * N elements to write to
 * @throws TypeError or RangeError for arguments, parts that do not fit together among them.
 * @example
 * const w = { data: Float32Array.from({ length: 64 }, (_, i) => i - 32), shape: [32, 2] };
 * decodeMatMulNBits(encodeMatMulNBits(w, { bits: 8 }))[0]; // -32
 * @see encodeMatMulNBits
 */
export function decodeMatMulNBits(
  q: MatMulNBitsTensor,
  options?: { readonly inputAxis?: -1 | -2; readonly out?: Float32Array },
): F32 {
  const fn = 'decodeMatMulNBits';
  const layout = checkMatMulNBits(fn, q);
  const { inputAxis, out } = checkOptions(fn, options, ['inputAxis', 'out']);
  const isTransposed = checkInputAxis(inputAxis ?? -2) === -1;
  const { K, N, bits, blockSize, blocks, blockBytes, zeroBytes } = layout;
  const values = outputFloats(out, K * N, fn);
  const scales = scaleValues(q);
  const [stepK, stepN] = isTransposed ? [1, K] : [N, 1];
  for (let n = 0; n < N && K > 0; n++) {
    for (let b = 0; b < blocks; b++) {
      const zero = q.zeroPoints === null ? 2 ** (bits - 1) : takeCode(q.zeroPoints, n * zeroBytes, b, bits);
      const scale = scales[n * blocks + b];
      const base = (n * blocks + b) * blockBytes;
      const begin = b * blockSize;
      const count = Math.min(K - begin, blockSize);
      let to = begin * stepK + n * stepN;
      for (let i = 0; i < count; i++, to += stepK)
        values[to] = scale * (takeCode(q.codes, base, i, bits) - zero);
    }
  }
  return values;
}

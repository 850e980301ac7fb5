/** MatMulNBits weights from and to what shares their grid: affine tensors in groups, Q4_0 and Q8_0. */
import type { F32, U16, U8 } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkChoice, checkOptions, isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import { kernels } from '../kernels/dispatch.js';
import { checkBytes } from './decode.js';
import { checkBlockSize, checkMatMulNBits, checkWidth, layoutFor } from './matmul-nbits-check.js';
import { putCode, scaleValues, takeCode } from './matmul-nbits.js';
import type { MatMulNBitsTensor } from './matmul-nbits-types.js';
import { matrixOf, storedScales, tensorOf, type CodeMatrix } from './packing-matrix.js';
import type { AffineCodes } from './packing-types.js';
import type { BlockTensor } from './types.js';

/** Elements of a block of Q4_0 and Q8_0. */
const BLOCK = 32;

export interface PackMatMulNBitsOptions {
  /** Type of the scales, which is that of the layer's inputs. Default 'float32'. */
  readonly scaleDtype?: 'float32' | 'float16';
}

/**
 * Returns affine codes (of quantizeAffine, gptq, awq, unpackGptq ...) as the weight of a MatMulNBits node, without rounding.
 *
 * Formula: codes and zero points count from 0, symmetric codes lie 2^(bits - 1) higher; where that is every zero point, the weight has none.
 *
 * Shapes: q is [N, K], PyTorch's order, of 2, 4 or 8 bits, in groups of a power of two from 16 to 256 along K.
 *
 * Numerics: nothing is rounded.
 *
 * Cost: one pass.
 *
 * Compatible with: onnxruntime 1.30.0, com.microsoft MatMulNBits.
 *
 * @param q codes in groups along rows
 * @param options scaleDtype
 * @throws TypeError or RangeError for arguments: other widths and groups, scales that scaleDtype cannot hold.
 * @example
 * const w = { data: Float32Array.from({ length: 64 }, (_, i) => i - 32), shape: [2, 32] };
 * packMatMulNBits(quantizeAffine(w, { bits: 4, granularity: { kind: 'group', groupSize: 32 } })).zeroPoints; // null
 * @see unpackMatMulNBits
 */
export function packMatMulNBits(q: AffineCodes, options?: PackMatMulNBitsOptions): MatMulNBitsTensor {
  const fn = 'packMatMulNBits';
  const { scaleDtype = 'float32' } = checkOptions(fn, options, ['scaleDtype']);
  checkChoice(fn, 'scaleDtype', scaleDtype, ['float32', 'float16']);
  const m = matrixOf(fn, q);
  const blockSize = checkBlockSize(fn, m.groupSize);
  const layout = layoutFor(fn, [m.columns, m.rows], checkWidth(fn, m.bits), blockSize);
  const { K, N, bits, blocks, blockBytes, zeroBytes } = layout;
  const codes = new Uint8Array(N * blocks * blockBytes);
  const middle = 2 ** (bits - 1);
  const zeroPoints = m.zeros.every((zero) => zero === middle) ? null : new Uint8Array(N * zeroBytes);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) putCode(codes, n * blocks * blockBytes, k, m.codes[n * K + k], bits);
    if (zeroPoints === null) continue;
    for (let b = 0; b < blocks; b++) putCode(zeroPoints, n * zeroBytes, b, m.zeros[n * blocks + b], bits);
  }
  const scales = storedScales(fn, m.scales, scaleDtype);
  return { kind: 'matmulnbits', K, N, bits, blockSize, codes, scales, scaleDtype, zeroPoints };
}

/**
 * Returns the weight of a MatMulNBits node as dequantizeAffine, packGptq and the other packings take it, without rounding.
 *
 * Formula: the inverse of packMatMulNBits. `overflow` of the result is the largest float64: nothing is known about the distance to the weights.
 *
 * Shapes: [N, K].
 *
 * Numerics: nothing is rounded.
 *
 * Cost: one pass.
 *
 * Compatible with: what packMatMulNBits is.
 *
 * @param q the weight
 * @throws TypeError or RangeError for parts that do not fit together.
 * @example
 * const w = { data: Float32Array.from({ length: 64 }, (_, i) => i - 32), shape: [32, 2] };
 * unpackMatMulNBits(encodeMatMulNBits(w)).shape; // [2, 32]
 * @see packMatMulNBits
 */
export function unpackMatMulNBits(q: MatMulNBitsTensor): AffineCodes {
  return tensorOf(matrixOfNBits('unpackMatMulNBits', q), q.scaleDtype);
}

function matrixOfNBits(fn: string, q: MatMulNBitsTensor): Omit<CodeMatrix, 'isSigned'> {
  const { K, N, bits, blockSize, blocks, blockBytes, zeroBytes } = checkMatMulNBits(fn, q);
  const codes = new Uint8Array(N * K);
  const zeros = new Uint8Array(N * blocks).fill(2 ** (bits - 1));
  for (let n = 0; n < N && K > 0; n++) {
    for (let k = 0; k < K; k++) codes[n * K + k] = takeCode(q.codes, n * blocks * blockBytes, k, bits);
    if (q.zeroPoints === null) continue;
    for (let b = 0; b < blocks; b++) zeros[n * blocks + b] = takeCode(q.zeroPoints, n * zeroBytes, b, bits);
  }
  const scales = Float32Array.from(scaleValues(q));
  return { rows: N, columns: K, bits, groupSize: blockSize, groups: blocks, codes, scales, zeros };
}

/**
 * Returns a symmetric MatMulNBits weight in blocks of 32 as blocks of ggml, without rounding: 4 bits become Q4_0, 8 bits Q8_0.
 *
 * Formula: both have value = scale * (code - 2^(bits - 1)); Q4_0 pairs elements j and j + 16 in a byte, MatMulNBits j and j + 1; Q8_0 stores codes 128 lower.
 *
 * Shapes: the weight's [N, K] in rows, ggml's order; K a multiple of 32.
 *
 * Numerics: nothing is rounded: scales have to be float16 numbers, as they are with scaleDtype 'float16'.
 *
 * Cost: one pass.
 *
 * Compatible with: ggml's Q4_0 and Q8_0, and com.microsoft MatMulNBits.
 *
 * @param q the weight, without zero points
 * @throws TypeError or RangeError for parts that do not fit together: other widths, blocks and lengths, zero points, scales that are no float16 numbers.
 * @example
 * const w = { data: Float32Array.from({ length: 64 }, (_, i) => i - 32), shape: [32, 2] };
 * matMulNBitsToBlocks(encodeMatMulNBits(w, { scaleDtype: 'float16' })).type; // 'Q4_0'
 * @see blocksToMatMulNBits
 */
export function matMulNBitsToBlocks(q: MatMulNBitsTensor): BlockTensor {
  const fn = 'matMulNBitsToBlocks';
  const { K, N, bits, blockSize, blocks } = checkMatMulNBits(fn, q);
  if (blockSize !== BLOCK)
    throw rangeError(fn, 'q.blockSize', '32', blockSize, 'encode it with blocks of 32');
  if (bits === 2) throw rangeError(fn, 'q.bits', '4 or 8', bits, 'ggml has no such type of 2 bits');
  if (K % BLOCK !== 0) throw rangeError(fn, 'q.K', 'a multiple of 32', K, 'ggml has whole blocks only');
  const { codes, scales, zeros } = matrixOfNBits(fn, q);
  const index = zeros.findIndex((zero) => zero !== 2 ** (bits - 1));
  if (index >= 0) {
    const fix = "encode it with mapping: 'symmetric'";
    throw rangeError(fn, 'q.zeroPoints', `${2 ** (bits - 1)} everywhere`, zeros[index], fix);
  }
  const half = storedScales(fn, scales, 'float16') as U16;
  const size = 2 + (BLOCK * bits) / 8;
  const bytes = new Uint8Array(N * blocks * size);
  for (let b = 0; b < N * blocks; b++) {
    bytes[b * size] = half[b] & 255;
    bytes[b * size + 1] = half[b] >>> 8;
    for (let j = 0; j < BLOCK; j++) {
      const code = codes[b * BLOCK + j];
      if (bits === 8) bytes[b * size + 2 + j] = code - 128;
      else bytes[b * size + 2 + (j % 16)] |= j < 16 ? code : code << 4;
    }
  }
  return { kind: 'block', type: bits === 4 ? 'Q4_0' : 'Q8_0', shape: [N, K], bytes };
}

/**
 * Returns blocks of ggml as a symmetric MatMulNBits weight, without rounding: Q4_0 becomes 4 bits, Q8_0 8 bits, in blocks of 32.
 *
 * Formula: the inverse of matMulNBitsToBlocks.
 *
 * Shapes: [N, K], ggml's order: a row per output.
 *
 * Numerics: nothing is rounded: every float16 scale is a float32.
 *
 * Cost: one pass.
 *
 * Compatible with: ggml's Q4_0 and Q8_0, and com.microsoft MatMulNBits.
 *
 * @param t a matrix in blocks, such as encodeBlocks makes it or a GGUF file holds it
 * @param options scaleDtype: 'float32' (the default) or 'float16'
 * @throws TypeError or RangeError for arguments: other types and shapes, bytes that do not fit the shape.
 * @example
 * const w = { data: Float32Array.from({ length: 64 }, (_, i) => i - 32), shape: [2, 32] };
 * blocksToMatMulNBits(encodeBlocks(w, { type: 'Q8_0' })).bits; // 8
 * @see matMulNBitsToBlocks
 */
export function blocksToMatMulNBits(t: BlockTensor, options?: PackMatMulNBitsOptions): MatMulNBitsTensor {
  const fn = 'blocksToMatMulNBits';
  const { scaleDtype = 'float32' } = checkOptions(fn, options, ['scaleDtype']);
  checkChoice(fn, 'scaleDtype', scaleDtype, ['float32', 'float16']);
  if (!isPlainObject(t) || t.kind !== 'block')
    throw typeError(fn, 't', 'a BlockTensor', t, 'use encodeBlocks');
  const bits = checkChoice(fn, 't.type', t.type, ['Q4_0', 'Q8_0']) === 'Q4_0' ? 4 : 8;
  const elements = elementCount(t.shape, fn, 't.shape');
  if (t.shape.length !== 2 || t.shape[1] % BLOCK !== 0) {
    throw rangeError(fn, 't.shape', '[N, K] with K a multiple of 32', t.shape, 'reshape the tensor');
  }
  const bytes = checkBytes(fn, t.bytes);
  const [N, K] = t.shape;
  const size = 2 + (BLOCK * bits) / 8;
  const count = elements / BLOCK;
  if (bytes.length !== count * size) {
    throw rangeError(fn, 't.bytes', `${count * size} bytes`, bytes.length, 'correct t.shape');
  }
  const half = new Uint16Array(count);
  const codes = new Uint8Array(count * (size - 2));
  for (let b = 0; b < count; b++) {
    half[b] = bytes[b * size] | (bytes[b * size + 1] << 8);
    for (let j = 0; j < BLOCK; j++)
      putCode(codes, b * (size - 2), j, codeAt(bytes, b * size + 2, j, bits), bits);
  }
  const scales = scaleDtype === 'float16' ? half : float16Values(half);
  return { kind: 'matmulnbits', K, N, bits, blockSize: BLOCK, codes, scales, scaleDtype, zeroPoints: null };
}

function codeAt(bytes: U8, base: number, j: number, bits: number): number {
  if (bits === 8) return (bytes[base + j] + 128) & 255;
  return j < 16 ? bytes[base + j] & 15 : bytes[base + j - 16] >>> 4;
}

function float16Values(codes: U16): F32 {
  const values = new Float32Array(codes.length);
  kernels().decodeFloat16(values, codes);
  return values;
}

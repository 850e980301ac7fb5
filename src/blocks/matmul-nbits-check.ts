/** Whether the parts of a MatMulNBits weight fit together, and how long they are. */
import { arrayTag } from '../core/array-tag.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkAttached } from '../core/numbers.js';
import { checkChoice, checkInteger, isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import type { MatMulNBitsTensor, MatMulNBitsWidth } from './matmul-nbits-types.js';

const MADE_BY = 'make it with encodeMatMulNBits';

/** Lengths that follow from K, N, bits and the block size. */
export interface NBitsLayout {
  readonly K: number;
  readonly N: number;
  readonly bits: MatMulNBitsWidth;
  readonly blockSize: number;
  /** Blocks of a column; the last may be shorter than blockSize. */
  readonly blocks: number;
  readonly blockBytes: number;
  /** Bytes of the zero points of a column. */
  readonly zeroBytes: number;
}

export function checkWidth(fn: string, bits: unknown): MatMulNBitsWidth {
  if (bits === 2 || bits === 4 || bits === 8) return bits;
  throw rangeError(fn, 'bits', '2, 4 or 8', bits, 'MatMulNBits of ONNX Runtime has no other widths');
}

export function checkBlockSize(fn: string, blockSize: unknown): number {
  const size = checkInteger(fn, 'blockSize', blockSize, 16, 256);
  if ((size & (size - 1)) === 0) return size;
  throw rangeError(fn, 'blockSize', 'a power of two from 16 to 256', size, 'pass for example 32');
}

export function layoutFor(
  fn: string,
  [K, N]: readonly [K: number, N: number],
  bits: MatMulNBitsWidth,
  blockSize: number,
): NBitsLayout {
  const blocks = Math.ceil(K / blockSize);
  elementCount([N, blocks, blockSize], fn, 'w.shape');
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  return { K, N, bits, blockSize, blocks, blockBytes: (blockSize * bits) / 8, zeroBytes };
}

/** The layout of `q`, after checking that its arrays are of the kinds and lengths that follow from it. */
export function checkMatMulNBits(fn: string, q: MatMulNBitsTensor): NBitsLayout {
  if (!isPlainObject(q) || q.kind !== 'matmulnbits')
    throw typeError(fn, 'q', 'a MatMulNBitsTensor', q, MADE_BY);
  const K = checkInteger(fn, 'q.K', q.K, 0, Number.MAX_SAFE_INTEGER);
  const N = checkInteger(fn, 'q.N', q.N, 0, Number.MAX_SAFE_INTEGER);
  const layout = layoutFor(fn, [K, N], checkWidth(fn, q.bits), checkBlockSize(fn, q.blockSize));
  const { blocks, blockBytes, zeroBytes } = layout;
  const dtype = checkChoice(fn, 'q.scaleDtype', q.scaleDtype, ['float32', 'float16']);
  checkPart(fn, 'q.codes', q.codes, 'Uint8Array', N * blocks * blockBytes);
  checkPart(fn, 'q.scales', q.scales, dtype === 'float32' ? 'Float32Array' : 'Uint16Array', N * blocks);
  if (q.zeroPoints !== null) checkPart(fn, 'q.zeroPoints', q.zeroPoints, 'Uint8Array', N * zeroBytes);
  return layout;
}

function checkPart(
  fn: string,
  argument: string,
  array: MatMulNBitsTensor['codes'] | MatMulNBitsTensor['scales'],
  tag: 'Uint8Array' | 'Uint16Array' | 'Float32Array',
  length: number,
): void {
  if (arrayTag(array) !== tag) throw typeError(fn, argument, `a ${tag}`, array, MADE_BY);
  checkAttached(array, fn, argument);
  if (array.length !== length) {
    throw rangeError(fn, argument, `${length} elements`, array.length, 'correct K, N, bits and blockSize');
  }
}

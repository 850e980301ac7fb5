/** encodeBlocks. */
import { arrayTag } from '../core/array-tag.js';
import type { F32, U8 } from '../core/arrays.js';
import { describe, NumericError, rangeError, typeError } from '../core/errors.js';
import { numbersOf } from '../core/numbers.js';
import { checkOptions } from '../core/options.js';
import { toContiguous, type TensorLike } from '../core/tensor.js';
import { kernels } from '../kernels/dispatch.js';
import { encoderOf } from './codecs.js';
import { layoutOf, type BlockLayout } from './layout.js';
import { checkType } from './traits.js';
import type { BlockTensor, EncodeBlocksOptions } from './types.js';

const FN = 'encodeBlocks';

/**
 * Returns `x` in blocks of a type of ggml: the bytes that `ggml_quantize_chunk` writes.
 *
 * Formula: docs/formats.md has every type's bytes. Scale and codes come from the block's extremes (Q4_0 to Q8_0, Q1_0, Q2_0, TQ, MXFP4, NVFP4, F16, BF16) or from
 * a search for the least weighted squared error (Q2_K to Q6_K, IQ4, and Q4_0 to Q5_1 with importance; Q2_K without importance weighs absolute errors).
 *
 * Shapes: any, in rows along the last axis; each row is whole blocks. A scalar is a row of one. A tensor without elements gives no bytes.
 *
 * Numerics: float64 is rounded to float32 first. Then every operation is rounded to float32 in the order of ggml's C code built without fused
 * multiply-add, its default. NaN and infinities are an error. Scales beyond float16 become infinite, as in ggml: `validateBlocks` finds them. Float16 and
 * bfloat16 are rounded half to even. Bounds, proved in docs/numerics.md, A being a block's largest magnitude: Q8_0 A / 254, Q4_0 A / 8, Q5_0 A / 16, TQ A / 2,
 * MXFP4 A / 4 and little more; none for K-quants, whose small sub-blocks may vanish beside large ones.
 *
 * Cost: one pass; K-quants and IQ4 try 16 to 37 scales per sub-block, with importance most.
 *
 * Compatible with: ggml d99724f2 (August 2026), every encoder here to the byte; one exception, an MXFP4 block whose largest magnitude is below 2^-125, where
 * C converts a negative number to an unsigned byte, which has no defined result: its scale is 2^-127 here.
 *
 * @param x a tensor of real numbers; never changed
 * @param options type; importance of the columns, finite and >= 0 but not all 0. Types without a search ignore it, as ggml does
 * @throws TypeError or RangeError for arguments, rows that are no whole blocks among them; NumericError NON_FINITE with the index of the first bad
 * value, IMPORTANCE_NOT_FINITE, IMPORTANCE_NEGATIVE or IMPORTANCE_ZERO.
 * @example
 * const x = Float32Array.from({ length: 64 }, (_, i) => i - 32);
 * encodeBlocks(x, { type: 'Q8_0' }).bytes.length; // 68
 * @see decodeBlocks
 */
export function encodeBlocks(x: TensorLike, options: EncodeBlocksOptions): BlockTensor {
  const { type, importance } = checkOptions(FN, options, ['type', 'importance']);
  const traits = checkType(FN, type);
  const encoder = encoderOf(traits.type);
  if (encoder === null) {
    throw rangeError(FN, 'type', 'a type that can be encoded', type, 'IQ4_XS and Q2_K are the smallest');
  }
  const { data, shape } = toContiguous(x, FN);
  const layout = layoutOf(FN, 'x', shape, traits);
  const columns = importance === undefined ? null : checkImportance(importance, layout.width);
  const values: F32 = data instanceof Float32Array ? data : Float32Array.from(data);
  const index = kernels().firstNonFinite(values);
  if (index >= 0) {
    const got = `${describe(data[index])} at index ${index}`;
    throw new NumericError(
      'NON_FINITE',
      `${FN}: "x" expected finite float32 values, got ${got} - repair the tensor`,
      index,
    );
  }
  const bytes = allocateBytes(layout);
  if (layout.blocks > 0) encoder(bytes, values, layout.rows, layout.width, columns);
  return { kind: 'block', type: traits.type, shape: Array.from(shape), bytes };
}

function allocateBytes({ bytes }: BlockLayout): U8 {
  try {
    return new Uint8Array(bytes);
  } catch {
    throw rangeError(FN, 'x', 'a tensor whose blocks fit into memory', bytes, 'split the tensor');
  }
}

/** Importance as float32: finite, at least 0, one above 0, one number per column. */
function checkImportance(importance: unknown, width: number): F32 {
  const isList = Array.isArray(importance) || arrayTag(importance) !== null;
  if (!isList) {
    throw typeError(
      FN,
      'importance',
      'a Float32Array',
      importance,
      'pass one number per column, or leave it out',
    );
  }
  const { values } = numbersOf(importance, FN, 'importance');
  if (values.length !== width) {
    throw rangeError(
      FN,
      'importance',
      `${width} numbers, one per element of the last axis`,
      values.length,
      'take the row of this tensor',
    );
  }
  const columns: F32 = Float32Array.from(values);
  let sum = 0;
  for (let i = 0; i < width; i++) {
    const value = columns[i];
    if (!Number.isFinite(value)) throw importanceError('IMPORTANCE_NOT_FINITE', values[i], i);
    if (value < 0) throw importanceError('IMPORTANCE_NEGATIVE', values[i], i);
    sum += value;
  }
  if (sum === 0 && width > 0) throw importanceError('IMPORTANCE_ZERO', 0, null);
  return columns;
}

function importanceError(code: string, got: number, index: number | null): NumericError {
  const place = index === null ? 'everywhere' : `at index ${index}`;
  const message = `${FN}: "importance" expected finite numbers >= 0, not all 0, got ${describe(got)} ${place}`;
  return new NumericError(code, `${message} - leave it out for this tensor`, index);
}

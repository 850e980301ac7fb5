/** encodeGgufTensor. */
import { decodeBlocks } from '../../blocks/decode.js';
import { encodeBlocks } from '../../blocks/encode.js';
import type { BlockType } from '../../blocks/types.js';
import type { AnyTypedArray, F32, F64, U16, U8 } from '../../core/arrays.js';
import { describe, NumericError, quote } from '../../core/errors.js';
import { GGML_TYPES } from '../../core/ggml-types.js';
import { elementCount } from '../../core/shape.js';
import type { Tensor } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';
import type { ErrorSums } from '../../kernels/types.js';
import { errorSums, measuresOfSums, type ErrorMeasures } from '../../metrics/error.js';
import { inTensor } from '../in-tensor.js';
import type { GgufPlanEntry } from './types.js';

/** Elements that are float32 at a time: 4 MiB of them. */
const SLAB = 2 ** 20;

export interface EncodedGgufTensor {
  /** What the file holds: elements of F32, codes of F16 and BF16, the bytes of blocks. */
  readonly data: AnyTypedArray;
  /** Between the model's values and what the file gives back. */
  readonly measures: ErrorMeasures;
}

/**
 * Returns one tensor of a plan as the file will hold it, and how far that is from the model's values.
 *
 * Shapes: `tensor` has the shape of the entry. Rows of queries and keys change their places inside each head: row 2 i + s of a head of d rows is row
 * s d / 2 + i of the model.
 *
 * Numerics: float64 is rounded to float32, the rest is exact on the way to float32; then encodeBlocks. NaN and infinities are an error, and so are values
 * beyond the range of float16 under F16. Errors are summed in float64.
 *
 * Cost: the encoded tensor, and float32 for a million elements at a time.
 *
 * Compatible with: llama-quantize (August 2026), whose input is the F32 file of the same model, to the byte.
 *
 * @param entry from planGguf
 * @param tensor the model's tensor `entry.source`: float32, float16, bfloat16 or float64
 * @throws NumericError NON_FINITE or OVERFLOW (float16) with the model's index of the bad value, IMPORTANCE_* from encodeBlocks.
 * @example
 * const [entry] = planGguf(llama, llamaFiles, { type: 'Q8_0' }).entries;
 * const { data } = encodeGgufTensor(entry, await llama.read('lm_head.weight'));
 * [entry.name, data.length]; // ['output.weight', 70448]
 */
export function encodeGgufTensor(entry: GgufPlanEntry, tensor: Tensor): EncodedGgufTensor {
  const { shape, rotaryHeads } = entry;
  const rows = shape.length < 2 ? 1 : shape[0];
  const width = shape.length < 2 ? elementCount(shape, 'encodeGgufTensor') : shape[1];
  // A vector of queries or keys is a bias, whose elements move as the rows do.
  const isVector = shape.length < 2 && rotaryHeads > 0;
  const grid = isVector ? { rows: width, width: 1 } : { rows, width };
  const order = rotaryHeads === 0 ? null : rotaryOrder(grid.rows, rotaryHeads);
  const data = newArray(entry, rows * width);
  let sums = NOTHING;
  const step = Math.max(1, Math.floor(SLAB / Math.max(1, grid.width)));
  for (let begin = 0; begin < grid.rows; begin += step) {
    const slab = slabOf(tensor, order, begin, Math.min(begin + step, grid.rows), grid.width);
    const bad = kernels().firstNonFinite(slab.values);
    if (bad >= 0) throw badValue('NON_FINITE', 'finite float32 values', entry, slab, bad);
    sums = addSums(sums, errorSums(slab.values, encodeSlab(entry, data, slab)));
  }
  return { data, measures: measuresOfSums(sums, rows * width) };
}

const NOTHING: ErrorSums = { maxAbs: 0, sumSquaredError: 0, sumSquaredA: 0, sumSquaredB: 0, dot: 0 };

function addSums(a: ErrorSums, b: ErrorSums): ErrorSums {
  return {
    maxAbs: Math.max(a.maxAbs, b.maxAbs),
    sumSquaredError: a.sumSquaredError + b.sumSquaredError,
    sumSquaredA: a.sumSquaredA + b.sumSquaredA,
    sumSquaredB: a.sumSquaredB + b.sumSquaredB,
    dot: a.dot + b.dot,
  };
}

/** The row of the model for every row of the file. */
function rotaryOrder(rows: number, heads: number): Uint32Array {
  const size = rows / heads;
  return Uint32Array.from({ length: rows }, (_, row) => {
    const within = row % size;
    return row - within + (within % 2) * (size / 2) + Math.floor(within / 2);
  });
}

function newArray({ type }: GgufPlanEntry, size: number): F32 | U16 | U8 {
  if (type === 'F32') return new Float32Array(size);
  if (type === 'F16' || type === 'BF16') return new Uint16Array(size);
  const { elements, bytes } = GGML_TYPES[type];
  return new Uint8Array((size / elements) * bytes);
}

/** Some rows of the file as float32. */
interface Slab {
  readonly values: F32;
  readonly width: number;
  /** The first row. */
  readonly begin: number;
  readonly order: Uint32Array | null;
}

function slabOf(
  { data, dtype }: Tensor,
  order: Uint32Array | null,
  begin: number,
  end: number,
  width: number,
): Slab {
  const values = new Float32Array((end - begin) * width);
  if (order === null) widen(values, data.subarray(begin * width, end * width), dtype);
  else {
    for (let row = begin; row < end; row++) {
      const from = order[row] * width;
      const at = (row - begin) * width;
      widen(values.subarray(at, at + width), data.subarray(from, from + width), dtype);
    }
  }
  return { values, width, begin, order };
}

function widen(out: F32, data: AnyTypedArray, dtype: Tensor['dtype']): void {
  if (dtype === 'float16') kernels().decodeFloat16(out, data as U16);
  else if (dtype === 'bfloat16') kernels().decodeBfloat16(out, data as U16);
  else out.set(data as F32 | F64);
}

/** Writes a slab to its place in `data` and returns the values that it stands for there. */
function encodeSlab(entry: GgufPlanEntry, data: F32 | U16 | U8, slab: Slab): F32 {
  const { type, importance } = entry;
  const { values, width, begin } = slab;
  if (type === 'F32') {
    data.set(values, begin * width);
    return values;
  }
  const shape = [values.length / width, width];
  const options = { type: type as BlockType, ...(importance && { importance }) };
  const { bytes } = inTensor(entry.name, () => encodeBlocks({ data: values, shape }, options));
  new Uint8Array(data.buffer).set(bytes, (begin * data.byteLength) / (entry.shape[0] || 1));
  const restored = decodeBlocks(bytes, { type: type as BlockType, shape });
  if (type === 'F16') {
    const bad = kernels().firstNonFinite(restored);
    if (bad >= 0) throw badValue('OVERFLOW', 'values below 65520', entry, slab, bad);
  }
  return restored;
}

function badValue(
  code: string,
  expected: string,
  { name, source }: GgufPlanEntry,
  { values, width, begin, order }: Slab,
  at: number,
): NumericError {
  const row = begin + Math.floor(at / width);
  const index = (order === null ? row : order[row]) * width + (at % width);
  const got = `${describe(values[at])} at index ${index}`;
  const message = `convert: tensor ${quote(source ?? name)} expected ${expected}, got ${got} - repair the model, or choose another type`;
  return new NumericError(code, message, index);
}

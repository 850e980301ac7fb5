/** Sparse encodings of other tools: compressed-tensors' two bitmasks, and the metadata that CUTLASS's 2:4 products read. */
import type { U16, U32, U8 } from '../core/arrays.js';
import { arrayTag } from '../core/array-tag.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkChoice } from '../core/options.js';
import type { Pictured } from '../core/inspect.js';
import { toContiguous, type Tensor, type TensorLike } from '../core/tensor.js';
import { tensor } from '../core/tensor.js';
import { maskNM } from './nm.js';
import { encodeSparse } from './sparse-encode.js';
import { matrixOf, unpackPositions } from './sparse-layout.js';
import { checkSparseTensor, decodeSparse } from './sparse-tensor.js';
import type { PatternTensor, SparseTensor } from './sparse-types.js';

/** The tensors of one weight, by the last part of their names: `<layer>.shape`, `<layer>.compressed` ... */
export interface SparseBitmask {
  /** int64 [axes]; [axes, 1] for 2:4. */
  readonly shape: Tensor;
  /** float32: the stored values, [count]; [rows, columns / 2] for 2:4. */
  readonly compressed: Tensor;
  /** uint8 [rows, ceil(columns / 8)], lowest bit first. */
  readonly bitmask: Tensor;
  /** int64 [rows]: stored values before each row. Not for 2:4. */
  readonly row_offsets?: Tensor;
}

/**
 * Returns the tensors in which compressed-tensors stores a matrix as 'sparse-bitmask' or 'sparse-24-bitmask'.
 *
 * Formula: 'sparse-bitmask' stores what is not 0; 'sparse-24-bitmask' exactly the two largest magnitudes of every four elements in a row, zeros
 * among them, of equal ones the first.
 *
 * Shapes: x [rows, columns]; for 2:4 columns a multiple of 4.
 *
 * Numerics: float32 as it is, but -0 counts as 0 and comes back as +0, as there; NaN is stored ('sparse-24-bitmask' refuses it).
 *
 * Compatible with: compressed-tensors 0.12, to the byte, where magnitudes in a group differ: for equal ones torch.topk's choice is not defined.
 *
 * @param x a matrix; never changed
 * @param format which of the two
 * @throws TypeError or RangeError for arguments; NumericError NAN for 2:4.
 * @example
 * const { bitmask, row_offsets } = toSparseBitmask({ data: Float32Array.of(0, 5, 7, 0), shape: [2, 2] }, 'sparse-bitmask');
 * bitmask.data; // Uint8Array [2, 1]
 * row_offsets?.data; // BigInt64Array [0n, 1n]
 * @see fromSparseBitmask
 */
export function toSparseBitmask(
  x: TensorLike,
  format: 'sparse-bitmask' | 'sparse-24-bitmask',
): SparseBitmask {
  const fn = 'toSparseBitmask';
  checkChoice(fn, 'format', format, ['sparse-bitmask', 'sparse-24-bitmask']);
  const { data, shape } = toContiguous(x, fn);
  if (shape.length !== 2)
    throw rangeError(fn, 'x', 'a matrix', Array.from(shape), 'merge axes before the call');
  const [rows, columns] = shape;
  const is24 = format === 'sparse-24-bitmask';
  const mask = is24
    ? maskNM({ data, shape }, { keep: 2, of: 4, order: 'magnitude' })
    : Uint8Array.from(data, (value) => (value === 0 ? 0 : 1));
  const c = encodeSparse({ data, shape }, { format: 'bitmask', mask });
  const { values, bits } = c as SparseTensor & { readonly bits: U8 };
  const sizes = BigInt64Array.from(shape, BigInt);
  const bitmask = tensor(bits, [rows, Math.ceil(columns / 8)]);
  if (is24) return { shape: tensor(sizes, [2, 1]), compressed: tensor(values, [rows, columns / 2]), bitmask };
  return {
    shape: tensor(sizes, [2]),
    compressed: tensor(values, [values.length]),
    bitmask,
    row_offsets: tensor(rowOffsets(mask, rows, columns), [rows]),
  };
}

function rowOffsets(mask: U8, rows: number, columns: number): ReturnType<typeof BigInt64Array.of> {
  const offsets = new BigInt64Array(rows);
  let count = 0;
  for (let r = 0; r < rows; r++) {
    offsets[r] = BigInt(count);
    for (let k = 0; k < columns; k++) count += mask[r * columns + k];
  }
  return offsets;
}

/**
 * Returns the SparseTensor, in format 'bitmask', of the tensors that compressed-tensors stored; row_offsets are not needed and not read.
 *
 * @param parts shape, compressed (float32 values, or a small float with its dtype) and bitmask
 * @throws TypeError or RangeError when they do not fit together: set bits behind the last column, more or fewer of them than values.
 * @example
 * const x = { data: Float32Array.of(0, 5, 7, 0), shape: [2, 2] };
 * decodeSparse(fromSparseBitmask(toSparseBitmask(x, 'sparse-bitmask'))); // Float32Array [0, 5, 7, 0]
 * @see toSparseBitmask
 */
export function fromSparseBitmask(parts: {
  readonly shape: Tensor;
  readonly compressed: TensorLike;
  readonly bitmask: Tensor;
}): SparseTensor & Pictured {
  const fn = 'fromSparseBitmask';
  const { bitmask, compressed } = parts;
  if (arrayTag(bitmask.data) !== 'Uint8Array')
    throw typeError(fn, 'bitmask', 'a tensor of bytes', bitmask, 'pass what the file holds');
  const shape = Array.from(parts.shape.data as ArrayLike<number | bigint>, Number);
  const { data } = toContiguous(compressed, fn, 'compressed');
  const values = data instanceof Float32Array ? data : Float32Array.from(data);
  const c: SparseTensor = {
    kind: 'sparse',
    format: 'bitmask',
    shape,
    values,
    bits: bitmask.data as U8,
    dropped: 0,
  };
  const decoded = decodeSparse(c);
  const mask = new Uint8Array(decoded.length);
  const columns = matrixOf(shape).columns;
  const rowBytes = Math.ceil(columns / 8);
  for (let i = 0; i < mask.length; i++) {
    const k = i % columns;
    mask[i] = (c.bits[Math.floor(i / columns) * rowBytes + (k >> 3)] >> (k & 7)) & 1;
  }
  return encodeSparse({ data: decoded, shape }, { format: 'bitmask', mask });
}

/**
 * Returns the metadata of a 2:4 tensor as CUTLASS's sparse products read it: [rows, columns / 4 / pairs], with 4 pairs of places in 16 bits (beside
 * values of 16 bits) or 8 in 32 (beside int8), rows reordered and columns interleaved.
 *
 * Formula: a pair is place0 | place1 << 2. Entry (r, c) goes to row r' = 64 floor(r / 64) + 2 (r mod 2) + floor((r mod 8) / 4) + 32 floor((r mod 4) / 2) +
 * 4 floor((r mod 64) / 8), where 2 x 2 squares then swap their top right and bottom left entries, and lies at 2 rows floor(c' / 2) + 2 r' + c' mod 2.
 *
 * Shapes: rows a multiple of 64, columns of 32, or of 64 for 32 bits. torch asks for 32 rows and 16 columns, but there its formula is no permutation.
 *
 * Compatible with: torch's and compressed-tensors' sparse_semi_structured_from_dense_cutlass for float16, bfloat16 and int8.
 *
 * @param c a SparseTensor of format 'nm' with keep 2, of 4
 * @param metaBits 16 or 32
 * @throws RangeError for another pattern or a shape that does not fit.
 * @example
 * const x = { data: new Float32Array(64 * 32).fill(1), shape: [64, 32] };
 * const c = encodeSparse(x, { format: 'nm', keep: 2, of: 4, mask: maskNM(x, { keep: 2, of: 4 }) });
 * cutlassMetadata(c, 16)[0]; // 0x4444: places 0 and 1 in every group
 * @see placesFromCutlass
 */
export function cutlassMetadata(c: SparseTensor, metaBits: 16 | 32): U16 | U32 {
  const fn = 'cutlassMetadata';
  checkSparseTensor(fn, c);
  const { rows, columns } = checkCutlass(fn, c, metaBits);
  const { positions, values } = c as PatternTensor;
  const places = unpackPositions(positions, values.length, 4);
  const pairs = metaBits / 4;
  const width = columns / (4 * pairs);
  const out = metaBits === 16 ? new Uint16Array(rows * width) : new Uint32Array(rows * width);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < width; k++) {
      let entry = 0;
      const first = (r * width + k) * pairs * 2;
      for (let i = 0; i < 2 * pairs; i++) entry |= places[first + i] << (2 * i);
      out[cutlassPlace(r, k, rows)] = entry;
    }
  }
  return out;
}

/**
 * Returns the SparseTensor of 2:4 values and their CUTLASS metadata: the inverse of cutlassMetadata.
 *
 * @param values [rows, columns / 2], two for every group
 * @param metadata what cutlassMetadata returned, or CUTLASS's own
 * @throws TypeError or RangeError when they do not fit together.
 * @example
 * const x = { data: new Float32Array(64 * 32).fill(1), shape: [64, 32] };
 * const c = encodeSparse(x, { format: 'nm', keep: 2, of: 4, mask: maskNM(x, { keep: 2, of: 4 }) });
 * placesFromCutlass({ data: c.values, shape: [64, 16] }, cutlassMetadata(c, 16)).shape; // [64, 32]
 * @see cutlassMetadata
 */
export function placesFromCutlass(
  values: TensorLike,
  metadata: Uint16Array | Uint32Array | Int32Array,
): SparseTensor & Pictured {
  const fn = 'placesFromCutlass';
  const { data, shape } = toContiguous(values, fn, 'values');
  const tag = arrayTag(metadata);
  if (tag !== 'Uint16Array' && tag !== 'Uint32Array' && tag !== 'Int32Array')
    throw typeError(
      fn,
      'metadata',
      'a Uint16Array, Uint32Array or Int32Array',
      metadata,
      'view its bytes as one',
    );
  if (shape.length !== 2)
    throw rangeError(fn, 'values', 'a matrix', Array.from(shape), 'two values per group');
  const [rows, columns] = [shape[0], 2 * shape[1]];
  const metaBits = tag === 'Uint16Array' ? 16 : 32;
  checkCutlassShape(fn, 'values', rows, columns, metaBits);
  const pairs = metaBits / 4;
  const width = columns / (4 * pairs);
  if (metadata.length !== rows * width)
    throw rangeError(
      fn,
      'metadata',
      `${rows * width} elements`,
      metadata.length,
      'as many as values ask for',
    );
  const dense = new Float32Array(rows * columns);
  const mask = new Uint8Array(dense.length);
  for (let i = 0; i < data.length; i++) {
    const r = Math.floor(i / shape[1]);
    const k = i % shape[1];
    const entry = metadata[cutlassPlace(r, Math.floor(k / (2 * pairs)), rows)];
    const at = r * columns + 4 * Math.floor(k / 2) + ((entry >>> (2 * (k % (2 * pairs)))) & 3);
    if (mask[at] === 1)
      throw rangeError(fn, 'metadata', 'two places in every group', 'one twice', 'check its bytes');
    mask[at] = 1;
    dense[at] = data[i];
  }
  return encodeSparse({ data: dense, shape: [rows, columns] }, { format: 'nm', keep: 2, of: 4, mask });
}

function checkCutlass(fn: string, c: SparseTensor, metaBits: number): { rows: number; columns: number } {
  if (c.format !== 'nm' || c.keep !== 2 || c.of !== 4)
    throw rangeError(fn, 'c', "format 'nm' with keep 2, of 4", c.format, 'encode it so');
  if (metaBits !== 16 && metaBits !== 32)
    throw rangeError(fn, 'metaBits', '16 or 32', metaBits, '16 beside values of 16 bits, 32 beside int8');
  const { rows, columns } = matrixOf(c.shape);
  checkCutlassShape(fn, 'c', rows, columns, metaBits);
  return { rows, columns };
}

function checkCutlassShape(
  fn: string,
  argument: string,
  rows: number,
  columns: number,
  metaBits: number,
): void {
  if (rows % 64 === 0 && columns % (2 * metaBits) === 0) return;
  const expected = `rows a multiple of 64 and columns of ${2 * metaBits}`;
  throw rangeError(fn, `${argument}.shape`, expected, [rows, columns], 'pad with zeros');
}

/** Where entry (r, c) of the metadata lies. */
function cutlassPlace(r: number, c: number, rows: number): number {
  let row = Math.floor(r / 64) * 64 + (r % 2) * 2 + Math.floor((r % 8) / 4);
  row += Math.floor((r % 4) / 2) * 32 + Math.floor((r % 64) / 8) * 4;
  let column = c;
  if (row % 2 === 0 && c % 2 === 1) {
    row += 1;
    column -= 1;
  } else if (row % 2 === 1 && c % 2 === 0) {
    row -= 1;
    column += 1;
  }
  return Math.floor(column / 2) * rows * 2 + row * 2 + (column % 2);
}

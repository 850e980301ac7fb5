/** Dense tensors to sparse encodings. */
import type { F32, FloatArray, U8 } from '../core/arrays.js';
import { rangeError } from '../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../core/options.js';
import { toContiguous, type TensorLike } from '../core/tensor.js';
import { checkMask } from './checks.js';
import { indexArray, matrixOf, MOST_ELEMENTS, packPositions, type Matrix } from './sparse-layout.js';
import { sparseTensor } from './sparse-tensor.js';
import type { EncodeSparseOptions, SparseFormat, SparseTensor } from './sparse-types.js';
import type { Pictured } from '../core/inspect.js';

export const SPARSE_FORMATS: readonly SparseFormat[] = ['bitmask', 'csr', 'csc', 'coo', 'bsr', 'nm'];

/** What of a matrix is stored. */
interface Stored extends Matrix {
  readonly data: F32;
  /** 1 for a stored element. */
  readonly mask: U8;
  readonly count: number;
}

/**
 * Returns `x` without its zeros, or without what a mask removes: exact, smaller the more is left out.
 *
 * Formula: 'bitmask' takes 1 bit per element and 4 bytes per stored value; 'csr', 'csc' 4 bytes and an index of 1, 2 or 4 bytes per value, and a
 * pointer per row or column; 'coo' two indices per value; 'bsr' whole blocks with an index each; 'nm' 4 bytes and ceil(log2(of)) bits for `keep` of
 * every `of` elements. The width of indices follows from the shape alone: columns (rows, block columns) for indices, elements for pointers.
 *
 * Shapes: any; rows are those of the last axis, all other axes are merged; a scalar is one row of one.
 *
 * Numerics: float32 values as they are: -0, NaN and infinities are stored, +0 alone is left out (under a mask, what the mask says). float64 is
 * rounded to float32 first. `dropped` is the largest |x - value|, and errorBound gives it.
 *
 * Cost: two passes over x.
 *
 * Compatible with: scipy 1.17 csr_matrix, csc_matrix, coo_matrix and bsr_matrix but for the index width (int32 there) and explicit -0. Row bits are
 * numpy.packbits(axis=-1, bitorder='little'). The pairs of 2:4 are those of CUTLASS, before its reordering: cutlassMetadata.
 *
 * @param x a tensor of real numbers; never changed
 * @param options format, mask, blockShape, keep and of
 * @throws TypeError or RangeError for arguments, such as a group with more than `keep` values to store.
 * @example
 * const c = encodeSparse({ data: Float32Array.of(0, 5, 0, 0, 7, 0), shape: [2, 3] }, { format: 'csr' });
 * c.values; // Float32Array [5, 7]
 * decodeSparse(c); // Float32Array [0, 5, 0, 0, 7, 0]
 * @see decodeSparse, pruneMagnitude, sparseLinear
 */
export function encodeSparse(x: TensorLike, options?: EncodeSparseOptions): SparseTensor & Pictured {
  const fn = 'encodeSparse';
  const given = checkOptions(fn, options, ['format', 'mask', 'blockShape', 'keep', 'of']);
  const format = checkChoice(fn, 'format', given.format ?? 'bitmask', SPARSE_FORMATS);
  refuseForeign(fn, given, format);
  const { data, shape, size } = toContiguous(x, fn);
  if (size > MOST_ELEMENTS) throw rangeError(fn, 'x', `at most ${MOST_ELEMENTS} elements`, size, 'split it');
  const matrix = matrixOf(shape);
  const values = data instanceof Float32Array ? data : Float32Array.from(data);
  const mask = given.mask === undefined ? notZero(values) : checkMask(fn, 'mask', given.mask, shape, size);
  const count = mask.reduce((sum, bit) => sum + bit, 0);
  const stored: Stored = { ...matrix, data: values, mask, count };
  const base = { kind: 'sparse' as const, shape: Array.from(shape), dropped: droppedBy(data, values, mask) };
  return sparseTensor({ ...base, ...encoded(fn, format, stored, given) });
}

type Common = 'kind' | 'shape' | 'dropped';
type Without<T> = T extends unknown ? Omit<T, Common> : never;
type Encoded = Without<SparseTensor>;

function encoded(
  fn: string,
  format: SparseFormat,
  stored: Stored,
  given: Partial<EncodeSparseOptions>,
): Encoded {
  switch (format) {
    case 'bitmask':
      return encodeBits(stored);
    case 'csr':
      return encodeLines(stored, format, stored.rows, stored.columns, stored.columns, 1);
    case 'csc':
      return encodeLines(stored, format, stored.columns, stored.rows, 1, stored.columns);
    case 'coo':
      return encodeCoordinates(stored);
    case 'bsr':
      return encodeBlocks(stored, checkBlockShape(fn, given.blockShape));
    case 'nm': {
      const of = checkInteger(fn, 'of', given.of, 1, 256);
      const keep = checkInteger(fn, 'keep', given.keep, 1, of);
      return encodePattern(fn, stored, keep, of);
    }
  }
}

function refuseForeign(fn: string, given: Partial<EncodeSparseOptions>, format: SparseFormat): void {
  const own: readonly string[] = format === 'bsr' ? ['blockShape'] : format === 'nm' ? ['keep', 'of'] : [];
  for (const key of ['blockShape', 'keep', 'of'] as const) {
    if (given[key] === undefined || own.includes(key)) continue;
    const wanted = key === 'blockShape' ? 'bsr' : 'nm';
    throw rangeError(fn, key, `format '${wanted}' beside it`, format, 'leave it out');
  }
}

export function checkBlockShape(fn: string, blockShape: unknown): readonly [number, number] {
  if (!Array.isArray(blockShape) || blockShape.length !== 2) {
    throw rangeError(fn, 'blockShape', '[rows, columns] of a block', blockShape, 'for example [4, 4]');
  }
  const [height, width] = blockShape as unknown[];
  return [
    checkInteger(fn, 'blockShape[0]', height, 1, 65536),
    checkInteger(fn, 'blockShape[1]', width, 1, 65536),
  ];
}

/** 1 for everything but +0, whose bits are 0. */
function notZero(values: F32): U8 {
  const mask = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) mask[i] = Object.is(values[i], 0) ? 0 : 1;
  return mask;
}

/** The largest difference; infinite where an infinity or NaN is left out or made. */
function droppedBy(data: FloatArray, values: F32, mask: U8): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const value = mask[i] === 1 ? values[i] : 0;
    if (Object.is(value, data[i])) continue;
    const difference = Math.abs(data[i] - value);
    largest = Math.max(largest, Number.isNaN(difference) ? Infinity : difference);
  }
  return largest;
}

function encodeBits({ data, mask, count, rows, columns }: Stored): Encoded {
  const rowBytes = Math.ceil(columns / 8);
  const bits = new Uint8Array(rows * rowBytes);
  const values = new Float32Array(count);
  let n = 0;
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < columns; k++) {
      if (mask[r * columns + k] === 0) continue;
      bits[r * rowBytes + (k >> 3)] |= 1 << (k & 7);
      values[n++] = data[r * columns + k];
    }
  }
  return { format: 'bitmask', values, bits };
}

/** Lines of `length` elements `step` apart, the lines `stride` apart. */
function encodeLines(
  { data, mask, count, rows, columns }: Stored,
  format: 'csr' | 'csc',
  lines: number,
  length: number,
  stride: number,
  step: number,
): Encoded {
  const values = new Float32Array(count);
  const indices = indexArray(length - 1, count);
  const pointers = indexArray(rows * columns, lines + 1);
  let n = 0;
  for (let l = 0; l < lines; l++) {
    for (let k = 0; k < length; k++) {
      const at = l * stride + k * step;
      if (mask[at] === 0) continue;
      indices[n] = k;
      values[n++] = data[at];
    }
    pointers[l + 1] = n;
  }
  return { format, values, indices, pointers };
}

function encodeCoordinates({ data, mask, count, rows, columns }: Stored): Encoded {
  const values = new Float32Array(count);
  const rowOf = indexArray(rows - 1, count);
  const columnOf = indexArray(columns - 1, count);
  let n = 0;
  for (let at = 0; at < data.length; at++) {
    if (mask[at] === 0) continue;
    rowOf[n] = Math.floor(at / columns);
    columnOf[n] = at % columns;
    values[n++] = data[at];
  }
  return { format: 'coo', values, rows: rowOf, columns: columnOf };
}

function encodeBlocks({ data, mask, rows, columns }: Stored, blockShape: readonly [number, number]): Encoded {
  const [height, width] = blockShape;
  const [down, across] = [Math.ceil(rows / height), Math.ceil(columns / width)];
  const used = new Uint8Array(down * across);
  for (let at = 0; at < mask.length; at++) {
    if (mask[at] === 0) continue;
    used[Math.floor(Math.floor(at / columns) / height) * across + Math.floor((at % columns) / width)] = 1;
  }
  const count = used.reduce((sum, bit) => sum + bit, 0);
  const values = new Float32Array(count * height * width);
  const indices = indexArray(across - 1, count);
  const pointers = indexArray(rows * columns, down + 1);
  let n = 0;
  for (let b = 0; b < down * across; b++) {
    const [top, left] = [Math.floor(b / across) * height, (b % across) * width];
    if (used[b] === 1) {
      for (let i = 0; i < height * width; i++) {
        const [row, column] = [top + Math.floor(i / width), left + (i % width)];
        const at = row * columns + column;
        if (row < rows && column < columns && mask[at] === 1) values[n * height * width + i] = data[at];
      }
      indices[n++] = b % across;
    }
    pointers[Math.floor(b / across) + 1] = n;
  }
  return { format: 'bsr', values, blockShape: [height, width], indices, pointers };
}

function encodePattern(fn: string, { data, mask, columns }: Stored, keep: number, of: number): Encoded {
  if (columns % of !== 0) {
    throw rangeError(fn, 'of', `a divisor of ${columns}, the last axis`, of, 'pad the last axis with zeros');
  }
  const groups = data.length / of;
  const values = new Float32Array(groups * keep);
  const positions = new Uint8Array(groups * keep);
  for (let g = 0; g < groups; g++) {
    const chosen = placesOf(mask.subarray(g * of, (g + 1) * of), keep);
    if (chosen.length > keep) {
      const fix = 'prune first, for example with maskNM';
      throw rangeError(
        fn,
        'x',
        `at most ${keep} values in elements ${g * of} to ${g * of + of - 1}`,
        chosen.length,
        fix,
      );
    }
    chosen.forEach((place, i) => {
      positions[g * keep + i] = place;
      values[g * keep + i] = mask[g * of + place] === 1 ? data[g * of + place] : 0;
    });
  }
  return { format: 'nm', keep, of, values, positions: packPositions(positions, of) };
}

/** The stored places of a group, filled up to `keep` with free ones: the lowest from `keep` on, then the lowest. For 2:4 this is CUTLASS's rule. */
function placesOf(mask: U8, keep: number): number[] {
  const places = Array.from(mask.keys()).filter((k) => mask[k] === 1);
  for (let k = keep; k < mask.length && places.length < keep; k++) if (mask[k] === 0) places.push(k);
  for (let k = 0; k < keep && places.length < keep; k++) if (mask[k] === 0) places.push(k);
  return places.sort((a, b) => a - b);
}

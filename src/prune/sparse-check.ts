/** Whether the arrays of a sparse encoding say one thing and nothing else: equal tensors have equal bytes. */
import type { U8 } from '../core/arrays.js';
import { matrixOf, unpackPositions } from './sparse-layout.js';
import { partOf, sparseSpecs } from './sparse-parts.js';
import type { IndexArray, SparseTensor } from './sparse-types.js';

export interface Problem {
  readonly field: string;
  readonly expected: string;
  readonly got: unknown;
}

/** The first thing that is wrong with a record whose arrays have the right types, or null. */
export function sparseProblem(c: SparseTensor): Problem | null {
  const { rows, columns } = matrixOf(c.shape);
  if (typeof c.dropped !== 'number' || !(c.dropped >= 0))
    return { field: 'dropped', expected: 'a number >= 0', got: c.dropped };
  if (c.format === 'nm' && columns % c.of !== 0)
    return { field: 'of', expected: `a divisor of ${columns}`, got: c.of };
  const count = c.format === 'bitmask' || c.format === 'nm' ? c.values.length : countOf(c);
  for (const { name, shape } of sparseSpecs('sparseProblem', c, count)) {
    const { length } = partOf(c, name);
    if (length !== shape[0]) return { field: name, expected: `${shape[0]} elements`, got: length };
  }
  switch (c.format) {
    case 'bitmask':
      return bitsProblem(c.bits, columns, c.values.length);
    case 'csr':
      return linesProblem(c.indices, c.pointers, columns);
    case 'csc':
      return linesProblem(c.indices, c.pointers, rows);
    case 'bsr':
      return linesProblem(c.indices, c.pointers, Math.ceil(columns / c.blockShape[1]));
    case 'coo':
      return coordinatesProblem(c.rows, c.columns, rows, columns);
    case 'nm':
      return positionsProblem(c.positions, c.values.length, c.keep, c.of);
  }
}

const countOf = (c: Exclude<SparseTensor, { format: 'bitmask' | 'nm' }>): number =>
  c.format === 'coo' ? c.rows.length : c.indices.length;

function bitsProblem(bits: U8, columns: number, count: number): Problem | null {
  const rowBytes = Math.ceil(columns / 8);
  const unused = columns % 8 === 0 ? 0 : (0xff << (columns % 8)) & 0xff;
  let set = 0;
  for (let i = 0; i < bits.length; i++) {
    for (let byte = bits[i]; byte !== 0; byte &= byte - 1) set++;
    if (i % rowBytes === rowBytes - 1 && (bits[i] & unused) !== 0)
      return { field: `bits[${i}]`, expected: 'zeros behind the last column', got: bits[i] };
  }
  return set === count ? null : { field: 'bits', expected: `${count} ones, one for every value`, got: set };
}

function linesProblem(indices: IndexArray, pointers: IndexArray, length: number): Problem | null {
  if (pointers[0] !== 0) return { field: 'pointers[0]', expected: '0', got: pointers[0] };
  for (let l = 1; l < pointers.length; l++) {
    if (pointers[l] < pointers[l - 1] || pointers[l] > indices.length)
      return { field: `pointers[${l}]`, expected: 'an ascending position', got: pointers[l] };
    for (let i = pointers[l - 1]; i < pointers[l]; i++) {
      const least = i === pointers[l - 1] ? 0 : indices[i - 1] + 1;
      if (indices[i] >= least && indices[i] < length) continue;
      return { field: `indices[${i}]`, expected: `an ascending index below ${length}`, got: indices[i] };
    }
  }
  const last = pointers[pointers.length - 1];
  if (last === indices.length) return null;
  return { field: `pointers[${pointers.length - 1}]`, expected: `${indices.length}`, got: last };
}

function coordinatesProblem(
  rowOf: IndexArray,
  columnOf: IndexArray,
  rows: number,
  columns: number,
): Problem | null {
  for (let i = 0; i < rowOf.length; i++) {
    const isInside = rowOf[i] < rows && columnOf[i] < columns;
    const isBehind = i === 0 || rowOf[i] * columns + columnOf[i] > rowOf[i - 1] * columns + columnOf[i - 1];
    if (!isInside || !isBehind)
      return { field: `columns[${i}]`, expected: 'ascending places inside the shape', got: columnOf[i] };
  }
  return null;
}

function positionsProblem(packed: U8, count: number, keep: number, of: number): Problem | null {
  const positions = unpackPositions(packed, count, of);
  for (let i = 0; i < count; i++) {
    const least = i % keep === 0 ? 0 : positions[i - 1] + 1;
    if (positions[i] >= least && positions[i] < of) continue;
    return { field: `positions, value ${i}`, expected: `an ascending place below ${of}`, got: positions[i] };
  }
  return null;
}

/** The arrays of sparse encodings: their names, types and lengths. */
import type { U8 } from '../core/arrays.js';
import { DTYPES } from '../core/dtype.js';
import { checkChoice, checkInteger } from '../core/options.js';
import type { ArraySpec } from '../core/source.js';
import { indexDtype, matrixOf, positionBits } from './sparse-layout.js';
import type { SparseFormat, SparseTensor } from './sparse-types.js';

/** What of an encoding, beside the shape, its arrays' types and lengths follow from. */
export type SparseShape = Pick<SparseTensor, 'format' | 'shape'> & {
  readonly blockShape?: readonly [number, number];
  readonly keep?: number;
  readonly of?: number;
};

interface Part extends ArraySpec {
  readonly array: string;
}

const FORMATS: readonly SparseFormat[] = ['bitmask', 'csr', 'csc', 'coo', 'bsr', 'nm'];

/** The arrays of a tensor with this many stored values (blocks, for 'bsr'), values first. */
export function sparseSpecs(fn: string, c: SparseShape, count: number): ArraySpec[] {
  const { rows, columns } = matrixOf(c.shape);
  const size = rows * columns;
  checkChoice(fn, 'c.format', c.format, FORMATS);
  const values = (length: number): ArraySpec => ({ name: 'values', dtype: 'float32', shape: [length] });
  const index = (name: string, largest: number, length: number): ArraySpec => {
    return { name, dtype: indexDtype(largest), shape: [length] };
  };
  switch (c.format) {
    case 'bitmask': {
      const shape = [rows * Math.ceil(columns / 8)];
      return [values(count), { name: 'bits', dtype: 'uint8', shape }];
    }
    case 'csr':
      return [values(count), index('indices', columns - 1, count), index('pointers', size, rows + 1)];
    case 'csc':
      return [values(count), index('indices', rows - 1, count), index('pointers', size, columns + 1)];
    case 'coo':
      return [values(count), index('rows', rows - 1, count), index('columns', columns - 1, count)];
    case 'bsr': {
      const [height, width] = blockShapeOf(fn, c.blockShape);
      const blocks = [Math.ceil(rows / height), Math.ceil(columns / width)];
      const pointers = index('pointers', size, blocks[0] + 1);
      return [values(count * height * width), index('indices', blocks[1] - 1, count), pointers];
    }
    case 'nm': {
      const of = checkInteger(fn, 'c.of', c.of, 1, 256);
      const length = Math.floor(size / of) * checkInteger(fn, 'c.keep', c.keep, 1, of);
      const bytes = Math.ceil((length * positionBits(of)) / 8);
      return [values(length), { name: 'positions', dtype: 'uint8', shape: [bytes] }];
    }
  }
}

function blockShapeOf(fn: string, given: unknown): readonly [number, number] {
  const [height, width] = Array.isArray(given) ? (given as unknown[]) : [];
  return [
    checkInteger(fn, 'c.blockShape[0]', height, 1, 65536),
    checkInteger(fn, 'c.blockShape[1]', width, 1, 65536),
  ];
}

/** The array of this name, of any type. */
export const partOf = (c: SparseTensor, name: string): U8 => c[name as keyof SparseTensor] as unknown as U8;

/** The arrays that a record should have, with the names of their types. */
export function sparseParts(fn: string, c: SparseShape): Part[] {
  return sparseSpecs(fn, c, 0).map((spec) => ({ ...spec, array: DTYPES[spec.dtype].array.name }));
}

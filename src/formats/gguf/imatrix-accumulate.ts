/** Importance matrices made from the inputs of layers. */
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import { describe, NumericError, rangeError } from '../../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../../core/options.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { checkName } from './build.js';
import { chunksOf, type Imatrix, type ImatrixEntry } from './imatrix.js';

export interface ImatrixAccumulatorOptions {
  /** Tokens in a chunk of text, for the files. Default 512, that of llama-imatrix. */
  readonly chunkSize?: number;
  /** What the texts are called, for the files. */
  readonly datasets?: readonly string[];
  /**
   * 'float64' (default) rounds once at the end; 'float32' rounds every square and every sum, row after row, which gives the bits of
   * llama-imatrix (built without FMA) and loses small squares beside large sums.
   */
  readonly precision?: 'float64' | 'float32';
}

export interface AddImatrixOptions {
  /** The expert that these rows went to, from 0. Default 0. */
  readonly matrix?: number;
  /** How many experts the weight has. Default 1. */
  readonly matrices?: number;
}

export interface ImatrixAccumulator {
  /**
   * Adds inputs of a weight.
   *
   * @param name of the weight, as in the GGUF file
   * @param activations [..., columns]: every row one token; never changed
   * @param options matrix, matrices: for the experts of a mixture
   * @throws RangeError for another number of columns or experts than before; NumericError NON_FINITE with the index of the first bad
   * value, or OVERFLOW with that of the first column whose sum float32 does not hold. Nothing is added then.
   */
  add(name: string, activations: TensorLike, options?: AddImatrixOptions): void;
  /** What was seen so far: a copy. */
  imatrix(): Imatrix;
}

interface Sums {
  readonly sums: F64 | F32;
  readonly counts: F64;
  readonly columns: number;
}

/** Experts of the largest mixtures are some hundreds. */
const MAX_MATRICES = 65_536;

/**
 * Returns an accumulator of importance matrices: for each weight, the sums of squares of its inputs and how many rows it has seen.
 *
 * Formula: sums[j] = sum of x[i][j]^2 over rows i.
 *
 * Numerics: in float64 in the order of the rows, so that results do not depend on how rows are cut into calls; rounded to float32 at the
 * end. With precision 'float32' as llama-imatrix does it.
 *
 * Cost: one multiplication and one addition for each value; memory 8 bytes for each column of each weight.
 *
 * Compatible with: llama-imatrix (August 2026, no FMA) to the bit with precision 'float32'.
 *
 * @param options chunkSize, datasets, precision
 * @example
 * const seen = imatrixAccumulator();
 * seen.add('blk.0.attn_q.weight', { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
 * seen.imatrix().entries.get('blk.0.attn_q.weight')?.sums; // Float32Array [10, 20]
 * @see importance, writeImatrix
 */
export function imatrixAccumulator(options?: ImatrixAccumulatorOptions): ImatrixAccumulator {
  const fn = 'imatrixAccumulator';
  const given = checkOptions(fn, options, ['chunkSize', 'datasets', 'precision']);
  const chunkSize = checkInteger(fn, 'chunkSize', given.chunkSize ?? 512, 1, 2 ** 31 - 1);
  const precision = checkChoice(fn, 'precision', given.precision ?? 'float64', ['float64', 'float32']);
  const datasets = Array.from(given.datasets ?? []);
  const all = new Map<string, Sums>();
  return {
    add(name, activations, added) {
      checkName(name, fn);
      const place = checkPlace(added, fn);
      const { data, shape, size } = toContiguous(activations, fn, 'activations');
      const columns = shape.length === 0 ? 1 : shape[shape.length - 1];
      const known = all.get(name);
      checkSameSize(known, columns, place.matrices, name, fn);
      const length = columns * place.matrices;
      const sums = known ?? {
        sums: precision === 'float64' ? new Float64Array(length) : new Float32Array(length),
        counts: new Float64Array(place.matrices),
        columns,
      };
      const rows = columns === 0 ? 0 : size / columns;
      addRows(sums, data, rows, place.matrix, fn);
      all.set(name, sums);
    },
    imatrix() {
      const entries = new Map<string, ImatrixEntry>();
      for (const [name, { sums, counts }] of all) {
        entries.set(name, { sums: Float32Array.from(sums), counts: counts.slice() });
      }
      return { entries, datasets, chunkCount: chunksOf(entries.values(), chunkSize), chunkSize };
    },
  };
}

function checkPlace(options: AddImatrixOptions | undefined, fn: string): Required<AddImatrixOptions> {
  const given = checkOptions(fn, options, ['matrix', 'matrices']);
  const matrices = checkInteger(fn, 'matrices', given.matrices ?? 1, 1, MAX_MATRICES);
  return { matrices, matrix: checkInteger(fn, 'matrix', given.matrix ?? 0, 0, matrices - 1) };
}

function checkSameSize(
  known: Sums | undefined,
  columns: number,
  matrices: number,
  name: string,
  fn: string,
): void {
  if (columns === 0) {
    const fix = 'rows are tokens, columns the inputs of the weight';
    throw rangeError(fn, 'activations.shape', 'at least one column', columns, fix);
  }
  if (known === undefined || (known.columns === columns && known.counts.length === matrices)) return;
  const expected = `${known.columns} columns and ${known.counts.length} matrices, as before for ${name}`;
  throw rangeError(
    fn,
    'activations.shape',
    expected,
    `${columns} and ${matrices}`,
    'name the weight they go to',
  );
}

/** Adds rows in their order, all or none: a bad value is known only when its sum is. */
function addRows(
  { sums, counts, columns }: Sums,
  data: FloatArray,
  rows: number,
  matrix: number,
  fn: string,
): void {
  const own = sums.subarray(matrix * columns, (matrix + 1) * columns);
  const next = own.slice();
  for (let r = 0, i = 0; r < rows; r++) {
    if (next instanceof Float64Array) for (let j = 0; j < columns; j++, i++) next[j] += data[i] * data[i];
    // The element of a Float32Array rounds the sum.
    else for (let j = 0; j < columns; j++, i++) next[j] += squared(data[i]);
  }
  const bad = next.findIndex((sum) => !Number.isFinite(Math.fround(sum)));
  if (bad >= 0) throw notFinite(data, bad, fn);
  own.set(next);
  counts[matrix] += rows;
}

/** The square in float32 of a number in float32. */
function squared(value: number): number {
  const x = Math.fround(value);
  return Math.fround(x * x);
}

function notFinite(data: FloatArray, column: number, fn: string): NumericError {
  const index = data.findIndex((value) => !Number.isFinite(value));
  if (index < 0) {
    const message = `${fn}: "activations" expected sums of squares that float32 holds, got more in column ${column} - scale the inputs`;
    return new NumericError('OVERFLOW', message, column);
  }
  const got = `${describe(data[index])} at index ${index}`;
  const message = `${fn}: "activations" expected finite numbers, got ${got} - leave such samples out`;
  return new NumericError('NON_FINITE', message, index);
}

/** SparseTensors taken apart for storage and put together again, distrusting every part. */
import type { F32 } from '../core/arrays.js';
import { isPlainObject } from '../core/options.js';
import { roundHalfEven } from '../core/rounding.js';
import { elementCount } from '../core/shape.js';
import type { ArraySpec, NamedArray } from '../core/source.js';
import { badHeader, matchArrays } from '../core/stored.js';
import { FormatError, rangeError } from '../core/errors.js';
import { checkPruneMagnitude, type PruneMagnitudeOptions } from './prune-magnitude.js';
import { sparseProblem } from './sparse-check.js';
import { matrixOf } from './sparse-layout.js';
import { partOf, sparseSpecs } from './sparse-parts.js';
import { checkSparseTensor, sparseTensor } from './sparse-tensor.js';
import type { SparseFormat, SparseTensor } from './sparse-types.js';

const FROM = 'sparseFromArrays';

/** What a SparseTensor needs besides its arrays; every value survives JSON. */
export interface SparseHeader {
  readonly kind: 'sparse';
  readonly format: SparseFormat;
  readonly shape: readonly number[];
  /** A number, or 'Infinity', which JSON has no number for. */
  readonly dropped: number | 'Infinity';
  readonly blockShape?: readonly [number, number];
  readonly keep?: number;
  readonly of?: number;
}

const COMMON_KEYS = ['kind', 'format', 'shape', 'dropped'];

const ownKeys = (format: unknown): readonly string[] =>
  format === 'bsr' ? ['blockShape'] : format === 'nm' ? ['keep', 'of'] : [];

export function sparseToArrays(c: SparseTensor): { header: SparseHeader; arrays: NamedArray[] } {
  checkSparseTensor('sparseToArrays', c);
  const { kind, format, dropped } = c;
  const header: SparseHeader = {
    kind,
    format,
    shape: Array.from(c.shape),
    dropped: dropped === Infinity ? 'Infinity' : dropped,
    ...(c.format === 'bsr' && { blockShape: [c.blockShape[0], c.blockShape[1]] as const }),
    ...(c.format === 'nm' && { keep: c.keep, of: c.of }),
  };
  const arrays = sparseSpecs('sparseToArrays', c, 0).map(({ name, dtype }) => {
    const data = partOf(c, name);
    return { name, dtype, shape: [data.length], data };
  });
  return { header, arrays };
}

/**
 * The SparseTensor that sparseToArrays took apart; its arrays are the given ones, not copies.
 *
 * @throws FormatError: 'TENSOR_HEADER' for a header with missing, unknown or wrong fields, 'TENSOR_ARRAYS' for arrays that are not those of the
 * header, 'TENSOR_SPARSE' for places that are not ascending, outside the shape, or not as many as the values.
 */
export function sparseFromArrays(header: unknown, arrays: readonly NamedArray[]): SparseTensor {
  const checked = checkHeader(header);
  const dropped = checked.dropped === 'Infinity' ? Infinity : checked.dropped;
  const specs = specsOf(checked, arrays);
  const data = matchArrays(FROM, arrays, specs);
  const parts = Object.fromEntries(specs.map(({ name }, i) => [name, data[i]]));
  const c = { ...checked, dropped, ...parts, values: data[0] as F32 } as unknown as SparseTensor;
  const problem = sparseProblem(c);
  if (problem !== null) {
    const message = `${FROM}: "${problem.field}" expected ${problem.expected}, got ${String(problem.got)}`;
    throw new FormatError('TENSOR_SPARSE', message);
  }
  return sparseTensor(c);
}

/** The arrays that the header asks for, with as many values as there are; whether they go together is checked later. */
function specsOf(header: SparseHeader, arrays: readonly NamedArray[]): ArraySpec[] {
  try {
    return sparseSpecs(FROM, header, 0).map((spec) => {
      const found = arrays.find(({ name }) => name === spec.name);
      return { ...spec, shape: [found?.data.length ?? 0] };
    });
  } catch {
    throw badHeader(FROM, 'header', 'fields that fit its format', header.format);
  }
}

function checkHeader(header: unknown): SparseHeader {
  if (!isPlainObject(header)) throw badHeader(FROM, 'header', 'an object', header);
  const { kind, format, shape, dropped, ...own } = header as Partial<SparseHeader>;
  const keys = [...COMMON_KEYS, ...ownKeys(format)];
  for (const key of Object.keys(header))
    if (!keys.includes(key)) throw badHeader(FROM, 'header', 'known fields', key);
  if (kind !== 'sparse') throw badHeader(FROM, 'kind', "'sparse'", kind);
  const isNumber = typeof dropped === 'number' && dropped >= 0 && Number.isFinite(dropped);
  if (!isNumber && dropped !== 'Infinity')
    throw badHeader(FROM, 'dropped', "a number >= 0 or 'Infinity'", dropped);
  try {
    elementCount(shape as readonly number[], FROM);
  } catch {
    throw badHeader(FROM, 'shape', 'an array of axis lengths', shape);
  }
  return { kind, format: format as SparseFormat, shape: Array.from(shape as number[]), dropped, ...own };
}

/** The arrays of what pruneMagnitude makes of a tensor of this shape, known before it is made. */
export function prunedArraySpecs(shape: readonly number[], options: PruneMagnitudeOptions): ArraySpec[] {
  const fn = 'pruneMagnitude';
  const { format, sparsity, pattern } = checkPruneMagnitude(fn, options);
  const size = elementCount(shape, fn);
  const { columns } = matrixOf(shape);
  if (pattern !== null && columns % pattern.of !== 0)
    throw rangeError(fn, 'of', `a divisor of ${columns}, the last axis`, pattern.of, 'use sparsity for it');
  const kept = size - Math.min(size, roundHalfEven(sparsity * size));
  return sparseSpecs(fn, { format, shape, ...pattern }, kept);
}

/** Named arrays of a checkpoint: found by name, distrusted in type, shape and length. */
import { arrayTag } from '../core/array-tag.js';
import { DTYPES, isDType, type DType } from '../core/dtype.js';
import { describe, FormatError, typeError } from '../core/errors.js';
import { checkAttached } from '../core/numbers.js';
import { elementCount, sameShape } from '../core/shape.js';
import type { NamedArray } from '../core/source.js';
import type { NamedArrays } from './packing-types.js';

export function checkPrefix(fn: string, prefix: unknown): string {
  if (prefix === undefined) return '';
  if (typeof prefix === 'string') return prefix;
  throw typeError(fn, 'prefix', 'a string', prefix, "pass for example 'model.layers.0.mlp.up_proj.'");
}

/** The arrays whose names begin with the prefix, by the rest of their names. */
export function namesOf(fn: string, arrays: NamedArrays, prefix: string): Map<string, NamedArray> {
  if (!Array.isArray(arrays)) {
    throw typeError(fn, 'arrays', 'an array of {name, dtype, shape, data}', arrays, 'read them from a file');
  }
  const found = new Map<string, NamedArray>();
  for (const array of arrays as readonly NamedArray[]) {
    if (typeof array !== 'object' || array === null || typeof array.name !== 'string') {
      throw typeError(fn, 'arrays', 'records {name, dtype, shape, data}', array, 'read them from a file');
    }
    if (!array.name.startsWith(prefix)) continue;
    const name = array.name.slice(prefix.length);
    if (found.has(name))
      throw new FormatError('PACKED_ARRAYS', `${fn}: ${describe(array.name)} is there twice`);
    found.set(name, array);
  }
  return found;
}

/**
 * The array of this name, of one of these types and this shape; -1 in a shape is any length. It has elements: no layer is empty, and an array
 * without data could claim any number of rows.
 *
 * @throws FormatError 'PACKED_ARRAYS' when it is missing or something else.
 */
export function arrayOf(
  fn: string,
  found: ReadonlyMap<string, NamedArray>,
  name: string,
  dtypes: readonly DType[],
  shape: readonly number[] | null,
): NamedArray {
  const array = found.get(name);
  const expected = `${dtypes.join(' or ')} [${shape === null ? '...' : shape.join(', ').replace(/-1/g, '?')}]`;
  if (array === undefined) throw mismatch(fn, name, expected, 'nothing');
  if (!isDType(array.dtype) || !dtypes.includes(array.dtype))
    throw mismatch(fn, name, expected, describe(array.dtype));
  if (arrayTag(array.data) !== DTYPES[array.dtype].array.name) {
    throw mismatch(fn, name, expected, describe(array.data));
  }
  checkAttached(array.data, fn, name);
  const count = elementCount(array.shape, fn, `${name}.shape`);
  const wanted = shape?.map((length, axis) => (length === -1 ? array.shape[axis] : length));
  if (
    count === 0 ||
    array.data.length !== count ||
    (wanted !== undefined && !sameShape(wanted, array.shape))
  ) {
    const got = `${array.dtype} [${array.shape.join(', ')}] of ${array.data.length} elements`;
    throw mismatch(fn, name, expected, got);
  }
  return array;
}

export function mismatch(fn: string, name: string, expected: string, got: string): FormatError {
  return new FormatError('PACKED_ARRAYS', `${fn}: ${describe(name)} expected ${expected}, got ${got}`);
}

/** Checks that every kind of compressed tensor makes when it is put together from a header and arrays that it does not trust. */
import { arrayTag } from './array-tag.js';
import type { U16, U8 } from './arrays.js';
import { DTYPES } from './dtype.js';
import { describe, FormatError } from './errors.js';
import { elementCount, sameShape } from './shape.js';
import type { ArraySpec, NamedArray } from './source.js';

/**
 * The data of the arrays that `specs` name, in the order of the specs.
 *
 * @throws FormatError 'TENSOR_ARRAYS' when one is missing, one too many, or of another type, shape or length.
 */
export function matchArrays(
  fn: string,
  arrays: readonly NamedArray[],
  specs: readonly ArraySpec[],
): NamedArray['data'][] {
  const names = arrays.map((array) => array.name);
  const wanted = specs.map((spec) => spec.name);
  if (names.length !== wanted.length || wanted.some((name) => !names.includes(name))) {
    const message = `${fn}: "arrays" expected ${describe(wanted)}, got ${describe(names)}`;
    throw new FormatError('TENSOR_ARRAYS', message);
  }
  return specs.map((spec) => {
    const array = arrays[names.indexOf(spec.name)];
    const fits =
      array.dtype === spec.dtype &&
      sameShape(array.shape, spec.shape) &&
      arrayTag(array.data) === DTYPES[spec.dtype].array.name &&
      array.data.length === elementCount(spec.shape, fn);
    if (!fits) {
      const got = `${array.dtype} [${array.shape.join(', ')}] of ${array.data.length} elements`;
      const expected = `${spec.dtype} [${spec.shape.join(', ')}]`;
      throw new FormatError('TENSOR_ARRAYS', `${fn}: "${spec.name}" expected ${expected}, got ${got}`);
    }
    return array.data;
  });
}

/** A stream of packed codes may not hide anything behind its last bit: equal tensors have equal bytes. */
export function checkPadding(fn: string, codes: U8 | U16, bits: number): void {
  const used = bits % 8;
  if (used !== 0 && codes[codes.length - 1] >>> used !== 0) {
    const message = `${fn}: "codes" expected zero bits behind the last code, got others`;
    throw new FormatError('TENSOR_PADDING', message, codes.length - 1);
  }
}

export function badHeader(fn: string, field: string, expected: string, got: unknown): FormatError {
  return new FormatError('TENSOR_HEADER', `${fn}: "${field}" expected ${expected}, got ${describe(got)}`);
}

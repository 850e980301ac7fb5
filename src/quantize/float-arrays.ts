/** FloatTensors taken apart for storage and put together again, distrusting every part. */
import { arrayTag } from '../core/array-tag.js';
import type { U16, U8 } from '../core/arrays.js';
import { byteLengthOf, DTYPES } from '../core/dtype.js';
import { describe, FormatError } from '../core/errors.js';
import { isSmallFloat, type SmallFloat } from '../core/float-formats.js';
import { isPlainObject } from '../core/options.js';
import { ROUNDINGS, type Rounding } from '../core/rounding.js';
import { elementCount, sameShape } from '../core/shape.js';
import type { ArraySpec, NamedArray } from '../core/source.js';
import { checkFloatTensor, floatTensor } from './cast.js';
import type { FloatTensor } from './float-types.js';

/** What a FloatTensor needs besides its array; every value survives JSON. */
export interface FloatHeader {
  readonly kind: 'float';
  readonly dtype: SmallFloat;
  readonly shape: readonly number[];
  readonly rounding: Rounding;
  /** A number, or 'Infinity', which JSON has no number for. */
  readonly overflow: number | 'Infinity';
}

const HEADER_KEYS = ['kind', 'dtype', 'shape', 'rounding', 'overflow'];

/**
 * The arrays that a FloatTensor of this shape and type is stored as, known before it is made: `codes`, with the tensor's
 * own type and shape for 16 and 8 bits, so that other readers see an ordinary tensor, and as a line of bytes for 6 and 4.
 */
export function floatArraySpecs(shape: readonly number[], dtype: SmallFloat): ArraySpec[] {
  if (DTYPES[dtype].bits >= 8) return [{ name: 'codes', dtype, shape }];
  const size = elementCount(shape, 'floatArraySpecs');
  return [{ name: 'codes', dtype: 'uint8', shape: [byteLengthOf(dtype, size)] }];
}

export function floatToArrays(c: FloatTensor): { header: FloatHeader; arrays: NamedArray[] } {
  checkFloatTensor('floatToArrays', c);
  const { kind, dtype, shape, rounding, overflow } = c;
  const stored = overflow === Infinity ? 'Infinity' : overflow;
  return {
    header: { kind, dtype, shape: Array.from(shape), rounding, overflow: stored },
    arrays: floatArraySpecs(shape, dtype).map((spec) => ({ ...spec, data: c.codes })),
  };
}

/**
 * The FloatTensor that floatToArrays took apart; its codes are the given array, not a copy.
 *
 * @throws FormatError: 'bad-header' for a header with missing, unknown or wrong fields, 'bad-arrays' for arrays that are
 * not those of the header, 'bad-padding' for set bits behind the last code.
 */
export function floatFromArrays(header: unknown, arrays: readonly NamedArray[]): FloatTensor {
  const checked = checkHeader(header);
  const [spec] = floatArraySpecs(checked.shape, checked.dtype);
  const codes = checkCodes(arrays, spec);
  checkPadding(codes, checked);
  const overflow = checked.overflow === 'Infinity' ? Infinity : checked.overflow;
  return floatTensor({ ...checked, codes, overflow });
}

function checkHeader(header: unknown): FloatHeader {
  if (!isPlainObject(header)) throw badHeader('header', 'an object', header);
  const fields = new Map<string, unknown>(Object.entries(header));
  for (const key of fields.keys())
    if (!HEADER_KEYS.includes(key)) throw badHeader('header', 'known fields', key);
  const kind = fields.get('kind');
  if (kind !== 'float') throw badHeader('kind', "'float'", kind);
  const dtype = fields.get('dtype');
  if (!isSmallFloat(dtype)) throw badHeader('dtype', 'a small float type', dtype);
  const rounding = fields.get('rounding') as Rounding;
  if (!ROUNDINGS.includes(rounding)) throw badHeader('rounding', 'a named rounding', rounding);
  const overflow = fields.get('overflow');
  const isNumber = typeof overflow === 'number' && overflow >= 0 && Number.isFinite(overflow);
  if (!isNumber && overflow !== 'Infinity')
    throw badHeader('overflow', "a number >= 0 or 'Infinity'", overflow);
  return { kind, dtype, shape: checkShape(fields.get('shape')), rounding, overflow };
}

function checkShape(shape: unknown): readonly number[] {
  try {
    elementCount(shape as readonly number[], 'floatFromArrays');
  } catch {
    throw badHeader('shape', 'an array of axis lengths', shape);
  }
  return Array.from(shape as readonly number[]);
}

function checkCodes(arrays: readonly NamedArray[], spec: ArraySpec): U16 | U8 {
  const array = arrays.length === 1 ? arrays[0] : undefined;
  if (array === undefined || array.name !== 'codes') {
    throw new FormatError(
      'bad-arrays',
      `floatFromArrays: "arrays" expected 'codes' alone, got ${namesOf(arrays)}`,
    );
  }
  const size = elementCount(spec.shape, 'floatFromArrays');
  const fits =
    array.dtype === spec.dtype &&
    sameShape(array.shape, spec.shape) &&
    arrayTag(array.data) === DTYPES[spec.dtype].array.name &&
    array.data.length === size;
  if (!fits) {
    const got = `${array.dtype} [${array.shape.join(', ')}] of ${array.data.length} elements`;
    const expected = `${spec.dtype} [${spec.shape.join(', ')}]`;
    throw new FormatError('bad-arrays', `floatFromArrays: "codes" expected ${expected}, got ${got}`);
  }
  return array.data as U16 | U8;
}

/** Packed codes may not hide anything behind the last one: equal tensors have equal bytes. */
function checkPadding(codes: U16 | U8, { dtype, shape }: FloatHeader): void {
  const usedBits = (DTYPES[dtype].bits * elementCount(shape, 'floatFromArrays')) % 8;
  if (usedBits !== 0 && codes[codes.length - 1] >>> usedBits !== 0) {
    const message = `floatFromArrays: "codes" expected zero bits behind the last code, got others`;
    throw new FormatError('bad-padding', message, codes.length - 1);
  }
}

function namesOf(arrays: readonly NamedArray[]): string {
  return describe(arrays.map((array) => array.name));
}

function badHeader(field: string, expected: string, got: unknown): FormatError {
  const message = `floatFromArrays: "${field}" expected ${expected}, got ${describe(got)}`;
  return new FormatError('bad-header', message);
}

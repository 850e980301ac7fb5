/** FloatTensors taken apart for storage and put together again, distrusting every part. */
import type { U16, U8 } from '../../core/arrays.js';
import { byteLengthOf, DTYPES } from '../../core/dtype.js';
import { isSmallFloat, type SmallFloat } from '../../core/float-formats.js';
import { isPlainObject } from '../../core/options.js';
import { ROUNDINGS, type Rounding } from '../../core/rounding.js';
import { elementCount } from '../../core/shape.js';
import type { ArraySpec, NamedArray } from '../../core/source.js';
import { badHeader, checkPadding, matchArrays } from '../../core/stored.js';
import { checkFloatTensor, floatTensor } from './float-tensor.js';
import type { FloatTensor } from './float-types.js';

const FROM = 'floatFromArrays';

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
 * @throws FormatError: 'TENSOR_HEADER' for a header with missing, unknown or wrong fields, 'TENSOR_ARRAYS' for arrays that are
 * not those of the header, 'TENSOR_PADDING' for set bits behind the last code.
 */
export function floatFromArrays(header: unknown, arrays: readonly NamedArray[]): FloatTensor {
  const checked = checkHeader(header);
  const [spec] = floatArraySpecs(checked.shape, checked.dtype);
  const [codes] = matchArrays(FROM, arrays, [spec]) as (U16 | U8)[];
  checkPadding(FROM, codes, DTYPES[checked.dtype].bits * elementCount(checked.shape, FROM));
  const overflow = checked.overflow === 'Infinity' ? Infinity : checked.overflow;
  return floatTensor({ ...checked, codes, overflow });
}

function checkHeader(header: unknown): FloatHeader {
  if (!isPlainObject(header)) throw badHeader(FROM, 'header', 'an object', header);
  const fields = new Map<string, unknown>(Object.entries(header));
  for (const key of fields.keys())
    if (!HEADER_KEYS.includes(key)) throw badHeader(FROM, 'header', 'known fields', key);
  const kind = fields.get('kind');
  if (kind !== 'float') throw badHeader(FROM, 'kind', "'float'", kind);
  const dtype = fields.get('dtype');
  if (!isSmallFloat(dtype)) throw badHeader(FROM, 'dtype', 'a small float type', dtype);
  const rounding = fields.get('rounding') as Rounding;
  if (!ROUNDINGS.includes(rounding)) throw badHeader(FROM, 'rounding', 'a named rounding', rounding);
  const overflow = fields.get('overflow');
  const isNumber = typeof overflow === 'number' && overflow >= 0 && Number.isFinite(overflow);
  if (!isNumber && overflow !== 'Infinity')
    throw badHeader(FROM, 'overflow', "a number >= 0 or 'Infinity'", overflow);
  return { kind, dtype, shape: checkShape(fields.get('shape')), rounding, overflow };
}

function checkShape(shape: unknown): readonly number[] {
  try {
    elementCount(shape as readonly number[], FROM);
  } catch {
    throw badHeader(FROM, 'shape', 'an array of axis lengths', shape);
  }
  return Array.from(shape as readonly number[]);
}

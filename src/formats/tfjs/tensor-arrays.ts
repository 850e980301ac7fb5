/** TfjsTensors taken apart for storage and put together again, distrusting every part. */
import { FormatError } from '../../core/errors.js';
import type { Pictured } from '../../core/inspect.js';
import { isPlainObject } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import type { ArraySpec, NamedArray } from '../../core/source.js';
import { badHeader, matchArrays } from '../../core/stored.js';
import { checkTfjsTensor, tfjsTensor } from './tfjs-tensor.js';
import { TFJS_AFFINE, type TfjsAffineType, type TfjsTensor } from './types.js';

const FROM = 'tfjsFromArrays';

/** What a TfjsTensor needs besides its codes; every value survives JSON. */
export type TfjsHeader = Omit<TfjsTensor, 'codes'>;

const HEADER_KEYS = ['kind', 'dtype', 'scale', 'min', 'shape'];

/** The one array that a TfjsTensor of this shape is stored as, known before it is made: an ordinary integer tensor to other readers. */
export function tfjsArraySpecs(shape: readonly number[], dtype: TfjsAffineType): ArraySpec[] {
  return [{ name: 'codes', dtype, shape }];
}

export function tfjsToArrays(q: TfjsTensor): { header: TfjsHeader; arrays: NamedArray[] } {
  checkTfjsTensor('tfjsToArrays', q);
  const { kind, codes, dtype, scale, min } = q;
  const shape = Array.from(q.shape);
  return {
    header: { kind, dtype, scale, min, shape },
    arrays: tfjsArraySpecs(shape, dtype).map((spec) => ({ ...spec, data: codes })),
  };
}

/**
 * The TfjsTensor that tfjsToArrays took apart; its codes are the given array, not a copy.
 *
 * @throws FormatError: 'TENSOR_HEADER' for a header with missing, unknown or wrong fields, 'TENSOR_ARRAYS' for arrays that are not those of
 * the header, 'TENSOR_VALUES' for a scale or minimum that quantizeTfjs cannot have made.
 */
export function tfjsFromArrays(header: unknown, arrays: readonly NamedArray[]): TfjsTensor & Pictured {
  const checked = checkHeader(header);
  const [codes] = matchArrays(FROM, arrays, tfjsArraySpecs(checked.shape, checked.dtype));
  const q = tfjsTensor({ ...checked, codes: codes as TfjsTensor['codes'] });
  try {
    checkTfjsTensor(FROM, q);
  } catch (error) {
    throw new FormatError('TENSOR_VALUES', (error as Error).message);
  }
  return q;
}

function checkHeader(header: unknown): TfjsHeader {
  if (!isPlainObject(header)) throw badHeader(FROM, 'header', 'an object', header);
  const fields = new Map<string, unknown>(Object.entries(header));
  for (const key of fields.keys())
    if (!HEADER_KEYS.includes(key)) throw badHeader(FROM, 'header', 'known fields', key);
  const kind = fields.get('kind');
  if (kind !== 'tfjs') throw badHeader(FROM, 'kind', "'tfjs'", kind);
  const dtype = fields.get('dtype');
  if (!(TFJS_AFFINE as readonly unknown[]).includes(dtype))
    throw badHeader(FROM, 'dtype', "'uint8' or 'uint16'", dtype);
  const numbers = { scale: fields.get('scale'), min: fields.get('min') };
  for (const [key, value] of Object.entries(numbers)) {
    if (typeof value !== 'number') throw badHeader(FROM, key, 'a number', value);
  }
  const shape = fields.get('shape');
  try {
    elementCount(shape as number[], FROM);
  } catch {
    throw badHeader(FROM, 'shape', 'an array of axis lengths', shape);
  }
  return {
    kind,
    dtype: dtype as TfjsAffineType,
    scale: numbers.scale as number,
    min: numbers.min as number,
    shape: Array.from(shape as number[]),
  };
}

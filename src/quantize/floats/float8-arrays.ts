/** Float8Tensors taken apart for storage and put together again, distrusting every part. */
import type { F32, U8 } from '../../core/arrays.js';
import { FormatError } from '../../core/errors.js';
import type { ArraySpec, NamedArray } from '../../core/source.js';
import { badHeader, matchArrays } from '../../core/stored.js';
import type { Granularity } from '../affine/affine-types.js';
import { fieldsOf } from '../coded-header.js';
import { checkFloat8Options, checkFloat8Tensor, FLOAT8_TYPES, float8Tensor } from './float8.js';
import type { Float8Options, Float8Tensor } from './float8-types.js';
import { checkGranularity, planRegions } from '../affine/regions.js';

const FROM = 'float8FromArrays';

/** What a Float8Tensor needs besides its arrays; every value survives JSON. */
export type Float8Header = Omit<Float8Tensor, 'codes' | 'scale'>;

const HEADER_KEYS = ['kind', 'dtype', 'granularity', 'shape'];

/** `codes`, with the type and the shape of the tensor, an ordinary tensor to other readers; `scale`, float32, with the shape of the regions. */
function arraySpecs({ shape, dtype, granularity }: Omit<Float8Header, 'kind'>): ArraySpec[] {
  return [
    { name: 'codes', dtype, shape },
    { name: 'scale', dtype: 'float32', shape: planRegions(shape, granularity).scaleShape },
  ];
}

/** The arrays that quantizeFloat8's result for this shape will be stored as, known before it is made. */
export function float8ArraySpecs(shape: readonly number[], options: Float8Options): ArraySpec[] {
  return arraySpecs({ shape, ...checkFloat8Options('float8ArraySpecs', options, shape) });
}

export function float8ToArrays(c: Float8Tensor): { header: Float8Header; arrays: NamedArray[] } {
  checkFloat8Tensor('float8ToArrays', c);
  const { kind, dtype, granularity } = c;
  const header = { kind, dtype, granularity, shape: Array.from(c.shape) };
  const data = [c.codes, c.scale];
  return { header, arrays: arraySpecs(header).map((spec, i) => ({ ...spec, data: data[i] })) };
}

/**
 * The Float8Tensor that float8ToArrays took apart; its codes and scales are the given arrays, not copies.
 *
 * @throws FormatError: 'TENSOR_HEADER' for a header with missing, unknown or wrong fields, 'TENSOR_ARRAYS' for arrays that are not those of
 * the header, 'TENSOR_VALUES' for scales that are not finite numbers >= 0.
 */
export function float8FromArrays(header: unknown, arrays: readonly NamedArray[]): Float8Tensor {
  const fields = fieldsOf(FROM, 'float8', header, HEADER_KEYS);
  const shape = fields.shape();
  const checked: Float8Header = {
    kind: 'float8',
    dtype: fields.choice('dtype', FLOAT8_TYPES),
    granularity: granularityOf(fields.get('granularity'), shape),
    shape,
  };
  const [codes, scale] = matchArrays(FROM, arrays, arraySpecs(checked));
  const c = float8Tensor({ ...checked, codes: codes as U8, scale: scale as F32 });
  try {
    checkFloat8Tensor(FROM, c);
  } catch (error) {
    throw new FormatError('TENSOR_VALUES', (error as Error).message);
  }
  return c;
}

function granularityOf(value: unknown, shape: readonly number[]): Granularity {
  try {
    return checkGranularity(FROM, value, shape);
  } catch {
    throw badHeader(FROM, 'granularity', 'one that fits the shape', value);
  }
}

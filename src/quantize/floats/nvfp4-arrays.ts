/** Nvfp4Tensors taken apart for storage and put together again, distrusting every part. */
import type { F32, U8 } from '../../core/arrays.js';
import { FormatError } from '../../core/errors.js';
import type { ArraySpec, NamedArray } from '../../core/source.js';
import { checkPadding, matchArrays } from '../../core/stored.js';
import { fieldsOf } from '../coded-header.js';
import { layoutOf } from './mx-tensor.js';
import { checkNvfp4Options, checkNvfp4Tensor, NVFP4_BLOCK, nvfp4Tensor } from './nvfp4.js';
import type { Nvfp4Options, Nvfp4Tensor } from './nvfp4-types.js';

const FROM = 'nvfp4FromArrays';

/** What an Nvfp4Tensor needs besides its arrays; every value survives JSON. */
export type Nvfp4Header = Omit<Nvfp4Tensor, 'codes' | 'scales' | 'tensorScale'>;

const HEADER_KEYS = ['kind', 'levels', 'shape', 'overflow'];

/**
 * `codes`, two to a byte; `scale`, float8_e4m3fn, with the tensor's shape, the last axis counted in blocks; with two levels `tensor_scale`, one
 * float32.
 */
function arraySpecs({ shape, levels }: Pick<Nvfp4Header, 'shape' | 'levels'>): ArraySpec[] {
  const { size, scaleShape } = layoutOf('nvfp4ArraySpecs', shape, NVFP4_BLOCK);
  const codes: ArraySpec = { name: 'codes', dtype: 'uint8', shape: [Math.ceil(size / 2)] };
  const scale: ArraySpec = { name: 'scale', dtype: 'float8_e4m3fn', shape: scaleShape };
  return levels === 1
    ? [codes, scale]
    : [codes, scale, { name: 'tensor_scale', dtype: 'float32', shape: [] }];
}

/** The arrays that quantizeNvfp4's result for this shape will be stored as, known before it is made. */
export function nvfp4ArraySpecs(shape: readonly number[], options: Nvfp4Options): ArraySpec[] {
  return arraySpecs({ shape, ...checkNvfp4Options('nvfp4ArraySpecs', options) });
}

export function nvfp4ToArrays(c: Nvfp4Tensor): { header: Nvfp4Header; arrays: NamedArray[] } {
  checkNvfp4Tensor('nvfp4ToArrays', c);
  const { kind, levels, overflow } = c;
  const header = { kind, levels, shape: Array.from(c.shape), overflow };
  const data = [c.codes, c.scales, Float32Array.of(c.tensorScale)];
  return { header, arrays: arraySpecs(header).map((spec, i) => ({ ...spec, data: data[i] })) };
}

/**
 * The Nvfp4Tensor that nvfp4ToArrays took apart; its codes and scales are the given arrays, not copies.
 *
 * @throws FormatError: 'TENSOR_HEADER' for a header with missing, unknown or wrong fields, 'TENSOR_ARRAYS' for arrays that are not those of
 * the header, 'TENSOR_VALUES' for a scale of the tensor that is not a number above 0, 'TENSOR_PADDING' for set bits behind the last code.
 */
export function nvfp4FromArrays(header: unknown, arrays: readonly NamedArray[]): Nvfp4Tensor {
  const fields = fieldsOf(FROM, 'nvfp4', header, HEADER_KEYS);
  const checked: Nvfp4Header = {
    kind: 'nvfp4',
    levels: fields.choice('levels', [1, 2]),
    shape: fields.shape(),
    overflow: fields.number('overflow', 0),
  };
  const [codes, scales, scale] = matchArrays(FROM, arrays, arraySpecs(checked));
  const tensorScale = checked.levels === 1 ? 1 : (scale as F32)[0];
  const c = nvfp4Tensor({ ...checked, codes: codes as U8, scales: scales as U8, tensorScale });
  try {
    checkNvfp4Tensor(FROM, c);
  } catch (error) {
    throw new FormatError('TENSOR_VALUES', (error as Error).message);
  }
  checkPadding(FROM, c.codes, 4 * layoutOf(FROM, c.shape, NVFP4_BLOCK).size);
  return c;
}

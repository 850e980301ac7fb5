/** MxTensors taken apart for storage and put together again, distrusting every part. */
import type { U8 } from '../../core/arrays.js';
import { SCALE_MODES } from '../../core/block-scale.js';
import { byteLengthOf, DTYPES } from '../../core/dtype.js';
import type { ArraySpec, NamedArray } from '../../core/source.js';
import { checkPadding, matchArrays } from '../../core/stored.js';
import { fieldsOf } from '../coded-header.js';
import { checkMxOptions, mxTensor } from './mx.js';
import { checkMxTensor, layoutOf, MAX_BLOCK, MX_ELEMENTS } from './mx-tensor.js';
import type { MxOptions, MxTensor } from './mx-types.js';

const FROM = 'mxFromArrays';

/** What an MxTensor needs besides its arrays; every value survives JSON. */
export type MxHeader = Omit<MxTensor, 'codes' | 'scales'>;

const HEADER_KEYS = ['kind', 'element', 'blockSize', 'scaleMode', 'shape'];

/**
 * `codes`, of 8 bits with the element's own type and the tensor's shape, so that other readers see an ordinary tensor, and as a line of
 * bytes for 6 and 4 bits; `scale`, float8_e8m0fnu, with the tensor's shape, the last axis counted in blocks.
 */
function arraySpecs({
  shape,
  element,
  blockSize,
}: Pick<MxHeader, 'shape' | 'element' | 'blockSize'>): ArraySpec[] {
  const { size, scaleShape } = layoutOf('mxArraySpecs', shape, blockSize);
  const codes: ArraySpec =
    DTYPES[element].bits === 8
      ? { name: 'codes', dtype: element, shape }
      : { name: 'codes', dtype: 'uint8', shape: [byteLengthOf(element, size)] };
  return [codes, { name: 'scale', dtype: 'float8_e8m0fnu', shape: scaleShape }];
}

/** The arrays that quantizeMx's result for this shape will be stored as, known before it is made. */
export function mxArraySpecs(shape: readonly number[], options: MxOptions): ArraySpec[] {
  return arraySpecs({ shape, ...checkMxOptions('mxArraySpecs', options) });
}

export function mxToArrays(c: MxTensor): { header: MxHeader; arrays: NamedArray[] } {
  checkMxTensor('mxToArrays', c);
  const { kind, element, blockSize, scaleMode } = c;
  const header = { kind, element, blockSize, scaleMode, shape: Array.from(c.shape) };
  const data = [c.codes, c.scales];
  return { header, arrays: arraySpecs(header).map((spec, i) => ({ ...spec, data: data[i] })) };
}

/**
 * The MxTensor that mxToArrays took apart; its codes and scales are the given arrays, not copies.
 *
 * @throws FormatError: 'TENSOR_HEADER' for a header with missing, unknown or wrong fields, 'TENSOR_ARRAYS' for arrays that are not those of
 * the header, 'TENSOR_PADDING' for set bits behind the last code.
 */
export function mxFromArrays(header: unknown, arrays: readonly NamedArray[]): MxTensor {
  const fields = fieldsOf(FROM, 'mx', header, HEADER_KEYS);
  const checked: MxHeader = {
    kind: 'mx',
    element: fields.choice('element', MX_ELEMENTS),
    blockSize: fields.integer('blockSize', 1, MAX_BLOCK),
    scaleMode: fields.choice('scaleMode', SCALE_MODES),
    shape: fields.shape(),
  };
  const [codes, scales] = matchArrays(FROM, arrays, arraySpecs(checked));
  const c = mxTensor({ ...checked, codes: codes as MxTensor['codes'], scales: scales as U8 });
  const { size } = checkMxTensor(FROM, c);
  const { bits } = DTYPES[c.element];
  if (bits < 8) checkPadding(FROM, c.codes as U8, bits * size);
  return c;
}

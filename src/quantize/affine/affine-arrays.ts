/** AffineTensors taken apart for storage and put together again, distrusting every part. */
import type { F32, I32, U16, U8 } from '../../core/arrays.js';
import { FormatError } from '../../core/errors.js';
import { isPlainObject } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import type { ArraySpec, NamedArray } from '../../core/source.js';
import { badHeader, checkPadding, matchArrays } from '../../core/stored.js';
import { kernels } from '../../kernels/dispatch.js';
import { checkAffineOptions, checkBits } from './affine-options.js';
import { checkAffineTensor, unpackCodes } from './affine-tensor.js';
import type { AffineOptions, AffineTensor, ScaleDType, Scales } from './affine-types.js';
import { affineTensor } from './affine-view.js';
import { checkGranularity, planRegions } from './regions.js';

const FROM = 'affineFromArrays';

/** What an AffineTensor needs besides its arrays; every value survives JSON. */
export type AffineHeader = Omit<AffineTensor, 'codes' | 'scale' | 'zeroPoint'> & {
  readonly hasZeroPoint: boolean;
};

const HEADER_KEYS = [
  'kind',
  'bits',
  'codeMin',
  'codeMax',
  'mapping',
  'granularity',
  'shape',
  'scaleDtype',
  'rounding',
  'overflow',
  'hasZeroPoint',
];

type Layout = Pick<
  AffineHeader,
  'shape' | 'bits' | 'codeMin' | 'granularity' | 'scaleDtype' | 'hasZeroPoint'
>;

/**
 * The arrays that a tensor is stored as: `codes` (8 and 16 bits with the tensor's shape, so that other readers see an integer
 * tensor; fewer as a line of bytes), `scale` in scaleDtype and, for the asymmetric mapping, `zero_point`, both with the shape of the regions.
 */
function arraySpecs({ shape, bits, codeMin, granularity, scaleDtype, hasZeroPoint }: Layout): ArraySpec[] {
  const size = elementCount(shape, 'affineArraySpecs');
  const { scaleShape } = planRegions(shape, granularity);
  const codes: ArraySpec =
    bits < 8
      ? { name: 'codes', dtype: 'uint8', shape: [Math.ceil((size * bits) / 8)] }
      : { name: 'codes', dtype: `${codeMin < 0 ? '' : 'u'}int${bits as 8 | 16}`, shape };
  const scale: ArraySpec = { name: 'scale', dtype: scaleDtype, shape: scaleShape };
  return hasZeroPoint
    ? [codes, scale, { name: 'zero_point', dtype: 'int32', shape: scaleShape }]
    : [codes, scale];
}

/** The arrays that quantizeAffine's result for this shape will be stored as, known before it is made. */
export function affineArraySpecs(shape: readonly number[], options: AffineOptions): ArraySpec[] {
  const settings = checkAffineOptions('affineArraySpecs', options, shape);
  return arraySpecs({ ...settings, shape, hasZeroPoint: settings.mapping === 'asymmetric' });
}

export function affineToArrays(q: AffineTensor): { header: AffineHeader; arrays: NamedArray[] } {
  checkAffineTensor('affineToArrays', q);
  const { kind, bits, codeMin, codeMax, mapping, granularity, shape, scaleDtype, rounding, overflow } = q;
  const hasZeroPoint = q.zeroPoint !== null;
  const header = {
    kind,
    bits,
    codeMin,
    codeMax,
    mapping,
    granularity,
    shape,
    scaleDtype,
    rounding,
    overflow,
    hasZeroPoint,
  };
  const parts = [q.codes, storedScale(q.scale, scaleDtype), q.zeroPoint];
  const arrays = arraySpecs(header).map((spec, i) => ({ ...spec, data: parts[i] as NamedArray['data'] }));
  return { header, arrays };
}

function storedScale(scale: Scales, dtype: ScaleDType): Scales | U16 {
  if (dtype === 'float32' || dtype === 'float64') return scale;
  const codes = new Uint16Array(scale.length);
  if (dtype === 'float16') kernels().encodeFloat16(codes, scale as F32);
  else kernels().encodeBfloat16(codes, scale as F32);
  return codes;
}

function loadedScale(data: NamedArray['data'], dtype: ScaleDType): Scales {
  if (dtype === 'float32' || dtype === 'float64') return data as Scales;
  const scale = new Float32Array(data.length);
  if (dtype === 'float16') kernels().decodeFloat16(scale, data as U16);
  else kernels().decodeBfloat16(scale, data as U16);
  return scale;
}

/**
 * The AffineTensor that affineToArrays took apart; codes and zero points are the given arrays, not copies.
 *
 * @throws FormatError: 'TENSOR_HEADER' for a header with missing, unknown or wrong fields, 'TENSOR_ARRAYS' for arrays that are not those of
 * the header, 'TENSOR_VALUES' for codes, scales or zero points out of range, 'TENSOR_PADDING' for set bits behind the last code.
 */
export function affineFromArrays(header: unknown, arrays: readonly NamedArray[]): AffineTensor {
  const checked = checkHeader(header);
  const [codes, scale, zeroPoint] = matchArrays(FROM, arrays, arraySpecs(checked));
  const { hasZeroPoint, ...rest } = checked;
  const q = affineTensor({
    ...rest,
    codes: codes as AffineTensor['codes'],
    scale: loadedScale(scale, checked.scaleDtype),
    zeroPoint: hasZeroPoint ? (zeroPoint as I32) : null,
  });
  try {
    checkAffineTensor(FROM, q);
  } catch (error) {
    throw new FormatError('TENSOR_VALUES', (error as Error).message);
  }
  const size = elementCount(q.shape, FROM);
  if (q.bits < 8) checkPadding(FROM, q.codes as U8, q.bits * size);
  checkCodeRange(q, size);
  return q;
}

/** Where the range leaves codes out, none of these may occur: the error bound counts on it. */
function checkCodeRange(q: AffineTensor, size: number): void {
  const { bits, codeMin, codeMax } = q;
  if (codeMax - codeMin === 2 ** bits - 1) return;
  const codes = unpackCodes(q, size);
  for (let i = 0; i < size; i++) {
    if (codes[i] >= codeMin && codes[i] <= codeMax) continue;
    const message = `${FROM}: "codes[${i}]" expected a code from ${codeMin} to ${codeMax}, got ${codes[i]}`;
    throw new FormatError('TENSOR_VALUES', message);
  }
}

function checkHeader(header: unknown): AffineHeader {
  if (!isPlainObject(header)) throw badHeader(FROM, 'header', 'an object', header);
  const fields = new Map<string, unknown>(Object.entries(header));
  for (const key of fields.keys())
    if (!HEADER_KEYS.includes(key)) throw badHeader(FROM, 'header', 'known fields', key);
  for (const key of HEADER_KEYS) if (!fields.has(key)) throw badHeader(FROM, key, 'a value', undefined);
  const given = Object.fromEntries(fields) as unknown as AffineHeader;
  if (given.kind !== 'affine') throw badHeader(FROM, 'kind', "'affine'", given.kind);
  if (typeof given.hasZeroPoint !== 'boolean')
    throw badHeader(FROM, 'hasZeroPoint', 'true or false', given.hasZeroPoint);
  const { overflow } = given;
  if (typeof overflow !== 'number' || !(overflow >= 0) || !Number.isFinite(overflow)) {
    throw badHeader(FROM, 'overflow', 'a finite number >= 0', overflow);
  }
  try {
    elementCount(given.shape, FROM);
    const granularity = checkGranularity(FROM, given.granularity, given.shape);
    checkBits(FROM, given.bits);
    return { ...given, granularity, shape: Array.from(given.shape) };
  } catch (error) {
    throw new FormatError('TENSOR_HEADER', (error as Error).message);
  }
}

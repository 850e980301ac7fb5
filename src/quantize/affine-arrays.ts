/** AffineTensors taken apart for storage and put together again, distrusting every part. */
import type { F32, I32, U16 } from '../core/arrays.js';
import { arrayTag } from '../core/array-tag.js';
import { DTYPES, type DType } from '../core/dtype.js';
import { describe, FormatError } from '../core/errors.js';
import { isPlainObject } from '../core/options.js';
import { elementCount, sameShape } from '../core/shape.js';
import type { ArraySpec, NamedArray } from '../core/source.js';
import { kernels } from '../kernels/dispatch.js';
import { checkAffineOptions, codeRange } from './affine-options.js';
import { checkAffineTensor } from './affine-tensor.js';
import type { AffineOptions, AffineTensor, Bits, ScaleDType, Scales } from './affine-types.js';
import { affineTensor } from './affine-view.js';
import { checkGranularity, planRegions } from './regions.js';

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
 * @throws FormatError: 'bad-header' for a header with missing, unknown or wrong fields, 'bad-arrays' for arrays that are not those of
 * the header, 'bad-values' for scales or zero points out of range, 'bad-padding' for set bits behind the last code.
 */
export function affineFromArrays(header: unknown, arrays: readonly NamedArray[]): AffineTensor {
  const checked = checkHeader(header);
  const specs = arraySpecs(checked);
  const [codes, scale, zeroPoint] = matchArrays(arrays, specs);
  const { hasZeroPoint, ...rest } = checked;
  const q = affineTensor({
    ...rest,
    codes: codes as AffineTensor['codes'],
    scale: loadedScale(scale, checked.scaleDtype),
    zeroPoint: hasZeroPoint ? (zeroPoint as I32) : null,
  });
  try {
    checkAffineTensor('affineFromArrays', q);
  } catch (error) {
    throw new FormatError('bad-values', (error as Error).message);
  }
  checkPadding(q, elementCount(q.shape, 'affineFromArrays'));
  return q;
}

function checkHeader(header: unknown): AffineHeader {
  if (!isPlainObject(header)) throw badHeader('header', 'an object', header);
  const fields = new Map<string, unknown>(Object.entries(header));
  for (const key of fields.keys())
    if (!HEADER_KEYS.includes(key)) throw badHeader('header', 'known fields', key);
  for (const key of HEADER_KEYS) if (!fields.has(key)) throw badHeader(key, 'a value', undefined);
  const given = Object.fromEntries(fields) as unknown as AffineHeader;
  if (given.kind !== 'affine') throw badHeader('kind', "'affine'", given.kind);
  if (typeof given.hasZeroPoint !== 'boolean')
    throw badHeader('hasZeroPoint', 'true or false', given.hasZeroPoint);
  const { overflow } = given;
  if (typeof overflow !== 'number' || !(overflow >= 0) || !Number.isFinite(overflow)) {
    throw badHeader('overflow', 'a finite number >= 0', overflow);
  }
  try {
    elementCount(given.shape, 'affineFromArrays');
    const granularity = checkGranularity('affineFromArrays', given.granularity, given.shape);
    // The asymmetric range is the widest: any bits that pass here are bits that exist.
    codeRange('affineFromArrays', given.bits, 'asymmetric');
    return { ...given, granularity, shape: Array.from(given.shape) };
  } catch (error) {
    throw new FormatError('bad-header', (error as Error).message);
  }
}

function matchArrays(arrays: readonly NamedArray[], specs: readonly ArraySpec[]): NamedArray['data'][] {
  const names = arrays.map((array) => array.name);
  const wanted = specs.map((spec) => spec.name);
  if (names.length !== wanted.length || wanted.some((name) => !names.includes(name))) {
    const message = `affineFromArrays: "arrays" expected ${describe(wanted)}, got ${describe(names)}`;
    throw new FormatError('bad-arrays', message);
  }
  return specs.map((spec) => {
    const array = arrays.find(({ name }) => name === spec.name) as NamedArray;
    const fits =
      array.dtype === spec.dtype &&
      sameShape(array.shape, spec.shape) &&
      arrayTag(array.data) === tagOf(spec.dtype) &&
      array.data.length === elementCount(spec.shape, 'affineFromArrays');
    if (!fits) {
      const got = `${array.dtype} [${array.shape.join(', ')}] of ${array.data.length} elements`;
      const expected = `${spec.dtype} [${spec.shape.join(', ')}]`;
      throw new FormatError(
        'bad-arrays',
        `affineFromArrays: "${spec.name}" expected ${expected}, got ${got}`,
      );
    }
    return array.data;
  });
}

function tagOf(dtype: DType): string {
  return DTYPES[dtype].array.name;
}

/** Packed codes may not hide anything behind the last one: equal tensors have equal bytes. */
function checkPadding(q: AffineTensor, size: number): void {
  const used = ((q.bits as Bits) * size) % 8;
  if (q.bits < 8 && used !== 0 && q.codes[q.codes.length - 1] >>> used !== 0) {
    const message = 'affineFromArrays: "codes" expected zero bits behind the last code, got others';
    throw new FormatError('bad-padding', message, q.codes.length - 1);
  }
}

function badHeader(field: string, expected: string, got: unknown): FormatError {
  return new FormatError(
    'bad-header',
    `affineFromArrays: "${field}" expected ${expected}, got ${describe(got)}`,
  );
}

/** Checks and defaults of everything that affine quantization is told. */
import { rangeError, typeError } from '../../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../../core/options.js';
import { checkSeed } from '../../core/random.js';
import { ROUNDINGS } from '../../core/rounding.js';
import { checkGivenRange } from './affine-range.js';
import type { AffineOptions, AffineSettings, Bits, Mapping, QParams, ScaleMethod } from './affine-types.js';
import { checkImportance } from './importance.js';
import { checkGranularity, planRegions, refuseTails } from './regions.js';
import { isScaleOf } from './scale-rule.js';

const KEYS: readonly (keyof AffineOptions)[] = [
  'bits',
  'mapping',
  'granularity',
  'scaleMethod',
  'percentile',
  'norm',
  'importance',
  'scaleDtype',
  'rounding',
  'seed',
  'arithmetic',
  'rangeMin',
  'rangeMax',
  'nonFinite',
  'tail',
];

export const MAPPINGS = ['symmetric', 'symmetricFull', 'asymmetric'] as const;
const SCALE_DTYPES = ['float32', 'float16', 'bfloat16', 'float64'] as const;
const ARITHMETICS = ['reciprocal', 'division'] as const;
const METHODS = ['absmax', 'minmax', 'percentile', 'mse', 'hqq'] as const;
export const NON_FINITE = ['throw', 'saturate'] as const;
const OWN_RANGE = { rangeMin: null, rangeMax: null };

/** The options checked against the shape of the tensor they are for. */
export function checkAffineOptions(
  fn: string,
  options: AffineOptions,
  shape: readonly number[],
): AffineSettings {
  const given = checkOptions(fn, options, KEYS);
  const bits = checkBits(fn, given.bits);
  const mapping = checkChoice(fn, 'mapping', given.mapping ?? 'symmetric', MAPPINGS);
  const [codeMin, codeMax] = codeRange(fn, bits, mapping);
  const usual = mapping === 'asymmetric' ? 'minmax' : 'absmax';
  const scaleMethod = checkChoice(fn, 'scaleMethod', given.scaleMethod ?? usual, METHODS);
  if (scaleMethod !== 'percentile' && given.percentile !== undefined) {
    throw rangeError(
      fn,
      'percentile',
      "no value unless scaleMethod is 'percentile'",
      given.percentile,
      'remove it',
    );
  }
  const { norm, importance } = checkObjective(fn, given, scaleMethod, shape);
  const ranged = given.rangeMin !== undefined || given.rangeMax !== undefined;
  if (ranged && scaleMethod !== 'absmax' && scaleMethod !== 'minmax') {
    const fix = 'give the range or a method that finds it, not both';
    throw rangeError(
      fn,
      'scaleMethod',
      "'absmax' or 'minmax' beside rangeMin and rangeMax",
      scaleMethod,
      fix,
    );
  }
  const granularity = checkGranularity(fn, given.granularity ?? { kind: 'tensor' }, shape);
  const tail = checkChoice(fn, 'tail', given.tail ?? 'short', ['short', 'throw']);
  if (tail === 'throw') refuseTails(fn, granularity, shape);
  const range = ranged ? checkGivenRange(fn, given, planRegions(shape, granularity).regions) : OWN_RANGE;
  return {
    bits,
    mapping,
    codeMin,
    codeMax,
    granularity,
    scaleMethod,
    percentile: checkPercentile(fn, given.percentile ?? 99.99),
    norm,
    importance,
    scaleDtype: checkChoice(fn, 'scaleDtype', given.scaleDtype ?? 'float32', [
      'float32',
      'float16',
      'bfloat16',
    ]),
    rounding: checkChoice(fn, 'rounding', given.rounding ?? 'halfEven', ROUNDINGS),
    seed: checkSeed(fn, given.seed ?? 0),
    arithmetic: checkChoice(fn, 'arithmetic', given.arithmetic ?? 'reciprocal', ARITHMETICS),
    ...range,
    nonFinite: checkChoice(fn, 'nonFinite', given.nonFinite ?? 'throw', NON_FINITE),
    tail,
  };
}

export function checkBits(fn: string, bits: unknown): Bits {
  const checked = checkInteger(fn, 'bits', bits, 1, 16);
  if (checked > 8 && checked !== 16)
    throw rangeError(fn, 'bits', '1 to 8, or 16', bits, 'choose one of these');
  return checked as Bits;
}

/** Smallest and largest code of a mapping. */
export function codeRange(fn: string, bits: Bits, mapping: Mapping): [codeMin: number, codeMax: number] {
  const half = 2 ** (bits - 1);
  switch (mapping) {
    case 'asymmetric':
      return [0, 2 * half - 1];
    case 'symmetricFull':
      return [-half, half - 1];
    case 'symmetric':
      if (bits === 1) {
        const fix = "one bit has no room for -1, 0 and 1: use 'asymmetric' or 'symmetricFull'";
        throw rangeError(fn, 'mapping', "'asymmetric' or 'symmetricFull' for 1 bit", mapping, fix);
      }
      return [1 - half, half - 1];
  }
}

/** What the methods that search for the least error are to make small. */
function checkObjective(
  fn: string,
  { norm, importance }: Partial<AffineOptions>,
  scaleMethod: ScaleMethod,
  shape: readonly number[],
): Pick<AffineSettings, 'norm' | 'importance'> {
  const searches = scaleMethod === 'mse' || scaleMethod === 'hqq';
  for (const [name, value] of Object.entries({ norm, importance })) {
    if (searches || value === undefined) continue;
    const expected = "no value unless scaleMethod is 'mse' or 'hqq'";
    throw rangeError(fn, name, expected, value, 'remove it');
  }
  return {
    norm: checkNorm(fn, norm ?? (scaleMethod === 'hqq' ? 0.7 : 2)),
    importance: importance === undefined ? null : checkImportance(fn, importance, shape),
  };
}

function checkNorm(fn: string, norm: unknown): number {
  const expected = 'a number above 0, at most 4';
  if (typeof norm !== 'number') throw typeError(fn, 'norm', expected, norm, 'for example 2');
  if (norm > 0 && norm <= 4) return norm;
  throw rangeError(fn, 'norm', expected, norm, '2 is the squared error, 1 the absolute one');
}

function checkPercentile(fn: string, percentile: unknown): number {
  const expected = 'a number above 50, at most 100';
  if (typeof percentile !== 'number')
    throw typeError(fn, 'percentile', expected, percentile, 'for example 99.9');
  if (!(percentile > 50 && percentile <= 100)) {
    throw rangeError(fn, 'percentile', expected, percentile, 'it is the percent of values inside the range');
  }
  return percentile;
}

/** A QParams record whose parts fit together and to `regions` regions. */
export function checkQParams(fn: string, q: QParams, regions: number): void {
  const bits = checkBits(fn, q.bits);
  checkChoice(fn, 'mapping', q.mapping, MAPPINGS);
  checkChoice(fn, 'scaleDtype', q.scaleDtype, SCALE_DTYPES);
  checkChoice(fn, 'rounding', q.rounding, ROUNDINGS);
  checkChoice(fn, 'arithmetic', q.arithmetic, ARITHMETICS);
  checkSeed(fn, q.seed);
  checkCodes(fn, bits, q.codeMin, q.codeMax);
  checkScales(fn, q, regions);
}

/** Codes must fit into `bits` bits above codeMin. */
function checkCodes(fn: string, bits: Bits, codeMin: unknown, codeMax: unknown): void {
  const low = checkInteger(fn, 'codeMin', codeMin, -32768, 0);
  const most = Math.min(low + 2 ** bits - 1, low < 0 && bits >= 8 ? 2 ** (bits - 1) - 1 : Infinity);
  const high = checkInteger(fn, 'codeMax', codeMax, 0, most);
  if (bits >= 8 && low < -(2 ** (bits - 1))) {
    throw rangeError(fn, 'codeMin', `at least ${-(2 ** (bits - 1))}`, low, `that is the range of int${bits}`);
  }
  if (high === low) throw rangeError(fn, 'codeMax', 'more than codeMin', high, 'give at least two codes');
}

/** Scales finite and >= 0, zero points within 2^20 of 0, one of each per region. */
function checkScales(fn: string, { scale, zeroPoint, scaleDtype }: QParams, regions: number): void {
  const array = scaleDtype === 'float64' ? Float64Array : Float32Array;
  if (!(scale instanceof array))
    throw typeError(fn, 'scale', `a ${array.name}`, scale, 'one scale per region');
  if (scale.length !== regions)
    throw rangeError(
      fn,
      'scale',
      `${regions} scales, one per region`,
      scale.length,
      'check shape and granularity',
    );
  for (let i = 0; i < regions; i++) {
    if (!(scale[i] >= 0 && scale[i] < Infinity)) {
      throw rangeError(
        fn,
        `scale[${i}]`,
        'a finite number >= 0',
        scale[i],
        'scales are steps between levels',
      );
    }
    if (!isScaleOf(scale[i], scaleDtype)) {
      throw rangeError(
        fn,
        `scale[${i}]`,
        `a ${scaleDtype} value`,
        scale[i],
        'round scales to scaleDtype first',
      );
    }
  }
  if (zeroPoint === null) return;
  if (!(zeroPoint instanceof Int32Array))
    throw typeError(fn, 'zeroPoint', 'an Int32Array or null', zeroPoint, 'null means 0');
  if (zeroPoint.length !== regions) {
    throw rangeError(
      fn,
      'zeroPoint',
      `${regions} zero points, one per region`,
      zeroPoint.length,
      'null means 0',
    );
  }
  for (let i = 0; i < regions; i++) {
    if (Math.abs(zeroPoint[i]) > 2 ** 20) {
      throw rangeError(
        fn,
        `zeroPoint[${i}]`,
        'a whole number within 2^20 of 0',
        zeroPoint[i],
        'zero points are codes',
      );
    }
  }
}

/** Checks and defaults of everything that an observer is told. */
import { rangeError, typeError } from '../../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../../core/options.js';
import { MAX_RANK } from '../../core/shape.js';
import { checkBits, codeRange, MAPPINGS } from '../affine/affine-options.js';
import type { ObserverKind, ObserverOptions } from './observer-types.js';

type Key = keyof ObserverOptions;

/** The options with their defaults: those of the kind, and no others. */
export type ObserverSettings = ObserverOptions &
  Required<Pick<ObserverOptions, 'mapping' | 'granularity' | 'nonFinite'>>;

const COMMON: readonly Key[] = ['mapping', 'granularity', 'nonFinite'];

/** What each kind is told besides, with its defaults. */
const DEFAULTS: Readonly<Record<ObserverKind, ObserverOptions>> = {
  minmax: {},
  ema: { averagingConstant: 0.01 },
  percentile: { percentile: 99.99, bins: 4096 },
  histogramMse: { bits: 8, bins: 4096 },
  entropy: { bits: 8, bins: 4096 },
  meanStd: { sigmas: 3 },
};

export const OBSERVER_KINDS: readonly ObserverKind[] = [
  'minmax',
  'ema',
  'percentile',
  'histogramMse',
  'entropy',
  'meanStd',
];

const MIN_BINS = 64;
const MAX_BINS = 65_536;

/** The checked options in a fixed order of keys, which is that of the saved text. */
export function checkObserverOptions(
  fn: string,
  kind: ObserverKind,
  options: ObserverOptions | undefined,
): ObserverSettings {
  const own = Object.keys(DEFAULTS[kind]) as Key[];
  const given = checkOptions<ObserverOptions>(fn, options, [...COMMON, ...own]);
  const all = { ...DEFAULTS[kind], ...given };
  const mapping = checkChoice(fn, 'mapping', given.mapping ?? 'symmetric', MAPPINGS);
  const settings: Record<string, unknown> = {
    mapping,
    granularity: checkGranularity(fn, given.granularity ?? { kind: 'tensor' }),
    nonFinite: checkChoice(fn, 'nonFinite', given.nonFinite ?? 'throw', ['throw', 'skip']),
  };
  for (const key of own) settings[key] = CHECKS[key]?.(fn, key, all[key]);
  if (kind === 'entropy') checkInteger(fn, 'bits', settings.bits, 2, 8);
  if (all.bits !== undefined) codeRange(fn, all.bits, mapping);
  return settings as unknown as ObserverSettings;
}

const CHECKS: Partial<Record<Key, (fn: string, name: string, value: unknown) => number>> = {
  averagingConstant: (fn, name, value) => checkWithin(fn, name, value, 0, 1),
  percentile: (fn, name, value) => checkWithin(fn, name, value, 50, 100),
  sigmas: (fn, name, value) => checkWithin(fn, name, value, 0, 1000),
  bits: (fn, _, value) => checkBits(fn, value),
  bins: (fn, name, value) => {
    const bins = checkInteger(fn, name, value, MIN_BINS, MAX_BINS);
    if ((bins & (bins - 1)) !== 0) throw rangeError(fn, name, 'a power of two', bins, 'for example 4096');
    return bins;
  },
};

/** A number above `low`, up to `high`. */
function checkWithin(fn: string, name: string, value: unknown, low: number, high: number): number {
  const expected = `a number above ${low}, at most ${high}`;
  if (typeof value !== 'number') throw typeError(fn, name, expected, value, 'pass a number');
  if (!(value > low && value <= high)) {
    throw rangeError(fn, name, expected, value, 'pass a value in this range');
  }
  return value;
}

/** Only what can be checked without a shape; the axis meets its tensor in `observe`. */
function checkGranularity(fn: string, granularity: unknown): ObserverSettings['granularity'] {
  const given = checkOptions<{ kind?: unknown; axis?: unknown }>(
    fn,
    granularity as { kind?: unknown },
    ['kind', 'axis'],
    'granularity',
  );
  const kind = checkChoice(fn, 'granularity.kind', given.kind, ['tensor', 'axis']);
  if (kind === 'axis') {
    return { kind, axis: checkInteger(fn, 'granularity.axis', given.axis, -MAX_RANK, MAX_RANK - 1) };
  }
  if (given.axis !== undefined) {
    throw rangeError(fn, 'granularity.axis', "no such key for kind 'tensor'", given.axis, 'remove it');
  }
  return { kind };
}

/** The first option in which two observers differ, or null. */
export function differingOption(a: ObserverSettings, b: ObserverSettings): Key | null {
  const keys = Object.keys(a) as Key[];
  return keys.find((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key])) ?? null;
}

/** Observers as plain data for JSON, and back, distrusting every part. */
import { describe, FormatError } from '../../core/errors.js';
import { isPlainObject } from '../../core/options.js';
import { powerOfTwo } from '../../core/float-formats.js';
import { binExponent, binOf, type Bins } from './observer-bins.js';
import type { ExactSums } from './observer-moments.js';
import { checkObserverOptions, OBSERVER_KINDS, type ObserverSettings } from './observer-options.js';
import { addTotals, createTables, totalsOf, type ChannelTotals, type Tables } from './observer-state.js';
import type { ChannelState, ObserverKind, ObserverState } from './observer-types.js';

const FROM = 'observerFromJSON';
const FORMAT = 'tensorslim-observer';
const VERSION = 1;

/** More digits than the squares of 2^53 float32 numbers add up to. */
const INTEGER = /^(0|-?[1-9][0-9]{0,200})$/;

/** Everything that an observer is made of. */
export interface ObserverParts {
  readonly kind: ObserverKind;
  readonly settings: ObserverSettings;
  readonly tables: Tables | null;
}

export function toState({ kind, settings, tables }: ObserverParts): ObserverState {
  const channels =
    tables === null
      ? null
      : Array.from(tables.count, (count, c) => (count === 0 ? null : channelState(totalsOf(tables, c))));
  return { format: FORMAT, version: VERSION, kind, options: { ...settings }, channels };
}

function channelState({ count, min, max, bins, sums }: ChannelTotals): ChannelState {
  return {
    count,
    min,
    max,
    ...(bins !== null && {
      binWidth: bins.width,
      firstBin: bins.first,
      binCounts: Array.from(bins.counts),
    }),
    ...(sums !== null && { sum: String(sums.sum), sumOfSquares: String(sums.sumOfSquares) }),
  };
}

/** The parts of a saved observer. @throws FormatError OBSERVER_STATE for whatever toState would not have made. */
export function fromState(state: unknown): ObserverParts {
  const fields = fieldsOf('state', state, ['format', 'version', 'kind', 'options', 'channels']);
  if (fields.format !== FORMAT) throw bad('format', `'${FORMAT}'`, fields.format);
  if (fields.version !== VERSION) throw bad('version', String(VERSION), fields.version);
  const kind = OBSERVER_KINDS.find((known) => known === fields.kind);
  if (kind === undefined) throw bad('kind', `one of ${OBSERVER_KINDS.join(', ')}`, fields.kind);
  const settings = trusted(() => completeOptions(kind, fields.options));
  if (fields.channels === null) return { kind, settings, tables: null };
  return { kind, settings, tables: readChannels(kind, settings, fields.channels) };
}

function completeOptions(kind: ObserverKind, options: unknown): ObserverSettings {
  const settings = checkObserverOptions(FROM, kind, options as ObserverSettings);
  fieldsOf('options', options, Object.keys(settings));
  return settings;
}

function readChannels(kind: ObserverKind, settings: ObserverSettings, channels: unknown): Tables {
  if (!Array.isArray(channels) || channels.length === 0)
    throw bad('channels', 'a filled array or null', channels);
  if (settings.granularity.kind === 'tensor' && channels.length !== 1) {
    throw bad('channels', "one for granularity 'tensor'", channels.length);
  }
  const tables = trusted(() => createTables(FROM, kind, settings, channels.length));
  let total = 0;
  for (let c = 0; c < channels.length; c++) {
    if (channels[c] === null) continue;
    const totals = readChannel(`channels[${c}]`, kind, settings, channels[c]);
    addTotals(tables, c, totals);
    total += totals.count;
  }
  if (total > Number.MAX_SAFE_INTEGER) throw bad('channels', 'at most 2^53 - 1 values', total);
  return tables;
}

function readChannel(
  place: string,
  kind: ObserverKind,
  { bins }: ObserverSettings,
  state: unknown,
): ChannelTotals {
  const more = kind === 'meanStd' ? ['sum', 'sumOfSquares'] : bins === undefined ? [] : BIN_KEYS;
  const fields = fieldsOf(place, state, ['count', 'min', 'max', ...more]);
  const count = wholeNumber(`${place}.count`, fields.count, 1);
  const min = float32(`${place}.min`, fields.min);
  const max = float32(`${place}.max`, fields.max);
  if (min > max) throw bad(`${place}.min`, `at most ${max}`, min);
  const read = { count, min, max };
  return {
    ...read,
    bins: bins === undefined ? null : readBins(place, bins, read, fields),
    sums: kind === 'meanStd' ? readSums(place, read, fields) : null,
  };
}

const BIN_KEYS = ['binWidth', 'firstBin', 'binCounts'];

type Extent = Pick<ChannelTotals, 'count' | 'min' | 'max'>;
type Fields = Readonly<Record<string, unknown>>;

/** The bins follow from the smallest and the largest value; both lie in bins that are not empty. */
function readBins(place: string, maxBins: number, { count, min, max }: Extent, fields: Fields): Bins {
  const exponent = binExponent(min, max, maxBins);
  const width = powerOfTwo(exponent);
  const first = binOf(min, exponent);
  const length = binOf(max, exponent) - first + 1;
  if (fields.binWidth !== width) throw bad(`${place}.binWidth`, String(width), fields.binWidth);
  if (fields.firstBin !== first) throw bad(`${place}.firstBin`, String(first), fields.firstBin);
  const given = fields.binCounts;
  if (!Array.isArray(given) || given.length !== length)
    throw bad(`${place}.binCounts`, `${length} counts`, given);
  const counts = Float64Array.from(given, (n, i) => wholeNumber(`${place}.binCounts[${i}]`, n, 0));
  if (counts[0] === 0 || counts[length - 1] === 0) {
    throw bad(`${place}.binCounts`, 'the smallest and the largest value in the outermost bins', given);
  }
  const sum = counts.reduce((a, b) => a + b, 0);
  if (sum !== count) throw bad(`${place}.binCounts`, `${count} values in all`, sum);
  return { width, first, counts };
}

/** Sums that `count` values from `min` to `max` can have; so a variance is never negative. */
function readSums(place: string, { count, min, max }: Extent, fields: Fields): ExactSums {
  const sum = bigInteger(`${place}.sum`, fields.sum);
  const sumOfSquares = bigInteger(`${place}.sumOfSquares`, fields.sumOfSquares);
  const [n, low, high] = [BigInt(count), unitsOf(min), unitsOf(max)];
  if (sum < n * low || sum > n * high)
    throw bad(`${place}.sum`, 'a sum of values from min to max', fields.sum);
  const largest = -low > high ? -low : high;
  if (sum * sum > n * sumOfSquares || sumOfSquares > n * largest * largest) {
    throw bad(`${place}.sumOfSquares`, 'a sum of squares of such values', fields.sumOfSquares);
  }
  return { sum, sumOfSquares };
}

/** A float32 in units of 2^-149. */
function unitsOf(value: number): bigint {
  return BigInt(value * powerOfTwo(149));
}

/** The fields of a record whose keys are exactly these. */
function fieldsOf(place: string, value: unknown, keys: readonly string[]): Fields {
  if (!isPlainObject(value)) throw bad(place, 'an object', value);
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const key of fields.keys()) if (!keys.includes(key)) throw bad(place, 'known fields', key);
  for (const key of keys) if (!fields.has(key)) throw bad(`${place}.${key}`, 'a value', undefined);
  return Object.fromEntries(fields);
}

function wholeNumber(place: string, value: unknown, min: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value + 0;
  throw bad(place, `a whole number from ${min} to 2^53 - 1`, value);
}

function float32(place: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && Math.fround(value) === value) return value + 0;
  throw bad(place, 'a finite float32', value);
}

function bigInteger(place: string, value: unknown): bigint {
  if (typeof value === 'string' && INTEGER.test(value)) return BigInt(value);
  throw bad(place, 'a whole number in decimal digits', value);
}

/** What checks of arguments refuse is a fault of the saved data here. */
function trusted<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError('OBSERVER_STATE', (error as Error).message);
  }
}

function bad(place: string, expected: string, got: unknown): FormatError {
  return new FormatError('OBSERVER_STATE', `${FROM}: "${place}" expected ${expected}, got ${describe(got)}`);
}

/** Reports as JSON and back, distrusting every field. */
import { DTYPES, type DType } from '../core/dtype.js';
import { describe, FormatError, quote, typeError } from '../core/errors.js';
import type { Histogram } from '../core/histogram.js';
import { isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import type { ErrorBound } from '../compressed/kinds.js';
import type { ErrorMeasures } from '../metrics/error.js';
import type { GoalResult, Report, TensorReport } from './types.js';

/**
 * Returns the report as JSON text, two spaces deep.
 *
 * Numerics: numbers are written so that reading gives the same double (-0 becomes 0); NaN and the infinities, which JSON lacks, become
 * the strings 'NaN', 'Infinity' and '-Infinity'.
 *
 * @param report what verify returned
 * @example
 * reportFromJson(reportToJson(report)).ratio === report.ratio; // true
 * @see reportFromJson
 */
export function reportToJson(report: Report): string {
  return JSON.stringify(
    report,
    (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value),
    2,
  );
}

/**
 * Returns the report that reportToJson wrote.
 *
 * @param text JSON text; every field is checked, unknown ones are refused
 * @throws TypeError when text is no string; FormatError REPORT_SYNTAX when it is no JSON, REPORT_VERSION for a report of another
 * version, REPORT_FIELD for a missing, unknown or wrong field, with its path.
 * @example
 * reportFromJson(text).ratio; // 3.73...
 * @see reportToJson
 */
export function reportFromJson(text: string): Report {
  const fn = 'reportFromJson';
  if (typeof text !== 'string') throw typeError(fn, 'text', 'a string', text, 'decode bytes as UTF-8 first');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = `${fn}: "text" expected JSON, got ${quote((error as Error).message)} - pass what reportToJson returned`;
    throw new FormatError('REPORT_SYNTAX', message);
  }
  const version = isPlainObject(value) ? (value as Partial<Report>).version : undefined;
  if (version !== undefined && version !== 1) {
    const message = `${fn}: "version" expected 1, got ${describe(version)} - update the library`;
    throw new FormatError('REPORT_VERSION', message);
  }
  return report(value, 'report');
}

/** A check that gives back what it checked, or throws with the path of the field. */
type Check<T> = (value: unknown, path: string) => T;

function wrong(path: string, expected: string, got: unknown): FormatError {
  const message = `reportFromJson: ${quote(path)} expected ${expected}, got ${describe(got)} - write reports with reportToJson`;
  return new FormatError('REPORT_FIELD', message);
}

const NAMED_NUMBERS: ReadonlyMap<unknown, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

const number: Check<number> = (value, path) => {
  const named = NAMED_NUMBERS.get(value);
  if (named !== undefined) return named;
  if (typeof value === 'number') return value;
  throw wrong(path, "a number, 'NaN', 'Infinity' or '-Infinity'", value);
};

const count: Check<number> = (value, path) => {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw wrong(path, 'a whole number >= 0', value);
};

const text: Check<string> = (value, path) => {
  if (typeof value === 'string') return value;
  throw wrong(path, 'a string', value);
};

const flag: Check<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  throw wrong(path, 'true or false', value);
};

const shape: Check<readonly number[]> = (value, path) => {
  const axes = list(count)(value, path);
  try {
    elementCount(axes, 'reportFromJson');
  } catch {
    throw wrong(path, 'axis lengths of a possible tensor', value);
  }
  return axes;
};

function oneOf<T extends string | number>(choices: readonly T[]): Check<T> {
  return (value, path) => {
    if (choices.includes(value as T)) return value as T;
    throw wrong(path, `one of ${choices.join(', ')}`, value);
  };
}

function list<T>(check: Check<T>): Check<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, 'an array', value);
    return value.map((item: unknown, i) => check(item, `${path}[${i}]`));
  };
}

function orNull<T>(check: Check<T>): Check<T | null> {
  return (value, path) => (value === null ? null : check(value, path));
}

function dictionary<T>(check: Check<T>): Check<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (!isPlainObject(value)) throw wrong(path, 'an object', value);
    // fromEntries defines keys, so that even '__proto__' is one like any other.
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, check(item, `${path}.${key}`)]),
    );
  };
}

type Fields<T> = { readonly [K in keyof Required<T>]: Check<T[K]> };

/** An object of exactly these fields; `optional` ones may be missing. */
function record<T extends object>(fields: Fields<T>, optional: readonly (keyof T & string)[] = []): Check<T> {
  const checks = new Map<string, Check<unknown>>(Object.entries(fields));
  return (value, path) => {
    if (!isPlainObject(value)) throw wrong(path, 'an object', value);
    for (const key of Object.keys(value)) if (!checks.has(key)) throw wrong(path, 'known fields', key);
    const out: Record<string, unknown> = {};
    for (const [key, check] of checks) {
      const item = (value as Record<string, unknown>)[key];
      if (Object.hasOwn(value, key)) out[key] = check(item, `${path}.${key}`);
      else if (!(optional as readonly string[]).includes(key))
        throw wrong(`${path}.${key}`, 'a value', undefined);
    }
    return out as T;
  };
}

const measures = record<ErrorMeasures>({
  maxAbs: number,
  l2: number,
  relativeL2: number,
  mse: number,
  sqnrDb: number,
  cosine: number,
});

const bound = record<ErrorBound>({ maxAbs: number, l2: number });

const histogram = record<Histogram>({ min: number, max: number, counts: list(count) });

const tensorReport = record<TensorReport>({
  name: text,
  dtype: oneOf(Object.keys(DTYPES) as DType[]),
  shape,
  label: text,
  isLossy: flag,
  originalBytes: count,
  compressedBytes: count,
  bitsPerWeight: number,
  measures,
  bound,
  isWithinBound: flag,
  histogram: orNull(histogram),
  levels: orNull(list(number)),
});

const goal = record<GoalResult>(
  { figure: text, atLeast: number, atMost: number, measured: number, isReached: flag } as Fields<GoalResult>,
  ['atLeast', 'atMost'],
);

const report = record<Report>({
  kind: oneOf(['report']),
  version: oneOf([1]),
  format: oneOf(['safetensors', 'tfjs']),
  tensorCount: count,
  originalBytes: count,
  compressedBytes: count,
  ratio: number,
  bitsPerWeight: number,
  measures,
  isWithinBound: flag,
  tensors: list(tensorReport),
  evaluation: dictionary(number),
  goals: list(goal),
  isReached: flag,
});

/** Checks of what every loss takes; all stand before anything is allocated. */
import { arrayTag } from '../core/array-tag.js';
import type { FloatArray } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkChoice, checkInteger, isPlainObject } from '../core/options.js';
import type { PairOptions, Reduction, RowOptions } from './types.js';

/** Numbers by row: a typed array, an ordinary one, or a function. */
type PerRow = (row: number) => number;

/** The rows of a call: which count, with what weight. */
export interface Rows {
  readonly fn: string;
  readonly count: number;
  readonly classes: number;
  readonly isCounted: (row: number) => boolean;
  readonly weight: PerRow;
  readonly reduction: Reduction;
}

/** Rows of student and teacher logits. */
export interface Pairs extends Rows {
  readonly student: FloatArray;
  readonly teacher: FloatArray;
  readonly temperature: PerRow;
  readonly isSquared: boolean;
  readonly out: FloatArray | null;
}

export const ROW_KEYS: readonly (keyof RowOptions)[] = [
  'classes',
  'mask',
  'labels',
  'ignoreIndex',
  'rowWeights',
  'reduction',
  'out',
];

export const PAIR_KEYS: readonly (keyof PairOptions)[] = [
  ...ROW_KEYS,
  'studentLogits',
  'teacherLogits',
  'temperature',
  'temperatureSquared',
];

const REDUCTIONS = ['none', 'sum', 'rowMean', 'elementMean'] as const;

const isFloats = (value: unknown): value is FloatArray => {
  const tag = arrayTag(value);
  return tag === 'Float32Array' || tag === 'Float64Array';
};

export function checkFloats(fn: string, argument: string, value: unknown): FloatArray {
  if (isFloats(value)) return value;
  throw typeError(
    fn,
    argument,
    'a Float32Array or a Float64Array',
    value,
    'pass the numbers in one of these',
  );
}

/** Logits of whole rows of `classes`. */
export function checkLogits(fn: string, argument: string, value: unknown, classes: number): FloatArray {
  const logits = checkFloats(fn, argument, value);
  if (logits.length % classes === 0) return logits;
  throw rangeError(fn, argument, `rows of ${classes} logits`, `${logits.length} numbers`, 'pass whole rows');
}

export function checkClasses(fn: string, classes: unknown): number {
  return checkInteger(fn, 'classes', classes, 1, 2 ** 31 - 1);
}

/** A number in [0, 1]. */
export function checkShare(fn: string, argument: string, value: unknown, usual: number): number {
  return checkNumber(fn, argument, value ?? usual, 'a number from 0 to 1', (x) => x >= 0 && x <= 1);
}

/** A finite number that is not negative. */
export function checkWeight(fn: string, argument: string, value: unknown): number {
  const isGood = (x: number): boolean => x >= 0 && x < Infinity;
  return checkNumber(fn, argument, value, 'a finite number, not negative', isGood);
}

function checkNumber(
  fn: string,
  argument: string,
  value: unknown,
  expected: string,
  isGood: (x: number) => boolean,
): number {
  if (typeof value !== 'number') throw typeError(fn, argument, expected, value, 'pass a number');
  if (!isGood(value)) throw rangeError(fn, argument, expected, value, 'pass a value in this range');
  return value;
}

export function checkRows(fn: string, options: Partial<RowOptions>, classes: number, count: number): Rows {
  const mask = options.mask === undefined ? null : checkList(fn, 'mask', options.mask, count);
  const labels = options.labels === undefined ? null : checkList(fn, 'labels', options.labels, count);
  const ignored = checkInteger(
    fn,
    'ignoreIndex',
    options.ignoreIndex ?? -100,
    -Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
  );
  return {
    fn,
    count,
    classes,
    isCounted: (row) => (mask === null || Boolean(mask[row])) && labels?.[row] !== ignored,
    weight: checkPerRow(fn, 'rowWeights', options.rowWeights ?? 1, count, checkWeight),
    reduction: checkReduction(fn, options.reduction),
  };
}

/** What all losses between two rows of logits take. */
export function checkPairs(fn: string, options: Partial<PairOptions>): Pairs {
  const classes = checkClasses(fn, options.classes);
  const student = checkLogits(fn, 'studentLogits', options.studentLogits, classes);
  const teacher = checkLogits(fn, 'teacherLogits', options.teacherLogits, classes);
  if (student.length !== teacher.length) {
    throw rangeError(
      fn,
      'teacherLogits',
      `${student.length} logits as the student has`,
      `${teacher.length} logits`,
      'both need the same rows and classes; a vocabulary is never padded here, since a logit of 0 is a probability: cut the teacher, or pad with -Infinity',
    );
  }
  const squared = options.temperatureSquared ?? true;
  if (typeof squared !== 'boolean') {
    throw typeError(fn, 'temperatureSquared', 'a boolean', squared, 'pass true or false');
  }
  return {
    ...checkRows(fn, options, classes, student.length / classes),
    student,
    teacher,
    temperature: checkPerRow(
      fn,
      'temperature',
      options.temperature ?? 1,
      student.length / classes,
      checkTemperature,
    ),
    isSquared: squared,
    out: checkOut(fn, options.out, student),
  };
}

export function checkTemperature(fn: string, argument: string, value: unknown): number {
  return checkNumber(
    fn,
    argument,
    value,
    'a positive, finite number',
    (x) => x > 0 && x < Infinity && 1 / x < Infinity,
  );
}

/** `out` when it may take a gradient of `like`. */
export function checkOut(fn: string, out: unknown, like: FloatArray): FloatArray | null {
  if (out === undefined) return null;
  const expected = `a ${arrayTag(like)} of ${like.length} numbers, as the student's`;
  if (arrayTag(out) !== arrayTag(like))
    throw typeError(fn, 'out', expected, out, 'pass an array of this type');
  const array = out as FloatArray;
  if (array.length !== like.length)
    throw rangeError(fn, 'out', expected, out, 'pass an array of this length');
  return array;
}

/** A label in [0, classes) for every row that counts. */
export function checkLabels(rows: Rows, labels: unknown): ArrayLike<number> {
  const list = checkList(rows.fn, 'labels', labels, rows.count) as ArrayLike<number>;
  for (let row = 0; row < rows.count; row++) {
    if (rows.isCounted(row)) checkInteger(rows.fn, `labels[${row}]`, list[row], 0, rows.classes - 1);
  }
  return list;
}

/** An array with one entry per row. */
function checkList(fn: string, argument: string, value: unknown, count: number): ArrayLike<unknown> {
  const tag = arrayTag(value);
  if (!Array.isArray(value) && (tag === null || tag.startsWith('Big'))) {
    throw typeError(fn, argument, 'an array or typed array with one entry per row', value, 'pass an array');
  }
  const list = value as ArrayLike<unknown>;
  if (list.length === count) return list;
  throw rangeError(fn, argument, `${count} entries, one per row`, `${list.length}`, 'pass one for every row');
}

function checkPerRow(
  fn: string,
  argument: string,
  value: unknown,
  count: number,
  check: (fn: string, argument: string, value: unknown) => number,
): PerRow {
  if (typeof value === 'number') {
    const one = check(fn, argument, value);
    return () => one;
  }
  const list = checkList(fn, argument, value, count) as ArrayLike<number>;
  for (let row = 0; row < count; row++) check(fn, `${argument}[${row}]`, list[row]);
  return (row) => list[row];
}

function checkReduction(fn: string, reduction: unknown): Reduction {
  if (reduction === undefined) return 'rowMean';
  if (!isPlainObject(reduction)) {
    return checkChoice(fn, 'reduction', reduction, REDUCTIONS);
  }
  const { denominator } = reduction as { denominator?: unknown };
  const isGood = (x: number): boolean => x > 0 && x < Infinity;
  return {
    denominator: checkNumber(fn, 'reduction.denominator', denominator, 'a positive, finite number', isGood),
  };
}

/** How many singular values to keep. */
import type { FloatArray } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkInteger, checkOptions, isPlainObject } from '../core/options.js';
import { toContiguous } from '../core/tensor.js';
import { bayesianRank } from './evbmf.js';
import { hardThreshold, noisyThreshold } from './gavish-donoho.js';
import { checkFinite } from './matrix.js';

/** The size of the matrix whose singular values are given. */
export interface MatrixSize {
  readonly rows: number;
  readonly columns: number;
}

export interface NoisyMatrix extends MatrixSize {
  /** Standard deviation of the noise of each element. Left out, it is estimated from the singular values, which then must be all of them. */
  readonly noise?: number;
}

export interface RankBudget extends MatrixSize {
  /** Numbers that both factors together may have. */
  readonly parameters: number;
}

/** One rule, by its key. */
export type RankRule =
  | { readonly energy: number }
  | { readonly tolerance: number }
  | { readonly gavishDonoho: NoisyMatrix }
  | { readonly evbmf: NoisyMatrix }
  | { readonly budget: RankBudget };

const RULES = ['energy', 'tolerance', 'gavishDonoho', 'evbmf', 'budget'] as const;

/**
 * Returns the rank that a rule gives for these singular values.
 *
 * Formula, with tail(k)^2 = sum of s[i]^2 for i >= k:
 * energy e: the least k with tail(k)^2 <= (1 - e) tail(0)^2, so that the truncated matrix keeps e of the squared norm;
 * tolerance t: the least k with tail(k) <= t tail(0), so that its relative Frobenius error is at most t;
 * gavishDonoho: the number of s above the optimal hard threshold for white noise, lambda(b) sqrt(n) noise, or omega(b) median(s) for unknown
 * noise, with b = m / n for m <= n, lambda(b)^2 = 2 (b + 1) + 8 b / (b + 1 + sqrt(b^2 + 14 b + 1)) and omega = lambda / sqrt(median of the
 * Marchenko-Pastur law);
 * evbmf: the number of s that empirical variational Bayes keeps, at least 1;
 * budget: floor(parameters / (rows + columns)), at most the number of s.
 *
 * Shapes: s is a list of singular values, the largest first; for evbmf and for gavishDonoho without noise all min(rows, columns) of them.
 *
 * Numerics: sums of squares are taken of s / s[0], from the smallest on, in float64. Zeros and empty lists give 0. The median of the law is integrated to 1e-9: the
 * popular cubic for omega is off by up to 0.4 %.
 *
 * Cost: linear in the length of s; gavishDonoho without noise and evbmf take about a millisecond.
 *
 * Compatible with: `energy` and `tolerance` as in scikit-learn's n_components < 1 and the eps of tensor trains; EVBMF as in the published code, but its matrix need not be wide
 * and its rank is not 0 where s is not.
 *
 * @param s singular values, not negative, descending
 * @param rule an object with one of the keys energy, tolerance, gavishDonoho, evbmf, budget
 * @throws TypeError or RangeError for arguments, among them a budget that rank 1 exceeds, which is named; NumericError NON_FINITE.
 * @example
 * chooseRank(Float64Array.of(3, 2, 1), { energy: 0.9 }); // 2: 13 of 14
 * chooseRank(Float64Array.of(3, 2, 1), { budget: { rows: 100, columns: 50, parameters: 450 } }); // 3
 * @see Gavish and Donoho 2014, https://arxiv.org/abs/1305.5870, Nakajima et al. 2013, https://www.jmlr.org/papers/v14/nakajima13a.html
 */
export function chooseRank(s: FloatArray | readonly number[], rule: RankRule): number {
  const fn = 'chooseRank';
  const values = checkValues(fn, s);
  const key = checkRule(fn, rule);
  const setting: unknown = (rule as Record<string, unknown>)[key];
  if (key === 'budget') return withinBudget(fn, values.length, setting);
  if (key === 'energy' || key === 'tolerance') {
    const share = checkShare(fn, `rule.${key}`, setting);
    return leastRank(values, key === 'energy' ? 1 - share : share * share);
  }
  const { rows, columns, noise } = checkNoisy(fn, key, setting, values.length);
  if (values.length === 0 || values[0] === 0) return 0;
  const [short, long] = rows < columns ? [rows, columns] : [columns, rows];
  if (key === 'evbmf') return bayesianRank(values, short, long, noise);
  const threshold = noise === null ? hardThreshold(values, short, long) : noisyThreshold(noise, short, long);
  let rank = 0;
  while (rank < values.length && values[rank] > threshold) rank++;
  return rank;
}

function checkValues(fn: string, s: unknown): FloatArray {
  const list = Array.isArray(s) ? { data: s as number[], shape: [s.length] } : (s as FloatArray);
  const { data, shape } = toContiguous(list, fn, 's');
  if (shape.length !== 1) throw rangeError(fn, 's', 'one axis', shape.length, 'pass the singular values');
  checkFinite(fn, 's', data);
  for (let i = 0; i < data.length; i++) {
    if (data[i] >= 0 && (i === 0 || data[i] <= data[i - 1])) continue;
    throw rangeError(fn, `s[${i}]`, 'descending values, none below 0', data[i], 'pass s as svd returns it');
  }
  return data;
}

function checkRule(fn: string, rule: unknown): (typeof RULES)[number] {
  if (!isPlainObject(rule))
    throw typeError(fn, 'rule', 'a plain object', rule, 'pass for example {energy: 0.99}');
  const given = checkOptions<Record<string, unknown>>(fn, rule as Record<string, unknown>, RULES, 'rule');
  const keys = RULES.filter((key) => key in given);
  if (keys.length === 1) return keys[0];
  throw rangeError(
    fn,
    'rule',
    `one of the keys ${RULES.join(', ')}`,
    `${keys.length} of them`,
    'pass one rule',
  );
}

function checkShare(fn: string, argument: string, value: unknown): number {
  if (typeof value !== 'number')
    throw typeError(fn, argument, 'a number from 0 to 1', value, 'pass for example 0.9');
  if (!(value >= 0 && value <= 1))
    throw rangeError(fn, argument, 'a number from 0 to 1', value, 'pass a share of 1');
  return value;
}

/** The least k with tail(k)^2 <= share tail(0)^2. */
function leastRank(s: FloatArray, share: number): number {
  const largest = s[0];
  if (s.length === 0 || largest === 0) return 0;
  const square = (i: number): number => (s[i] / largest) * (s[i] / largest);
  let whole = 0;
  for (let i = s.length - 1; i >= 0; i--) whole += square(i);
  let tail = 0;
  let k = s.length;
  while (k > 0 && tail + square(k - 1) <= share * whole) tail += square(--k);
  return k;
}

function withinBudget(fn: string, most: number, setting: unknown): number {
  const given = checkOptions<RankBudget>(
    fn,
    setting as RankBudget,
    ['rows', 'columns', 'parameters'],
    'rule.budget',
  );
  const rows = checkInteger(fn, 'rule.budget.rows', given.rows, 1, 2 ** 40);
  const columns = checkInteger(fn, 'rule.budget.columns', given.columns, 1, 2 ** 40);
  const parameters = checkInteger(fn, 'rule.budget.parameters', given.parameters, 0, Number.MAX_SAFE_INTEGER);
  if (parameters < rows + columns) {
    const expected = `at least ${rows + columns}, the parameters of rank 1`;
    throw rangeError(fn, 'rule.budget.parameters', expected, parameters, 'allow more');
  }
  return Math.min(most, Math.floor(parameters / (rows + columns)));
}

function checkNoisy(
  fn: string,
  key: string,
  setting: unknown,
  count: number,
): { rows: number; columns: number; noise: number | null } {
  const place = `rule.${key}`;
  const given = checkOptions<NoisyMatrix>(fn, setting as NoisyMatrix, ['rows', 'columns', 'noise'], place);
  const rows = checkInteger(fn, `${place}.rows`, given.rows, 0, 2 ** 40);
  const columns = checkInteger(fn, `${place}.columns`, given.columns, 0, 2 ** 40);
  const { noise } = given;
  if (noise !== undefined && typeof noise !== 'number') {
    throw typeError(fn, `${place}.noise`, 'a positive number', noise, 'leave it out to have it estimated');
  }
  if (noise !== undefined && !(noise > 0 && noise < Infinity)) {
    throw rangeError(fn, `${place}.noise`, 'a positive number', noise, 'leave it out to have it estimated');
  }
  const least = Math.min(rows, columns);
  if (count > least || ((noise === undefined || key === 'evbmf') && count < least)) {
    const expected = `all ${least} singular values of a ${rows} x ${columns} matrix`;
    throw rangeError(fn, 's', expected, count, 'pass s of the whole matrix');
  }
  return { rows, columns, noise: noise ?? null };
}

/** How many elements a scope of n keeps, and how equal scores at the threshold go: ours, and those of other tools. */
import { rangeError } from '../core/errors.js';
import { checkChoice, checkInteger } from '../core/options.js';
import { roundHalfEven } from '../core/rounding.js';
import { checkFraction } from './checks.js';
import type { PruneCompat } from './types.js';

/**
 * `first`: exactly `keep`, of equal ones the lowest index; `last`: the same with the highest; `allKept` and `allRemoved`: whatever
 * equals the keep-th largest goes one way.
 */
export type Ties = 'first' | 'last' | 'allKept' | 'allRemoved';

export interface Rule {
  readonly keep: number;
  readonly ties: Ties;
}

/** The rule of a scope of n elements. */
export type CountRule = (n: number) => Rule;

const COMPATS: readonly PruneCompat[] = ['torch', 'sparsegpt', 'wanda', 'tfmot', 'nni', 'llm-compressor'];

const f = Math.fround;

/** Elements to remove, as Python's round(s * n). */
export function removedCount(n: number, sparsity: number): number {
  return Math.min(n, roundHalfEven(sparsity * n));
}

function ruleOf(compat: PruneCompat | undefined, n: number, s: number, isGlobal: boolean): Rule {
  const whole = Math.min(n, Math.trunc(n * s));
  switch (compat) {
    case 'sparsegpt':
      // threshold = sorted[int(n s)], removed at or below it; at s = 1 the index is out of range there, and all are removed here.
      return { keep: n - Math.min(whole, n - 1), ties: 'allRemoved' };
    case 'llm-compressor':
      return whole === 0 ? { keep: n, ties: 'first' } : { keep: n - whole + 1, ties: 'allRemoved' };
    case 'wanda':
      return { keep: n - whole, ties: 'last' };
    case 'nni':
      return { keep: n - whole, ties: isGlobal ? 'allKept' : 'first' };
    case 'tfmot':
      // In float32, as TensorFlow computes it.
      return { keep: Math.min(n, Math.max(1, roundHalfEven(f(f(n) * f(1 - f(s)))))), ties: 'allKept' };
    default:
      return { keep: n - removedCount(n, s), ties: 'first' };
  }
}

/** The rule of these options, checked. */
export function countRule(
  fn: string,
  given: { readonly sparsity?: number; readonly keepCount?: number; readonly compat?: PruneCompat },
  isGlobal: boolean,
): CountRule {
  const compat = given.compat === undefined ? undefined : checkChoice(fn, 'compat', given.compat, COMPATS);
  if ((given.sparsity === undefined) === (given.keepCount === undefined)) {
    const got = given.sparsity === undefined ? 'neither' : 'both';
    throw rangeError(fn, 'options', 'either sparsity or keepCount', got, 'for example { sparsity: 0.5 }');
  }
  if (given.sparsity === undefined) {
    const keep = checkInteger(fn, 'keepCount', given.keepCount, 0, Number.MAX_SAFE_INTEGER);
    if (compat !== undefined && compat !== 'torch') {
      const fix = `leave compat out, or pass sparsity: the count of '${compat}' comes from a fraction`;
      throw rangeError(fn, 'compat', `'torch' or none beside keepCount`, compat, fix);
    }
    return (n) => ({ keep: Math.min(keep, n), ties: 'first' });
  }
  const sparsity = checkFraction(fn, 'sparsity', given.sparsity);
  return (n) => (n === 0 ? { keep: 0, ties: 'first' } : ruleOf(compat, n, sparsity, isGlobal));
}

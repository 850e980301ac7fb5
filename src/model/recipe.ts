/** Recipes: checked once, whether they come from JSON or from a program. */
import { rangeError, typeError } from '../core/errors.js';
import { checkInteger, checkOptions } from '../core/options.js';
import { checkScheme } from '../compressed/schemes.js';
import type { Recipe, Rule, Skip } from './types.js';

/** A recipe with every default filled in. */
export interface FullRecipe {
  readonly scheme: Recipe['scheme'];
  readonly rules: readonly Rule[];
  readonly skip: Required<Skip>;
}

/**
 * Names of norms and biases. They are mostly vectors, which the rank keeps out already; some exporters store them as
 * [1, n], or stack those of all layers.
 */
const SKIPPED_NAMES = ['norm', 'Norm', 'bias'].flatMap((word) => [`*${word}`, `*${word}.*`, `*${word}/*`]);

export const DEFAULT_SKIP: Required<Skip> = { minElements: 1024, minRank: 2, names: SKIPPED_NAMES };

/**
 * Returns `value` as a recipe, after checking every part of it that can be checked without a model.
 *
 * @param value what JSON.parse gave, or a record
 * @param argument what to call it in messages
 * @throws TypeError or RangeError that names the part, such as "recipe.rules[1].scheme.bits".
 * @example
 * checkRecipe({ scheme: { scheme: 'affine', bits: 8 }, rules: [{ match: '*head*', scheme: { scheme: 'keep' } }] });
 */
export function checkRecipe(value: unknown, argument = 'recipe'): Recipe {
  const fn = 'checkRecipe';
  const recipe = checkOptions<Recipe>(fn, objectOf(value), ['scheme', 'rules', 'skip'], argument);
  checkScheme(fn, recipe.scheme, `${argument}.scheme`);
  checkRules(fn, recipe.rules, argument);
  checkSkip(fn, recipe.skip, argument);
  return { ...recipe } as Recipe;
}

/** checkOptions takes undefined for "no options", which a recipe is not. */
function objectOf<T extends object>(value: unknown): T {
  return (value === undefined ? null : value) as T;
}

/**
 * Returns the recipe itself: lets an editor complete and check a recipe that is written in TypeScript.
 *
 * @example
 * export const recipe = defineRecipe({ scheme: { scheme: 'affine', bits: 8, granularity: { kind: 'axis', axis: 0 } } });
 */
export function defineRecipe(recipe: Recipe): Recipe {
  return checkRecipe(recipe);
}

export function fullRecipe(recipe: Recipe): FullRecipe {
  const { scheme, rules = [], skip } = checkRecipe(recipe);
  return { scheme, rules, skip: { ...DEFAULT_SKIP, ...skip } };
}

function checkRules(fn: string, rules: unknown, argument: string): void {
  if (rules === undefined) return;
  const fix = "list objects such as {match: '*embedding*', scheme: {scheme: 'keep'}}";
  if (!Array.isArray(rules)) throw typeError(fn, `${argument}.rules`, 'an array of rules', rules, fix);
  rules.forEach((rule: unknown, i) => {
    const place = `${argument}.rules[${i}]`;
    const { match, scheme } = checkOptions<Rule>(fn, objectOf(rule), ['match', 'scheme'], place);
    if (typeof match !== 'string') throw typeError(fn, `${place}.match`, 'a pattern of names', match, fix);
    if (match === '')
      throw rangeError(fn, `${place}.match`, 'a pattern that is not empty', match, "use '*' for all names");
    checkScheme(fn, scheme, `${place}.scheme`);
  });
}

function checkSkip(fn: string, skip: unknown, argument: string): void {
  const keys = ['minElements', 'minRank', 'names'] as const;
  const place = `${argument}.skip`;
  const { minElements, minRank, names } = checkOptions<Skip>(fn, skip as Skip | undefined, keys, place);
  if (minElements !== undefined)
    checkInteger(fn, `${place}.minElements`, minElements, 0, Number.MAX_SAFE_INTEGER);
  if (minRank !== undefined) checkInteger(fn, `${place}.minRank`, minRank, 0, 64);
  if (names === undefined) return;
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    throw typeError(fn, `${place}.names`, 'an array of patterns', names, "for example ['*norm*']");
  }
}

/** Checks that every public function makes on its options object before it reads them. */
import { describe, quote, rangeError, typeError } from './errors.js';
import { nearestName } from './text.js';

/**
 * A copy of the options that holds own keys only, all of them allowed, and no key whose value is undefined. The copy has
 * no prototype, so that neither an inherited key nor a polluted Object.prototype can be read by accident.
 *
 * @param fn name of the public function, for the message
 * @param options what the user passed; undefined means none
 * @param allowedKeys every key that the function knows
 * @param argument name of the parameter, for the message
 * @throws TypeError when `options` is not a plain object, RangeError for an unknown key (with the nearest valid one).
 */
export function checkOptions<T extends object>(
  fn: string,
  options: T | undefined,
  allowedKeys: readonly (keyof T & string)[],
  argument = 'options',
): Partial<T> {
  const checked = Object.create(null) as Partial<T>;
  if (options === undefined) return checked;
  if (!isPlainObject(options)) {
    throw typeError(fn, argument, 'a plain object', options, `pass for example ${exampleOf(allowedKeys)}`);
  }
  for (const key of Object.keys(options)) {
    if (!(allowedKeys as readonly string[]).includes(key)) throw unknownKey(fn, argument, key, allowedKeys);
    const value = options[key as keyof T];
    if (value !== undefined) checked[key as keyof T] = value;
  }
  return checked;
}

/** True for `{...}`, `Object.create(null)` and both from another realm; false for arrays, views, maps, class instances. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return true;
  // A root prototype that has hasOwnProperty of its own is some realm's Object.prototype.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

/** `value` when it is one of `choices`, else the named error with the nearest choice. */
export function checkChoice<T extends string>(
  fn: string,
  argument: string,
  value: unknown,
  choices: readonly T[],
): T {
  if (typeof value === 'string' && (choices as readonly string[]).includes(value)) return value as T;
  const expected = `one of ${choices.map((choice) => `'${choice}'`).join(', ')}`;
  if (typeof value !== 'string') throw typeError(fn, argument, expected, value, 'pass one of these names');
  const near = nearestName(value, choices);
  const fix = near === null ? 'pass one of these names' : `did you mean '${near}'?`;
  throw rangeError(fn, argument, expected, value, fix);
}

/** `value` when it is a whole number from `min` to `max`, else the named error. */
export function checkInteger(fn: string, argument: string, value: unknown, min: number, max: number): number {
  const expected = `a whole number from ${describe(min)} to ${describe(max)}`;
  if (typeof value !== 'number') throw typeError(fn, argument, expected, value, 'pass a number');
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw rangeError(fn, argument, expected, value, 'pass a value in this range');
  }
  return value;
}

function unknownKey(fn: string, argument: string, key: string, allowedKeys: readonly string[]): RangeError {
  const near = nearestName(key, allowedKeys);
  const fix =
    near === null ? `its keys are ${allowedKeys.join(', ') || 'none'}` : `did you mean ${quote(near)}?`;
  return new RangeError(`${fn}: "${argument}" expected known keys, got ${quote(key)} - ${fix}`);
}

function exampleOf(allowedKeys: readonly string[]): string {
  return allowedKeys.length === 0 ? '{}' : `{${allowedKeys[0]}: ...}`;
}

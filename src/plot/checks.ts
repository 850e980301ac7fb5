/** Checks that all pictures share. */
import { typeError } from '../core/errors.js';
import { checkInteger, checkOptions } from '../core/options.js';

/** The options over their defaults, after a check that `defaults` knows every key. */
export function withDefaults<T extends object>(
  fn: string,
  options: T | undefined,
  defaults: Required<T>,
): Required<T> {
  return { ...defaults, ...checkOptions(fn, options, Object.keys(defaults) as (keyof T & string)[]) };
}

export function checkText(fn: string, argument: string, value: unknown): string {
  if (typeof value !== 'string') throw typeError(fn, argument, 'a string', value, 'pass text');
  return value;
}

/** A width or height that leaves room for axes. */
export function checkSize(fn: string, argument: string, value: unknown): number {
  return checkInteger(fn, argument, value, 200, 4000);
}

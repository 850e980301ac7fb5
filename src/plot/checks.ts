/** Checks that all pictures share. */
import { typeError } from '../core/errors.js';
import { checkInteger } from '../core/options.js';

export function checkText(fn: string, argument: string, value: unknown): string {
  if (typeof value !== 'string') throw typeError(fn, argument, 'a string', value, 'pass text');
  return value;
}

/** A width or height that leaves room for axes. */
export function checkSize(fn: string, argument: string, value: unknown): number {
  return checkInteger(fn, argument, value, 200, 4000);
}

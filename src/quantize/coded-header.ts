/** Reading the header of a stored tensor, field by field, distrusting each. */
import { badHeader } from '../core/stored.js';
import { isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';

/** The fields of a header whose keys are known to be exactly those wanted. */
export interface Fields {
  get(key: string): unknown;
  choice<T extends string | number>(key: string, choices: readonly T[]): T;
  integer(key: string, min: number, max: number): number;
  /** A finite number from `min` on. */
  number(key: string, min: number): number;
  shape(): readonly number[];
}

/** @throws FormatError 'TENSOR_HEADER' when `header` is no record of that kind with these keys; so do the fields when read. */
export function fieldsOf(fn: string, kind: string, header: unknown, keys: readonly string[]): Fields {
  if (!isPlainObject(header)) throw badHeader(fn, 'header', 'an object', header);
  const values = new Map<string, unknown>(Object.entries(header));
  for (const key of values.keys())
    if (!keys.includes(key)) throw badHeader(fn, 'header', 'known fields', key);
  for (const key of keys) if (!values.has(key)) throw badHeader(fn, key, 'a value', undefined);
  if (values.get('kind') !== kind) throw badHeader(fn, 'kind', `'${kind}'`, values.get('kind'));
  return {
    get: (key) => values.get(key),
    choice(key, choices) {
      const value = values.get(key);
      const found = choices.find((choice) => choice === value);
      if (found === undefined) throw badHeader(fn, key, `one of ${choices.join(', ')}`, value);
      return found;
    },
    integer(key, min, max) {
      const value = values.get(key);
      if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
      throw badHeader(fn, key, `a whole number from ${min} to ${max}`, value);
    },
    number(key, min) {
      const value = values.get(key);
      if (typeof value === 'number' && value >= min && value < Infinity) return value;
      throw badHeader(fn, key, `a finite number >= ${min}`, value);
    },
    shape() {
      const shape = values.get('shape');
      try {
        elementCount(shape as readonly number[], fn);
      } catch {
        throw badHeader(fn, 'shape', 'an array of axis lengths', shape);
      }
      return Array.from(shape as readonly number[]);
    },
  };
}

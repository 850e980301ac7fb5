/** config.json read field by field, with named errors. */
import { describe } from '../../core/errors.js';
import { isPlainObject } from '../../core/options.js';
import { convertError } from './errors.js';

export type Json = Readonly<Record<string, unknown>>;

/** `value` when it is an object of a JSON file. */
export function objectOf(value: unknown, place: string): Json {
  if (isPlainObject(value)) return value as Json;
  throw convertError('CONVERT_CONFIG', place, 'a JSON object', describe(value), 'fetch the file again');
}

/** Own keys only: a file may not reach Object.prototype. A key that is null counts as absent, as transformers writes it. */
export function field(json: Json, key: string): unknown {
  return Object.hasOwn(json, key) && json[key] !== null ? json[key] : undefined;
}

const MAX_COUNT = 2 ** 31 - 1;

export function countOf(config: Json, key: string, fallback?: number): number {
  const value = field(config, key) ?? fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_COUNT) return value;
  throw badField(key, 'a whole number from 1 up', value);
}

export function positiveOf(config: Json, key: string, fallback?: number): number {
  const value = field(config, key) ?? fallback;
  if (typeof value === 'number' && value > 0 && value < Infinity) return value;
  throw badField(key, 'a number above 0', value);
}

export function flagOf(config: Json, key: string, fallback: boolean): boolean {
  const value = field(config, key) ?? fallback;
  if (typeof value === 'boolean') return value;
  throw badField(key, 'true or false', value);
}

function badField(key: string, expected: string, got: unknown): Error {
  const said = got === undefined ? 'none' : describe(got);
  return convertError('CONVERT_CONFIG', `config.json: "${key}"`, expected, said, 'correct the file');
}

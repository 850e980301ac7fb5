import { runInNewContext } from 'node:vm';
import type { F32 } from '../../src/core/arrays.js';

/** An array whose buffer was transferred away: length 0, and every access throws or gives undefined. */
export function detachedArray(): F32 {
  const array = new Float32Array(4);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

/** An array made by another realm: of the right kind, but `instanceof Float32Array` is false. */
export function foreignArray(values: readonly number[]): F32 {
  return runInNewContext(`new Float32Array(${JSON.stringify(values)})`) as F32;
}

/** Values that are no tensor of real numbers, by name: every public function that takes one must name its argument. */
export const NOT_TENSORS: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['NaN', NaN],
  ['a number', 1],
  ['a bigint', 1n],
  ['a boolean', true],
  ['a string', 'abc'],
  ['a symbol', Symbol('x')],
  ['a function', () => 1],
  ['an empty object', {}],
  ['a plain array', [1, 2, 3]],
  ['a DataView', new DataView(new ArrayBuffer(8))],
  ['an ArrayBuffer', new ArrayBuffer(8)],
  ['bare bytes', new Uint8Array(8)],
  ['bare 64-bit integers', new BigInt64Array(2)],
  ['a date', new Date(0)],
  ['a map', new Map()],
  ['a detached array', detachedArray()],
  ['a record over a detached array', { data: detachedArray(), shape: [0] }],
  ['a look-alike', { constructor: { name: 'Float32Array' }, length: 2, 0: 1, 1: 2 }],
  ['a spoofed tag', { [Symbol.toStringTag]: 'Float32Array', length: 1 }],
  ['a record without data', { shape: [1] }],
  ['a record with a buffer', { data: new ArrayBuffer(4), shape: [1] }],
  ['a record with a DataView', { data: new DataView(new ArrayBuffer(4)), shape: [1] }],
  ['a record with text', { data: 'ab', shape: [2] }],
  ['a record with an accessor store', { data: { get: () => 1, length: 1 }, shape: [1] }],
  ['a record of nested arrays', { data: [[1, 2]], shape: [1] }],
  ['a record with a hole', { data: new Array(2), shape: [2] }],
  ['a record without shape array', { data: Float32Array.of(1), shape: 1 }],
  ['a record with a typed shape', { data: Float32Array.of(1), shape: Int32Array.of(1) }],
  ['a matrix of text', { rows: 1, columns: 1, get: () => 'a' }],
  ['a matrix without get', { rows: 1, columns: 1 }],
];

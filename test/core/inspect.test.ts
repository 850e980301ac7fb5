import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { picturedAs, previewOf, printsAs } from '../../src/core/inspect.js';

const views = {
  print: (r: { a: number }): string => `record ${r.a}`,
  toSVG: (r: { a: number }): string => `<svg>${r.a}</svg>`,
  toHTML: (r: { a: number }): string => `<p>${r.a}</p>`,
};

describe('picturedAs', () => {
  it('gives a record its printed form and pictures, and leaves it the plain record that it was', () => {
    const record = picturedAs({ a: 1 }, views);
    expect(inspect(record)).toBe('record 1');
    expect([record.toSVG(), record.toHTML()]).toEqual(['<svg>1</svg>', '<p>1</p>']);
    expect(Object.keys(record)).toEqual(['a']);
    expect(JSON.stringify(record)).toBe('{"a":1}');
    expect(record).toStrictEqual({ a: 1 });
    expect(inspect({ ...record })).toBe('{ a: 1 }');
    expect(structuredClone(record)).toStrictEqual({ a: 1 });
  });

  it('asks for a view only when somebody looks', () => {
    const fail = (): string => {
      throw new Error('looked');
    };
    const record = picturedAs({ a: 1 }, { print: fail, toSVG: fail, toHTML: fail });
    expect(() => record.toSVG()).toThrow('looked');
    expect(() => record.toHTML()).toThrow('looked');
  });
});

describe('printsAs', () => {
  it('adds nothing that can be enumerated', () => {
    expect(Object.keys(printsAs({ a: 1 }, () => 'b'))).toEqual(['a']);
  });
});

describe('previewOf', () => {
  it.each<[string, ArrayLike<number | bigint>]>([
    ['', []],
    ['1, -0, 0.12346', [1, -0, 0.123456789]],
    ['1, 2', [1n, 2n]],
    ['0, 1, 2, 3, 4, 5, 6, 7, ... 2 more', Array.from({ length: 10 }, (_, i) => i)],
  ])('reads "%s"', (want, data) => {
    expect(previewOf(data)).toBe(want);
  });
});

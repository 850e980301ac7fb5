import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { checkChoice, checkInteger, checkOptions, isPlainObject } from '../../src/core/options.js';
import { nearestName } from '../../src/core/text.js';

interface Options {
  bits?: number;
  mapping?: string;
}
const check = (options: unknown): Partial<Options> =>
  checkOptions<Options>('f', options as Options, ['bits', 'mapping']);

describe('checkOptions', () => {
  it('copies own known keys and drops undefined ones', () => {
    expect({ ...check({ bits: 4, mapping: undefined }) }).toEqual({ bits: 4 });
    expect(Object.keys(check({ bits: 4, mapping: undefined }))).toEqual(['bits']);
    expect(Object.keys(check(undefined))).toEqual([]);
    expect(check(Object.assign(Object.create(null), { bits: 2 })).bits).toBe(2);
    expect(check(runInNewContext('({ bits: 3 })')).bits).toBe(3);
  });

  it('reads no inherited key, not even of a polluted Object.prototype', () => {
    const root = Object.prototype as Record<string, unknown>;
    root.bits = 7;
    try {
      expect(check({}).bits).toBeUndefined();
      expect(check(undefined).bits).toBeUndefined();
    } finally {
      delete root.bits;
    }
  });

  it('reads each value once', () => {
    let reads = 0;
    check({
      get bits() {
        return ++reads;
      },
    });
    expect(reads).toBe(1);
  });

  it.each([
    ['null', null],
    ['a number', 4],
    ['text', 'bits'],
    ['an array', [4]],
    ['a typed array', new Float32Array(2)],
    ['a map', new Map([['bits', 4]])],
    ['a function', () => 4],
    ['an object that inherits its keys', Object.create({ bits: 4 })],
    [
      'a class instance',
      new (class Recipe {
        bits = 4;
      })(),
    ],
  ])('refuses %s', (_, options) => {
    expect(() => check(options)).toThrow(
      /^f: "options" expected a plain object, got .* - pass for example \{bits: ...\}$/,
    );
    expect(() => check(options)).toThrow(TypeError);
  });

  it('names an unknown key and the nearest known one', () => {
    expect(() => check({ bit: 4 })).toThrow(
      'f: "options" expected known keys, got "bit" - did you mean "bits"?',
    );
    expect(() => check({ zzzzzz: 4 })).toThrow('got "zzzzzz" - its keys are bits, mapping');
    expect(() => check(JSON.parse('{"__proto__": {"bits": 4}}'))).toThrow('got "__proto__"');
    expect(() => check({ constructor: 1 })).toThrow('got "constructor"');
    expect(() => checkOptions('f', { a: 1 } as object, [])).toThrow('its keys are none');
    expect(() => checkOptions('f', 1 as never, [])).toThrow('pass for example {}');
    expect(() => checkOptions('f', { a: 1 } as object, [], 'scheme')).toThrow('f: "scheme" expected');
  });
});

describe('isPlainObject', () => {
  it('is true for records of any realm alone', () => {
    expect([{}, Object.create(null), runInNewContext('({})')].map(isPlainObject)).toEqual([true, true, true]);
    expect([null, [], new Date(), Object.create({}), 'a', undefined].map(isPlainObject)).not.toContain(true);
    expect(isPlainObject(Object.create(Object.create(null)))).toBe(false);
  });
});

describe('checkChoice and checkInteger', () => {
  it('return what they accept', () => {
    expect(checkChoice('f', 'a', 'up', ['up', 'down'])).toBe('up');
    expect(checkInteger('f', 'a', 3, 1, 3)).toBe(3);
  });

  it('name what they refuse', () => {
    expect(() => checkChoice('f', 'a', 'upp', ['up', 'down'])).toThrow(
      `f: "a" expected one of 'up', 'down', got "upp" - did you mean 'up'?`,
    );
    expect(() => checkChoice('f', 'a', 'qqqqqq', ['up'])).toThrow('pass one of these names');
    expect(() => checkChoice('f', 'a', 1, ['up'])).toThrow(TypeError);
    expect(() => checkInteger('f', 'a', '3', 1, 3)).toThrow(TypeError);
    for (const value of [0, 4, 1.5, NaN, Infinity]) {
      expect(() => checkInteger('f', 'a', value, 1, 3)).toThrow('f: "a" expected a whole number from 1 to 3');
    }
  });
});

describe('nearestName', () => {
  const names = ['granularity', 'rounding', 'bits', 'scaleMethod'];
  it.each([
    ['granularty', 'granularity'],
    ['Rounding', 'rounding'],
    ['roudning', 'rounding'],
    ['bit', 'bits'],
    ['scale_method', 'scaleMethod'],
    ['x', null],
    ['entirely', null],
    ['', null],
  ])('of %s is %s', (name, want) => {
    expect(nearestName(name, names)).toBe(want);
  });

  it('stays cheap for long names', () => {
    const begin = performance.now();
    nearestName('a'.repeat(1e6), [`${'a'.repeat(1e6)}b`]);
    expect(performance.now() - begin).toBeLessThan(500);
  });
});

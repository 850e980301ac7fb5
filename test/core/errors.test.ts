import { describe as group, expect, it } from 'vitest';
import {
  describe,
  FormatError,
  IoError,
  NumericError,
  quote,
  rangeError,
  typeError,
} from '../../src/core/errors.js';

group('describe', () => {
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [-0, '-0'],
    [0, '0'],
    [NaN, 'NaN'],
    [1n, '1n'],
    [true, 'true'],
    ['a"b', '"a\\"b"'],
    [Symbol('secret'), 'a symbol'],
    [() => 1, 'a function'],
    [[1, 'a', null], 'an array of 3: [1, "a", null]'],
    [new Uint16Array(3), 'a Uint16Array of 6 bytes'],
    [new DataView(new ArrayBuffer(2)), 'a DataView of 2 bytes'],
    [new Map(), 'an object (Map)'],
    [{}, 'an object (Object)'],
  ])('of %s is %s', (value, want) => {
    expect(describe(value)).toBe(want);
  });

  it('stays short and never throws', () => {
    const cyclic: unknown[] = [];
    for (let i = 0; i < 5; i++) cyclic.push('x'.repeat(100));
    expect(describe(cyclic).length).toBeLessThanOrEqual(80);
    expect(describe(10n ** 500n).length).toBeLessThanOrEqual(80);
    expect(describe('\u0000'.repeat(500)).length).toBeLessThan(500);
    expect(describe(Object.create(null))).toBe('an object (Object)');
  });

  it('escapes what could change how a line of text is shown', () => {
    expect(quote('a\u202eb\u200bc\u007f\n\u2028')).toBe('"a\\u202eb\\u200bc\\u007f\\n\\u2028"');
  });
});

group('the error classes', () => {
  it('carry their facts', () => {
    expect(new FormatError('bad', 'm')).toMatchObject({
      name: 'FormatError',
      code: 'bad',
      offset: null,
      message: 'm [bad]',
    });
    expect(new FormatError('bad', 'm', 8)).toMatchObject({ offset: 8, message: 'm [bad at byte 8]' });
    expect(new NumericError('NAN', 'm', 3)).toMatchObject({ name: 'NumericError', code: 'NAN', index: 3 });
    expect(new NumericError('NAN', 'm').index).toBeNull();
    const cause = new Error('no room');
    const io = new IoError('ENOSPC', 'a.bin', 'm', { cause });
    expect(io).toMatchObject({
      name: 'IoError',
      code: 'ENOSPC',
      path: 'a.bin',
      message: 'm [ENOSPC]',
      cause,
    });
  });

  it('share one wording', () => {
    expect(typeError('f', 'x', 'a number', 'b', 'pass one')).toBeInstanceOf(TypeError);
    expect(rangeError('f', 'x', 'a number', 2, 'pass 1').message).toBe(
      'f: "x" expected a number, got 2 - pass 1',
    );
  });
});

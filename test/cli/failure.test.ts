import { describe, expect, it } from 'vitest';
import { FormatError, IoError, NumericError, rangeError, typeError } from '../../src/core/errors.js';
import {
  asUsage,
  Complaint,
  exitCodeOf,
  failureOf,
  Interruption,
  UsageError,
} from '../../src/cli/failure.js';

describe('exitCodeOf()', () => {
  it.each<[number, string, unknown]>([
    [1, 'bad bytes', new FormatError('SAFETENSORS_SIZE', 'x')],
    [1, 'values that are not finite', new NumericError('NON_FINITE', 'x', 3)],
    [1, 'a missed goal', new Complaint('x')],
    [1, 'data that the library refuses by value', rangeError('read', 'name', 'a', 1, 'b')],
    [1, 'data that the library refuses by kind', typeError('read', 'name', 'a', 1, 'b')],
    [2, 'wrong usage', new UsageError('x')],
    [3, 'the system', new IoError('ENOSPC', '/x', 'x')],
    [3, 'the system, in its own words', Object.assign(new Error('x'), { code: 'EIO', syscall: 'read' })],
    [4, 'a checksum of a file', new FormatError('COMPRESSED_CHECKSUM', 'x')],
    [4, 'a checksum of a tensor', new FormatError('TENSOR_CHECKSUM', 'x')],
    [130, 'Ctrl-C', new Interruption('SIGINT')],
    [
      70,
      'an error of the engine by kind',
      new TypeError("Cannot read properties of undefined (reading 'x')"),
    ],
    [70, 'an error of the engine by value', new RangeError('Invalid typed array length: -1')],
    [70, 'any other error', new Error('x')],
    [70, 'something that is no error', 'x'],
    [70, 'null', null],
    [70, 'undefined', undefined],
  ])('gives %d for %s', (code, _, error) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});

describe('failureOf()', () => {
  it('says everything on one line', () => {
    expect(failureOf(new UsageError('a\nb\x1b[2Jc')).message).toBe('a\\u000ab\\u001b[2Jc');
  });

  it('gives programs the details that the error has', () => {
    expect(failureOf(new IoError('ENOENT', '/x', 'gone')).json).toEqual({
      error: { name: 'IoError', exitCode: 3, message: 'gone [ENOENT]', code: 'ENOENT', path: '/x' },
    });
    expect(failureOf(new FormatError('F', 'bad', 8)).json).toMatchObject({ error: { code: 'F', offset: 8 } });
    expect(failureOf(new NumericError('N', 'bad', 0)).json).toMatchObject({ error: { code: 'N', index: 0 } });
    expect(failureOf(new FormatError('F', 'bad')).json).not.toHaveProperty('error.offset');
  });

  it('asks to report a defect', () => {
    expect(failureOf(new TypeError('x is not a function')).message).toBe(
      'defect of tensorslim: TypeError: x is not a function - please report it with what --debug prints',
    );
  });

  it('takes anything that can be thrown', () => {
    expect(failureOf('text').message).toContain('Error: text');
    expect(failureOf(Symbol('s')).exitCode).toBe(70);
    const bare = new Error('x');
    delete bare.stack;
    expect(failureOf(bare).stack).toContain('defect of tensorslim');
  });
});

describe('asUsage()', () => {
  it('turns what the library says against arguments into wrong usage', () => {
    const call = (): unknown =>
      asUsage(() => {
        throw rangeError('planRecipe', 'recipe', 'a', 1, 'b');
      });
    expect(call).toThrow(UsageError);
    expect(call).toThrow('planRecipe: "recipe" expected a, got 1 - b');
  });

  it.each([new TypeError('x is undefined'), new IoError('EIO', '/x', 'y expected z - w')])(
    'lets %s pass',
    (error) => {
      expect(() =>
        asUsage(() => {
          throw error;
        }),
      ).toThrow(error);
    },
  );

  it('returns what the call returns', () => {
    expect(asUsage(() => 7)).toBe(7);
  });
});

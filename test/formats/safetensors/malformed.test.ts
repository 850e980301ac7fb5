import { FormatError } from '../../../src/core/errors.js';
import { readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { describe, expect, it } from 'vitest';
import { MALFORMED, MALFORMED_DATA, UNUSUAL } from '../../malformed/safetensors/cases.js';

/** The FormatError that `action` throws; anything else fails the test. */
function formatErrorOf(action: () => unknown): FormatError {
  try {
    action();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error('expected a FormatError, got success');
}

/** Every tensor of a file, written again. */
function rewrite(bytes: Uint8Array): Uint8Array {
  const file = readSafetensors(bytes);
  const tensors = Array.from(file.tensors.keys(), (name) => ({ name, ...file.tensor(name) }));
  return writeSafetensors(tensors, file.metadata);
}

describe('malformed safetensors files', () => {
  it('are at least 60, with names of their own', () => {
    const names = new Set([...MALFORMED, ...MALFORMED_DATA].map(({ name }) => name));
    expect(names.size).toBe(MALFORMED.length + MALFORMED_DATA.length);
    expect(names.size).toBeGreaterThanOrEqual(60);
  });

  it.each(MALFORMED)('$name: $code', ({ bytes, code }) => {
    const before = bytes.slice();
    const error = formatErrorOf(() => readSafetensors(bytes));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(
      /^readSafetensors: "bytes" expected [^]+, got [^]+ - [^]+ \[SAFETENSORS_\w+ at byte \d+\]$/,
    );
    expect(error.message.length).toBeLessThan(600);
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
    expect(bytes).toEqual(before);
  });

  it.each(MALFORMED_DATA)('$name: $code when read', ({ bytes, code }) => {
    const file = readSafetensors(bytes);
    const error = formatErrorOf(() => file.tensor('w'));
    expect(error.code).toBe(code);
    expect(error.offset).toBe(bytes.length - 1);
  });
});

describe('unusual safetensors files', () => {
  it.each(UNUSUAL)('$name is read, and written again as a legal file', ({ bytes }) => {
    const file = readSafetensors(bytes);
    const again = readSafetensors(rewrite(bytes));
    expect(
      new Map(
        Array.from(file.tensors.keys())
          .sort()
          .map((name) => [name, file.tensor(name)]),
      ),
    ).toEqual(
      new Map(
        Array.from(again.tensors.keys())
          .sort()
          .map((name) => [name, again.tensor(name)]),
      ),
    );
    expect(again.metadata).toEqual(file.metadata);
  });
});

const SMALL = writeSafetensors(
  [
    { name: 'a', dtype: 'float32', shape: [1], data: Float32Array.of(1.5) },
    { name: 'b', dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) },
  ],
  new Map([['k', 'v']]),
);

/** A named error, or a file that can be written again: nothing else may come out of any bytes. */
function namedOrLegal(bytes: Uint8Array): 'named' | 'legal' {
  try {
    rewrite(bytes);
    return 'legal';
  } catch (error) {
    if (error instanceof FormatError && error.code.startsWith('SAFETENSORS_')) return 'named';
    throw error;
  }
}

describe('a small file, damaged', () => {
  it('is refused when cut after any byte', () => {
    for (let length = 0; length < SMALL.length; length++) {
      expect(namedOrLegal(SMALL.subarray(0, length))).toBe('named');
    }
  });

  it('gives a named error or a legal file for every value of every byte', () => {
    const counts = { named: 0, legal: 0 };
    const mutant = SMALL.slice();
    for (let at = 0; at < SMALL.length; at++) {
      for (let value = 0; value < 256; value++) {
        if (value === SMALL[at]) continue;
        mutant[at] = value;
        counts[namedOrLegal(mutant)]++;
      }
      mutant[at] = SMALL[at];
    }
    expect(counts.named + counts.legal).toBe(SMALL.length * 255);
    // Payload bytes and letters of names may change without the format noticing: that is what checksums are for.
    expect(counts.named).toBeGreaterThan(SMALL.length * 255 * 0.6);
    expect(counts.legal).toBeGreaterThan(4 * 255);
  });

  it('gives a named error or a legal file when a byte is missing or doubled', () => {
    for (let at = 0; at < SMALL.length; at++) {
      const without = [...SMALL.subarray(0, at), ...SMALL.subarray(at + 1)];
      const doubled = [...SMALL.subarray(0, at), SMALL[at], ...SMALL.subarray(at)];
      namedOrLegal(Uint8Array.from(without));
      namedOrLegal(Uint8Array.from(doubled));
    }
  });
});

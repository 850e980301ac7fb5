import { readFileSync } from 'node:fs';
import { readGguf, writeGguf } from 'tensorslim/gguf';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../src/core/errors.js';
import { MALFORMED, MALFORMED_DATA, UNUSUAL } from '../../malformed/gguf/cases.js';
import { file, join, list, pair, tensor, text, u32, u64 } from '../../malformed/gguf/build.js';

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

/** Every tensor and all metadata of a file, written again. */
function rewrite(bytes: Uint8Array): Uint8Array {
  const { tensors, metadata, tensor } = readGguf(bytes);
  const all = Array.from(tensors.keys(), (name) => ({ name, ...tensor(name) }));
  const kept = new Map(metadata);
  // Alignments below 8 are read, as ggml does, and not written.
  const stored = kept.get('general.alignment');
  if (stored?.type === 'uint32' && stored.value < 8) kept.delete('general.alignment');
  return writeGguf(all, { metadata: kept });
}

describe('malformed GGUF files', () => {
  it('are at least 90, with names of their own', () => {
    const names = new Set([...MALFORMED, ...MALFORMED_DATA].map(({ name }) => name));
    expect(names.size).toBe(MALFORMED.length + MALFORMED_DATA.length);
    expect(names.size).toBeGreaterThanOrEqual(90);
  });

  it.each(MALFORMED)('$name: $code', ({ bytes, code }) => {
    const before = bytes.slice();
    const error = formatErrorOf(() => readGguf(bytes));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(
      /^readGguf: "bytes" expected [^]+, got [^]+ - [^]+ \[GGUF_\w+( at byte \d+)?\]$/,
    );
    expect(error.message.length).toBeLessThan(400);
    if (code !== 'GGUF_ALIGNMENT') expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(Number(error.offset)).toBeLessThanOrEqual(bytes.length);
    expect(bytes).toEqual(before);
  });

  it.each(MALFORMED_DATA)('$name: $code when read', ({ bytes, code }) => {
    const { tensor: read } = readGguf(bytes);
    expect(formatErrorOf(() => read('w')).code).toBe(code);
  });

  it('have codes that formats.md explains and tests bring about, all of them', () => {
    const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
    const codes = read('../../../src/formats/gguf/errors.ts').match(/(?<=\| ')GGUF_\w+(?=')/g) ?? [];
    expect(codes.length).toBeGreaterThan(50);
    const explained = read('../../../docs/formats.md');
    const tests = [
      '../../malformed/gguf/cases.ts',
      './imatrix.test.ts',
      './malformed.test.ts',
      '../../node/gguf.test.ts',
    ];
    const tested = tests.map(read).join('');
    expect(codes.filter((code) => !explained.includes(`| \`${code}\` `))).toEqual([]);
    expect(codes.filter((code) => !tested.includes(`'${code}'`))).toEqual([]);
  });

  it('say which limit they exceed', () => {
    const bytes = file({ pairs: [pair('a', 8, text('b'.repeat(100)))], tensors: [tensor()], data: 32 });
    const error = formatErrorOf(() => readGguf(bytes, { limits: { maxHeaderBytes: 64 } }));
    expect(error.code).toBe('GGUF_HEADER_TOO_LARGE');
    expect(error.message).toContain('limits.maxHeaderBytes');
    const { dataBegin } = readGguf(bytes);
    expect(readGguf(bytes, { limits: { maxHeaderBytes: dataBegin } }).tensors.size).toBe(1);
    expect(() => readGguf(bytes, { limits: { maxHeaderBytes: dataBegin - 1 } })).toThrow(
      'GGUF_HEADER_TOO_LARGE',
    );
  });
});

describe('unusual GGUF files', () => {
  it.each(UNUSUAL)('$name: is read, and written again as a legal file', ({ bytes }) => {
    const before = readGguf(bytes);
    const after = readGguf(rewrite(bytes));
    expect(Array.from(after.tensors.keys())).toEqual(Array.from(before.tensors.keys()));
    for (const name of before.tensors.keys()) expect(after.tensor(name)).toEqual(before.tensor(name));
    expect(after.metadata.size).toBeGreaterThanOrEqual(before.metadata.size - 1);
  });

  it('change no prototype', () => {
    const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'];
    const pairs = names.map((name) => list(name, 0, 1, [7]));
    const tensors = ['__proto__', ...names].map((name, i) => tensor(name, [8], 0, 32 * i));
    const read = readGguf(file({ pairs, tensors, data: 160 }));
    expect(Array.from(read.metadata.keys())).toEqual(names);
    expect(Array.from(read.tensors.keys())).toEqual(['__proto__', ...names]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.prototype.constructor).toBe(Object);
  });
});

const SMALL = file({
  pairs: [
    pair('k', 8, text('v')),
    pair('b', 7, [1]),
    list('l', 8, 2, join(text('x'), text(''))),
    list('n', 2, 2, [1, 0, 2, 0]),
    pair('u', 10, u64(2n ** 63n)),
  ],
  tensors: [tensor('a', [2]), tensor('q', [32], 8, 32)],
  data: join(u32(1), u32(2), new Uint8Array(24), new Uint8Array(34).fill(3), new Uint8Array(30)),
});

/** A named error, or a file that can be written again: nothing else may come out of any bytes. */
function namedOrLegal(bytes: Uint8Array): 'named' | 'legal' {
  try {
    rewrite(bytes);
    return 'legal';
  } catch (error) {
    if (error instanceof FormatError && error.code.startsWith('GGUF_')) return 'named';
    throw error;
  }
}

describe('a small file, damaged', () => {
  it('is refused when cut after any byte before the last padding', () => {
    for (let length = 0; length < SMALL.length - 30; length++) {
      expect(namedOrLegal(SMALL.subarray(0, length))).toBe('named');
    }
    for (let length = SMALL.length - 30; length <= SMALL.length; length++) {
      expect(namedOrLegal(SMALL.subarray(0, length))).toBe('legal');
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
    // Payload bytes, letters of names and values of metadata may change without the format noticing.
    expect(counts.named).toBeGreaterThan(SMALL.length * 255 * 0.6);
    expect(counts.legal).toBeGreaterThan(42 * 255);
  });

  it('gives a named error or a legal file when a byte is missing or doubled', () => {
    for (let at = 0; at < SMALL.length; at++) {
      const without = [...SMALL.subarray(0, at), ...SMALL.subarray(at + 1)];
      const doubled = [...SMALL.subarray(0, at), SMALL[at], ...SMALL.subarray(at)];
      namedOrLegal(Uint8Array.from(without));
      namedOrLegal(Uint8Array.from(doubled));
    }
  });

  it('gives a named error or a legal file with 8 bytes anywhere replaced by hard numbers', () => {
    const hard = [0n, 1n, 31n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
    const named = hard.flatMap((number) =>
      Array.from({ length: SMALL.length - 8 }, (_, at) => {
        const mutant = SMALL.slice();
        mutant.set(u64(number), at);
        return namedOrLegal(mutant);
      }),
    );
    expect(named.filter((verdict) => verdict === 'named').length).toBeGreaterThan(named.length * 0.5);
  });
});

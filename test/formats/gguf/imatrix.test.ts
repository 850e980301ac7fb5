import fc from 'fast-check';
import {
  imatrixAccumulator,
  importance,
  mergeImatrices,
  readGguf,
  readImatrix,
  writeGguf,
  writeImatrix,
  type Imatrix,
} from 'tensorslim/gguf';
import { describe, expect, it } from 'vitest';
import { FormatError, NumericError } from '../../../src/core/errors.js';
import { createRandom } from '../../../src/core/random.js';
import { join, u32 } from '../../malformed/gguf/build.js';

const f32 = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const named = (name: string): Uint8Array => join(u32(Buffer.from(name).length), name);

/** One entry of a .dat file. */
const entry = (name: string, calls: number, ...values: number[]): Uint8Array =>
  join(named(name), u32(calls), u32(values.length), f32(...values));

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
  return 'none';
}

function sample(precision: 'float32' | 'float64' = 'float64'): Imatrix {
  const seen = imatrixAccumulator({ chunkSize: 2, datasets: ['a.txt', 'b.txt'], precision });
  seen.add('w', { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] });
  seen.add('moe', { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }, { matrix: 1, matrices: 3 });
  seen.add('moe', { data: Float32Array.of(9, 9), shape: [1, 2] }, { matrix: 0, matrices: 3 });
  return seen.imatrix();
}

describe('imatrixAccumulator', () => {
  it('sums squares by column and counts rows by matrix', () => {
    const { entries, chunkCount, chunkSize, datasets } = sample();
    expect(entries.get('w')).toEqual({ sums: Float32Array.of(35, 56), counts: Float64Array.of(3) });
    expect(entries.get('moe')).toEqual({
      sums: Float32Array.of(81, 81, 10, 20, 0, 0),
      counts: Float64Array.of(1, 2, 0),
    });
    expect([chunkCount, chunkSize, datasets]).toEqual([1, 2, ['a.txt', 'b.txt']]);
  });

  it('does not depend on how rows are cut into calls, in either precision (100 runs)', () => {
    const precision = fc.constantFrom('float32' as const, 'float64' as const);
    const property = fc.property(fc.nat(), precision, fc.integer({ min: 1, max: 20 }), (seed, kind, cut) => {
      const random = createRandom(seed);
      const x = Float32Array.from({ length: 63 }, () => random.normal());
      const [whole, parts] = [
        imatrixAccumulator({ precision: kind }),
        imatrixAccumulator({ precision: kind }),
      ];
      whole.add('w', { data: x, shape: [21, 3] });
      parts.add('w', { data: x.slice(0, 3 * cut), shape: [cut, 3] });
      parts.add('w', { data: x.slice(3 * cut), shape: [21 - cut, 3] });
      expect(parts.imatrix()).toEqual(whole.imatrix());
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('rounds every step with float32, as llama-imatrix does, and loses what that loses', () => {
    const x = Float32Array.from({ length: 5000 }, (_, i) => (i === 0 ? 4096 : 0.9));
    const [exact, rounded] = [imatrixAccumulator(), imatrixAccumulator({ precision: 'float32' })];
    for (const seen of [exact, rounded]) seen.add('w', { data: x, shape: [5000, 1] });
    let sum = Math.fround(0);
    for (const value of x) sum = Math.fround(sum + Math.fround(value * value));
    expect(rounded.imatrix().entries.get('w')?.sums).toEqual(Float32Array.of(sum));
    // 0.81 is below half an ulp of 2^24.
    expect(sum).toBe(2 ** 24);
    expect(exact.imatrix().entries.get('w')?.sums[0]).toBeGreaterThan(2 ** 24 + 4000);
  });

  it('has the bits of float32 steps, and the nearest float32 to the sum in float64 (200 runs)', () => {
    const property = fc.property(fc.nat(), (seed) => {
      const random = createRandom(seed);
      const x = Float32Array.from({ length: 40 }, () => random.normal());
      const [exact, rounded] = [imatrixAccumulator(), imatrixAccumulator({ precision: 'float32' })];
      for (const seen of [exact, rounded]) seen.add('w', { data: x, shape: [40, 1] });
      let steps = 0;
      for (const value of x) steps = Math.fround(steps + Math.fround(value * value));
      expect(rounded.imatrix().entries.get('w')?.sums[0]).toBe(steps);
      const sum = x.reduce((total, value) => total + value * value, 0);
      expect(exact.imatrix().entries.get('w')?.sums[0]).toBe(Math.fround(sum));
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('refuses numbers that are not finite with their index, and adds nothing', () => {
    const seen = imatrixAccumulator();
    seen.add('w', { data: Float32Array.of(1, 2), shape: [1, 2] });
    for (const bad of [NaN, Infinity, -Infinity]) {
      const data = Float32Array.of(1, 1, 1, bad);
      expect(() => seen.add('w', { data, shape: [2, 2] })).toThrow(NumericError);
      expect(() => seen.add('w', { data, shape: [2, 2] })).toThrow(/at index 3/);
    }
    const data = Float64Array.of(0, 1e30);
    expect(() => seen.add('w', { data, shape: [1, 2] })).toThrow(/column 1 - scale the inputs \[OVERFLOW\]/);
    expect(seen.imatrix().entries.get('w')).toEqual({
      sums: Float32Array.of(1, 4),
      counts: Float64Array.of(1),
    });
  });

  it.each<[string, (seen: ReturnType<typeof imatrixAccumulator>) => void, RegExp]>([
    [
      'another number of columns',
      (seen) => seen.add('w', Float32Array.of(1, 2, 3)),
      /2 columns and 1 matrices/,
    ],
    [
      'another number of experts',
      (seen) => seen.add('w', Float32Array.of(1, 2), { matrices: 2 }),
      /got "2 and 2"/,
    ],
    [
      'an expert beyond them',
      (seen) => seen.add('v', Float32Array.of(1), { matrix: 2, matrices: 2 }),
      /"matrix"/,
    ],
    [
      'no columns',
      (seen) => seen.add('v', { data: new Float32Array(0), shape: [2, 0] }),
      /at least one column/,
    ],
    ['an empty name', (seen) => seen.add('', Float32Array.of(1)), /"name"/],
    ['an unknown option', (seen) => seen.add('v', Float32Array.of(1), { expert: 1 } as never), /known keys/],
  ])('refuses %s', (_, action, message) => {
    const seen = imatrixAccumulator();
    seen.add('w', Float32Array.of(1, 2));
    expect(() => action(seen)).toThrow(RangeError);
    expect(() => action(seen)).toThrow(message);
  });
});

describe('importance', () => {
  it('is the mean of squares in float32, and ones for an expert that has seen nothing', () => {
    const matrix = sample();
    expect(importance(matrix, 'w')).toEqual(Float32Array.of(Math.fround(35) / 3, 56 / 3));
    expect(importance(matrix, 'moe')).toEqual(Float32Array.of(81, 81, 5, 10, 1, 1));
  });

  it('names what it does not know', () => {
    expect(() => importance(sample(), 'v')).toThrow(/did you mean "w"/);
    expect(() => importance({} as never, 'w')).toThrow(/an importance matrix/);
  });
});

describe('mergeImatrices', () => {
  it('adds sums and counts and keeps what only one knows', () => {
    const other = imatrixAccumulator({ chunkSize: 2, datasets: ['c.txt'] });
    other.add('w', Float32Array.of(1, 1));
    other.add('v', Float32Array.of(2));
    const merged = mergeImatrices([sample(), other.imatrix()]);
    expect(Array.from(merged.entries.keys())).toEqual(['w', 'moe', 'v']);
    expect(merged.entries.get('w')).toEqual({ sums: Float32Array.of(36, 57), counts: Float64Array.of(4) });
    expect([merged.chunkCount, merged.datasets]).toEqual([2, ['a.txt', 'b.txt', 'c.txt']]);
  });

  it('refuses other sizes, other units and nothing', () => {
    const other = imatrixAccumulator();
    other.add('w', Float32Array.of(1, 1, 1));
    expect(() => mergeImatrices([sample(), other.imatrix()])).toThrow(
      /2 sums and 1 counts for w, got "3 and 1"/,
    );
    const chunks = readImatrix(join(u32(1), entry('w', 1, 1, 1)));
    expect(() => mergeImatrices([sample(), chunks])).toThrow(/all in one unit/);
    expect(() => mergeImatrices([])).toThrow(TypeError);
  });
});

describe('an importance matrix as GGUF', () => {
  it('comes back as it was, weights by name, laid out as llama-imatrix lays it out', () => {
    const bytes = writeImatrix(sample());
    const again = readImatrix(bytes);
    expect(Object.fromEntries(again.entries)).toEqual(Object.fromEntries(sample().entries));
    expect({ ...again, entries: null }).toEqual({ ...sample(), entries: null });
    expect(writeImatrix(again)).toEqual(bytes);
    const file = readGguf(bytes);
    expect(Array.from(file.metadata.keys())).toEqual([
      'general.type',
      'imatrix.datasets',
      'imatrix.chunk_count',
      'imatrix.chunk_size',
    ]);
    expect(Array.from(file.tensors, ([name, { type, shape }]) => [name, type, shape])).toEqual([
      ['moe.in_sum2', 'F32', [3, 2]],
      ['moe.counts', 'F32', [3, 1]],
      ['w.in_sum2', 'F32', [2]],
      ['w.counts', 'F32', [1]],
    ]);
  });

  const F32 = 'F32' as const;
  const metadata = readGguf(writeImatrix(sample())).metadata;
  const sums = { name: 'w.in_sum2', type: F32, shape: [2], data: Float32Array.of(1, 2) };
  const counts = { name: 'w.counts', type: F32, shape: [1], data: Float32Array.of(1) };
  it.each([
    ['no weights', 'GGUF_IMATRIX_EMPTY', []],
    ['sums without counts', 'GGUF_IMATRIX_PAIR', [sums]],
    ['counts without sums', 'GGUF_IMATRIX_PAIR', [counts]],
    [
      'sums of another type',
      'GGUF_IMATRIX_TYPE',
      [{ ...sums, type: 'F64' as const, data: Float64Array.of(1, 2) }, counts],
    ],
    [
      'more counts than sums',
      'GGUF_IMATRIX_SHAPE',
      [sums, { ...counts, shape: [3], data: Float32Array.of(1, 1, 1) }],
    ],
    ['no sums', 'GGUF_IMATRIX_SHAPE', [{ ...sums, shape: [0], data: Float32Array.of() }, counts]],
    ['NaN', 'GGUF_IMATRIX_VALUE', [{ ...sums, data: Float32Array.of(1, NaN) }, counts]],
    ['a negative sum', 'GGUF_IMATRIX_VALUE', [{ ...sums, data: Float32Array.of(1, -1) }, counts]],
    ['an infinite sum', 'GGUF_IMATRIX_VALUE', [{ ...sums, data: Float32Array.of(Infinity, 1) }, counts]],
    ['half a row', 'GGUF_IMATRIX_VALUE', [sums, { ...counts, data: Float32Array.of(0.5) }]],
    ['a negative count', 'GGUF_IMATRIX_VALUE', [sums, { ...counts, data: Float32Array.of(-1) }]],
  ])('is refused with %s: %s', (_, code, tensors) => {
    expect(codeOf(() => readImatrix(writeGguf(tensors, { metadata })))).toBe(code);
  });

  it.each(['imatrix.datasets', 'imatrix.chunk_count', 'imatrix.chunk_size'])(
    'is refused without %s',
    (key) => {
      const without = new Map(metadata);
      without.delete(key);
      expect(codeOf(() => readImatrix(writeGguf([sums, counts], { metadata: without })))).toBe(
        'GGUF_IMATRIX_METADATA',
      );
    },
  );

  it('may hold tensors of other purposes', () => {
    const other = { name: 'w.in_sum', type: F32, shape: [2], data: Float32Array.of(-1, NaN) };
    expect(readImatrix(writeGguf([sums, counts, other], { metadata })).entries.size).toBe(1);
  });
});

describe('an importance matrix as .dat', () => {
  it('holds means of squares times calls, in float32', () => {
    const bytes = writeImatrix(sample(), { format: 'dat' });
    const calls = (count: number, sum: number, n: number): number =>
      Math.fround(Math.fround(sum / n) * count);
    const expected = join(
      u32(2),
      entry('moe', 1, 81, 81, 5, 10, 1, 1),
      entry('w', 2, calls(2, 35, 3), calls(2, 56, 3)),
      u32(1),
      named('b.txt'),
    );
    expect(bytes).toEqual(expected);
    const again = readImatrix(bytes);
    expect(again).toMatchObject({ datasets: ['b.txt'], chunkCount: 1, chunkSize: 0 });
    expect(importance(again, 'w')).toEqual(importance(sample(), 'w'));
    expect(importance(again, 'moe')).toEqual(importance(sample(), 'moe'));
    expect(writeImatrix(again, { format: 'dat' })).toEqual(bytes);
  });

  it('is turned into rows with chunkSize, and so into GGUF', () => {
    const dat = join(u32(1), entry('w', 3, 6, 9), u32(3), named('x'));
    const rows = readImatrix(dat, { chunkSize: 512 });
    expect(rows.entries.get('w')).toEqual({
      sums: Float32Array.of(3072, 4608),
      counts: Float64Array.of(1536),
    });
    expect(importance(rows, 'w')).toEqual(Float32Array.of(2, 3));
    expect(readImatrix(writeImatrix(rows))).toEqual(rows);
    expect(() => writeImatrix(readImatrix(dat))).toThrow(/it counts chunks, not rows/);
  });

  it('is read in the shorter forms of older tools', () => {
    const old = join(u32(1), entry('w', 0, 6, 9));
    expect(readImatrix(old)).toMatchObject({ datasets: [], chunkCount: 0 });
    expect(importance(readImatrix(old), 'w')).toEqual(Float32Array.of(6, 9));
    expect(readImatrix(join(old, u32(7)))).toMatchObject({ datasets: [], chunkCount: 7 });
    expect(readImatrix(join(old, u32(7), u32(0)))).toMatchObject({ datasets: [], chunkCount: 7 });
  });

  const minus = 2 ** 32 - 1;
  it.each<[string, string, Uint8Array]>([
    ['no bytes', 'GGUF_IMATRIX_TRUNCATED', new Uint8Array(0)],
    ['no entries', 'GGUF_IMATRIX_COUNT', u32(0)],
    ['-1 entries', 'GGUF_IMATRIX_COUNT', u32(minus)],
    ['2^31 - 1 entries', 'GGUF_IMATRIX_COUNT', join(u32(2 ** 31 - 1), entry('w', 1, 1))],
    ['a name of -1 bytes', 'GGUF_IMATRIX_COUNT', join(u32(1), u32(minus), new Uint8Array(20))],
    ['a name longer than the file', 'GGUF_IMATRIX_TRUNCATED', join(u32(1), u32(1000), new Uint8Array(20))],
    ['an empty name', 'GGUF_IMATRIX_COUNT', join(u32(1), entry('', 1, 1, 2))],
    ['a name that is no UTF-8', 'GGUF_UTF8', join(u32(1), u32(1), [0xff], u32(1), u32(1), f32(1))],
    ['a name twice', 'GGUF_IMATRIX_DUPLICATE', join(u32(2), entry('w', 1, 1), entry('w', 1, 1))],
    ['-1 calls', 'GGUF_IMATRIX_COUNT', join(u32(1), entry('w', minus, 1))],
    ['no values', 'GGUF_IMATRIX_COUNT', join(u32(1), entry('w', 1), new Uint8Array(8))],
    [
      'values beyond the file',
      'GGUF_IMATRIX_TRUNCATED',
      join(u32(1), named('w'), u32(1), u32(2 ** 30), f32(1)),
    ],
    ['NaN', 'GGUF_IMATRIX_VALUE', join(u32(1), entry('w', 1, 1, NaN))],
    ['a negative value', 'GGUF_IMATRIX_VALUE', join(u32(1), entry('w', 1, -1))],
    ['bytes behind it', 'GGUF_IMATRIX_TRAILING', join(u32(1), entry('w', 1, 1), u32(1), named('x'), [0])],
    ['half a number behind it', 'GGUF_IMATRIX_TRUNCATED', join(u32(1), entry('w', 1, 1), [0, 0])],
  ])('is refused with %s: %s', (_, code, bytes) => {
    expect(codeOf(() => readImatrix(bytes))).toBe(code);
  });

  it('is refused or read, cut after any byte, and never crashes', () => {
    const bytes = writeImatrix(sample(), { format: 'dat' });
    const codes = Array.from({ length: bytes.length }, (_, n) =>
      codeOf(() => readImatrix(bytes.subarray(0, n))),
    );
    expect(codes.filter((code) => code === 'none')).toHaveLength(2);
    expect(new Set(codes)).toEqual(new Set(['GGUF_IMATRIX_TRUNCATED', 'GGUF_IMATRIX_COUNT', 'none']));
  });
});

describe('writeImatrix refuses', () => {
  const broken = (change: object): Imatrix => ({
    ...sample(),
    entries: new Map([['w', { sums: Float32Array.of(1, 2), counts: Float64Array.of(1), ...change }]]),
  });
  it.each<[string, () => unknown, RegExp]>([
    ['no weights', () => writeImatrix({ ...sample(), entries: new Map() }), /at least one weight/],
    ['negative sums', () => writeImatrix(broken({ sums: Float32Array.of(1, -2) })), /-2 at index 1/],
    ['sums in another array', () => writeImatrix(broken({ sums: [1] })), /a Float32Array/],
    ['counts that do not fit', () => writeImatrix(broken({ counts: new Float64Array(3) })), /as many sums/],
    ['half a row', () => writeImatrix(broken({ counts: Float64Array.of(0.5) })), /a whole number/],
    [
      'a long name',
      () =>
        writeImatrix({
          ...sample(),
          entries: new Map([['n'.repeat(56), { sums: Float32Array.of(1), counts: Float64Array.of(1) }]]),
        }),
      /at most 63 bytes/,
    ],
    [
      'datasets that are no list',
      () => writeImatrix({ ...sample(), datasets: 'a' as never }),
      /an array of names/,
    ],
    ['another format', () => writeImatrix(sample(), { format: 'bin' as never }), /one of 'gguf', 'dat'/],
  ])('%s', (_, action, message) => {
    expect(action).toThrow(message);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildHeader, parseHeader, readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { DTYPES, type DType } from '../../../src/core/dtype.js';
import type { NamedArray } from '../../../src/core/source.js';
import { compareCodePoints } from '../../../src/formats/safetensors/build.js';

const RUNS = { numRuns: 1000 };

const STORED = (Object.keys(DTYPES) as DType[]).filter((dtype) => DTYPES[dtype].safetensors !== null);

/** Names that objects, sorters and escapers trip over, and any others. */
const names = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '',
    '0',
    '10',
    '9',
    '\0',
    '"',
    '\\',
    '\ue000',
    '\u{10000}',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);

/** A tensor of random bits whose size is a whole number of bytes. */
const tensors: fc.Arbitrary<NamedArray> = fc
  .record({
    name: names.filter((name) => name !== '__metadata__'),
    dtype: fc.constantFrom(...STORED),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    seed: fc.nat(),
  })
  .map(({ name, dtype, shape, seed }) => {
    const { bits, array } = DTYPES[dtype];
    const whole = bits < 8 ? [...shape, 4] : shape;
    const count = whole.reduce((product, axis) => product * axis, 1);
    const bytes = Uint8Array.from({ length: (count * bits) / 8 }, (_, i) => {
      const byte = Math.imul(seed + i, 2654435761) >>> 24;
      return dtype === 'bool' ? byte % 2 : byte;
    });
    return { name, dtype, shape: whole, data: new array(bytes.buffer) };
  });

const models = fc.record({
  tensors: fc.uniqueArray(tensors, { selector: ({ name }) => name, maxLength: 8 }),
  metadata: fc.option(
    fc.array(fc.tuple(names, names), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    { nil: undefined },
  ),
});

/** A shuffle that the seed decides. */
const shuffled = <T>(items: readonly T[], seed: number): T[] =>
  items
    .map((item, i) => ({ item, key: Math.imul(seed ^ (i + 1), 2654435761) >>> 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);

describe('writeSafetensors and readSafetensors', () => {
  it('give back every tensor to the bit, and all metadata', () => {
    fc.assert(
      fc.property(models, ({ tensors: list, metadata }) => {
        const file = readSafetensors(writeSafetensors(list, metadata));
        expect(file.tensors.size).toBe(list.length);
        expect(file.metadata).toEqual(metadata ?? new Map());
        for (const { name, dtype, shape, data } of list) {
          const tensor = file.tensor(name);
          expect([tensor.dtype, tensor.shape]).toEqual([dtype, shape]);
          expect(tensor.data.constructor).toBe(data.constructor);
          const bytesOf = ({ buffer, byteOffset, byteLength }: typeof data): Uint8Array =>
            new Uint8Array(buffer, byteOffset, byteLength);
          expect(Buffer.compare(bytesOf(tensor.data), bytesOf(data))).toBe(0);
        }
      }),
      RUNS,
    );
  });

  it('make the same file whatever the order of tensors and metadata', () => {
    fc.assert(
      fc.property(models, fc.nat(), ({ tensors: list, metadata }, seed) => {
        const other = metadata && new Map(shuffled(Array.from(metadata), seed));
        expect(writeSafetensors(shuffled(list, seed), other)).toEqual(writeSafetensors(list, metadata));
      }),
      RUNS,
    );
  });

  it('make a file of which the same file is made again', () => {
    fc.assert(
      fc.property(models, ({ tensors: list, metadata }) => {
        const bytes = writeSafetensors(list, metadata);
        const file = readSafetensors(bytes);
        const again = Array.from(file.tensors.keys(), (name) => ({ name, ...file.tensor(name) }));
        expect(writeSafetensors(again, metadata && file.metadata)).toEqual(bytes);
      }),
      RUNS,
    );
  });

  it('read the same from any place in a buffer, and change nothing', () => {
    fc.assert(
      fc.property(models, fc.integer({ min: 0, max: 9 }), ({ tensors: list, metadata }, offset) => {
        const bytes = writeSafetensors(list, metadata);
        const moved = new Uint8Array(bytes.length + offset + 3).fill(0xee);
        moved.set(bytes, offset);
        const copy = moved.slice();
        const file = readSafetensors(moved.subarray(offset, offset + bytes.length));
        for (const { name, data } of list) expect(file.tensor(name).data).toEqual(data);
        expect(moved).toEqual(copy);
      }),
      RUNS,
    );
  });
});

describe('buildHeader', () => {
  it('aligns every tensor, in the order of alignment, then of names by code points', () => {
    fc.assert(
      fc.property(models, ({ tensors: list, metadata }) => {
        const { bytes, entries, dataLength } = buildHeader(list, metadata);
        expect(bytes.length % 8).toBe(0);
        let end = 0;
        let before: { size: number; dtype: DType; name: string } | null = null;
        for (const [name, entry] of entries) {
          const size = Math.max(1, DTYPES[entry.dtype].bits / 8);
          expect(entry.begin).toBe(end);
          expect((bytes.length + entry.begin) % size).toBe(0);
          if (before !== null) {
            expect(size).toBeLessThanOrEqual(before.size);
            if (entry.dtype === before.dtype) {
              expect(Buffer.compare(Buffer.from(before.name), Buffer.from(name))).toBe(-1);
            }
          }
          before = { size, dtype: entry.dtype, name };
          end = entry.end;
        }
        expect(end).toBe(dataLength);
      }),
      RUNS,
    );
  });
});

describe('compareCodePoints', () => {
  it('orders as the bytes of UTF-8', () => {
    const text = fc.string({ unit: 'binary', maxLength: 6 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 5000 },
    );
  });
});

/** `text` as a JSON string in which every k-th unit is a \u escape, in upper or lower case. */
function escaped(text: string, every: number, upper: boolean): string {
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  const escape = (unit: number): string => {
    const digits = unit.toString(16).padStart(4, '0');
    return `\\u${upper ? digits.toUpperCase() : digits}`;
  };
  // A pair is escaped as a whole: half of one alone is no text.
  return `"${Array.from(text, (character, i) => {
    if (i % every !== 0) return JSON.stringify(character).slice(1, -1);
    return Array.from({ length: character.length }, (_, j) => escape(character.charCodeAt(j))).join('');
  }).join('')}"${units.length > 0 ? '' : ' '}`;
}

describe('parseHeader', () => {
  it('reads every way to write a string as JSON.parse does', () => {
    fc.assert(
      fc.property(
        fc.oneof(names, fc.string({ unit: 'binary', maxLength: 60 })),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        (text, every, upper) => {
          const json = escaped(text, every, upper);
          expect(JSON.parse(json)).toBe(text);
          const header = new TextEncoder().encode(`{"__metadata__":{"k":${json}}}`);
          expect(parseHeader(header, 0).metadata.get('k')).toBe(text);
        },
      ),
      RUNS,
    );
  });

  it('accepts no text that JSON.parse refuses', () => {
    const valid = '{"__metadata__":{"k":"v\\n"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}';
    const pieces = fc.constantFrom(
      ...'{}[]":,0129eE+-. \n\t\\/\0é',
      'null',
      'true',
      '\\u0041',
      '""',
      '[]',
      '{}',
    );
    fc.assert(
      fc.property(fc.nat(valid.length), fc.nat(3), pieces, (at, removed, piece) => {
        const text = valid.slice(0, at) + piece + valid.slice(at + removed);
        let accepted = true;
        try {
          parseHeader(new TextEncoder().encode(text), 2);
        } catch {
          accepted = false;
        }
        if (accepted) expect(() => JSON.parse(text) as unknown).not.toThrow();
      }),
      { numRuns: 5000 },
    );
  });
});

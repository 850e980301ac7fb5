import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { backend, setBackend } from 'tensorslim';
import { BLOCK_TYPES, decodeBlocks, encodeBlocks, type BlockType } from 'tensorslim/blocks';
import { root } from '../support/bundle.js';
import {
  CASES,
  hashOf,
  IMPORTANCE,
  inputOf,
  randomBytesOf,
  SHAPE,
  TYPES,
  vectorOf,
  type Vector,
} from '../support/ggml.js';

/** Cases whose bytes C leaves undefined: a power-of-two scale below 2^-127 as an unsigned byte. */
const UNDEFINED: Partial<Record<BlockType, string[]>> = { MXFP4: ['subnormal'] };

/** The first byte that differs: its block, its place there, and the two values. */
function difference(type: BlockType, got: Uint8Array, wanted: Uint8Array): string | null {
  const at = wanted.findIndex((byte, i) => byte !== got[i]);
  if (at < 0) return got.length === wanted.length ? null : `${got.length} bytes, expected ${wanted.length}`;
  const size = BLOCK_TYPES[type].bytesPerBlock;
  return `block ${Math.floor(at / size)} byte ${at % size}: ${got[at]}, expected ${wanted[at]}`;
}

const encode = (type: BlockType, name: string, hasImportance: boolean): Uint8Array =>
  encodeBlocks(
    { data: inputOf(name), shape: SHAPE },
    hasImportance ? { type, importance: IMPORTANCE } : { type },
  ).bytes;

const isDefined = (type: BlockType, name: string): boolean => !(UNDEFINED[type] ?? []).includes(name);

/** Cases of a type with or without importance, and what ggml wrote for each. */
const vectors = (type: BlockType, hasImportance: boolean): [string, Vector][] =>
  CASES.flatMap((name) => {
    const vector = vectorOf(type, name, hasImportance);
    return vector === null ? [] : [[name, vector] as [string, Vector]];
  });

/** "12 of 12", counted anew for the table. */
function encoded(type: BlockType, hasImportance: boolean): string {
  if (!BLOCK_TYPES[type].canEncode) return 'not encoded';
  const all = vectors(type, hasImportance);
  const same = all.filter(
    ([name, { bytes }]) => difference(type, encode(type, name, hasImportance), bytes) === null,
  );
  return `${same.length} of ${all.length}`;
}

function decoded(type: BlockType): string {
  const all = [...vectors(type, false), ...vectors(type, true)];
  const same = all.filter(
    ([, { bytes, hash }]) => hashOf(decodeBlocks(bytes, { type, shape: SHAPE })) === hash,
  );
  return `${same.length} of ${all.length}`;
}

function table(): string[] {
  const rows = TYPES.map((type) => {
    const cells = [type, encoded(type, false), encoded(type, true), decoded(type)];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| type | bytes | bytes with importance | values |',
    '| ---- | ----- | --------------------- | ------ |',
    ...rows,
  ];
}

const withoutPadding = (line: string): string => line.replace(/ {2,}/g, ' ').replace(/-{2,}/g, '--');

describe.each(['scalar', 'simd'] as const)('%s blocks against ggml', (name) => {
  const before = backend();

  describe.each(TYPES)('%s', (type) => {
    it.runIf(BLOCK_TYPES[type].canEncode)('encodes to the same bytes', () => {
      setBackend(name);
      for (const [case_, { bytes }] of vectors(type, false)) {
        if (!isDefined(type, case_)) continue;
        expect([case_, difference(type, encode(type, case_, false), bytes)]).toEqual([case_, null]);
      }
    });

    it.runIf(BLOCK_TYPES[type].canEncode)('encodes with importance to the same bytes', () => {
      setBackend(name);
      for (const [case_, { bytes }] of vectors(type, true)) {
        if (!isDefined(type, case_)) continue;
        expect([case_, difference(type, encode(type, case_, true), bytes)]).toEqual([case_, null]);
      }
    });

    it('decodes to the same bits', () => {
      setBackend(name);
      for (const [case_, { bytes, hash }] of [...vectors(type, false), ...vectors(type, true)]) {
        expect([case_, hashOf(decodeBlocks(bytes, { type, shape: SHAPE }))]).toEqual([case_, hash]);
      }
    });

    it.runIf(randomBytesOf(type) !== null)('decodes arbitrary bytes to the same bits', () => {
      setBackend(name);
      const { bytes, values } = randomBytesOf(type) ?? {
        bytes: new Uint8Array(0),
        values: new Float32Array(1),
      };
      const got = decodeBlocks(bytes, { type, shape: [values.length] });
      const at = got.findIndex((value, i) => !Object.is(value, values[i]));
      expect([at, got[at]]).toEqual([-1, undefined]);
    });
  });

  afterAll(() => setBackend(before));
});

describe('the table of docs/compat.md', () => {
  it('says how many cases are the same', () => {
    const lines = table();
    process.stdout.write(`${lines.join('\n')}\n`);
    const page = readFileSync(join(root, 'docs/compat.md'), 'utf8').split('\n').map(withoutPadding);
    for (const line of lines.map(withoutPadding)) expect(page).toContain(line);
  });
});

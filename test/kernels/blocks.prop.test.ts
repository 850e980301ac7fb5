import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { U8 } from '../../src/core/arrays.js';
import { GGML_TYPES } from '../../src/core/ggml-types.js';
import { blockKernels, createSimdBlocks } from '../../src/kernels/blocks/family.js';
import type { BlockKernels, PlainBlockType } from '../../src/kernels/blocks/types.js';
import { createSimdKBlocks, kBlockKernels } from '../../src/kernels/blocks-k/family.js';
import { allocate, free } from '../../src/kernels/memory.js';
import type { KBlockType } from '../../src/kernels/blocks-k/types.js';
import { gridOf } from '../../src/kernels/blocks-iq/grids.js';

type Type = PlainBlockType | KBlockType;
type Both = BlockKernels<Type>;
const both = (plain: BlockKernels<PlainBlockType> | null, k: BlockKernels<KBlockType> | null): Both => {
  if (plain === null || k === null) throw new Error('the tests need an engine with WebAssembly SIMD');
  return { encode: { ...plain.encode, ...k.encode }, decode: { ...plain.decode, ...k.decode } };
};
const named = (name: 'reference' | 'scalar' | 'simd'): Both =>
  both(blockKernels.of(name), kBlockKernels.of(name));
const reference = named('reference');
/** Everything that must agree with the reference; the last one crosses a tile's edge every 256 elements. */
const TWINS: readonly Both[] = [
  named('scalar'),
  named('simd'),
  both(createSimdBlocks(256), createSimdKBlocks(256)),
];
const TYPES = Object.keys(reference.encode) as Type[];

const WIDTH = 512;
const GUARD = 0xa5;

/** Rows of mixed sizes: ordinary numbers, ties, zeros, and all of them times a power of two. */
const anyRow = fc
  .record({
    values: fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -(2 ** 23), max: 2 ** 23 }).map((n) => n * 2 ** -23) },
        { weight: 2, arbitrary: fc.integer({ min: -16, max: 16 }).map((n) => n / 2) },
        { weight: 1, arbitrary: fc.constantFrom(0, -0) },
      ),
      { minLength: WIDTH, maxLength: WIDTH, size: 'max' },
    ),
    exponent: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { arbitrary: fc.integer({ min: -145, max: 110 }), weight: 1 },
    ),
    power: fc.constantFrom(1, 1, 3),
    offset: fc.constantFrom(0, 0, 0, 2, -30),
  })
  .map(({ values, exponent, power, offset }) => values.map((v) => (v ** power + offset) * 2 ** exponent));

const anyImportance = fc.option(
  fc
    .array(
      fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 0, max: 2 ** 20 }).map((n) => n * 2 ** -17) },
        { weight: 1, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: -40, max: 40 }).map((n) => 2 ** n) },
      ),
      {
        minLength: WIDTH,
        maxLength: WIDTH,
        size: 'max',
      },
    )
    .map((list) => Float32Array.from(list)),
);

const bytesOf = (type: Type, elements: number): number =>
  (elements / GGML_TYPES[type].elements) * GGML_TYPES[type].bytes;

/** Index of the first difference, NaN being NaN whatever its payload; -1 where there is none. Many times faster than toEqual. */
function difference(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  for (let i = 0; i < wanted.length; i++) if (!Object.is(got[i], wanted[i])) return i;
  return got.length === wanted.length ? -1 : wanted.length;
}

/** The values of `bytes`, which lie at an odd place. */
function decode(kernels: Both, type: Type, bytes: U8, length: number): Float32Array {
  const source = new Uint8Array(bytes.length + 3);
  source.set(bytes, 3);
  const values = new Float32Array(length + 2).fill(GUARD);
  kernels.decode[type](
    values.subarray(1, length + 1),
    source.subarray(3),
    length / GGML_TYPES[type].elements,
  );
  expect([values[0], values[length + 1]]).toEqual([GUARD, GUARD]);
  return values.slice(1, length + 1);
}

/** The blocks of `x`, written between guards to an odd place. */
function encode(kernels: Both, type: Type, x: number[], importance: Float32Array | null): U8 {
  const length = bytesOf(type, x.length);
  const memory = new Uint8Array(length + 7).fill(GUARD);
  const source = new Float32Array(x.length + 1);
  source.set(x, 1);
  const before = source.slice();
  const weights = importance === null ? null : Float32Array.from(importance);
  kernels.encode[type](memory.subarray(3, 3 + length), source.subarray(1), x.length / WIDTH, WIDTH, weights);
  expect([...memory.subarray(0, 3), ...memory.subarray(3 + length)]).toEqual(Array(7).fill(GUARD));
  expect(difference(source, before)).toBe(-1);
  return memory.slice(3, 3 + length);
}

describe.each(TYPES)('%s', (type) => {
  it('gives the same bytes and values by every twin', () => {
    fc.assert(
      fc.property(anyRow, anyRow, anyImportance, (first, second, importance) => {
        const x = [...first, ...second];
        const bytes = encode(reference, type, x, importance);
        const expected = decode(reference, type, bytes, x.length);
        for (const twin of TWINS) {
          expect(difference(encode(twin, type, x, importance), bytes)).toBe(-1);
          expect(difference(decode(twin, type, bytes, x.length), expected)).toBe(-1);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same values of any bytes by every twin', () => {
    const length = 5 * bytesOf(type, 256);
    const anyBytes = fc.uint8Array({ minLength: length, maxLength: length, size: 'max' });
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const expected = decode(reference, type, bytes, 5 * 256);
        for (const twin of TWINS) expect(difference(decode(twin, type, bytes, 5 * 256), expected)).toBe(-1);
      }),
      { numRuns: 60 },
    );
  });

  it('encodes and decodes arrays in the kernels memory where they lie', () => {
    const x = allocate(3 * WIDTH);
    for (let i = 0; i < x.length; i++) x[i] = ((i * 7919) % 997) / 997 - 0.5;
    const bytes = allocate(bytesOf(type, x.length), 'uint8');
    const values = allocate(x.length);
    for (const importance of [null, new Float32Array(WIDTH).map((_, i) => (i * 31) % 17)]) {
      const expected = encode(reference, type, Array.from(x), importance);
      const [, simd] = TWINS;
      simd.encode[type](bytes, x, 3, WIDTH, importance);
      expect(bytes).toEqual(expected);
      simd.decode[type](values, bytes, x.length / GGML_TYPES[type].elements);
      expect(values).toEqual(decode(reference, type, expected, x.length));
    }
    [x, bytes, values].forEach((array) => free(array));
  });
});

describe('the grids of IQ1 to IQ3', () => {
  it('have as many points as their codes count', () => {
    const sizes = (['IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS', 'IQ3_S', 'IQ1'] as const).map(
      (name) => gridOf(name).length / (name.startsWith('IQ3') ? 4 : 8),
    );
    expect(sizes).toEqual([256, 512, 1024, 256, 512, 2048]);
    expect(gridOf('IQ1').every((level) => Math.abs(level) <= 1)).toBe(true);
    expect([...gridOf('IQ3_S').slice(-4)].every((level) => level >= 1 && level <= 15)).toBe(true);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { U8 } from '../../src/core/arrays.js';
import { GGML_TYPES } from '../../src/core/ggml-types.js';
import { blockKernels } from '../../src/kernels/blocks/family.js';
import type { BlockKernels, PlainBlockType } from '../../src/kernels/blocks/types.js';
import { kBlockKernels } from '../../src/kernels/blocks-k/family.js';
import type { KBlockType } from '../../src/kernels/blocks-k/types.js';
import { gridOf } from '../../src/kernels/blocks-iq/grids.js';

type Type = PlainBlockType | KBlockType;
const PLAIN: BlockKernels<Type>[] = ['reference', 'scalar'].map((name) => {
  const [plain, k] = [blockKernels, kBlockKernels].map((family) => family.of(name as 'scalar')) as [
    BlockKernels<PlainBlockType>,
    BlockKernels<KBlockType>,
  ];
  return { encode: { ...plain.encode, ...k.encode }, decode: { ...plain.decode, ...k.decode } };
});
const [reference, scalar] = PLAIN;
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
      ),
      {
        minLength: WIDTH,
        maxLength: WIDTH,
        size: 'max',
      },
    )
    .map((list) => Float32Array.from(list)),
);

/** The blocks of `x`, written between guards to an odd place. */
function encode(kernels: BlockKernels<Type>, type: Type, x: number[], importance: Float32Array | null): U8 {
  const { elements, bytes } = GGML_TYPES[type];
  const length = (x.length / elements) * bytes;
  const memory = new Uint8Array(length + 7).fill(GUARD);
  const source = new Float32Array(x.length + 1);
  source.set(x, 1);
  const before = source.slice();
  const weights = importance === null ? null : Float32Array.from(importance);
  kernels.encode[type](memory.subarray(3, 3 + length), source.subarray(1), x.length / WIDTH, WIDTH, weights);
  expect([...memory.subarray(0, 3), ...memory.subarray(3 + length)]).toEqual(Array(7).fill(GUARD));
  expect(source).toEqual(before);
  return memory.slice(3, 3 + length);
}

describe.each(TYPES)('%s', (type) => {
  it('gives the same bytes and values by every twin', () => {
    fc.assert(
      fc.property(anyRow, anyRow, anyImportance, (first, second, importance) => {
        const x = [...first, ...second];
        const bytes = encode(scalar, type, x, importance);
        expect(bytes).toEqual(encode(reference, type, x, importance));
        const [values, expected] = [new Float32Array(x.length), new Float32Array(x.length)];
        const blocks = x.length / GGML_TYPES[type].elements;
        scalar.decode[type](values, bytes, blocks);
        reference.decode[type](expected, bytes, blocks);
        expect(values).toEqual(expected);
      }),
      { numRuns: 60 },
    );
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

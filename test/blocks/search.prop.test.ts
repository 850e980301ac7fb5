import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_TYPES, decodeBlocks, encodeBlocks, type BlockType } from 'tensorslim/blocks';
import type { F32 } from '../../src/core/arrays.js';
import { affineRule } from '../../src/kernels/blocks/affine-rule.js';
import { plainSearches } from '../../src/kernels/blocks/plain-searches.js';
import { quickSearches } from '../../src/kernels/blocks/quick-searches.js';

const RUNS = 60;

/** Ways to write the same code everywhere into the bytes of a block. */
const FILL: Partial<Record<BlockType, { codes: number; fill: (block: Uint8Array, code: number) => void }>> = {
  Q2_K: { codes: 4, fill: (b, q) => void b.fill(q * 0x55, 16, 80) },
  Q3_K: { codes: 8, fill: (b, q) => void b.fill(q > 3 ? 255 : 0, 0, 32).fill((q & 3) * 0x55, 32, 96) },
  Q4_K: { codes: 16, fill: (b, q) => void b.fill(q * 0x11, 16, 144) },
  Q5_K: { codes: 32, fill: (b, q) => void b.fill(q > 15 ? 255 : 0, 16, 48).fill((q & 15) * 0x11, 48, 176) },
  Q6_K: { codes: 64, fill: (b, q) => void b.fill((q & 15) * 0x11, 0, 128).fill((q >> 4) * 0x55, 128, 192) },
  IQ4_NL: { codes: 16, fill: (b, q) => void b.fill(q * 0x11, 2, 18) },
  IQ4_XS: { codes: 16, fill: (b, q) => void b.fill(q * 0x11, 8, 136) },
};

/** Levels that each element can have under the scales that are stored: one array of values per code. */
function levelsOf(type: BlockType, bytes: Uint8Array, shape: number[]): Float32Array[] {
  const { codes, fill } = FILL[type] ?? { codes: 0, fill: () => undefined };
  const { bytesPerBlock } = BLOCK_TYPES[type];
  return Array.from({ length: codes }, (_, code) => {
    const other = bytes.slice();
    for (let at = 0; at < other.length; at += bytesPerBlock)
      fill(other.subarray(at, at + bytesPerBlock), code);
    return decodeBlocks(other, { type, shape });
  });
}

const anyRow = (length: number): fc.Arbitrary<F32> =>
  fc
    .record({
      values: fc.array(
        fc.integer({ min: -(2 ** 23), max: 2 ** 23 }).map((n) => n * 2 ** -23),
        {
          minLength: length,
          maxLength: length,
          size: 'max',
        },
      ),
      power: fc.constantFrom(1, 3, 5),
      offset: fc.constantFrom(0, 0, 0.7, -2),
    })
    .map(({ values, power, offset }) => Float32Array.from(values, (v) => v ** power + offset));

const anyImportance = (length: number): fc.Arbitrary<F32 | null> =>
  fc.option(
    fc
      .array(
        fc.oneof(
          fc.integer({ min: 1, max: 2 ** 20 }).map((n) => n * 2 ** -17),
          fc.constant(0),
        ),
        {
          minLength: length,
          maxLength: length,
          size: 'max',
        },
      )
      .map((list) => Float32Array.from([1, ...list.slice(1)])),
  );

describe.each(Object.keys(FILL) as BlockType[])('%s', (type) => {
  it('stores for each element the code of the nearest level of its grid', () => {
    fc.assert(
      fc.property(anyRow(256), anyImportance(256), (x, importance) => {
        const { bytes } = encodeBlocks(x, importance === null ? { type } : { type, importance });
        const values = decodeBlocks(bytes, { type, shape: [256] });
        const levels = levelsOf(type, bytes, [256]);
        x.forEach((value, i) => {
          const column = levels.map((level) => level[i]);
          const nearest = Math.min(...column.map((level) => Math.abs(level - value)));
          const largest = Math.max(...column.map(Math.abs), Math.abs(value));
          // IQ4 codes are taken under the scale before float16 rounds it; K-quants under what is stored, in float32.
          const slack = largest * (type.startsWith('IQ4') ? 2 ** -10 : 2 ** -20);
          expect(Math.abs(values[i] - value)).toBeLessThanOrEqual(nearest + slack);
        });
      }),
      { numRuns: RUNS },
    );
  });
});

const RULES = [
  affineRule(3, -0.5, 0.1, 15, true),
  affineRule(3, -0.9, 0.05, 36),
  affineRule(15, -1, 0.1, 20),
  affineRule(31, -0.5, 0.1, 15),
  affineRule(31, -0.9, 0.05, 36),
];

const anyScaled = (length: number): fc.Arbitrary<F32> =>
  fc
    .tuple(
      fc.oneof(
        anyRow(length).map((row) => Array.from(row)),
        fc.array(fc.integer({ min: -4, max: 4 }), { minLength: length, maxLength: length }),
      ),
      fc.oneof(fc.constant(0), fc.integer({ min: -140, max: 60 })),
    )
    .map(([values, exponent]) => Float32Array.from(values, (v) => v * 2 ** exponent));

const anyWeights = (length: number): fc.Arbitrary<F32> =>
  fc
    .tuple(
      fc.array(
        fc.oneof(
          fc.integer({ min: 0, max: 2 ** 20 }).map((n) => n * 2 ** -18),
          fc.constant(0),
        ),
        {
          minLength: length,
          maxLength: length,
          size: 'max',
        },
      ),
      fc.oneof(fc.constant(0), fc.integer({ min: -140, max: 60 })),
    )
    .map(([values, exponent]) => Float32Array.from(values, (v) => v * 2 ** exponent));

interface Found {
  readonly scale: number;
  readonly min: number;
  readonly codes: number[];
}

function affineBy(name: 'plain' | 'quick', x: F32, w: F32, rule: (typeof RULES)[number]): Found {
  const searches = name === 'plain' ? plainSearches : quickSearches;
  const [scales, mins, codes] = [new Float32Array(1), new Float32Array(1), new Uint8Array(32)];
  searches.fitAffine(scales, mins, 0, codes, 0, x, 0, w, 0, 32, rule);
  return { scale: scales[0], min: mins[0], codes: [...codes] };
}

function levelsBy(name: 'plain' | 'quick', x: F32, w: F32, half: number): Found {
  const searches = name === 'plain' ? plainSearches : quickSearches;
  const codes = new Uint8Array(32);
  const scale = searches.fitLevels(codes, 0, x, 0, w, 0, 32, half);
  return { scale, min: 0, codes: [...codes] };
}

const errorOf = (x: F32, w: F32, isAbsolute: boolean, value: (i: number) => number): number =>
  x.reduce((sum, element, i) => {
    const difference = Math.abs(value(i) - element);
    return sum + w[i] * (isAbsolute ? difference : difference * difference);
  }, 0);

/** What float32 may be off by when the searches compare errors: a share of all weights times the largest magnitude, and what counts as 0. */
function rounding(x: F32, w: F32, isAbsolute: boolean): number {
  const peak = Math.max(...x.map(Math.abs));
  const weight = w.reduce((sum, value) => sum + value, 0);
  return weight * (isAbsolute ? peak : peak * peak) * 2 ** -17 + 1e-18;
}

describe('the searches', () => {
  it('find the same whether candidates are left out or not', () => {
    fc.assert(
      fc.property(anyScaled(32), anyWeights(32), fc.nat(RULES.length - 1), (x, w, k) => {
        expect(affineBy('quick', x, w, RULES[k])).toEqual(affineBy('plain', x, w, RULES[k]));
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(anyScaled(32), anyWeights(32), fc.constantFrom(4, 8, 16, 32), (x, w, half) => {
        expect(levelsBy('quick', x, w, half)).toEqual(levelsBy('plain', x, w, half));
      }),
      { numRuns: 3000 },
    );
  });

  it('never have more weighted error than the plain range of the elements and 0', () => {
    fc.assert(
      fc.property(anyRow(32), anyRow(32), fc.nat(RULES.length - 1), (x, row, k) => {
        const w = Float32Array.from(row, Math.abs);
        const rule = RULES[k];
        const { scale, min, codes } = affineBy('quick', x, w, rule);
        const [low, high] = [Math.min(0, ...x), Math.max(...x)];
        const step = (high - low) / rule.most;
        fc.pre(step > 0);
        const plain = (i: number): number =>
          low + step * Math.min(rule.most, Math.floor((x[i] - low) / step + 0.5));
        const found = errorOf(x, w, rule.absolute, (i) => scale * codes[i] - min);
        expect(found).toBeLessThanOrEqual(
          errorOf(x, w, rule.absolute, plain) + rounding(x, w, rule.absolute),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('never have more weighted error than the scale that takes the peak to the lowest code', () => {
    fc.assert(
      fc.property(anyRow(32), anyRow(32), fc.constantFrom(4, 8, 16, 32), (x, row, half) => {
        const w = Float32Array.from(row, Math.abs);
        const { scale, codes } = levelsBy('quick', x, w, half);
        const peak = x.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
        const step = -peak / half;
        fc.pre(step !== 0);
        const plain = (i: number): number => step * Math.min(half - 1, Math.floor(x[i] / step + 0.5));
        const found = errorOf(x, w, false, (i) => scale * (codes[i] - half));
        expect(found).toBeLessThanOrEqual(errorOf(x, w, false, plain) + rounding(x, w, false));
      }),
      { numRuns: 500 },
    );
  });
});

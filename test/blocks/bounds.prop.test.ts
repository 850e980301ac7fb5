import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_TYPES, decodeBlocks, encodeBlocks, type BlockType } from 'tensorslim/blocks';

const RUNS = 300;
/** Half a unit in the last place of float16, relative, and half of its least number. */
const H = 2 ** -11;
const S = 2 ** -25;

interface Extent {
  /** Largest magnitude, range, and magnitude of the minimum. */
  readonly a: number;
  readonly r: number;
  readonly m: number;
}

const BOUNDS: Partial<Record<BlockType, (extent: Extent) => number>> = {
  Q8_0: ({ a }) => (a / 127) * (0.5 + 2e-5) + Math.max(a * H, 127 * S),
  Q4_0: ({ a }) => (a / 8) * (1 + 1e-5) + Math.max(a * H, 8 * S),
  Q5_0: ({ a }) => (a / 16) * (1 + 1e-5) + Math.max(a * H, 16 * S),
  Q4_1: ({ a, r, m }) => (r / 30) * (1 + 1e-4) + Math.max(r * H, 15 * S) + Math.max(m * H, S) + a * 2 ** -22,
  Q5_1: ({ a, r, m }) => (r / 62) * (1 + 1e-4) + Math.max(r * H, 31 * S) + Math.max(m * H, S) + a * 2 ** -22,
  TQ1_0: ({ a }) => (a / 2) * (1 + 1e-6) + Math.max(a * H, S),
  TQ2_0: ({ a }) => (a / 2) * (1 + 1e-6) + Math.max(a * H, S),
  MXFP4: ({ a }) => a / 4,
};

const TYPES = Object.keys(BOUNDS) as BlockType[];

function extentOf(x: Float32Array): Extent {
  let [min, max] = [Infinity, -Infinity];
  for (const value of x) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { a: Math.max(max, -min), r: max - min, m: Math.abs(min) };
}

/** Largest error of one block as a share of its bound. */
function shareOf(type: BlockType, x: Float32Array): number {
  const bytes = encodeBlocks(x, { type }).bytes;
  const values = decodeBlocks(bytes, { type, shape: [x.length] });
  const bound = BOUNDS[type]?.(extentOf(x)) ?? NaN;
  let most = 0;
  x.forEach((value, i) => (most = Math.max(most, Math.abs(value - values[i]))));
  return most === 0 ? 0 : most / bound;
}

const anyBlock = (length: number): fc.Arbitrary<Float32Array> =>
  fc
    .record({
      values: fc.array(
        fc.oneof(
          fc.integer({ min: -(2 ** 23), max: 2 ** 23 }).map((n) => n * 2 ** -23),
          fc.integer({ min: -32, max: 32 }).map((n) => n / 32),
        ),
        { minLength: length, maxLength: length, size: 'max' },
      ),
      exponent: fc.integer({ min: -20, max: 13 }),
      offset: fc.constantFrom(0, 0, 1, -100),
    })
    .map(({ values, exponent, offset }) =>
      Float32Array.from(values, (v) => (v + offset) * 2 ** (exponent - (offset ? 6 : 0))),
    );

/** One block of zeros but for what is given. */
function blockOf(type: BlockType, ...values: number[]): Float32Array {
  const x = new Float32Array(BLOCK_TYPES[type].elementsPerBlock);
  x.set(values);
  return x;
}

/** A scale that float16 rounds down by as much as it can. */
const D = 2 ** -7 * (1 + H * 0.999);

/** Blocks that come near the bound. */
const WORST: Partial<Record<BlockType, Float32Array>> = {
  Q8_0: blockOf('Q8_0', 127 * D, 126.4999 * D),
  Q4_0: blockOf('Q4_0', 1, -1),
  Q5_0: blockOf('Q5_0', 1, -1),
  Q4_1: blockOf('Q4_1', 15 * D, 14.4999 * D),
  Q5_1: blockOf('Q5_1', 31 * D, 30.4999 * D),
  TQ1_0: blockOf('TQ1_0', 1, 0.49999),
  TQ2_0: blockOf('TQ2_0', 1, -0.5),
  MXFP4: blockOf('MXFP4', 7.9999, 1),
};

describe.each(TYPES)('the bound of %s', (type) => {
  it('is never exceeded', () => {
    const { elementsPerBlock } = BLOCK_TYPES[type];
    fc.assert(
      fc.property(anyBlock(elementsPerBlock), (x) => shareOf(type, x) <= 1),
      { numRuns: RUNS },
    );
  });

  it('is reached within 1 %', () => {
    const share = shareOf(type, WORST[type] ?? new Float32Array(0));
    expect(share).toBeLessThanOrEqual(1);
    expect(share).toBeGreaterThan(0.99);
  });
});

describe('Q1_0', () => {
  it('is off by exactly ||x| - scale|', () => {
    fc.assert(
      fc.property(anyBlock(128), (x) => {
        const values = decodeBlocks(encodeBlocks(x, { type: 'Q1_0' }).bytes, { type: 'Q1_0', shape: [128] });
        const scale = Math.abs(values[0]);
        x.forEach((value, i) => {
          expect(Math.abs(value - values[i])).toBe(Math.abs(Math.abs(value) - scale));
        });
      }),
      { numRuns: RUNS },
    );
  });
});

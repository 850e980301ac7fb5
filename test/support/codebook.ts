import fc from 'fast-check';
import type { CodebookName, QuantizeCodebookOptions } from 'tensorslim';
import { namedCodebook } from '../../src/quantize/codebook/codebook-tables.js';

export const NAMES: readonly CodebookName[] = ['nf4', 'fp4', 'af4', 'dynamic8'];

/** Ascending levels, sometimes equal ones, of many sizes. */
export const anyLevels: fc.Arbitrary<number[]> = fc
  .record({
    levels: fc.array(fc.float({ min: -2, max: 2, noNaN: true }), {
      minLength: 2,
      maxLength: 40,
      size: 'max',
    }),
    scale: fc.constantFrom(1, 1, 1, 2 ** -20, 2 ** 20),
  })
  .map(({ levels, scale }) => Array.from(Float32Array.from(levels, (v) => v * scale).sort()));

/** A magnitude anywhere among the normal float32, most often near 1. */
export const anyMagnitude: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.float({ min: 0.5, max: 4, noNaN: true }) },
  { weight: 1, arbitrary: fc.float({ min: Math.fround(1e-30), max: Math.fround(1e30), noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 2 ** -60, 2 ** 60) },
);

/**
 * Blocks of numbers that lie on the thresholds of a named codebook or a few float32 beside them, where errors are largest, and elsewhere,
 * each beside the block's absmax.
 */
export function anyHardBlocks(
  name: CodebookName,
  blockSize: number,
): fc.Arbitrary<Float32Array<ArrayBuffer>> {
  const { thresholds } = namedCodebook(name);
  const part = fc.oneof(
    { weight: 3, arbitrary: fc.nat(thresholds.length - 1).map((i) => thresholds[i]) },
    { weight: 2, arbitrary: fc.float({ min: -1, max: 1, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(0, -0, 1, -1) },
  );
  const ulps = fc.integer({ min: -3, max: 3 });
  const block = fc
    .tuple(
      anyMagnitude,
      fc.array(fc.tuple(part, ulps), { minLength: blockSize - 1, maxLength: blockSize - 1 }),
    )
    .map(([absmax, parts]) => [
      ...parts.map(([p, n]) => Math.max(Math.min(p * absmax * (1 + n * 2 ** -23), absmax), -absmax)),
      absmax,
    ]);
  return fc.array(block, { minLength: 1, maxLength: 3 }).map((blocks) => Float32Array.from(blocks.flat()));
}

/** Options of every sort. */
export const anyCodebookOptions: fc.Arbitrary<QuantizeCodebookOptions> = fc
  .record({
    codebook: fc.oneof(
      fc.constantFrom(...NAMES),
      anyLevels,
      fc.record({ kmeans: fc.integer({ min: 2, max: 20 }), seed: fc.nat(9) }),
    ),
    blockSize: fc.oneof(
      fc.constant(null),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(32, 64, 100, 4096),
    ),
    doubleQuant: fc.boolean(),
  })
  .map((o) => ({ ...o, doubleQuant: o.blockSize !== null && o.doubleQuant }));

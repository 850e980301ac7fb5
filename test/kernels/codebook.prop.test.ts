import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { F32, U8 } from '../../src/core/arrays.js';
import { referenceKernels } from '../../src/kernels/reference/index.js';
import { namedCodebook } from '../../src/quantize/codebook/codebook-tables.js';
import {
  anyFloat,
  anyFloats,
  anyPlace,
  bitsOf,
  clearArena,
  guarded,
  guardedCopy,
  list,
  twins,
} from '../support/kernels.js';

/** Thresholds, ascending and filled up with Infinity, with the codes of the numbers between them in any order. */
interface Table {
  readonly thresholds: F32;
  readonly order: U8;
  readonly levels: F32;
}

/** In no two of 32 equal parts of [-1, 1], as those of NF4, or anywhere. */
const anyLimits = (most: number): fc.Arbitrary<number[]> =>
  fc.oneof(
    fc
      .tuple(fc.subarray(Array.from({ length: 32 }, (_, i) => i - 16)), fc.integer({ min: -31, max: 31 }))
      .map(([parts, shift]) => parts.slice(0, most).map((part) => (part + shift / 64) / 16)),
    fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -64, max: 64 }).map((n) => n / 64) },
        { weight: 2, arbitrary: fc.float({ min: -2, max: 2, noNaN: true }) },
        { weight: 1, arbitrary: fc.constantFrom(0, -0, -1e-45, 1e-45, 3.4028235e38, -3.4028235e38) },
      ),
      { maxLength: most, size: 'max' },
    ),
  );

const anyTable = (size: 16 | 256): fc.Arbitrary<Table> =>
  fc
    .record({
      limits:
        size === 16
          ? anyLimits(15)
          : fc.oneof(anyLimits(255), fc.constant(Array.from(namedCodebook('dynamic8').thresholds))),
      order: fc.uint8Array({ min: 0, max: size - 1, minLength: size, maxLength: size }),
      levels: list(anyFloat, size),
    })
    .map(({ limits, order, levels }) => {
      const thresholds = new Float32Array(size - 1).fill(Infinity);
      thresholds.set(Float32Array.from(limits).sort());
      return { thresholds, order: Uint8Array.from(order), levels: Float32Array.from(levels) };
    });

/** Scales of blocks: often the powers of two that make x / scale a threshold exactly. */
const anyScale = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1, 2, 4, 64, 0.5) },
  { weight: 3, arbitrary: fc.float({ min: 0, max: 300, noNaN: true }) },
  { weight: 2, arbitrary: anyFloat },
  { weight: 1, arbitrary: fc.constantFrom(1e-40, 1e-45, 3e38, 0, -0) },
);

interface Blocks {
  readonly x: F32;
  readonly run: number;
  readonly scale: F32;
}

/** Numbers that meet thresholds under the scales above. */
const onGrid = fc.integer({ min: -1100, max: 1100 }).map((n) => n / 1024);

/** Elements over several runs; `isEven` keeps runs even or at least as long as all elements. */
const anyBlocks = (isEven: boolean): fc.Arbitrary<Blocks> =>
  fc
    .record({
      size: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 400 })),
      run: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(16, 32, 48, 64, 100, 1000)),
    })
    .chain(({ size, run }) => {
      const length = isEven && run % 2 === 1 && run < size ? run + 1 : run;
      return fc.record({
        x: fc.oneof(anyFloats(size), list(onGrid, size)).map((values) => Float32Array.from(values)),
        run: fc.constant(length),
        scale: list(anyScale, Math.ceil(size / length)).map((values) => Float32Array.from(values)),
      });
    });

describe.each(twins())('codebooks of 256 levels, $label', ({ kernels }) => {
  it('quantizes as the reference does, in any place, and writes nothing beyond its output', () => {
    fc.assert(
      fc.property(anyBlocks(false), anyTable(256), anyPlace, anyPlace, (blocks, table, p, q) => {
        clearArena();
        const expected = new Uint8Array(blocks.x.length);
        referenceKernels.quantizeLevels(
          expected,
          blocks.x,
          blocks.scale,
          blocks.run,
          table.thresholds,
          table.order,
        );
        const x = guardedCopy(Float32Array, blocks.x, p);
        const scale = guardedCopy(Float32Array, blocks.scale, q);
        const codes = guarded(Uint8Array, blocks.x.length, q);
        kernels.quantizeLevels(codes.array, x.array, scale.array, blocks.run, table.thresholds, table.order);
        expect(bitsOf(codes.array)).toBe(bitsOf(expected));
        expect(codes.intact() && x.intact()).toBe(true);
        expect(bitsOf(x.array)).toBe(bitsOf(blocks.x));
      }),
      { numRuns: 1000 },
    );
  });

  it('dequantizes as the reference does', () => {
    fc.assert(
      fc.property(
        anyBlocks(false),
        anyTable(256),
        anyPlace,
        anyPlace,
        fc.nat(),
        (blocks, { levels }, p, q, seed) => {
          clearArena();
          const given = Uint8Array.from(blocks.x, (_, i) => (i * 167 + seed) % 256);
          const expected = new Float32Array(given.length);
          referenceKernels.dequantizeLevels(expected, given, blocks.scale, blocks.run, levels);
          const codes = guardedCopy(Uint8Array, given, p);
          const out = guarded(Float32Array, given.length, q);
          kernels.dequantizeLevels(out.array, codes.array, blocks.scale, blocks.run, levels);
          expect(bitsOf(out.array)).toBe(bitsOf(expected));
          expect(out.intact() && codes.intact()).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe.each(twins())('codebooks of 16 levels, $label', ({ kernels }) => {
  it('quantizes as the reference does, in any place, and writes nothing beyond its output', () => {
    fc.assert(
      fc.property(anyBlocks(true), anyTable(16), anyPlace, anyPlace, (blocks, table, p, q) => {
        clearArena();
        const bytes = Math.ceil(blocks.x.length / 2);
        const expected = new Uint8Array(bytes);
        referenceKernels.quantizeLevels4(
          expected,
          blocks.x,
          blocks.scale,
          blocks.run,
          table.thresholds,
          table.order,
        );
        const x = guardedCopy(Float32Array, blocks.x, p);
        const scale = guardedCopy(Float32Array, blocks.scale, q);
        const packed = guarded(Uint8Array, bytes, q);
        kernels.quantizeLevels4(
          packed.array,
          x.array,
          scale.array,
          blocks.run,
          table.thresholds,
          table.order,
        );
        expect(bitsOf(packed.array)).toBe(bitsOf(expected));
        expect(packed.intact() && x.intact()).toBe(true);
        expect(bitsOf(x.array)).toBe(bitsOf(blocks.x));
      }),
      { numRuns: 1000 },
    );
  });

  it('finds the largest magnitudes and quantizes by them as the two kernels one after another', () => {
    fc.assert(
      fc.property(anyBlocks(true), anyTable(16), anyPlace, anyPlace, (blocks, table, p, q) => {
        clearArena();
        const bytes = Math.ceil(blocks.x.length / 2);
        const expected = new Uint8Array(bytes);
        const maxima = new Float32Array(blocks.scale.length);
        const { thresholds, order } = table;
        referenceKernels.quantizeBlocks4(expected, maxima, blocks.x, blocks.run, thresholds, order);
        const x = guardedCopy(Float32Array, blocks.x, p);
        const scale = guarded(Float32Array, maxima.length, q);
        const packed = guarded(Uint8Array, bytes, q);
        kernels.quantizeBlocks4(packed.array, scale.array, x.array, blocks.run, thresholds, order);
        expect(bitsOf(scale.array)).toBe(bitsOf(maxima));
        expect(bitsOf(packed.array)).toBe(bitsOf(expected));
        expect(packed.intact() && scale.intact() && x.intact()).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('dequantizes as the reference does', () => {
    fc.assert(
      fc.property(
        anyBlocks(true),
        anyTable(16),
        anyPlace,
        anyPlace,
        fc.nat(),
        (blocks, { levels }, p, q, seed) => {
          clearArena();
          const size = blocks.x.length;
          const given = Uint8Array.from({ length: Math.ceil(size / 2) }, (_, i) => (i * 167 + seed) % 256);
          const expected = new Float32Array(size);
          referenceKernels.dequantizeLevels4(expected, given, blocks.scale, blocks.run, levels);
          const packed = guardedCopy(Uint8Array, given, p);
          const out = guarded(Float32Array, size, q);
          kernels.dequantizeLevels4(out.array, packed.array, blocks.scale, blocks.run, levels);
          expect(bitsOf(out.array)).toBe(bitsOf(expected));
          expect(out.intact() && packed.intact()).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('the definition', () => {
  const thresholds = new Float32Array(15).fill(Infinity);
  thresholds.set([-0.5, 0, 0.5]);
  const order = Uint8Array.of(3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const codesOf = (values: number[], scale: number): number[] => {
    const packed = new Uint8Array(Math.ceil(values.length / 2));
    const x = Float32Array.from(values);
    referenceKernels.quantizeLevels4(packed, x, Float32Array.of(scale), 100, thresholds, order);
    return Array.from(packed, (byte) => [byte >> 4, byte & 15]).flat();
  };

  it('gives what equals a threshold to the level below it, and two codes to a byte, the first in the high nibble', () => {
    expect(codesOf([-1, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 9], 1)).toEqual([3, 3, 2, 2, 1, 1, 0, 0]);
  });

  it('counts NaN as 0, infinities as the outermost numbers, and everything as 0 without a usable scale', () => {
    expect(codesOf([NaN, Infinity, -Infinity, -0], 1)).toEqual([2, 0, 3, 2]);
    for (const scale of [0, -0, NaN, Infinity])
      expect(codesOf([1, -1, NaN, Infinity], scale)).toEqual([2, 2, 2, 2]);
  });

  it('divides where the reciprocal of the scale is no normal number', () => {
    expect(codesOf([1e-45, -1e-45, 1e-40, -1e-40], 1e-40)).toEqual([1, 2, 0, 3]);
  });

  it('fills the last byte of an odd number with the code of 0', () => {
    expect(codesOf([9], 1)).toEqual([0, 2]);
  });
});

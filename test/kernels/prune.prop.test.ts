import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { F32 } from '../../src/core/arrays.js';
import { createSimdPrune, pruneFamily } from '../../src/kernels/prune/family.js';
import { keyOf, referencePrune } from '../../src/kernels/prune/reference.js';
import { BINS, MOST_OF, type Order } from '../../src/kernels/prune/types.js';
import {
  TWIN_RUNS,
  anyFloats,
  anyPlace,
  bitsOf,
  clearArena,
  guarded,
  guardedCopy,
  list,
  twinsOf,
} from '../support/kernels.js';

const twin = fc.constantFrom(...twinsOf(pruneFamily, createSimdPrune).map(({ kernels }) => kernels));
const order = fc.constantFrom<Order>('magnitude', 'value');

/** Floats of any kind, or few different ones, so that many are equal. */
const anyScores = (length: number): fc.Arbitrary<number[]> =>
  fc.oneof(anyFloats(length), list(fc.constantFrom(0, -0, 1, -1, 1.0000001, 2), length));

const anyStretch = fc
  .record({ before: fc.nat(5), count: fc.nat(200), after: fc.nat(5) })
  .chain((stretch) =>
    fc.record({ ...constants(stretch), x: anyScores(stretch.before + stretch.count + stretch.after) }),
  );

function constants<T extends object>(record: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  const entries = Object.entries(record).map(([key, value]) => [key, fc.constant(value as unknown)]);
  return Object.fromEntries(entries) as { [K in keyof T]: fc.Arbitrary<T[K]> };
}

describe('keys', () => {
  it('order magnitudes and values as numbers do', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), fc.float({ noNaN: true }), (a, b) => {
        expect(Math.sign(keyOf(a, 'value') - keyOf(b, 'value'))).toBe(
          Math.sign(a === b ? 0 : a < b ? -1 : 1),
        );
        const [c, d] = [Math.abs(a), Math.abs(b)];
        expect(Math.sign(keyOf(a, 'magnitude') - keyOf(b, 'magnitude'))).toBe(c === d ? 0 : c < d ? -1 : 1);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('countHigh and countLow', () => {
  const shared = new Uint32Array(BINS);
  const wanted = new Uint32Array(BINS);

  it('add the same counts in every twin', () => {
    fc.assert(
      fc.property(
        twin,
        anyStretch,
        order,
        anyPlace,
        fc.nat(1000),
        (kernels, { x, before, count }, by, p, pick) => {
          clearArena();
          const { array } = guardedCopy(Float32Array, x, p);
          shared.fill(3);
          wanted.fill(3);
          referencePrune.countHigh(wanted, array, before, count, by);
          kernels.countHigh(shared, array, before, count, by);
          expect(Buffer.compare(Buffer.from(shared.buffer), Buffer.from(wanted.buffer))).toBe(0);
          const high = count === 0 ? 0 : keyOf(array[before + (pick % count)], by) >>> 16;
          referencePrune.countLow(wanted, array, before, count, by, high);
          kernels.countLow(shared, array, before, count, by, high);
          expect(Buffer.compare(Buffer.from(shared.buffer), Buffer.from(wanted.buffer))).toBe(0);
        },
      ),
      { numRuns: TWIN_RUNS },
    );
  });
});

describe('writeMask', () => {
  it('writes the same bytes in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(
        twin,
        anyStretch,
        order,
        anyPlace,
        anyPlace,
        fc.record({
          pick: fc.nat(1000),
          first: fc.oneof(fc.nat(30), fc.constant(2 ** 31 - 1)),
          value: fc.constantFrom<0 | 1>(0, 1),
        }),
        (kernels, { x, before, count }, by, p, q, { pick, first, value }) => {
          clearArena();
          const source = guardedCopy(Float32Array, x, p);
          const mask = guarded(Uint8Array, x.length, q);
          const expected = new Uint8Array(x.length);
          const threshold = count === 0 ? 0 : keyOf(source.array[before + (pick % count)], by);
          const ties = { first, value };
          const seen = referencePrune.writeMask(expected, source.array, before, count, by, threshold, ties);
          expect(kernels.writeMask(mask.array, source.array, before, count, by, threshold, ties)).toBe(seen);
          expect(bitsOf(mask.array)).toBe(bitsOf(expected));
          expect(source.intact() && mask.intact()).toBe(true);
        },
      ),
      { numRuns: TWIN_RUNS },
    );
  });
});

const anyRows = fc
  .record({
    before: fc.nat(3),
    rows: fc.nat(5),
    width: fc.oneof(fc.nat(40), fc.integer({ min: 60, max: 70 })),
  })
  .chain((shape) =>
    fc.record({
      ...constants(shape),
      keep: fc.nat(shape.width),
      x: anyScores(shape.before + shape.rows * shape.width),
    }),
  );

describe('maskRows', () => {
  it('keeps the same elements in every twin, as a sort would, and sees NaN', () => {
    fc.assert(
      fc.property(
        twin,
        anyRows,
        order,
        fc.boolean(),
        anyPlace,
        anyPlace,
        (kernels, shape, by, keepLast, p, q) => {
          clearArena();
          const { before, rows, width, keep } = shape;
          const x = guardedCopy(Float32Array, shape.x, p);
          const mask = guarded(Uint8Array, shape.x.length, q);
          const expected = new Uint8Array(shape.x.length);
          const seen = referencePrune.maskRows(expected, x.array, before, rows, width, keep, by, keepLast);
          expect(kernels.maskRows(mask.array, x.array, before, rows, width, keep, by, keepLast)).toBe(seen);
          expect(bitsOf(mask.array)).toBe(bitsOf(expected));
          expect(x.intact() && mask.intact()).toBe(true);
        },
      ),
      { numRuns: TWIN_RUNS },
    );
  });

  it('keeps the same elements of long rows', () => {
    for (const width of [1000, 65536, 70001]) {
      const x: F32 = Float32Array.from({ length: width }, (_, i) => (((i * 7919) % 10007) - 5003) / 64);
      for (const keep of [1, width >> 1, width - 1]) {
        const [a, b] = [new Uint8Array(width), new Uint8Array(width)];
        pruneFamily.of('scalar').maskRows(a, x, 0, 1, width, keep, 'magnitude', false);
        pruneFamily.of('simd').maskRows(b, x, 0, 1, width, keep, 'magnitude', false);
        expect(Buffer.compare(a, b)).toBe(0);
        expect(a.reduce((sum, bit) => sum + bit, 0)).toBe(keep);
      }
    }
  });
});

const anyGroups = fc
  .record({ groups: fc.nat(9), of: fc.oneof(fc.constant(4), fc.integer({ min: 1, max: MOST_OF })) })
  .chain((shape) =>
    fc.record({ ...constants(shape), keep: fc.nat(shape.of), x: anyScores(shape.groups * shape.of) }),
  );

describe('maskGroups', () => {
  it('keeps the same elements in every twin, as a sort would, and sees NaN', () => {
    fc.assert(
      fc.property(
        twin,
        anyGroups,
        order,
        anyPlace,
        anyPlace,
        (kernels, { groups, of, keep, ...rest }, by, p, q) => {
          clearArena();
          const x = guardedCopy(Float32Array, rest.x, p);
          const mask = guarded(Uint8Array, rest.x.length, q);
          const expected = new Uint8Array(rest.x.length);
          const seen = referencePrune.maskGroups(expected, x.array, groups, of, keep, by);
          expect(kernels.maskGroups(mask.array, x.array, groups, of, keep, by)).toBe(seen);
          expect(bitsOf(mask.array)).toBe(bitsOf(expected));
          expect(x.intact() && mask.intact()).toBe(true);
        },
      ),
      { numRuns: TWIN_RUNS },
    );
  });
});

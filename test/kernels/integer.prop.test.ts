import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimdInteger, integer } from '../../src/kernels/integer/family.js';
import { referenceInteger } from '../../src/kernels/integer/reference.js';
import type { GroupedCodes, RequantizeRule } from '../../src/kernels/integer/types.js';
import {
  TWIN_RUNS,
  anyFloat,
  anyFloats,
  anyPlace,
  bitsOf,
  clearArena,
  guarded,
  guardedCopy,
  list,
  twinsOf,
} from '../support/kernels.js';

const twin = fc.constantFrom(...twinsOf(integer, createSimdInteger).map(({ kernels }) => kernels));

const int32 = fc.oneof(
  { weight: 3, arbitrary: fc.integer() },
  { weight: 2, arbitrary: fc.integer({ min: -1000, max: 1000 }) },
  { weight: 2, arbitrary: fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 0, -1, 1, 2 ** 30, -(2 ** 30)) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(30), fc.integer({ min: -2, max: 2 })).map(([e, d]) => 2 ** e + d - 1),
  },
);
const int16 = fc.oneof(
  fc.integer({ min: -255, max: 255 }),
  fc.integer({ min: -32768, max: 32767 }),
  fc.constantFrom(-32768, 32767),
);

/** Bytes, as codes of either sign. */
const bytes = (count: number): fc.Arbitrary<number[]> =>
  fc.oneof(list(fc.integer({ min: 0, max: 255 }), count), list(fc.constantFrom(0, 127, 128, 255), count));

describe('products', () => {
  const factors = fc
    .record({
      m: fc.integer({ min: 0, max: 5 }),
      n: fc.integer({ min: 0, max: 11 }),
      k: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(127, 128, 129, 200)),
    })
    .chain(({ m, n, k }) =>
      fc.record({
        m: fc.constant(m),
        n: fc.constant(n),
        k: fc.constant(k),
        a: list(int16, m * k),
        b: bytes(n * k),
      }),
    );

  it('gives the same sums in every twin, wrapping alike, touching nothing else', () => {
    fc.assert(
      fc.property(
        twin,
        factors,
        fc.boolean(),
        fc.tuple(anyPlace, anyPlace, anyPlace),
        (kernels, { m, n, k, a, b }, isSigned, [p, q, s]) => {
          clearArena();
          const left = guardedCopy(Int16Array, a, p);
          const right = isSigned ? guardedCopy(Int8Array, b, q) : guardedCopy(Uint8Array, b, q);
          const out = guarded(Int32Array, m * n, s);
          const expected = new Int32Array(m * n);
          referenceInteger.products(expected, left.array, right.array, m, n, k);
          kernels.products(out.array, left.array, right.array, m, n, k);
          expect(out.array).toEqual(expected);
          expect(left.intact() && right.intact() && out.intact()).toBe(true);
        },
      ),
      { numRuns: TWIN_RUNS },
    );
  });
});

describe('requantize', () => {
  const rule = fc.integer({ min: 1, max: 9 }).chain((channels) =>
    fc.record({
      rows: fc.integer({ min: 0, max: 40 }),
      channels: fc.constant(channels),
      bias: fc.option(list(int32, channels)),
      multiplier: list(int32, channels),
      shift: list(fc.integer({ min: -31, max: 30 }), channels),
      zeroPoint: fc.integer({ min: -300, max: 300 }),
      isSingle: fc.boolean(),
      type: fc.constantFrom('int8' as const, 'uint8' as const, 'int16' as const, 'int32' as const),
    }),
  );
  const RANGES = {
    int8: { Kind: Int8Array, codeMin: -128, codeMax: 127 },
    uint8: { Kind: Uint8Array, codeMin: 0, codeMax: 255 },
    int16: { Kind: Int16Array, codeMin: -32768, codeMax: 32767 },
    int32: { Kind: Int32Array, codeMin: -(2 ** 31), codeMax: 2 ** 31 - 1 },
  };

  it('gives the same codes in every twin, touching nothing else', () => {
    const withSums = rule.chain((r) => fc.tuple(fc.constant(r), list(int32, r.rows * r.channels)));
    fc.assert(
      fc.property(twin, withSums, anyPlace, anyPlace, (kernels, [r, sums], p, q) => {
        clearArena();
        const { Kind, codeMin, codeMax } = RANGES[r.type];
        const how: RequantizeRule = {
          bias: r.bias === null ? null : Int32Array.from(r.bias),
          multiplier: Int32Array.from(r.multiplier),
          shift: Int32Array.from(r.shift),
          zeroPoint: r.zeroPoint,
          codeMin,
          codeMax,
          isSingle: r.isSingle,
        };
        const acc = guardedCopy(Int32Array, sums, p);
        const out = guarded<Int8Array | Uint8Array | Int16Array | Int32Array>(Kind, sums.length, q);
        const expected = new Kind(sums.length);
        referenceInteger.requantize(expected, acc.array, r.rows, r.channels, how);
        kernels.requantize(out.array as Int32Array<ArrayBuffer>, acc.array, r.rows, r.channels, how);
        expect(out.array).toEqual(expected);
        expect(acc.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

const anyWeights = fc
  .record({
    bits: fc.constantFrom(4 as const, 8 as const),
    isSigned: fc.boolean(),
    rows: fc.integer({ min: 0, max: 9 }),
    groups: fc.integer({ min: 1, max: 4 }),
    blocks: fc.integer({ min: 1, max: 3 }),
    offset: fc.constantFrom(0, 8, 7, 128, -1),
  })
  .chain((shape) => {
    const { bits, rows, groups, blocks } = shape;
    return fc.record({
      ...Object.fromEntries(Object.entries(shape).map(([key, value]) => [key, fc.constant(value)])),
      shape: fc.constant(shape),
      codes: bytes((rows * groups * blocks * 32 * bits) / 8),
      scale: list(
        fc.oneof(
          { weight: 9, arbitrary: fc.float({ min: Math.fround(0.001), max: 2, noNaN: true }) },
          { weight: 1, arbitrary: anyFloat },
        ),
        rows * groups,
      ),
      offsets: fc.option(list(fc.integer({ min: -130, max: 260 }), rows * groups)),
    });
  });
type AnyWeights = typeof anyWeights extends fc.Arbitrary<infer T> ? T : never;

function placed({ shape, codes, scale, offsets }: AnyWeights, where: { inMemory: boolean; shift: number }) {
  const { bits, rows, groups, blocks, offset } = shape;
  const isSigned = bits === 8 && shape.isSigned;
  const bytesOf = isSigned ? guardedCopy(Int8Array, codes, where) : guardedCopy(Uint8Array, codes, where);
  const scales = guardedCopy(Float32Array, scale, where);
  const weights: GroupedCodes = {
    bits,
    codes: bytesOf.array as GroupedCodes['codes'],
    scale: scales.array,
    offsets: offsets === null ? null : guardedCopy(Int32Array, offsets, where).array,
    offset,
    rows,
    columns: groups * blocks * 32,
    group: blocks * 32,
  };
  return { weights, intact: () => bytesOf.intact() && scales.intact() };
}

describe('groupDots', () => {
  it('gives the same bits in every twin, touching nothing else', () => {
    const cases = anyWeights.chain((w) =>
      fc.tuple(fc.constant(w), list(int16, w.shape.groups * w.shape.blocks * 32), fc.boolean()),
    );
    fc.assert(
      fc.property(twin, cases, anyPlace, anyPlace, (kernels, [w, values, isCut], p, q) => {
        clearArena();
        const { weights, intact } = placed(w, p);
        const part = isCut ? 32 : weights.group;
        const x = guardedCopy(Int16Array, values, q);
        const sums = Int32Array.from({ length: values.length / part }, (_, i) =>
          values.slice(i * part, (i + 1) * part).reduce((a, b) => a + b),
        );
        const out = guarded(Float32Array, weights.rows, q);
        const expected = new Float32Array(weights.rows);
        referenceInteger.groupDots(expected, weights, x.array, sums, part);
        kernels.groupDots(out.array, weights, x.array, sums, part);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(intact() && x.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

describe('weightDots', () => {
  it('gives the same bits in every twin, touching nothing else', () => {
    const cases = anyWeights.chain((w) =>
      fc.tuple(
        fc.constant(w),
        anyFloats(w.shape.groups * w.shape.blocks * 32),
        list(anyFloat, w.shape.groups),
      ),
    );
    fc.assert(
      fc.property(twin, cases, anyPlace, anyPlace, (kernels, [w, values, sums], p, q) => {
        clearArena();
        const { weights, intact } = placed(w, p);
        const x = guardedCopy(Float32Array, values, q);
        const out = guarded(Float32Array, weights.rows, q);
        const expected = new Float32Array(weights.rows);
        referenceInteger.weightDots(expected, weights, x.array, Float32Array.from(sums));
        kernels.weightDots(out.array, weights, x.array, Float32Array.from(sums));
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(intact() && x.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

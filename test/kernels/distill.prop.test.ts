import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimdDistill, distillFamily } from '../../src/kernels/distill/family.js';
import { referenceDistill } from '../../src/kernels/distill/reference.js';
import type { PairRule } from '../../src/kernels/distill/types.js';
import {
  TWIN_RUNS,
  anyFloat,
  anyFloats,
  anyPlace,
  bitsOf,
  clearArena,
  guardedCopy,
  twinsOf,
} from '../support/kernels.js';

const twin = fc.constantFrom(...twinsOf(distillFamily, createSimdDistill).map(({ kernels }) => kernels));

/** Anything, or logits as models have them: blocks of normal exponentials and, with some shifts and scales, blocks with others. */
const anyLogits = (length: number): fc.Arbitrary<number[]> =>
  fc.oneof(
    anyFloats(length),
    fc.array(fc.double({ min: -60, max: 40, noNaN: true }).map(Math.fround), {
      minLength: length,
      maxLength: length,
    }),
  );
const anyShift = fc.oneof(anyFloat, fc.constantFrom(0, 40));

/** Two rows of logits, a place among others for the row, and numbers for every parameter. */
const anyRow = fc
  .record({ begin: fc.integer({ min: 0, max: 5 }), count: fc.nat(150) })
  .chain(({ begin, count }) =>
    fc.record({
      begin: fc.constant(begin),
      count: fc.constant(count),
      a: anyLogits(begin + count + 3),
      b: anyLogits(begin + count + 3),
      shift: anyShift,
      scale: fc.constantFrom(...[1, 0.5, 1 / 3, 100, 0.0001].map(Math.fround)),
      number: anyFloat,
      places: fc.tuple(anyPlace, anyPlace, anyPlace),
    }),
  );

const totals = (): Float64Array<ArrayBuffer> => Float64Array.of(0.5, 1, 0, 2);

function rows(row: { a: number[]; b: number[]; places: readonly Parameters<typeof guardedCopy>[2][] }) {
  clearArena();
  return {
    a: guardedCopy(Float32Array, row.a, row.places[0]),
    b: guardedCopy(Float32Array, row.b, row.places[1]),
    out: guardedCopy(Float32Array, new Float32Array(row.a.length).fill(7), row.places[2]),
    expected: new Float32Array(row.a.length).fill(7),
  };
}

describe('every twin gives the bits of the reference and touches nothing else', () => {
  it('in the largest logit and the exponentials of a row, with and without an output', () => {
    fc.assert(
      fc.property(twin, anyRow, fc.boolean(), (kernels, row, isWritten) => {
        const { a, out, expected } = rows(row);
        const { begin, count, shift, scale } = row;
        const most = kernels.largest(a.array, begin, count);
        expect(most + 0).toBe(referenceDistill.largest(a.array, begin, count) + 0);
        const [sums, wanted] = [totals(), totals()];
        kernels.exponentials(isWritten ? out.array : null, a.array, begin, count, shift, scale, sums);
        referenceDistill.exponentials(
          isWritten ? expected : null,
          a.array,
          begin,
          count,
          shift,
          scale,
          wanted,
        );
        expect(bitsOf(sums)).toBe(bitsOf(wanted));
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(a.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('in log-softmax, products and the softmax backward', () => {
    fc.assert(
      fc.property(twin, anyRow, (kernels, row) => {
        const { a, b, out, expected } = rows(row);
        const { begin, count, shift, scale, number } = row;
        kernels.logSoftmax(out.array, a.array, begin, count, shift, scale, number);
        referenceDistill.logSoftmax(expected, a.array, begin, count, shift, scale, number);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        kernels.multiply(out.array, begin, count, scale);
        referenceDistill.multiply(expected, begin, count, scale);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        kernels.backward(out.array, a.array, b.array, begin, count, number, scale);
        referenceDistill.backward(expected, a.array, b.array, begin, count, number, scale);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(a.intact() && b.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('in the forward KL of a row, close pairs and far ones', () => {
    fc.assert(
      fc.property(twin, anyRow, fc.constantFrom(0, 1e-3, 0.3), (kernels, row, nearness) => {
        if (nearness > 0) row.b = row.a.map((value, i) => Math.fround(value + nearness * Math.sin(i)));
        const { a, b, out, expected } = rows(row);
        const rule: PairRule = {
          scale: row.scale,
          studentMax: row.shift,
          studentLog: 3,
          teacherMax: row.shift,
          teacherShare: Math.fround(1 / 15),
          logDifference: 0.25,
          factor: row.number,
        };
        // What the teacher's exponentials may be.
        for (const weights of [out.array, expected])
          weights.forEach((_, i) => (weights[i] = i % 5 === 0 ? 0 : i / 100));
        const [sums, wanted] = [totals(), totals()];
        kernels.forwardKl(out.array, a.array, b.array, row.begin, row.count, rule, sums);
        referenceDistill.forwardKl(expected, a.array, b.array, row.begin, row.count, rule, wanted);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(bitsOf(sums)).toBe(bitsOf(wanted));
        expect(a.intact() && b.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { histogram } from 'tensorslim/plot';
import { NOT_TENSORS } from '../support/wrong-types.js';

const finite = fc.array(
  fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, -0, 0),
  ),
  { maxLength: 60 },
);

describe('histogram', () => {
  it('counts every value once, between the smallest and the largest', () => {
    fc.assert(
      fc.property(finite, fc.integer({ min: 1, max: 70 }), (values, bins) => {
        const { min, max, counts } = histogram(Float64Array.from(values), { bins });
        expect(counts.reduce((a, b) => a + b, 0)).toBe(values.length);
        if (values.length === 0) expect([min, max, counts]).toEqual([0, 0, [0]]);
        else {
          expect(values.every((value) => value >= min && value <= max)).toBe(true);
          expect(values.some((value) => value === min) && values.some((value) => value === max)).toBe(true);
          expect(counts).toHaveLength(min === max ? 1 : bins);
          if (min < max) {
            expect(counts[0]).toBeGreaterThan(0);
            expect(counts[bins - 1]).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('puts whole numbers into the bins that begin with them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 50 }), (values) => {
        const { counts } = histogram(Float32Array.from([0, 10, ...values]), { bins: 10 });
        const want = Array.from({ length: 10 }, (_, bin) => values.filter((value) => value === bin).length);
        want[0]++;
        want[9]++;
        expect(counts).toEqual(want);
      }),
      { numRuns: 500 },
    );
  });

  it('is what its example says', () => {
    expect(histogram(Float32Array.of(0, 1, 2, 2), { bins: 2 })).toEqual({ min: 0, max: 2, counts: [1, 3] });
  });

  it('names the first value that is not finite, or leaves such values out', () => {
    const x = Float32Array.of(1, -Infinity, 2, NaN, Infinity);
    expect(() => histogram(x)).toThrow(
      expect.objectContaining({ name: 'NumericError', code: 'NON_FINITE', index: 1 }),
    );
    expect(histogram(x, { bins: 2, nonFinite: 'skip' })).toEqual({ min: 1, max: 2, counts: [1, 1] });
    expect(histogram(Float32Array.of(NaN), { nonFinite: 'skip' })).toEqual({ min: 0, max: 0, counts: [0] });
  });

  it.each(NOT_TENSORS)('refuses %s', (_, value) => {
    expect(() => histogram(value as never)).toThrow(/^histogram: "x/);
  });

  it.each([
    [{ bins: 0 }, 'bins'],
    [{ bins: 4097 }, 'bins'],
    [{ bins: 1.5 }, 'bins'],
    [{ nonFinite: 'keep' }, 'nonFinite'],
    [{ bin: 3 }, 'options'],
  ])('refuses the options %j', (options, argument) => {
    expect(() => histogram(new Float32Array(1), options as never)).toThrow(
      `histogram: "${argument}" expected`,
    );
  });
});

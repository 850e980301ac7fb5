import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32 } from '../../src/core/random.js';
import { ROUNDINGS, roundTo, THRESHOLD_UNIT, type Rounding } from '../../src/core/rounding.js';

const BELOW_HALF = 0.49999999999999994;
const ABOVE_HALF = 0.5000000000000001;

describe('roundTo', () => {
  it.each<[Rounding, number[]]>([
    //                      -2.5 -1.5 -0.5 0.5 1.5 2.5  2.4  2.6 -2.4 -2.6
    ['halfEven', /*      */ [-2, -2, -0, 0, 2, 2, 2, 3, -2, -3]],
    ['halfAwayFromZero', /**/ [-3, -2, -1, 1, 2, 3, 2, 3, -2, -3]],
    ['halfUp', /*        */ [-2, -1, -0, 1, 2, 3, 2, 3, -2, -3]],
    ['truncate', /*      */ [-2, -1, -0, 0, 1, 2, 2, 2, -2, -2]],
  ])('%s decides ties and the rest', (rounding, want) => {
    const inputs = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, 2.6, -2.4, -2.6];
    expect(inputs.map((x) => roundTo(x, rounding))).toEqual(want);
  });

  it('is exact next to one half, where floor(x + 0.5) is not', () => {
    for (const rounding of ['halfEven', 'halfAwayFromZero', 'halfUp'] as const) {
      expect(roundTo(BELOW_HALF, rounding)).toBe(0);
      expect(roundTo(-BELOW_HALF, rounding)).toBe(-0);
      expect(roundTo(ABOVE_HALF, rounding)).toBe(1);
      expect(roundTo(-ABOVE_HALF, rounding)).toBe(-1);
    }
  });

  it.each(ROUNDINGS)('%s leaves whole numbers, infinities, NaN and signed zeros alone', (rounding) => {
    for (const x of [0, -0, 1, -1, 2 ** 52 + 1, -(2 ** 53), 1e300, Infinity, -Infinity, NaN]) {
      expect(roundTo(x, rounding, 0)).toBe(x);
      expect(roundTo(x, rounding, 1 - THRESHOLD_UNIT)).toBe(x);
    }
    expect(roundTo(-5e-324, rounding, 0.5)).toBe(-0);
    expect(roundTo(5e-324, rounding, 0.5)).toBe(0);
  });

  it('stochastic goes up exactly when the threshold is below the fraction', () => {
    expect(roundTo(2.25, 'stochastic', 0.25 - THRESHOLD_UNIT)).toBe(3);
    expect(roundTo(2.25, 'stochastic', 0.25)).toBe(2);
    expect(roundTo(-2.25, 'stochastic', 0.75 - THRESHOLD_UNIT)).toBe(-2);
    expect(roundTo(-2.25, 'stochastic', 0.75)).toBe(-3);
    expect(roundTo(-0.25, 'stochastic', 0)).toBe(-0);
  });

  it('stochastic has the right mean over many positions', () => {
    for (const x of [0.1, -0.1, 3.75, -7.5]) {
      let sum = 0;
      for (let i = 0; i < 20000; i++) sum += roundTo(x, 'stochastic', hash32(11, i) * THRESHOLD_UNIT);
      // Six standard deviations: 6 * sqrt(0.25 / 20000) at most.
      expect(Math.abs(sum / 20000 - x)).toBeLessThan(0.0213);
    }
  });
});

const anyDouble = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -100, max: 100, noNaN: true }),
  fc.integer({ min: -1000, max: 1000 }).map((n) => n / 2),
);

it('every rounding gives a whole number less than 1 away, the nearest ones at most 1/2', () => {
  fc.assert(
    fc.property(anyDouble, fc.constantFrom(...ROUNDINGS), fc.nat(2 ** 31 - 1), (x, rounding, draw) => {
      const rounded = roundTo(x, rounding, draw * 2 * THRESHOLD_UNIT);
      const distance = Math.abs(rounded - x);
      expect(Number.isInteger(rounded)).toBe(true);
      if (rounding === 'truncate' || rounding === 'stochastic') expect(distance).toBeLessThanOrEqual(1);
      else expect(distance).toBeLessThanOrEqual(0.5);
    }),
    { numRuns: 5000 },
  );
});

it('halfEven, halfAwayFromZero and truncate commute with negation; halfUp does but for ties', () => {
  fc.assert(
    fc.property(anyDouble, (x) => {
      for (const rounding of ['halfEven', 'halfAwayFromZero', 'truncate'] as const) {
        expect(roundTo(-x, rounding)).toBe(-roundTo(x, rounding));
      }
      if (Math.abs(x % 1) !== 0.5) expect(roundTo(-x, 'halfUp')).toBe(-roundTo(x, 'halfUp'));
    }),
    { numRuns: 5000 },
  );
});

it('every rounding is monotone for a fixed threshold', () => {
  fc.assert(
    fc.property(
      anyDouble,
      anyDouble,
      fc.constantFrom(...ROUNDINGS),
      fc.nat(2 ** 31 - 1),
      (a, b, rounding, draw) => {
        const threshold = draw * 2 * THRESHOLD_UNIT;
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(roundTo(low, rounding, threshold)).toBeLessThanOrEqual(roundTo(high, rounding, threshold));
      },
    ),
    { numRuns: 5000 },
  );
});

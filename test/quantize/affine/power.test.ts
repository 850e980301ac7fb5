import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { powerFunction } from '../../../src/quantize/affine/power.js';

describe('powerFunction()', () => {
  it('is within 2^-40 of the power, for every exponent and magnitude', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 4, noNaN: true }),
        fc.double({ min: 1, max: 2, noNaN: true }),
        fc.integer({ min: -240, max: 240 }),
        (p, mantissa, exponent) => {
          const x = mantissa * 2 ** exponent;
          expect(Math.abs(powerFunction(p)(x) / x ** p - 1)).toBeLessThan(2 ** -40);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is exact for 1 and 2 and gives square roots for 1/2', () => {
    for (const x of [0, 1e-30, 0.3, 1, 7, 1e30]) {
      expect([powerFunction(1)(x), powerFunction(2)(x), powerFunction(0.5)(x)]).toEqual([
        x,
        x * x,
        Math.sqrt(x),
      ]);
    }
  });

  it('gives 0 for 0, and 0 or Infinity beyond float64', () => {
    expect(powerFunction(0.7)(0)).toBe(0);
    expect(powerFunction(3)(2 ** -400)).toBe(0);
    expect(powerFunction(3)(2 ** 400)).toBe(Infinity);
  });

  it('does not fall where x rises, across cells and powers of two', () => {
    const power = powerFunction(0.7);
    for (let i = -600; i < 600; i++) {
      const edge = 1 + i / 256 > 0 ? 1 + i / 256 : 2 ** (i / 256);
      expect(power(edge * (1 - 2 ** -30))).toBeLessThan(power(edge));
    }
  });
});

import { describe, expect, it } from 'vitest';
import {
  exponential,
  exponentialExcess,
  exponentialFloat32,
  exponentialMinusOne,
  exponentialMinusOneFloat32,
  logarithm,
  logarithmFloat32,
  logarithmOnePlus,
  logarithmOnePlusFloat32,
} from '../../src/core/elementary.js';
import { createRandom } from '../../src/core/random.js';
import { errorOfExp, errorOfExpMinusOne, errorOfLog, errorOfLogOnePlus } from '../support/exact.js';

const COUNT = 4000;

/** The worst error over random numbers from `low` to `high`. */
function worst(
  compute: (x: number) => number,
  errorOf: (x: number, y: number) => number,
  draw: (u: number) => number,
): number {
  const random = createRandom(7);
  let most = 0;
  for (let i = 0; i < COUNT; i++) {
    const x = draw(random.float());
    most = Math.max(most, errorOf(x, compute(x)));
  }
  return most;
}

const between = (low: number, high: number) => (u: number) => low + u * (high - low);
/** Magnitudes from 2^low to 2^high, evenly by exponent. */
const magnitudes = (low: number, high: number) => (u: number) => 2 ** (low + u * (high - low));

describe('float64, against integers of 300 binary places', () => {
  it('exp is within 1 ulp, results near the subnormals and subnormal ones too', () => {
    expect(worst(exponential, errorOfExp, between(-1, 1))).toBeLessThan(1);
    expect(worst(exponential, errorOfExp, between(-707, 709.7))).toBeLessThan(1);
    expect(worst(exponential, errorOfExp, between(-745, -700))).toBeLessThan(1);
  });

  it('expm1 is within 2 ulp, where it changes its form and far from there', () => {
    expect(worst(exponentialMinusOne, errorOfExpMinusOne, between(-0.6, 0.6))).toBeLessThan(2);
    expect(worst(exponentialMinusOne, errorOfExpMinusOne, between(-45, 45))).toBeLessThan(2);
    expect(worst(exponentialMinusOne, errorOfExpMinusOne, magnitudes(-60, 2))).toBeLessThan(2);
    expect(worst(exponentialMinusOne, errorOfExpMinusOne, (u) => -magnitudes(-60, 2)(u))).toBeLessThan(2);
  });

  it('log is within 1 ulp', () => {
    expect(worst(logarithm, errorOfLog, between(0.6, 1.6))).toBeLessThan(1);
    expect(worst(logarithm, errorOfLog, magnitudes(-1021, 1023))).toBeLessThan(1);
  });

  it('log1p is within 2 ulp', () => {
    expect(worst(logarithmOnePlus, errorOfLogOnePlus, between(-0.999, 1.5))).toBeLessThan(2);
    expect(worst(logarithmOnePlus, errorOfLogOnePlus, magnitudes(-60, 60))).toBeLessThan(2);
    expect(worst(logarithmOnePlus, errorOfLogOnePlus, (u) => -magnitudes(-60, -1)(u))).toBeLessThan(2);
  });

  it('e^d - 1 - d is never negative, and within 3 ulp of expm1(d) - d where that does not cancel', () => {
    for (let d = -40; d < 40; d += 0.01) {
      const excess = exponentialExcess(d);
      expect(excess >= 0).toBe(true);
      if (Math.abs(d) > 1) expect(Math.abs(excess / (Math.expm1(d) - d) - 1)).toBeLessThan(1e-15);
    }
    for (let k = 1; k < 500; k++) {
      expect(exponentialExcess(2 ** -k) / 2 ** (-2 * k)).toBeCloseTo(
        0.5 + 2 ** -k / 6 + 2 ** (-2 * k) / 24,
        2,
      );
    }
    expect(exponentialExcess(2 ** -30) / 2 ** -60).toBe(0.5 + 2 ** -30 / 6);
  });

  it('a reference that is not exact would show: 1.5 ulp beside the result counts as such', () => {
    expect(errorOfExp(1, Math.E + 3 * 2 ** -51)).toBeGreaterThan(2.5);
    expect(errorOfLog(3, Math.log(3) + 2 ** -50)).toBeGreaterThan(3);
  });
});

describe('float32', () => {
  it('exp is within 1 ulp: 200,000 numbers of the whole range; all of them in the slow suite', () => {
    let most = 0;
    for (let i = 0; i < 200_000; i++) {
      const x = Math.fround(-104 + (i * 193) / 200_000);
      const wanted = exponential(x);
      if (wanted > 3.4028234663852886e38) continue;
      const place = Math.max(2 ** (Math.floor(Math.log2(wanted)) - 23), 2 ** -149);
      most = Math.max(most, Math.abs(exponentialFloat32(x) - wanted) / place);
    }
    expect(most).toBeLessThan(1);
    expect(most).toBeGreaterThan(0.5);
  });

  it('the others are the float64 results rounded', () => {
    for (const x of [1e-30, 0.3, 0.7, 1.5, 12, 1e30].map(Math.fround)) {
      expect(logarithmFloat32(x)).toBe(Math.fround(Math.log(x)));
      expect(logarithmOnePlusFloat32(x)).toBe(Math.fround(Math.log1p(x)));
      expect(exponentialMinusOneFloat32(x)).toBe(Math.fround(Math.expm1(x)));
    }
  });
});

describe('special values', () => {
  it('are those of IEEE 754', () => {
    expect([-Infinity, -746, 0, -0, 710, Infinity, NaN].map(exponential)).toEqual([
      0,
      0,
      1,
      1,
      Infinity,
      Infinity,
      NaN,
    ]);
    expect(exponential(-745.13)).toBe(5e-324);
    expect([-Infinity, -0, 0, 1000, Infinity, NaN].map(exponentialMinusOne)).toEqual([
      -1,
      -0,
      0,
      Infinity,
      Infinity,
      NaN,
    ]);
    expect([-1, 0, -0, 1, Infinity, NaN, 5e-324].map(logarithm)).toEqual([
      NaN,
      -Infinity,
      -Infinity,
      0,
      Infinity,
      NaN,
      Math.log(5e-324),
    ]);
    expect([-2, -1, -0, 0, Infinity, NaN, 1e-320].map(logarithmOnePlus)).toEqual([
      NaN,
      -Infinity,
      -0,
      0,
      Infinity,
      NaN,
      1e-320,
    ]);
    expect([-Infinity, Infinity, NaN, 0, 1000].map(exponentialExcess)).toEqual([
      Infinity,
      Infinity,
      NaN,
      0,
      Infinity,
    ]);
    expect([-Infinity, -104, -103.9, 0, 88.73, Infinity, NaN].map(exponentialFloat32)).toEqual([
      0,
      0,
      2 ** -149,
      1,
      Infinity,
      Infinity,
      NaN,
    ]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NAN_SCALE, powerCode, powerRule, SCALE_MODES } from '../../src/core/block-scale.js';
import { MX_ELEMENTS, topOfElement } from '../../src/quantize/floats/mx-tensor.js';

const LARGEST = 3.4028234663852886e38;

/** Magnitudes of float32, many of them at or beside numbers of few bits. */
const anyMagnitude = fc.oneof(
  fc.float({ min: 0, noNaN: true, noDefaultInfinity: true }),
  fc
    .tuple(
      fc.integer({ min: 1, max: 511 }),
      fc.integer({ min: -149, max: 119 }),
      fc.integer({ min: -1, max: 1 }),
    )
    .map(([n, e, ulps]) => {
      const bits = new Int32Array(Float32Array.of(n * 2 ** e).buffer);
      bits[0] += ulps;
      return new Float32Array(bits.buffer)[0];
    }),
  fc.constantFrom(0, 2 ** -149, 2 ** -127, 2 ** -126, LARGEST),
);

const anyElement = fc.constantFrom(...MX_ELEMENTS);

/** The least power of two that `fits`, as a code: what the definitions say, without bits. */
function leastCode(most: number, fits: (power: number) => boolean): number {
  for (let code = 0; code < most; code++) if (fits(2 ** (code - 127))) return code;
  return most;
}

describe('powerCode', () => {
  it("'floor': the largest power whose multiple by 2^emax is no larger than the magnitude", () => {
    fc.assert(
      fc.property(anyMagnitude, anyElement, (A, element) => {
        const { emax } = topOfElement(element);
        const code = leastCode(254 - emax, (X) => A < 2 * X * 2 ** emax);
        expect(powerCode(A, powerRule('floor', topOfElement(element)))).toBe(code);
      }),
      { numRuns: 2000 },
    );
  });

  it("'ceil': the least power whose multiple by 2^emax is no smaller", () => {
    fc.assert(
      fc.property(anyMagnitude, anyElement, (A, element) => {
        const { emax } = topOfElement(element);
        // Subnormal magnitudes count as the least normal one: their exponent field is 0, and is rounded up to 1.
        const counted = A > 0 && A < 2 ** -126 ? 2 ** -126 : A;
        const code = leastCode(254 - emax, (X) => counted <= X * 2 ** emax);
        expect(powerCode(A, powerRule('ceil', topOfElement(element)))).toBe(code);
      }),
      { numRuns: 2000 },
    );
  });

  it("'even': as 'floor', for the magnitude rounded half up to the element's mantissa", () => {
    fc.assert(
      fc.property(anyMagnitude, anyElement, (A, element) => {
        const { emax, mantissaBits } = topOfElement(element);
        if (A < 2 ** -126) return;
        const unit = 2 ** (Math.floor(Math.log2(A)) - mantissaBits);
        const exact =
          unit * 2 ** mantissaBits > A ? unit / 2 : unit * 2 ** (mantissaBits + 1) <= A ? unit * 2 : unit;
        const rounded = Math.floor(A / exact + 0.5) * exact;
        const code = leastCode(254 - emax, (X) => rounded < 2 * X * 2 ** emax);
        expect(powerCode(A, powerRule('even', topOfElement(element)))).toBe(code);
      }),
      { numRuns: 2000 },
    );
  });

  it("'rceil': the least power whose multiple by the largest value is no smaller, to within the rounding of a product", () => {
    fc.assert(
      fc.property(anyMagnitude, anyElement, (A, element) => {
        const { emax, largest } = topOfElement(element);
        const code = powerCode(A, powerRule('rceil', topOfElement(element)));
        const [low, high] = [1 - 2 ** -22, 1 + 2 ** -22].map((slack) =>
          leastCode(254 - emax, (X) => A * slack <= X * largest),
        );
        expect(code).toBeGreaterThanOrEqual(low);
        expect(code).toBeLessThanOrEqual(high);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(SCALE_MODES)('%s: NaN and infinity have the scale NaN, 0 has the least', (mode) => {
    for (const element of MX_ELEMENTS) {
      const rule = powerRule(mode, topOfElement(element));
      expect(powerCode(NaN, rule)).toBe(NAN_SCALE);
      expect(powerCode(Infinity, rule)).toBe(NAN_SCALE);
      expect(powerCode(0, rule)).toBe(0);
      expect(powerCode(LARGEST, rule)).toBe(rule.most);
    }
  });
});

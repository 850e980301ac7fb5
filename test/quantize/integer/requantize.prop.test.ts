import fc from 'fast-check';
import { createRandom, quantizeMultiplier, requantize, setBackend } from 'tensorslim';
import { afterEach, describe, expect, it } from 'vitest';

afterEach(() => setBackend('auto'));

const MIN = -(2n ** 31n);
const MAX = 2n ** 31n - 1n;
const saturate = (x: bigint): bigint => (x > MAX ? MAX : x < MIN ? MIN : x);

/** gemmlowp's SaturatingRoundingDoublingHighMul as its text reads: a nudge with the product's sign, a division that truncates. */
function highMul(a: bigint, b: bigint): bigint {
  if (a === MIN && b === MIN) return MAX;
  const product = a * b;
  return (product + (product >= 0n ? 2n ** 30n : 1n - 2n ** 30n)) / 2n ** 31n;
}

/** gemmlowp's RoundingDivideByPOT: by remainder and threshold. */
function divideByPower(x: bigint, exponent: bigint): bigint {
  const mask = (1n << exponent) - 1n;
  const threshold = (mask >> 1n) + (x < 0n ? 1n : 0n);
  return (x >> exponent) + ((x & mask) > threshold ? 1n : 0n);
}

function expected(acc: number, multiplier: number, shift: number, rounding: 'twice' | 'once'): number {
  const x = BigInt(acc);
  const m = BigInt(multiplier);
  if (rounding === 'twice') {
    const left = saturate(x << BigInt(Math.max(shift, 0)));
    return Number(divideByPower(highMul(left, m), BigInt(Math.max(-shift, 0))));
  }
  const total = BigInt(31 - shift);
  return Number(saturate((x * m + (1n << (total - 1n))) >> total));
}

const EDGES = [0, 1, -1, 2, -2, 3, -3, -(2 ** 31), 2 ** 31 - 1, 2 ** 30, -(2 ** 30), 1 - 2 ** 31];
const FULL = { codeMin: -(2 ** 31), codeMax: 2 ** 31 - 1 };

describe('requantize()', () => {
  it.each(['twice', 'once'] as const)(
    'equals 64-bit integers for every shift, on 10^6 sums and multipliers (rounding %s)',
    (rounding) => {
      const random = createRandom(7);
      const below = (count: number): number => Math.floor(random.float() * count);
      const int32 = (): number => {
        const kind = below(8);
        if (kind === 0) return EDGES[below(EDGES.length)];
        if (kind === 1) return below(2 ** 16) - 2 ** 15;
        // Sums whose last bits are those of a tie after some shift.
        if (kind === 2) return ((below(2 ** 31) >>> below(31)) << below(31)) | 0;
        return random.uint32() | 0;
      };
      const perShift = Math.ceil(1e6 / 62);
      for (let shift = -31; shift <= 30; shift++) {
        const acc = Int32Array.from({ length: perShift }, int32);
        const multiplier = Int32Array.from({ length: perShift }, (_, i) =>
          i % 4 === 0 ? int32() : 2 ** 30 + below(2 ** 30),
        );
        const want = acc.map((x, i) => expected(x, multiplier[i], shift, rounding));
        const options = { multiplier, shift: new Int32Array(perShift).fill(shift), rounding, ...FULL };
        for (const backend of ['simd', 'scalar'] as const) {
          setBackend(backend);
          expect(Buffer.compare(Buffer.from(requantize(acc, options).buffer), Buffer.from(want.buffer))).toBe(
            0,
          );
        }
      }
    },
  );

  it('saturates where both factors are the least int32', () => {
    const options = { multiplier: -(2 ** 31), shift: 0, ...FULL };
    expect(requantize(Int32Array.of(-(2 ** 31)), options)).toEqual(Int32Array.of(2 ** 31 - 1));
  });

  const real = fc.oneof(
    fc.double({ min: 2 ** -31, max: 0.999, noNaN: true }),
    fc.integer({ min: -30, max: 0 }).map((e) => 0.999 * 2 ** e),
    fc.tuple(fc.nat(2 ** 30 - 1), fc.nat(20)).map(([m, s]) => (2 ** 30 + m + 0.49) * 2 ** (-31 - s)),
  );
  const sum = fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 24), max: 2 ** 24 }));

  it('lies within 1 of the exact product for multipliers below 1', () => {
    fc.assert(
      fc.property(real, fc.array(sum, { minLength: 1, maxLength: 20 }), (m, sums) => {
        const codes = requantize(Int32Array.from(sums), { ...quantizeMultiplier(m), ...FULL });
        sums.forEach((x, i) => expect(Math.abs(codes[i] - x * m)).toBeLessThanOrEqual(1 + 2 ** -20));
      }),
      { numRuns: 10_000 },
    );
  });

  it('comes within 1 % of that bound, and to 0.74 for sums of ordinary size', () => {
    const worst = (m: number, sums: readonly number[]): number => {
      const codes = requantize(Int32Array.from(sums), { ...quantizeMultiplier(m), ...FULL });
      return Math.max(...sums.map((x, i) => Math.abs(codes[i] - x * m)));
    };
    expect(worst((2 ** 30 + 0.499 + 2 ** 22) / 2 ** 31, [1 - 2 ** 31])).toBeGreaterThan(0.99);
    const near = Array.from({ length: 20_000 }, (_, i) => i - 10_000);
    expect(worst(0.3011, near)).toBeGreaterThan(0.74);
    expect(worst(0.3011, near)).toBeLessThan(0.76);
  });

  it('multiplies by 1 and more, saturating', () => {
    const of = (m: number, x: number): number =>
      requantize(Int32Array.of(x), { ...quantizeMultiplier(m), ...FULL })[0];
    expect([of(1, 5), of(3, 7), of(2.5, -3), of(1000, 4), of(1, 2 ** 30)]).toEqual([
      5,
      21,
      -7,
      4000,
      2 ** 30,
    ]);
    // The left shift saturates, then the multiplier of 4, one half, is applied: what is beyond any codes stays beyond them.
    expect([of(4, 2 ** 30), of(4, -(2 ** 30)), of(2 ** 29, 12)]).toEqual([2 ** 30, -(2 ** 30), 2 ** 30]);
  });

  it('adds a bias per channel, then the zero point, then clamps', () => {
    const acc = Int32Array.of(10, 20, 30, 40);
    const halves = { ...quantizeMultiplier(0.5) };
    const bias = Int32Array.of(2, -(2 ** 31));
    expect(requantize(acc, { ...halves, bias, zeroPoint: 100 })).toEqual(Int8Array.of(106, -128, 116, -128));
    expect(acc).toEqual(Int32Array.of(10, 20, 30, 40));
  });

  it('returns the narrowest array that holds the codes', () => {
    const of = (codeMin: number, codeMax: number) =>
      requantize(Int32Array.of(2 ** 30), { multiplier: 2 ** 30, shift: 1, codeMin, codeMax });
    expect(of(-127, 127)).toEqual(Int8Array.of(127));
    expect(of(0, 255)).toEqual(Uint8Array.of(255));
    expect(of(-300, 300)).toEqual(Int16Array.of(300));
    expect(of(0, 70000)).toEqual(Int32Array.of(70000));
  });

  it('takes no sums', () => {
    expect(requantize(new Int32Array(0), { multiplier: 1, shift: 0 })).toEqual(new Int8Array(0));
  });

  const one = { multiplier: 2 ** 30, shift: 0 };
  it.each<[string, unknown, unknown, typeof TypeError, string]>([
    ['floats', Float32Array.of(1), one, TypeError, '"acc"'],
    ['no options', Int32Array.of(1), undefined, TypeError, '"multiplier"'],
    ['an unknown option', Int32Array.of(1), { ...one, scale: 1 }, RangeError, '"scale"'],
    [
      'a multiplier beyond int32',
      Int32Array.of(1),
      { ...one, multiplier: 2 ** 31 },
      RangeError,
      '"multiplier"',
    ],
    ['a shift of 31', Int32Array.of(1), { ...one, shift: 31 }, RangeError, '"shift"'],
    ['a shift of -32', Int32Array.of(1), { ...one, shift: Int32Array.of(-32) }, RangeError, '"shift[0]"'],
    [
      'channels that do not divide',
      Int32Array.of(1),
      { ...one, bias: Int32Array.of(1, 2) },
      RangeError,
      'channels',
    ],
    [
      'unlike lists',
      Int32Array.of(1, 2),
      { multiplier: Int32Array.of(1, 2), shift: Int32Array.of(0) },
      RangeError,
      '"shift"',
    ],
    ['codes upside down', Int32Array.of(1), { ...one, codeMin: 5, codeMax: 4 }, RangeError, '"codeMax"'],
    [
      'a zero point beyond the codes',
      Int32Array.of(1),
      { ...one, zeroPoint: 128 },
      RangeError,
      '"zeroPoint"',
    ],
    ['another rounding', Int32Array.of(1), { ...one, rounding: 'twise' }, RangeError, "did you mean 'twice'"],
  ])('refuses %s', (_, acc, options, kind, text) => {
    const call = (): unknown => requantize(acc as Int32Array, options as never);
    expect(call).toThrow(kind);
    expect(call).toThrow(text);
  });
});

describe('quantizeMultiplier()', () => {
  it('is within 2^-31 of the number, relatively, with the multiplier in [2^30, 2^31)', () => {
    let worst = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: -31, max: 29 }),
        fc.double({ min: 0.5, max: 0.9999, noNaN: true }),
        (e, f) => {
          const m = f * 2 ** e;
          const { multiplier, shift } = quantizeMultiplier(m);
          expect(multiplier).toBeGreaterThanOrEqual(2 ** 30);
          expect(multiplier).toBeLessThan(2 ** 31);
          worst = Math.max(worst, Math.abs((multiplier * 2 ** (shift - 31)) / m - 1));
          expect(worst).toBeLessThanOrEqual(2 ** -31);
        },
      ),
      { numRuns: 10_000 },
    );
    expect(worst).toBeGreaterThan(0.9 * 2 ** -31);
  });

  it.each([
    [0, 0, 0],
    [1, 2 ** 30, 1],
    [0.5, 2 ** 30, 0],
    [0.25, 2 ** 30, -1],
    [1 - 2 ** -40, 2 ** 30, 1],
    [2 ** -32, 2 ** 30, -31],
    [2 ** -32 * (1 - 2 ** -40), 2 ** 30, -31],
    [2 ** -33, 0, 0],
    [5e-324, 0, 0],
    [3, 1.5 * 2 ** 30, 2],
    [2 ** 30 - 1, 2 ** 31 - 2, 30],
    [(2 ** 30 + 0.5) / 2 ** 31, 2 ** 30 + 1, 0],
  ])('of %d is %d with shift %d', (real, multiplier, shift) => {
    expect(quantizeMultiplier(real)).toEqual({ multiplier, shift });
  });

  it.each([-1, -1e-300, NaN, Infinity, 2 ** 30, 2 ** 30 - 0.25])('refuses %d', (real) => {
    expect(() => quantizeMultiplier(real)).toThrow(RangeError);
  });

  it('refuses what is no number', () => {
    expect(() => quantizeMultiplier('1' as unknown as number)).toThrow(
      /^quantizeMultiplier: "real" expected a number/,
    );
  });
});

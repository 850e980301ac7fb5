import fc from 'fast-check';
import { measureError, quantizeAffine, setBackend } from 'tensorslim';
import { afterEach, describe, expect, it } from 'vitest';
import { errorMeasures } from '../../src/metrics/error.js';

afterEach(() => {
  setBackend('auto');
});

/** n * 2^e, exactly: every finite double is one. */
interface Exact {
  readonly n: bigint;
  readonly e: number;
}

function exact(x: number): Exact {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const word = bits.getBigUint64(0);
  const field = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xfffffffffffffn;
  const magnitude = field === 0 ? fraction : fraction | 0x10000000000000n;
  return { n: word >> 63n === 1n ? -magnitude : magnitude, e: Math.max(field, 1) - 1075 };
}

const align = (a: Exact, b: Exact): [bigint, bigint, number] => {
  const e = Math.min(a.e, b.e);
  return [a.n << BigInt(a.e - e), b.n << BigInt(b.e - e), e];
};
const add = (a: Exact, b: Exact): Exact => {
  const [x, y, e] = align(a, b);
  return { n: x + y, e };
};
const times = (a: Exact, b: Exact): Exact => ({ n: a.n * b.n, e: a.e + b.e });
const minus = (a: Exact, b: Exact): Exact => add(a, { n: -b.n, e: b.e });
const ZERO: Exact = { n: 0n, e: 0 };

const bitLength = (n: bigint): number => (n < 0n ? -n : n).toString(2).length;

/** The quotient of two exact numbers as a double, which must be one that doubles can hold. */
function ratio(a: Exact, b: Exact): number {
  const digits = Math.max(64 + bitLength(b.n) - bitLength(a.n), 0);
  const quotient = (a.n << BigInt(digits)) / b.n;
  const extra = Math.max(bitLength(quotient) - 60, 0);
  return Number(quotient >> BigInt(extra)) * 2 ** (extra - digits + a.e - b.e);
}

/** How far the square of a measured root is from the true square, relative to that. */
const offBy = (measured: number, square: Exact): number =>
  Math.abs(ratio(minus(times(exact(measured), exact(measured)), square), square));

const sumsOf = (
  a: readonly number[],
  b: readonly number[],
): { e2: Exact; a2: Exact; b2: Exact; dot: Exact } => {
  let [e2, a2, b2, dot] = [ZERO, ZERO, ZERO, ZERO];
  a.forEach((v, i) => {
    const [x, y] = [exact(v), exact(b[i])];
    const d = minus(x, y);
    e2 = add(e2, times(d, d));
    a2 = add(a2, times(x, x));
    b2 = add(b2, times(y, y));
    dot = add(dot, times(x, y));
  });
  return { e2, a2, b2, dot };
};

const float32 = fc.oneof(
  fc.float({ min: -4, max: 4, noNaN: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 2 ** -149, -3 * 2 ** -149, 3.4028234663852886e38),
);
const float64 = fc.oneof(
  fc.double({ min: -4, max: 4, noNaN: true }),
  fc.double({ min: -1e300, max: 1e300, noNaN: true }),
  fc.double({ min: -1e-200, max: 1e-200, noNaN: true }),
  fc.constantFrom(0, -0, 5e-324, 2 ** -1022),
);
const pairs = (value: fc.Arbitrary<number>): fc.Arbitrary<[number[], number[]]> =>
  fc
    .array(fc.tuple(value, fc.oneof(value, fc.constant(null))), { maxLength: 40 })
    // null: the two agree there.
    .map((list) => [list.map(([x]) => x), list.map(([x, y]) => y ?? x)]);

describe.each([
  ['float32', float32, Float32Array, 1500],
  ['float64 of any magnitude', float64, Float64Array, 1500],
] as const)('measureError of %s', (_, value, array, numRuns) => {
  it('agrees with exact rational arithmetic to the last bits', () => {
    fc.assert(
      fc.property(pairs(value), ([a, b]) => {
        const m = measureError(array.from(a), array.from(b));
        const { e2, a2, b2, dot } = sumsOf(a, b);
        // A term is rounded at most three times, a sum n / 4 + 2 times, the root once.
        const relative = (a.length / 4 + 8) * 2 ** -53;
        expect(m.maxAbs).toBe(Math.max(0, ...a.map((v, i) => Math.abs(v - b[i]))));
        // Of a root the square is off by twice as much.
        if (e2.n === 0n) expect([m.l2, m.mse, m.relativeL2]).toEqual([0, 0, 0]);
        else {
          if (m.l2 > 2 ** -1000) expect(offBy(m.l2, e2)).toBeLessThanOrEqual(2 * relative);
          if (m.mse > 2 ** -1000 && m.mse < Infinity) {
            const mean = times(exact(m.mse), exact(a.length));
            expect(Math.abs(ratio(minus(mean, e2), e2))).toBeLessThanOrEqual(2 * relative);
          }
          if (a2.n === 0n) expect(m.relativeL2).toBe(Infinity);
          else if (m.relativeL2 > 2 ** -1000 && m.relativeL2 < Infinity) {
            const square = times(times(exact(m.relativeL2), exact(m.relativeL2)), a2);
            expect(Math.abs(ratio(minus(square, e2), e2))).toBeLessThanOrEqual(5 * relative);
          }
        }
        if (e2.n === 0n) expect([m.sqnrDb, m.cosine]).toEqual([Infinity, 1]);
        else if (a2.n === 0n || b2.n === 0n) expect(m.cosine).toBe(0);
        else {
          // cosine^2 = dot^2 / (a2 b2), off by a few roundings of the largest possible dot.
          const squared = ratio(times(dot, dot), times(a2, b2));
          expect(Math.abs(m.cosine)).toBeLessThanOrEqual(1);
          expect(Math.abs(Math.abs(m.cosine) - Math.sqrt(squared))).toBeLessThanOrEqual(4 * relative);
          if (Math.abs(m.cosine) > 4 * relative) expect(m.cosine > 0).toBe(dot.n > 0n);
          if (m.relativeL2 > 2 ** -1000 && m.relativeL2 < Infinity)
            expect(m.sqnrDb).toBeCloseTo(-20 * Math.log10(m.relativeL2), 6);
        }
      }),
      { numRuns },
    );
  });

  it('scaling both by a power of two scales lengths and leaves ratios alone', () => {
    fc.assert(
      fc.property(
        pairs(fc.double({ min: -4, max: 4, noNaN: true })),
        fc.integer({ min: -60, max: 60 }),
        ([a, b], e) => {
          const [x, y] = [array.from(a), array.from(b)];
          fc.pre([...x, ...y].every((v) => v === 0 || Math.abs(v) > 2 ** -60));
          const m = measureError(x, y);
          const scaled = measureError(
            x.map((v) => v * 2 ** e) as typeof x,
            y.map((v) => v * 2 ** e) as typeof x,
          );
          expect(scaled).toEqual({ ...m, maxAbs: m.maxAbs * 2 ** e, l2: m.l2 * 2 ** e, mse: m.mse * 4 ** e });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('a tensor has no error against itself', () => {
    fc.assert(
      fc.property(fc.array(value), (list) => {
        const x = array.from(list);
        expect(measureError(x, x)).toEqual({
          maxAbs: 0,
          l2: 0,
          relativeL2: 0,
          mse: 0,
          sqnrDb: Infinity,
          cosine: 1,
        });
      }),
      { numRuns: 300 },
    );
  });

  it('NaN in either makes every measure NaN', () => {
    fc.assert(
      fc.property(pairs(value), fc.nat(), fc.boolean(), ([a, b], at, inFirst) => {
        fc.pre(a.length > 0);
        (inFirst ? a : b)[at % a.length] = NaN;
        const m = measureError(array.from(a), array.from(b));
        expect(Object.values(m).every(Number.isNaN)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('measureError', () => {
  it('gives the same bits for float32 data, its float64 copy, and by either backend', () => {
    fc.assert(
      fc.property(pairs(float32), ([a, b]) => {
        setBackend('scalar');
        const m = measureError(Float32Array.from(a), Float32Array.from(b));
        setBackend('simd');
        expect(measureError(Float32Array.from(a), Float32Array.from(b))).toEqual(m);
        expect(measureError(Float64Array.from(a), Float64Array.from(b))).toEqual(m);
        expect(measureError(Float32Array.from(a), Float64Array.from(b))).toEqual(m);
      }),
      { numRuns: 1000 },
    );
  });

  it('finds an error that float64 cannot square', () => {
    const m = measureError(Float64Array.of(1e-200, 0), Float64Array.of(1e-200, 3e-300));
    expect(m.l2).toBe(3e-300);
    expect(m.relativeL2).toBeCloseTo(3e-100, 110);
    expect(m.sqnrDb).toBeCloseTo(1990.4576, 3);
    // Squares that float64 holds, but not their quotient.
    const apart = measureError(Float64Array.of(0, 2 ** 62), Float64Array.of(-(2 ** -451), 2 ** 62));
    expect(apart.sqnrDb).toBeCloseTo(20 * 513 * Math.log10(2), 6);
    const huge = measureError(Float64Array.of(3e300, 4e300), Float64Array.of(0, 0));
    expect([huge.l2, huge.relativeL2, huge.mse]).toEqual([5e300, 1, Infinity]);
  });

  it('has a defined answer for nothing, zeros and infinities', () => {
    const [none, zeros, ones] = [new Float32Array(0), new Float32Array(2), Float32Array.of(1, 1)];
    expect(measureError(none, none)).toEqual({
      maxAbs: 0,
      l2: 0,
      relativeL2: 0,
      mse: 0,
      sqnrDb: Infinity,
      cosine: 1,
    });
    expect(measureError(zeros, ones)).toEqual({
      maxAbs: 1,
      l2: Math.SQRT2,
      relativeL2: Infinity,
      mse: 1,
      sqnrDb: -Infinity,
      cosine: 0,
    });
    expect(measureError(ones, zeros)).toEqual({
      maxAbs: 1,
      l2: Math.SQRT2,
      relativeL2: 1,
      mse: 1,
      sqnrDb: 0,
      cosine: 0,
    });
    const infinite = measureError(Float32Array.of(Infinity, 1), ones);
    expect([infinite.maxAbs, infinite.l2, infinite.mse]).toEqual([Infinity, Infinity, Infinity]);
    expect([infinite.relativeL2, infinite.cosine]).toEqual([NaN, NaN]);
    expect(measureError(ones, Float32Array.of(Infinity, 1)).relativeL2).toBe(Infinity);
    const scalar = { data: Float32Array.of(2), shape: [] };
    expect(measureError(scalar, quantizeAffine(scalar, { bits: 8 })).maxAbs).toBe(0);
    expect(measureError(Float32Array.of(1, 2), Float32Array.of(-1, -2)).cosine).toBeCloseTo(-1, 14);
  });

  it('refuses other shapes and what is no tensor', () => {
    const x = { data: new Float32Array(6), shape: [2, 3] };
    expect(() => measureError(x, { ...x, shape: [3, 2] })).toThrow(
      'measureError: "other" expected shape [2, 3], got "[3, 2]" - compare equal shapes',
    );
    expect(() => errorMeasures(new Float32Array(1), new Float32Array(2))).toThrow(
      '"b" expected 1 values, got 2',
    );
    expect(() => measureError(x, null as never)).toThrow('measureError: "other" expected');
    expect(() => measureError('x' as never, x)).toThrow('measureError: "original" expected');
  });
});

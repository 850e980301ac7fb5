import fc from 'fast-check';
import {
  dequantizeFloat8,
  dequantizeNvfp4,
  errorBound,
  measureError,
  NVFP4_RELATIVE_BOUND,
  quantizeFloat8,
  quantizeNvfp4,
  type Float8,
  type Granularity,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { anyTensor, checkBound } from '../../support/blocks.js';

const absmaxOf = (x: Float32Array): number => x.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

describe('NVFP4', () => {
  it('no error exceeds the bound from the codes, with either level', () => {
    fc.assert(
      fc.property(anyTensor, fc.constantFrom(1, 2), (x, levels) => {
        const c = quantizeNvfp4(x, { levels: levels as 1 | 2 });
        const bound = errorBound(c);
        expect(bound.maxAbs).toBeLessThan(Infinity);
        checkBound(x, dequantizeNvfp4(c), bound);
      }),
      { numRuns: 10000 },
    );
  });

  it('no error exceeds NVFP4_RELATIVE_BOUND of the largest magnitude of its block', () => {
    /** Blocks between 2^-6 and 448 of what a scale of 1 reaches, beside one that sets the scale of the tensor. */
    const block = fc
      .tuple(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 16, maxLength: 16, size: 'max' }),
        fc.double({ min: 0.1, max: 2600, noNaN: true }),
        fc.nat(15),
      )
      .map(([list, A, at]) => Float32Array.from(list, (v, i) => (i === at ? A : v * A)));
    fc.assert(
      fc.property(block, fc.constantFrom(1, 2), fc.integer({ min: -20, max: 20 }), (x, levels, k) => {
        const data = new Float32Array(32);
        data.set(levels === 1 ? x : x.map((v) => v * 2 ** k));
        data[31] = levels === 1 ? 1 : 2688 * 2 ** k;
        const values = dequantizeNvfp4(quantizeNvfp4(data, { levels: levels as 1 | 2 }));
        const first = data.subarray(0, 16);
        const worst = first.reduce((most, v, i) => Math.max(most, Math.abs(v - values[i])), 0);
        expect(worst / absmaxOf(first)).toBeLessThanOrEqual(NVFP4_RELATIVE_BOUND);
      }),
      { numRuns: 10000 },
    );
  });

  it('both bounds are reached within one percent', () => {
    // A scale just above 1 + 1/16 becomes 1 + 1/8; 5 of those lie halfway between 4 and 6.
    const A = Math.fround(6 * (1.0625 + 2 ** -18));
    const x = Float32Array.of(A, 5 * 1.125);
    for (const levels of [1, 2] as const) {
      const data = levels === 1 ? x : Float32Array.of(...x, ...new Array<number>(14).fill(0), 2688);
      const c = quantizeNvfp4(data, { levels });
      const error = Math.abs(dequantizeNvfp4(c)[1] - x[1]);
      expect(error / A / NVFP4_RELATIVE_BOUND).toBeGreaterThan(0.99);
      if (levels === 1) expect(error / errorBound(c).maxAbs).toBeGreaterThan(0.99);
    }
  });

  it('one level says by how much it clamped, and the bound holds', () => {
    const x = Float32Array.of(5000, -4000, 1);
    const c = quantizeNvfp4(x, { levels: 1 });
    expect(c.overflow).toBeCloseTo(5000 - 7 * 448, 9);
    expect(measureError(x, c).maxAbs).toBe(5000 - 6 * 448);
    expect(errorBound(c).maxAbs).toBeCloseTo(5000 - 6 * 448, 2);
    expect(quantizeNvfp4(x).overflow).toBe(0);
  });
});

describe('scaled float8', () => {
  const granularities: Granularity[] = [
    { kind: 'tensor' },
    { kind: 'token' },
    { kind: 'axis', axis: 0 },
    { kind: 'axis', axis: 1 },
    { kind: 'group', axis: 1, groupSize: 7 },
    { kind: 'group', axis: 0, groupSize: 2 },
    { kind: 'block', blockShape: [2, 16] },
  ];
  const anyDtype = fc.constantFrom<Float8>('float8_e4m3fn', 'float8_e5m2');

  it('no error exceeds the bound from the codes, whatever the granularity', () => {
    fc.assert(
      fc.property(anyTensor, anyDtype, fc.constantFrom(...granularities), (x, dtype, granularity) => {
        const c = quantizeFloat8(x, { dtype, granularity });
        const bound = errorBound(c);
        expect(bound.maxAbs).toBeLessThan(Infinity);
        checkBound(x, dequantizeFloat8(c), bound);
      }),
      { numRuns: 10000 },
    );
  });

  it('no error exceeds 1/28 or 1/14 of absmax, nor 1/17 or 1/9 of what is no subnormal number', () => {
    const list = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(list, fc.integer({ min: -60, max: 60 }), anyDtype, (values, k, dtype) => {
        const x = Float32Array.from(values, (v) => v * 2 ** k);
        const A = absmaxOf(x);
        if (A < 2 ** -100) return;
        const c = quantizeFloat8(x, { dtype });
        const [ofAbsmax, ofValue, least] = dtype === 'float8_e4m3fn' ? [28, 17, 2 ** -6] : [14, 9, 2 ** -14];
        dequantizeFloat8(c).forEach((value, i) => {
          const error = Math.abs(value - x[i]) * (1 - 2 ** -20);
          if (!(error <= A / ofAbsmax)) throw new Error(`${error} of ${A}`);
          if (Math.abs(x[i]) < least * c.scale[0] * 1.01) return;
          if (!(error <= Math.abs(x[i]) / ofValue)) throw new Error(`${error} of ${x[i]}`);
        });
      }),
      { numRuns: 10000 },
    );
  });

  it.each([
    ['float8_e4m3fn', 448, 432, 28],
    ['float8_e5m2', 57344, 53248, 14],
  ] as const)('%s: both are reached within one percent', (dtype, largest, tie, share) => {
    const x = Float32Array.of(largest, tie);
    const c = quantizeFloat8(x, { dtype });
    const { maxAbs } = measureError(x, c);
    expect(maxAbs / errorBound(c).maxAbs).toBeGreaterThan(0.99);
    expect(maxAbs).toBe(largest / share);
  });

  it('gives the same with columns as with the transposed rows', () => {
    fc.assert(
      fc.property(anyTensor, anyDtype, ({ data, shape: [rows, width] }, dtype) => {
        const turned = Float32Array.from(data, (_, i) => data[(i % rows) * width + Math.floor(i / rows)]);
        const a = quantizeFloat8(
          { data, shape: [rows, width] },
          { dtype, granularity: { kind: 'axis', axis: 1 } },
        );
        const b = quantizeFloat8(
          { data: turned, shape: [width, rows] },
          { dtype, granularity: { kind: 'axis', axis: 0 } },
        );
        expect(b.scale).toEqual(a.scale);
        const values = dequantizeFloat8(b);
        expect(dequantizeFloat8(a)).toEqual(
          values.map((_, i) => values[(i % width) * rows + Math.floor(i / width)]),
        );
      }),
      { numRuns: 1000 },
    );
  });
});

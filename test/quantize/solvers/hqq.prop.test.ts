import fc from 'fast-check';
import {
  clipSearch,
  dequantizeAffine,
  errorBound,
  fromBytes,
  hqq,
  measureError,
  quantizeAffine,
  setBackend,
  toBytes,
  type AffineOptions,
  type AffineTensor,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { anySearch, objectiveOf, pricesOf, type Search } from '../../support/scale-search.js';

const SEARCHES = [
  ['hqq()', hqq, 'hqq', 0.7],
  ['clipSearch()', clipSearch, 'mse', 2],
] as const;

/** Round to nearest under the same options. */
function nearestOf({
  x,
  options: { norm: _n, importance: _i, ...rest },
}: Search): ReturnType<typeof quantizeAffine> {
  return quantizeAffine(x, rest as AffineOptions);
}

/** All but overflow, which a search knows better: from the smallest and largest values, not from magnitudes. */
const codesOf = ({ overflow: _, ...rest }: AffineTensor): Omit<AffineTensor, 'overflow'> => rest;

describe.each(SEARCHES)('%s', (_, search, scaleMethod, usualNorm) => {
  it('reports the mean of |error|^norm that its tensor has, and that of round to nearest', () => {
    fc.assert(
      fc.property(anySearch, (given) => {
        const { tensor, report } = search(given.x, given.options);
        const norm = given.options.norm ?? usualNorm;
        const prices = pricesOf(given);
        const own = objectiveOf(given.x.data, tensor, prices, norm);
        const theirs = objectiveOf(given.x.data, nearestOf(given), prices, norm);
        expect(report.norm).toBe(norm);
        expect(Math.abs(report.objective - own)).toBeLessThanOrEqual(1e-9 * own);
        expect(Math.abs(report.roundToNearestObjective - theirs)).toBeLessThanOrEqual(1e-9 * theirs);
      }),
      { numRuns: 1000 },
    );
  });

  it('is never worse than round to nearest under its objective', () => {
    fc.assert(
      fc.property(anySearch, (given) => {
        const { tensor, report } = search(given.x, given.options);
        expect(report.objective).toBeLessThanOrEqual(report.roundToNearestObjective);
        const norm = given.options.norm ?? usualNorm;
        const prices = pricesOf(given);
        const theirs = objectiveOf(given.x.data, nearestOf(given), prices, norm);
        const own = objectiveOf(given.x.data, tensor, prices, norm);
        expect(own).toBeLessThanOrEqual(theirs * (1 + 1e-11));
        if (report.kept === 'roundToNearest') expect(codesOf(tensor)).toEqual(codesOf(nearestOf(given)));
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the codes of quantizeAffine with the scale method of the same name', () => {
    fc.assert(
      fc.property(anySearch, (given) => {
        const other = quantizeAffine(given.x, { ...given.options, scaleMethod } as AffineOptions);
        expect(codesOf(search(given.x, given.options).tensor)).toEqual(codesOf(other));
      }),
      { numRuns: 500 },
    );
  });

  it('gives tensors that hold their bound, keep zeros and survive storage', () => {
    fc.assert(
      fc.property(anySearch, ({ x, options }) => {
        const { tensor } = search(x, options);
        const bound = errorBound(tensor);
        const { maxAbs, l2 } = measureError(x, tensor);
        expect(maxAbs).toBeLessThanOrEqual(bound.maxAbs);
        expect(l2).toBeLessThanOrEqual(bound.l2);
        const values = dequantizeAffine(tensor);
        x.data.forEach((v, i) => {
          if (v === 0) expect(values[i] + 0).toBe(0);
          expect(Number.isFinite(values[i])).toBe(true);
        });
        expect(fromBytes(toBytes(tensor))).toEqual(tensor);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same codes for a power of two times the tensor, and for any power of two times the importances', () => {
    const calm = anySearch.filter(
      ({ x, options: { scaleDtype } }) =>
        scaleDtype === 'float32' &&
        x.data.every((v) => v === 0 || (Math.abs(v) > 1e-12 && Math.abs(v) < 1e12)),
    );
    fc.assert(
      fc.property(calm, fc.integer({ min: -20, max: 20 }), ({ x, options }, e) => {
        const { importance: _, ...plain } = options;
        const one = search(x, plain).tensor;
        const other = search({ data: x.data.map((v) => v * 2 ** e), shape: x.shape }, plain).tensor;
        expect(other.codes).toEqual(one.codes);
        expect(other.zeroPoint).toEqual(one.zeroPoint);
        expect(Array.from(other.scale)).toEqual(Array.from(one.scale, (s) => s * 2 ** e));
        if (!(options.importance instanceof Float64Array)) return;
        const prices = options.importance.map((v) => v / 2 ** 10);
        expect(search(x, { ...options, importance: prices }).tensor).toEqual(search(x, options).tensor);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same bytes with and without WebAssembly, and changes no input', () => {
    fc.assert(
      fc.property(anySearch, ({ x, options }) => {
        const before = x.data.slice();
        const simd = search(x, options);
        setBackend('scalar');
        try {
          expect(search(x, options)).toEqual(simd);
        } finally {
          setBackend('auto');
        }
        expect(x.data).toEqual(before);
      }),
      { numRuns: 200 },
    );
  });
});

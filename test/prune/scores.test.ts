import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  maskTopK,
  owlSparsities,
  scoreApoz,
  scoreBatchNorm,
  scoreChannels,
  scoreFisher,
  scoreGeometricMedian,
  scoreLamp,
  scoreMagnitude,
  scoreMeanActivation,
  scoreMovement,
  scoreRandom,
  scoreTaylor,
  scoreWanda,
} from '../../src/prune/index.js';

const F = Float32Array;
const floats = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 });

describe('scores of weights', () => {
  it('are what their formulas say', () => {
    const w = F.of(2, -3, 0.5);
    const g = F.of(-1, 0.5, 4);
    expect([...scoreMagnitude(w)]).toEqual([2, 3, 0.5]);
    expect([...scoreMagnitude(w, { norm: 2 })]).toEqual([4, 9, 0.25]);
    expect([...scoreTaylor(w, { gradient: g })]).toEqual([2, 1.5, 2]);
    expect([...scoreFisher(w, { hessianDiagonal: F.of(1, 2, 8) })]).toEqual([2, 9, 1]);
    expect([...scoreFisher(w, { squaredGradient: F.of(1, 2, 8) })]).toEqual([2, 9, 1]);
    const gradients = { data: F.of(1, 0, 2, 1, 2, 0), shape: [2, 3] };
    expect([...scoreFisher(w, { gradients })]).toEqual([2, 9, 0.25]);
    const first = scoreMovement(w, { gradient: g });
    expect([...first]).toEqual([2, 1.5, -2]);
    expect([...scoreMovement(w, { gradient: g, previous: first })]).toEqual([4, 3, -4]);
  });

  it('sum Taylor terms over slices, with signs or without', () => {
    const w = { data: F.of(1, 2, 3, 4), shape: [2, 2] };
    const gradient = { data: F.of(1, -1, 1, 1), shape: [2, 2] };
    expect([...scoreTaylor(w, { gradient, axis: 0 })]).toEqual([3, 7]);
    expect([...scoreTaylor(w, { gradient, axis: 0, multivariable: true })]).toEqual([1, 7]);
    expect([...scoreTaylor(w, { gradient, axis: -1 })]).toEqual([4, 6]);
  });

  it('of Wanda remove the least of the outputs of a row, as trying every mask does', () => {
    const row = fc.integer({ min: 1, max: 8 }).chain((n) =>
      fc.record({
        w: fc.array(fc.integer({ min: -9, max: 9 }), { minLength: n, maxLength: n }),
        norm: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: n, maxLength: n }),
        keepCount: fc.nat(n),
      }),
    );
    fc.assert(
      fc.property(row, ({ w, norm, keepCount }) => {
        const scores = scoreWanda(F.from(w), { activationNorm: F.from(norm) });
        const mask = maskTopK(scores, { keepCount });
        const loss = (bit: (i: number) => number): number =>
          w.reduce((sum, v, i) => sum + (bit(i) ? 0 : (v * norm[i]) ** 2), 0);
        let least = Infinity;
        for (let bits = 0; bits < 2 ** w.length; bits++) {
          const ones = w.reduce((n, _, i) => n + ((bits >> i) & 1), 0);
          if (ones === keepCount)
            least = Math.min(
              least,
              loss((i) => (bits >> i) & 1),
            );
        }
        expect(loss((i) => mask[i])).toBe(least);
      }),
      { numRuns: 200 },
    );
  });

  it('at random are those of the seed, in [0, 1)', () => {
    const scores = scoreRandom([100, 10], { seed: 7 });
    expect(scores).toEqual(scoreRandom([1000], { seed: 7 }));
    expect(scores).not.toEqual(scoreRandom([1000], { seed: 8 }));
    expect(scores.every((score) => score >= 0 && score < 1)).toBe(true);
    expect(scores.reduce((a, b) => a + b, 0) / 1000).toBeCloseTo(0.5, 1);
  });

  it('refuse NaN by its index and what does not fit', () => {
    const w = F.of(1, NaN);
    const g = F.of(1, 2);
    expect(() => scoreMagnitude(w)).toThrow(
      /^scoreMagnitude: "x\[1\]" expected a number to rank, got NaN .*\[NAN\]/,
    );
    expect(() => scoreTaylor(g, { gradient: w })).toThrow(/"gradient\[1\]" expected a number/);
    expect(() => scoreTaylor(F.of(0), { gradient: F.of(Infinity) })).toThrow(
      /"scores\[0\]" expected a number/,
    );
    expect(() => scoreTaylor(g, { gradient: F.of(1) })).toThrow(/"gradient" expected the shape \[2\]/);
    expect(() => scoreWanda(g, { activationNorm: F.of(1) })).toThrow(/"activationNorm" expected 2 norms/);
    expect(() => scoreWanda(g, { activationNorm: F.of(1, -1) })).toThrow(
      /"activationNorm\[1\]" expected a number of at least 0/,
    );
    expect(() => scoreFisher(g, {})).toThrow(/"options" expected one of gradients/);
    expect(() => scoreFisher(g, { gradients: { data: F.of(), shape: [0, 2] } })).toThrow(
      /"gradients" expected at least one sample/,
    );
    expect(() => scoreMagnitude(g, { norm: 3 as 1 })).toThrow(/"norm" expected/);
    expect(() => scoreRandom([2], { seed: -1 })).toThrow(/"seed" expected/);
  });
});

describe('scoreLamp', () => {
  it('gives the largest of a layer 1, all others at most a half, in the order of magnitudes', () => {
    fc.assert(
      fc.property(
        fc.oneof(floats, fc.array(fc.constantFrom(0, 1, -1), { minLength: 1, maxLength: 9 })),
        (values) => {
          const scores = scoreLamp(F.from(values));
          const squares = values.map((v) => v * v);
          const places = Array.from(squares.keys()).sort((i, j) => squares[i] - squares[j] || j - i);
          places.forEach((place, rank) => {
            const above = places.slice(rank).reduce((sum, i) => sum + squares[i], 0);
            const last = rank === places.length - 1;
            expect(scores[place]).toBeCloseTo(last ? 1 : above === 0 ? 0 : squares[place] / above, 6);
            if (!last) expect(scores[place]).toBeLessThanOrEqual(0.5);
            if (!last) expect(scores[place]).toBeLessThanOrEqual(scores[places[rank + 1]]);
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keeps the largest of every layer in a global mask', () => {
    fc.assert(
      fc.property(fc.array(floats, { minLength: 1, maxLength: 5 }), (layers) => {
        const tensors = layers.map((layer) => F.from(layer));
        const masks = maskTopK(tensors.map(scoreLamp), { keepCount: layers.length, scope: 'global' });
        masks.forEach((mask, l) => {
          const most = Math.max(...tensors[l].map(Math.abs));
          expect(tensors[l].some((v, i) => mask[i] === 1 && Math.abs(v) === most)).toBe(true);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('refuses infinities', () => {
    expect(() => scoreLamp(F.of(1, -Infinity))).toThrow(/^scoreLamp: "x\[1\]" expected a finite number/);
    expect(scoreLamp(new F(0)).length).toBe(0);
  });
});

describe('owlSparsities', () => {
  it('have exactly the mean that was asked for, within 0 and 1, and keep more where outliers are', () => {
    const layers = fc.array(fc.array(fc.constantFrom(1, 1, 1, 2, 50), { minLength: 5, maxLength: 20 }), {
      minLength: 1,
      maxLength: 6,
    });
    const options = fc.record({
      sparsity: fc.double({ min: 0, max: 1, noNaN: true }),
      lambda: fc.double({ min: 0, max: 0.5, noNaN: true }),
    });
    fc.assert(
      fc.property(layers, options, (list, given) => {
        const found = owlSparsities(
          list.map((values) => ({ weights: F.from(values) })),
          { ...given, outlierFactor: 3 },
        );
        const mean = found.reduce((a, b) => a + b, 0) / found.length;
        expect(Math.abs(mean - given.sparsity)).toBeLessThanOrEqual(found.length * 2 ** -52);
        expect(found.every((s) => s >= 0 && s <= 1)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('work where all layers are alike, and count activations', () => {
    const layer = { weights: { data: F.of(1, 1, 1, 1), shape: [1, 4] } };
    expect(owlSparsities([layer, layer], { sparsity: 0.7 })).toEqual([0.7, 0.7]);
    expect(owlSparsities([], { sparsity: 0.7 })).toEqual([]);
    const lively = { ...layer, activationNorm: F.of(1, 1, 1, 90) };
    const [plain, spiky] = owlSparsities([layer, lively], { sparsity: 0.5, lambda: 0.1, outlierFactor: 2 });
    expect([plain, spiky]).toEqual([0.6, 0.4]);
    expect(() => owlSparsities([layer], { sparsity: 2 })).toThrow(
      /^owlSparsities: "sparsity" expected a number from 0 to 1, got 2/,
    );
    expect(() => owlSparsities(layer as never, { sparsity: 0.5 })).toThrow(/"layers" expected a list/);
  });
});

describe('scores of channels', () => {
  it('are norms, scales, parts and means', () => {
    const x = { data: F.of(3, 4, 0, -1), shape: [2, 2] };
    expect([...scoreChannels(x, { axis: 0 })]).toEqual([5, 1]);
    expect([...scoreChannels(x, { axis: 1, norm: 1 })]).toEqual([3, 5]);
    expect([...scoreChannels(x, { axis: 0, norm: Infinity })]).toEqual([4, 1]);
    expect(scoreChannels(x, { axis: 0, norm: 3 })[0]).toBeCloseTo(91 ** (1 / 3), 5);
    expect([...scoreBatchNorm(F.of(-2, 1))]).toEqual([2, 1]);
    expect([...scoreApoz(x)]).toEqual([0.5, 1]);
    expect([...scoreApoz(x, { axis: 0 })]).toEqual([1, 0.5]);
    expect([...scoreMeanActivation(x)]).toEqual([1.5, 1.5]);
    expect(() => scoreApoz({ data: F.of(), shape: [0, 2] })).toThrow(/"activations" expected at least one/);
    expect(() => scoreChannels(x, { axis: 2 })).toThrow(/"axis" expected/);
    expect(() => scoreGeometricMedian({ data: F.of(1, NaN), shape: [2] }, { axis: 0 })).toThrow(
      /x\[1\].*NaN/,
    );
  });

  it('of the geometric median do not change when one slice is added to all, and follow a permutation', () => {
    const shape = fc.record({
      n: fc.integer({ min: 1, max: 6 }),
      d: fc.integer({ min: 1, max: 5 }),
      norm: fc.constantFrom(1, 2, 3, Infinity),
    });
    fc.assert(
      fc.property(shape, fc.infiniteStream(fc.integer({ min: -99, max: 99 })), ({ n, d, norm }, stream) => {
        const data = F.from({ length: n * d }, () => stream.next().value);
        const shift = F.from({ length: d }, () => stream.next().value);
        const scores = scoreGeometricMedian({ data, shape: [n, d] }, { axis: 0, norm });
        const moved = data.map((value, i) => value + shift[i % d]);
        expect(scoreGeometricMedian({ data: moved, shape: [n, d] }, { axis: 0, norm })).toEqual(scores);
        const turned = F.from({ length: n * d }, (_, i) => data[(i % n) * d + Math.floor(i / n)]);
        expect(scoreGeometricMedian({ data: turned, shape: [d, n] }, { axis: 1, norm })).toEqual(scores);
        const reversed = F.from({ length: n * d }, (_, i) => data[(n - 1 - Math.floor(i / d)) * d + (i % d)]);
        const back = scoreGeometricMedian({ data: reversed, shape: [n, d] }, { axis: 0, norm }).reverse();
        back.forEach((score, i) => expect(Math.abs(score - scores[i])).toBeLessThanOrEqual(1e-6 * scores[i]));
      }),
      { numRuns: 300 },
    );
  });

  it('of slices that nearly coincide keep their distance, which a Gram matrix would lose', () => {
    const data = Float64Array.of(1e6, 1e6 + 1e-6);
    const scores = scoreGeometricMedian({ data, shape: [2, 1] }, { axis: 0 });
    expect(scores[0]).toBeCloseTo(1e-6, 9);
    expect(scores[0]).toBeGreaterThan(0);
  });
});

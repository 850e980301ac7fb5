import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  maskSoftThreshold,
  softMask,
  softMaskGradient,
  sparsitySchedule,
  spliceMask,
  spliceThresholds,
  straightThroughGradient,
  type ScheduleKind,
} from '../../src/prune/index.js';
import { cosine, sigmoid } from '../../src/prune/smooth.js';

const F = Float32Array;

describe('sparsitySchedule', () => {
  const ramps: ScheduleKind[] = ['linear', 'polynomial', 'cubic', 'cosine'];

  it('begins at initial, ends at final whatever the frequency, and goes one way', () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    const options = fc.record({
      initial: part,
      final: part,
      begin: fc.integer({ min: -5, max: 20 }),
      frequency: fc.integer({ min: 1, max: 40 }),
      power: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...ramps), options, fc.nat(50), (kind, given, length) => {
        const { initial, final, begin } = given;
        const at = sparsitySchedule(kind, { ...given, end: begin + length });
        expect(at(begin - 1)).toBe(initial < final || length > 0 ? initial : at(begin - 1));
        if (length > 0) expect(at(begin)).toBe(initial);
        expect(at(begin + length)).toBe(final);
        expect(at(begin + length + 1000)).toBe(final);
        let before = initial;
        for (let step = begin; step <= begin + length; step++) {
          const now = at(step);
          expect(final >= initial ? now >= before : now <= before).toBe(true);
          expect(now >= Math.min(initial, final) && now <= Math.max(initial, final)).toBe(true);
          before = now;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('follows its formulas', () => {
    const at = (kind: ScheduleKind, step: number): number =>
      sparsitySchedule(kind, { initial: 0.2, final: 0.8, begin: 10, end: 50, power: 2 })(step);
    for (let step = 10; step <= 50; step++) {
      const p = (step - 10) / 40;
      expect(at('linear', step)).toBeCloseTo(0.2 + 0.6 * p, 12);
      expect(at('polynomial', step)).toBeCloseTo(0.8 - 0.6 * (1 - p) ** 2, 12);
      expect(at('cubic', step)).toBeCloseTo(0.8 - 0.6 * (1 - p) ** 3, 12);
      expect(at('cosine', step)).toBeCloseTo(0.8 - 0.3 * (1 + Math.cos(Math.PI * p)), 12);
    }
    const constant = sparsitySchedule('constant', { final: 0.5, begin: 3 });
    expect([2, 3, 9].map(constant)).toEqual([0, 0.5, 0.5]);
    const milestones = [
      { step: 2, sparsity: 0.3 },
      { step: 5, sparsity: 0.6 },
    ];
    expect([0, 2, 4, 5, 99].map(sparsitySchedule('multiStep', { milestones }))).toEqual([
      0, 0.3, 0.3, 0.6, 0.6,
    ]);
    const slow = sparsitySchedule('linear', { final: 1, end: 10, frequency: 4 });
    expect([0, 3, 4, 7, 8, 9, 10].map(slow)).toEqual([0, 0, 0.4, 0.4, 0.8, 0.8, 1]);
  });

  it('refuses bad arguments by name', () => {
    expect(() => sparsitySchedule('square' as 'linear', {})).toThrow(/"kind" expected one of/);
    expect(() => sparsitySchedule('linear', { final: 1.5, end: 3 })).toThrow(
      /^sparsitySchedule: "final" expected a number from 0 to 1/,
    );
    expect(() => sparsitySchedule('linear', { final: 0.5 })).toThrow(/"end" expected a finite number/);
    expect(() => sparsitySchedule('linear', { final: 0.5, begin: 5, end: 4 })).toThrow(
      /"end" expected at least begin, 5/,
    );
    expect(() => sparsitySchedule('multiStep', {})).toThrow(/"milestones" expected a list/);
    const milestones = [
      { step: 2, sparsity: 0.3 },
      { step: 2, sparsity: 0.6 },
    ];
    expect(() => sparsitySchedule('multiStep', { milestones })).toThrow(
      /"milestones\[1\].step" expected a step after 2/,
    );
    expect(() => sparsitySchedule('constant', { final: 0.5 })(NaN)).toThrow(
      /"step" expected a finite number/,
    );
  });
});

describe('smooth functions', () => {
  it('are near the engine’s', () => {
    for (let i = 0; i <= 1000; i++) {
      expect(Math.abs(cosine(i / 1000) - Math.cos((Math.PI * i) / 1000))).toBeLessThan(2 ** -50);
      const x = (i - 500) / 10;
      expect(Math.abs(sigmoid(x) - 1 / (1 + Math.exp(-x)))).toBeLessThan(2 ** -49);
    }
    expect([cosine(0), cosine(0.5), cosine(1)]).toEqual([1, 0, -1]);
    expect([sigmoid(0), sigmoid(Infinity), sigmoid(-Infinity)]).toEqual([0.5, 1, 0]);
  });
});

describe('splicing', () => {
  it('changes nothing the second time, removes small weights and lets large ones back', () => {
    const values = fc.array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, fc.infiniteStream(fc.constantFrom(0, 1)), (list, stream) => {
        const w = F.from(list);
        const before = Uint8Array.from(list, () => stream.next().value);
        const thresholds = spliceThresholds(w, { sensitivity: 0.3 });
        const mask = spliceMask(w, before, thresholds);
        expect(spliceMask(w, mask, thresholds)).toEqual(mask);
        w.forEach((value, i) => {
          const size = Math.abs(value);
          expect(mask[i]).toBe(size < thresholds.low ? 0 : size >= thresholds.high ? 1 : before[i]);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('has thresholds of mean and deviation, and refuses bad ones', () => {
    const { low, high } = spliceThresholds(F.of(1, -3), { sensitivity: 2, low: 0.5, high: 1 });
    expect([low, high]).toEqual([2, 4]);
    expect(() => spliceThresholds(F.of(1), { sensitivity: 1, low: 2, high: 1 })).toThrow(
      /"high" expected at least low, 2/,
    );
    expect(() => spliceThresholds(new F(0), { sensitivity: 1 })).toThrow(/\[EMPTY\]/);
    expect(() => spliceMask(F.of(1), Uint8Array.of(1, 1), { low: 0, high: 1 })).toThrow(
      /"previous" expected a mask of shape \[1\]/,
    );
    expect(() => spliceMask(F.of(1), Uint8Array.of(3), { low: 0, high: 1 })).toThrow(
      /"previous\[0\]" expected 0 or 1, got 3/,
    );
    expect(() => spliceMask(F.of(1), Uint8Array.of(1), { low: 2, high: 1 })).toThrow(
      /"high" expected at least low/,
    );
  });
});

describe('masks of learned scores', () => {
  it('threshold sigmoids and keep at least a small part', () => {
    const scores = F.from({ length: 400 }, (_, i) => (i - 200) / 50);
    const mask = maskSoftThreshold(scores, { threshold: 0.7 });
    expect([...mask]).toEqual(Array.from(scores, (score) => (1 / (1 + Math.exp(-score)) > 0.7 ? 1 : 0)));
    const few = maskSoftThreshold(scores, { threshold: 0.999 });
    expect([...few.keys()].filter((i) => few[i] === 1)).toEqual([397, 398, 399]);
    expect(() => maskSoftThreshold(scores, { threshold: 1 })).toThrow(
      /"threshold" expected a number between 0 and 1/,
    );
  });

  /** A loss of the weights in use, and its gradient there. */
  const loss = (v: ArrayLike<number>): number =>
    Array.from(v).reduce((sum, value, i) => sum + (value - i / 3) ** 2 / 2, 0);
  const slope = (v: F64): F64 => v.map((value, i) => value - i / 3);
  type F64 = ReturnType<typeof Float64Array.of>;

  const cases = fc.integer({ min: 1, max: 5 }).chain((n) => {
    const values = fc.array(
      fc.integer({ min: -20, max: 20 }).map((k) => k / 8),
      { minLength: n, maxLength: n },
    );
    return fc.record({
      w: values,
      scores: values,
      bits: fc.array(fc.constantFrom(0, 1), { minLength: n, maxLength: n }),
    });
  });
  const h = 1e-5;
  const difference = (f: (x: number[]) => number, x: number[], i: number): number => {
    const [up, down] = [[...x], [...x]];
    up[i] += h;
    down[i] -= h;
    return (f(up) - f(down)) / (2 * h);
  };

  it('have the gradients of soft gates that differences show', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(0.5, 1, 2), ({ w, scores }, temperature) => {
        const gated = (weights: number[], s: number[]): number[] =>
          weights.map((v, i) => v / (1 + Math.exp(-s[i] / temperature)));
        const g = slope(Float64Array.from(gated(w, scores)));
        const found = softMaskGradient(F.from(g), F.from(w), F.from(scores), { temperature });
        const gates = softMask(F.from(scores), { temperature });
        w.forEach((value, i) => {
          expect(gates[i] * value).toBeCloseTo(gated(w, scores)[i], 5);
          expect(found.weights[i]).toBeCloseTo(
            difference((x) => loss(gated(x, scores)), w, i),
            4,
          );
          expect(found.scores[i]).toBeCloseTo(
            difference((x) => loss(gated(w, x)), scores, i),
            4,
          );
        });
      }),
      { numRuns: 300 },
    );
  });

  it('have the straight-through gradients that differences in a mask of real numbers show', () => {
    fc.assert(
      fc.property(cases, ({ w, bits }) => {
        const masked = (weights: number[], m: number[]): number[] => weights.map((v, i) => v * m[i]);
        const g = slope(Float64Array.from(masked(w, bits)));
        const found = straightThroughGradient(F.from(g), F.from(w), Uint8Array.from(bits));
        w.forEach((_, i) => {
          expect(found.weights[i]).toBeCloseTo(
            difference((x) => loss(masked(x, bits)), w, i),
            4,
          );
          expect(found.scores[i]).toBeCloseTo(
            difference((x) => loss(masked(w, x)), bits, i),
            4,
          );
        });
      }),
      { numRuns: 300 },
    );
  });

  it('refuse what does not fit', () => {
    expect(() => straightThroughGradient(F.of(1), F.of(1, 2), Uint8Array.of(1, 0))).toThrow(
      /"gradient" expected the shape \[2\]/,
    );
    expect(() => straightThroughGradient(F.of(1), F.of(1), Uint8Array.of(2))).toThrow(
      /"mask\[0\]" expected 0 or 1/,
    );
    expect(() => softMask(F.of(1), { temperature: 0 })).toThrow(/"temperature" expected a number above 0/);
    expect(() => softMaskGradient(F.of(1), F.of(1), F.of(1, 2))).toThrow(/"scores" expected the shape \[1\]/);
  });
});

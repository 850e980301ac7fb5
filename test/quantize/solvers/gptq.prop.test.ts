import fc from 'fast-check';
import { dequantizeAffine, errorBound, fromBytes, gptq, measureError, toBytes } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { unpackCodes } from '../../../src/quantize/affine/affine-tensor.js';
import { factorHessian } from '../../../src/core/hessian-factor.js';
import { linesOf } from '../../../src/quantize/solvers/gptq-lines.js';
import { checkGptqOptions } from '../../../src/quantize/solvers/gptq-options.js';
import { solveLines } from '../../../src/quantize/solvers/gptq-solve.js';
import {
  anyGptqOptions,
  anyLayer,
  damped,
  gramOf,
  quadraticLosses,
  nearestOf,
  type FullOptions,
  type Layer,
} from '../../support/gptq.js';

const total = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

const solve = ({ w, x }: Layer, options: FullOptions): ReturnType<typeof gptq> =>
  gptq(w, { ...options, activations: x });

describe('gptq()', () => {
  it('reports the quadratic form of its change, to 1e-9', () => {
    fc.assert(
      fc.property(anyLayer, anyGptqOptions, (layer, options) => {
        const { tensor, report } = solve(layer, options);
        const n = layer.w.shape[1];
        const h = damped(gramOf(layer.x), n, report.damping);
        const loss = total(quadraticLosses(layer.w.data, dequantizeAffine(tensor), h, n));
        const nearest = nearestOf(layer.w, options);
        const lossOfNearest = total(quadraticLosses(layer.w.data, dequantizeAffine(nearest), h, n));
        const scale = total(Array.from(h, Math.abs)) + 1e-12;
        expect(Math.abs(report.loss - loss)).toBeLessThanOrEqual(1e-9 * loss + 1e-13 * scale);
        expect(Math.abs(report.roundToNearestLoss - lossOfNearest)).toBeLessThanOrEqual(
          1e-9 * lossOfNearest + 1e-13 * scale,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('is never worse than round to nearest, neither in sum nor, where lines share no scale, in any line', () => {
    fc.assert(
      fc.property(anyLayer, anyGptqOptions, (layer, options) => {
        const { tensor, report } = solve(layer, options);
        expect(report.loss).toBeLessThanOrEqual(report.roundToNearestLoss);
        if (options.granularity.kind !== 'group') return;
        const n = layer.w.shape[1];
        const h = damped(gramOf(layer.x), n, report.damping);
        const nearest = nearestOf(layer.w, options);
        const own = quadraticLosses(layer.w.data, dequantizeAffine(tensor), h, n);
        const theirs = quadraticLosses(layer.w.data, dequantizeAffine(nearest), h, n);
        own.forEach((loss, l) => expect(loss).toBeLessThanOrEqual(theirs[l] * (1 + 1e-9) + 1e-12));
      }),
      { numRuns: 1000 },
    );
  });

  it('is round to nearest, to the byte, with a diagonal Hessian and the ranges of the regions', () => {
    fc.assert(
      fc.property(
        anyLayer,
        anyGptqOptions,
        fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 12, maxLength: 12 }),
        ({ w }, options, diagonal) => {
          const n = w.shape[1];
          const data = new Float64Array(n * n);
          for (let i = 0; i < n; i++) data[i * n + i] = diagonal[i];
          const hessian = { data, shape: [n, n] };
          const full = { ...options, hessian, scaleMethod: 'absmax', refinePasses: 0 } as const;
          const nearest = nearestOf(w, options);
          expect(gptq(w, full).tensor.codes).toEqual(nearest.codes);
          // What is kept is the better of two: the solver's own codes are looked at before that.
          const { settings, damping, order } = checkGptqOptions('test', full, w.shape);
          const lines = linesOf('test', w.shape, 1, settings.granularity);
          const factor = factorHessian('test', data, n, damping, order, lines.groupSize);
          const staticGroups = lines.isShared || order === 'activation';
          const plan = { lines, factor, rule: settings, staticGroups, refinePasses: 0 };
          const given = { scale: Float32Array.from(nearest.scale), zeroPoint: nearest.zeroPoint };
          const own = solveLines(Float32Array.from(w.data), plan, given);
          expect(Array.from(own.codes)).toEqual(Array.from(unpackCodes(nearest, w.data.length)));
          expect(own.scale).toEqual(nearest.scale);
          expect(own.zeroPoint).toEqual(nearest.zeroPoint);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('gives tensors that hold their bound and survive storage', () => {
    fc.assert(
      fc.property(anyLayer, anyGptqOptions, (layer, options) => {
        const { tensor } = solve(layer, options);
        const bound = errorBound(tensor);
        const { maxAbs, l2 } = measureError(layer.w, tensor);
        expect(maxAbs).toBeLessThanOrEqual(bound.maxAbs);
        expect(l2).toBeLessThanOrEqual(bound.l2);
        expect(fromBytes(toBytes(tensor))).toEqual(tensor);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the same for a matrix and its transpose', () => {
    fc.assert(
      fc.property(anyLayer, anyGptqOptions, ({ w, x }, options) => {
        const [outputs, inputs] = w.shape;
        const transposed = Float32Array.from(
          w.data,
          (_, i) => w.data[(i % outputs) * inputs + Math.floor(i / outputs)],
        );
        const { granularity: own } = options;
        const granularity =
          own.kind === 'axis' || own.kind === 'group' ? { ...own, axis: 1 - (own.axis ?? 1) } : own;
        const rows = gptq(w, { ...options, activations: x });
        const columns = gptq(
          { data: transposed, shape: [inputs, outputs] },
          { ...options, granularity, inputAxis: 0, activations: x },
        );
        const values = dequantizeAffine(columns.tensor);
        expect(Array.from(dequantizeAffine(rows.tensor))).toEqual(
          Array.from(values, (_, i) => values[(i % inputs) * outputs + Math.floor(i / inputs)]),
        );
        expect(columns.report).toEqual(rows.report);
      }),
      { numRuns: 300 },
    );
  });

  it('ends refinement no worse than without', () => {
    fc.assert(
      fc.property(anyLayer, anyGptqOptions, (layer, options) => {
        const plain = solve(layer, { ...options, refinePasses: 0 }).report;
        const refined = solve(layer, { ...options, refinePasses: 5 }).report;
        expect(refined.loss).toBeLessThanOrEqual(plain.loss);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the codes from before refinement where rounding in an all but singular Hessian leads it astray', () => {
    const w = { data: Float32Array.of(0.10563771426677704, 0, 0, 0, 0, 0, 0), shape: [1, 7] };
    const x = { data: new Float32Array(28), shape: [4, 7] };
    x.data[0] = -0.9999423623085022;
    x.data[6] = x.data[13] = -1.401298464324817e-45;
    const options = {
      bits: 4,
      mapping: 'symmetric',
      granularity: { kind: 'group', axis: 1, groupSize: 1 },
      scaleDtype: 'bfloat16',
      scaleMethod: 'absmax',
      damping: 0,
    } as const;
    const [plain, refined] = [0, 5].map((refinePasses) =>
      gptq(w, { ...options, activations: x, refinePasses }),
    );
    expect(refined.report.loss).toBeLessThanOrEqual(plain.report.loss);
  });

  it('reaches no less than the best of all codes under its scales, and comes close to it', () => {
    let reached = 0;
    let least = 0;
    let nearest = 0;
    fc.assert(
      fc.property(anyLayer, (layer) => {
        const n = Math.min(layer.w.shape[1], 5);
        const w = { data: layer.w.data.slice(0, n), shape: [1, n] };
        const x = {
          data: layer.x.data.slice(0, Math.floor(layer.x.data.length / n) * n),
          shape: [Math.floor(layer.x.data.length / n), n],
        };
        const options = { bits: 2, scaleMethod: 'absmax', granularity: { kind: 'axis', axis: 0 } } as const;
        const { tensor, report } = gptq(w, { ...options, activations: x });
        const h = damped(gramOf(x), n, report.damping);
        const best = bestLoss(w.data, tensor.scale[0], h, n);
        expect(report.loss).toBeGreaterThanOrEqual(best * (1 - 1e-9) - 1e-12);
        reached += report.loss;
        least += best;
        nearest += report.roundToNearestLoss;
      }),
      { numRuns: 300, seed: 7 },
    );
    // Of what round to nearest loses beyond the best codes, GPTQ gets rid of most.
    expect(reached - least).toBeLessThan(0.5 * (nearest - least));
  });
});

/** The least loss of all codes -1, 0, 1 with this scale. */
function bestLoss(w: Float32Array, scale: number, h: Float64Array, n: number): number {
  let best = Infinity;
  for (let code = 0; code < 3 ** n; code++) {
    const v = Array.from({ length: n }, (_, i) => Math.fround(scale * ((Math.floor(code / 3 ** i) % 3) - 1)));
    best = Math.min(best, quadraticLosses(w, v, h, n)[0]);
  }
  return best;
}

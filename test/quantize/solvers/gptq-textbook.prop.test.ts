import fc from 'fast-check';
import { chooseQParams, createRandom } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { factorHessian } from '../../../src/core/hessian-factor.js';
import { linesOf } from '../../../src/quantize/solvers/gptq-lines.js';
import { checkGptqOptions } from '../../../src/quantize/solvers/gptq-options.js';
import { solveLines } from '../../../src/quantize/solvers/gptq-solve.js';
import { damped, gramOf } from '../../support/gptq.js';

const DAMPING = 0.05;

/** The inverse by Gauss and Jordan; the matrix is positive definite, so no row has to be exchanged. */
function inverseOf(h: Float64Array, n: number): Float64Array {
  const left = h.slice();
  const right = new Float64Array(n * n);
  for (let i = 0; i < n; i++) right[i * n + i] = 1;
  for (let p = 0; p < n; p++) {
    const pivot = left[p * n + p];
    for (const m of [left, right]) for (let j = 0; j < n; j++) m[p * n + j] /= pivot;
    for (let i = 0; i < n; i++) {
      const factor = left[i * n + p];
      if (i === p) continue;
      for (const m of [left, right]) for (let j = 0; j < n; j++) m[i * n + j] -= factor * m[p * n + j];
    }
  }
  return right;
}

/** A line by the book: round a weight, move the others by the inverse Hessian, eliminate it; scales of groups when they begin. */
function textbook(line: Float32Array, h: Float64Array, groupSize: number): { codes: number[]; loss: number } {
  const n = line.length;
  const w = Float64Array.from(line);
  const inverse = inverseOf(h, n);
  const codes: number[] = [];
  let scale = 0;
  let loss = 0;
  for (let i = 0; i < n; i++) {
    if (i % groupSize === 0)
      [scale] = chooseQParams(Float32Array.from(w.slice(i, i + groupSize)), { bits: 4 }).scale;
    const quotient = Math.fround(Math.fround(w[i]) * Math.fround(1 / scale));
    const code = Math.min(7, Math.max(-7, Math.floor(quotient + 0.5)));
    const d = inverse[i * n + i];
    const error = (w[i] - Math.fround(scale * code)) / d;
    for (let j = i; j < n; j++) w[j] -= error * inverse[i * n + j];
    loss += error * error * d;
    const row = inverse.slice(i * n, i * n + n);
    for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) inverse[a * n + b] -= (row[a] * row[b]) / d;
    codes.push(code);
  }
  return { codes, loss };
}

describe('gptq()', () => {
  it('rounds like GPTQ by the book, which inverts the Hessian, and loses the same', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.integer({ min: 2, max: 14 }),
        fc.integer({ min: 1, max: 14 }),
        (seed, n, groupSize) => {
          // Normal numbers, so that no weight lies within rounding of a tie.
          const random = createRandom(seed);
          const w = Float32Array.from({ length: 3 * n }, () => random.normal());
          const data = Float32Array.from({ length: 20 * n }, () => random.normal());
          for (let i = 1; i < data.length; i++) data[i] += 0.7 * data[i - 1];
          const gram = gramOf({ data, shape: [20, n] });
          const options = {
            bits: 4,
            scaleMethod: 'absmax',
            granularity: { kind: 'group', groupSize },
            hessian: { data: gram, shape: [n, n] },
          } as const;
          const { settings } = checkGptqOptions('test', options, [3, n]);
          const lines = linesOf('test', [3, n], 1, settings.granularity);
          const factor = factorHessian('test', Float64Array.from(gram), n, DAMPING, 'natural', groupSize);
          const plan = { lines, factor, rule: settings, staticGroups: false, refinePasses: 0 };
          const none = { scale: new Float32Array(3 * Math.ceil(n / groupSize)), zeroPoint: null };
          const solved = solveLines(w, plan, none);
          for (let l = 0; l < 3; l++) {
            const expected = textbook(w.slice(l * n, l * n + n), damped(gram, n, DAMPING), groupSize);
            expect(Array.from(solved.codes.slice(l * n, l * n + n))).toEqual(expected.codes);
            expect(Math.abs(solved.losses[l] - expected.loss)).toBeLessThanOrEqual(
              1e-9 * expected.loss + 1e-12,
            );
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

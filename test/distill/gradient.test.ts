import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { jeffreys } from '../../src/distill/index.js';
import type { PairOptions, Reduction } from '../../src/distill/index.js';
import type { PairLoss } from '../support/distill.js';
import { BATCH_LOSSES, OTHER_LOSSES, PAIR_LOSSES, adaptiveKl } from '../support/distill.js';

const REDUCTIONS: Reduction[] = ['none', 'sum', 'rowMean', 'elementMean', { denominator: 7 }];

interface Input {
  readonly options: PairOptions;
  /** Step of the differences. */
  readonly step: number;
}

function normal(count: number, size: number, seed: number): Float64Array<ArrayBuffer> {
  const random = createRandom(seed);
  return Float64Array.from({ length: count }, () => size * random.normal());
}

function input(rows: number, classes: number, more: Partial<PairOptions> = {}, size = 2): Input {
  const studentLogits = normal(rows * classes, size, 1);
  const teacherLogits = normal(rows * classes, size, 2);
  return { options: { studentLogits, teacherLogits, classes, ...more }, step: 1e-5 };
}

function excluded(): Input {
  const made = input(3, 6);
  for (const i of [1, 6, 7, 14]) made.options.studentLogits[i] = made.options.teacherLogits[i] = -Infinity;
  return made;
}

/** Ties: within the rows, and a row where both agree. */
function tied(): Input {
  const made = input(3, 5);
  made.options.studentLogits.fill(0.5, 0, 3);
  made.options.teacherLogits.fill(-0.25, 0, 4);
  made.options.studentLogits.set(made.options.teacherLogits.subarray(5, 10), 5);
  return made;
}

function masked(): Input {
  const made = input(4, 5, {
    mask: [true, false, true, true],
    labels: [1, 2, -100, 3],
    rowWeights: [2, 1, 1, 0.5],
  });
  made.options.studentLogits[7] = NaN;
  made.options.teacherLogits[11] = Infinity;
  return made;
}

/** 1e4 apart, at a temperature of their size. */
function extreme(temperature: number, size: number): Input {
  const made = input(3, 5, { temperature }, size);
  return { options: made.options, step: 1e-4 * Math.min(size, temperature) };
}

const INPUTS: Record<string, Input> = {
  'normal logits': input(4, 7, { temperature: 1.7 }),
  'a temperature per row': input(3, 5, { temperature: [0.5, 1, 4] }),
  'T^2 left out': input(3, 5, { temperature: 3, temperatureSquared: false }),
  'masked, ignored and weighted rows': masked(),
  'excluded classes': excluded(),
  'tied logits': tied(),
  'logits of 1e4 at T = 1e4': extreme(1e4, 1e4),
  'logits of 0.01 at T = 0.01': extreme(0.01, 0.01),
  'logits of 1 at T = 1e4': { options: input(3, 5, { temperature: 1e4 }, 1).options, step: 1e-2 },
  'one class': input(3, 1),
  'two classes': input(3, 2),
  'three classes': input(3, 3),
};

/** The gradient by central differences of step h and 2 h, extrapolated: its error is of order h^4. */
function differences(loss: PairLoss, { options, step }: Input): Float64Array {
  const x = options.studentLogits as Float64Array;
  const at = (i: number, h: number): number => {
    const studentLogits = x.slice();
    studentLogits[i] += h;
    return loss({ ...options, studentLogits }).loss;
  };
  return Float64Array.from(x, (_, i) => {
    const near = (at(i, step) - at(i, -step)) / (2 * step);
    const wide = (at(i, 2 * step) - at(i, -2 * step)) / (4 * step);
    return (4 * near - wide) / 3;
  });
}

function expectGradient(loss: PairLoss, made: Input): void {
  const { grad, loss: value } = loss(made.options);
  const wanted = differences(loss, made);
  expect(Number.isFinite(value)).toBe(true);
  const size = Math.max(...wanted.map(Math.abs));
  // What rounding of the loss does to a quotient of differences.
  const noise = (8 * 2 ** -52 * Math.max(Math.abs(value), 1e-300)) / made.step;
  grad.forEach((slope, i) => {
    expect(Math.abs(slope - wanted[i])).toBeLessThanOrEqual(1e-6 * size + noise);
  });
}

/** tvd has no derivative where p = q, and dist none for one class. */
const SMOOTH_AT_TIES = (name: string, inputName: string): boolean =>
  name !== 'tvd' || inputName !== 'tied logits';

const LOSSES = Object.entries({ ...PAIR_LOSSES, ...OTHER_LOSSES, ...BATCH_LOSSES });

describe.each(LOSSES)('the gradient of %s equals central differences', (name, loss) => {
  for (const [inputName, made] of Object.entries(INPUTS)) {
    if (!SMOOTH_AT_TIES(name, inputName)) continue;
    // Standardization needs finite logits.
    if (name.includes('standardized') && /excluded|masked/.test(inputName)) continue;
    // A label on an excluded class, and smoothing over one, are infinite.
    if (name.startsWith('crossEntropy') && inputName === 'excluded classes') continue;
    it(`for ${inputName}, with every reduction`, () => {
      for (const reduction of REDUCTIONS) expectGradient((o) => loss({ ...o, reduction }), made);
    });
  }
});

describe('adaptiveKl', () => {
  it('has the gradient of jeffreys with the share of its gaps', () => {
    for (const classes of [1, 2, 3, 8]) {
      const { options } = input(1, classes, { temperature: 2 });
      const { loss, grad } = adaptiveKl(options);
      const [forward, reverse] = [0, 1].map((reverseWeight) => jeffreys({ ...options, reverseWeight }).loss);
      const share = forward === reverse ? 0 : (loss - forward) / (reverse - forward);
      const wanted = jeffreys({ ...options, reverseWeight: Math.max(0, Math.min(1, share)) });
      grad.forEach((slope, i) => expect(Math.abs(slope - wanted.grad[i])).toBeLessThan(1e-12));
    }
  });
});

describe('excluded labels and smoothing', () => {
  it('have an infinite loss and a finite gradient', () => {
    const { options } = excluded();
    const labelled = OTHER_LOSSES.crossEntropy({ ...options, labels: [1, 2, 3] });
    expect(labelled.loss).toBe(Infinity);
    expect(labelled.grad.every(Number.isFinite)).toBe(true);
  });
});

describe('logits of 1e4 at small temperatures', () => {
  it('give finite losses and gradients whose rows sum to 0', () => {
    for (const temperature of [0.01, 1, 1e4]) {
      const { options } = input(4, 6, { temperature }, 1e4);
      for (const [, loss] of LOSSES) {
        const { loss: value, grad } = loss(options);
        expect(Number.isFinite(value)).toBe(true);
        expect(grad.every(Number.isFinite)).toBe(true);
      }
    }
  });
});

/** What went wrong in other packages: each title names the report. */
import { describe, expect, it } from 'vitest';
import {
  crossEntropy,
  dist,
  dkd,
  forwardKl,
  jsd,
  logSoftmax,
  reverseKl,
  skewKl,
  softCrossEntropy,
  tvd,
} from '../../src/distill/index.js';
import { DIVERGENCES } from '../support/distill.js';

const far = {
  studentLogits: Float32Array.of(8, -6, 3, 0),
  teacherLogits: Float32Array.of(-7, 9, 0, 2),
  classes: 4,
  temperature: 0.05,
};

describe('the log of a softmax (Soup#719, cls_KD#13, mdistiller#60, CTKD#9)', () => {
  it('would be -Infinity where log-softmax is -320', () => {
    expect(logSoftmax({ logits: Float32Array.of(0, -320), classes: 2 })[1]).toBe(-320);
  });

  it('gives finite losses and gradients of float32 logits at T = 0.05, in every divergence', () => {
    for (const loss of Object.values(DIVERGENCES)) {
      const { loss: value, grad } = loss(far);
      expect(Number.isFinite(value)).toBe(true);
      expect(grad.every(Number.isFinite)).toBe(true);
    }
  });
});

describe('log1p of minus a sum for a tail (DistillKit#45)', () => {
  it('loses the tail; ours sums it: the rest of a target of probability 1 - e^-60 keeps its logarithm', () => {
    const loss = dkd({
      studentLogits: Float64Array.of(60, 0, 0),
      teacherLogits: Float64Array.of(0, 0, 0),
      classes: 3,
      labels: [0],
      beta: 0,
    });
    // (1/3) log((1/3) / 1) + (2/3) log((2/3) / (2 e^-60)).
    expect(loss.loss).toBeCloseTo(Math.log(1 / 3) / 3 + (2 / 3) * (Math.log(1 / 3) + 60), 12);
    expect(Math.max(...loss.grad.map(Math.abs))).toBeLessThanOrEqual(1);
  });
});

describe('an unscaled temperature (scenic#706, RIDE#5)', () => {
  it('lets gradients vanish as 1 / T^2; by default they keep their size', () => {
    const { studentLogits, teacherLogits, classes } = far;
    const length = (temperature: number, temperatureSquared: boolean): number =>
      Math.hypot(
        ...forwardKl({ studentLogits, teacherLogits, classes, temperature, temperatureSquared }).grad,
      );
    expect(length(1e4, true) / length(1e3, true)).toBeCloseTo(1, 2);
    expect(length(1e4, false) / length(1e3, false)).toBeCloseTo(0.01, 4);
  });

  it('is the only difference between the two settings', () => {
    for (const loss of Object.values(DIVERGENCES)) {
      const plain = loss({ ...far, temperature: 3, temperatureSquared: false }).loss;
      expect(loss({ ...far, temperature: 3 }).loss).toBeCloseTo(9 * plain, 6);
    }
  });
});

describe('batchmean over tokens, mean over elements (transformers#1181, DeiT#61, DeiT#116, Tf-KD#41)', () => {
  const options = {
    studentLogits: Float64Array.from({ length: 24 }, (_, i) => Math.sin(i)),
    teacherLogits: Float64Array.from({ length: 24 }, (_, i) => Math.cos(i)),
    classes: 4,
  };

  it('are named: rowMean does not grow with the sequence, elementMean is V times smaller', () => {
    const sum = forwardKl({ ...options, reduction: 'sum' }).loss;
    expect(forwardKl(options).loss).toBe(sum * (1 / 6));
    expect(forwardKl({ ...options, reduction: 'elementMean' }).loss).toBe(sum * (1 / 24));
    expect(forwardKl({ ...options, reduction: { denominator: 2 } }).loss).toBe(sum / 2);
  });

  it('divide by the rows that count, not by all (TRL batchmean)', () => {
    const mask = [true, true, false, false, false, false];
    const { loss, rows } = forwardKl({ ...options, mask });
    expect(rows).toBe(2);
    expect(loss).toBe(forwardKl({ ...options, mask, reduction: 'sum' }).loss / 2);
  });
});

describe('cross-entropy sold as KL (DistiLLM, TextBrewer, torchtune)', () => {
  it('is not 0 at equality, and has a name of its own', () => {
    const logits = Float64Array.of(0, 1, 2);
    const same = { studentLogits: logits, teacherLogits: logits, classes: 3 };
    expect(softCrossEntropy(same).loss).toBeGreaterThan(0.8);
    expect(forwardKl(same).loss).toBe(0);
    expect(skewKl(same).loss).toBe(0);
  });
});

describe('a student vocabulary padded with 0 (trl#2215, trl#3028, trl#6252, LMOps#331)', () => {
  it('is refused: a logit of 0 is a class like any other', () => {
    const studentLogits = Float64Array.of(1, 2, 3);
    const teacherLogits = Float64Array.of(1, 2, 3, 0);
    expect(() => forwardKl({ studentLogits, teacherLogits, classes: 3 })).toThrow(
      'forwardKl: "teacherLogits" expected rows of 3 logits, got "4 numbers"',
    );
    expect(() =>
      forwardKl({ studentLogits, teacherLogits: Float64Array.of(1, 2, 3, 0, 0, 0), classes: 3 }),
    ).toThrow('a vocabulary is never padded here');
  });

  it('changes nothing where both are padded with -Infinity', () => {
    const padded = {
      studentLogits: Float64Array.of(1, 2, -Infinity),
      teacherLogits: Float64Array.of(2, 0, -Infinity),
      classes: 3,
    };
    const plain = { studentLogits: Float64Array.of(1, 2), teacherLogits: Float64Array.of(2, 0), classes: 2 };
    const result = forwardKl(padded);
    expect(result.loss).toBe(forwardKl(plain).loss);
    expect([...result.grad]).toEqual([...forwardKl(plain).grad, 0]);
  });
});

describe('a mask that is taken and not used (Liger#974), a batch of ignored rows (TRL, 0 / 0)', () => {
  it('the ignored rows have no part; all of them ignored is a loss of 0 over 0 rows', () => {
    const out = Float32Array.of(7, 7, 7, 7);
    for (const loss of Object.values(DIVERGENCES)) {
      for (const reduction of ['none', 'sum', 'rowMean', 'elementMean'] as const) {
        const result = loss({ ...far, labels: [-100], reduction, out });
        expect(result).toMatchObject({ loss: 0, rows: 0 });
        expect([...result.grad]).toEqual([0, 0, 0, 0]);
        expect(result.grad).toBe(out);
      }
    }
    const { studentLogits, classes } = far;
    expect(crossEntropy({ studentLogits, classes, labels: [-100] })).toMatchObject({ loss: 0, rows: 0 });
    expect(dist({ studentLogits, teacherLogits: studentLogits, classes, mask: [false] }).loss).toBe(0);
  });
});

describe('infinite losses that are hidden (DistiLLM, DSKD, torchtune zero terms where the student is -Infinity)', () => {
  const [open, closed] = [Float64Array.of(0, 0), Float64Array.of(0, -Infinity)];

  it('forward KL is Infinity where the student excludes what the teacher has, reverse KL the other way', () => {
    const studentExcludes = { studentLogits: closed, teacherLogits: open, classes: 2 };
    const teacherExcludes = { studentLogits: open, teacherLogits: closed, classes: 2 };
    expect(forwardKl(studentExcludes).loss).toBe(Infinity);
    expect([...forwardKl(studentExcludes).grad]).toEqual([0.5, -0.5]);
    expect(forwardKl(teacherExcludes).loss).toBeCloseTo(Math.LN2, 15);
    expect(reverseKl(teacherExcludes).loss).toBe(Infinity);
    expect(reverseKl(studentExcludes).loss).toBeCloseTo(Math.LN2, 15);
    expect(reverseKl(teacherExcludes).grad.every(Number.isFinite)).toBe(true);
    const float32 = {
      studentLogits: Float32Array.of(0, -Infinity),
      teacherLogits: Float32Array.of(0, 0),
      classes: 2,
    };
    expect(forwardKl(float32).loss).toBe(Infinity);
    expect([...forwardKl(float32).grad]).toEqual([0.5, -0.5]);
  });

  it('JSD stays finite', () => {
    expect(jsd({ studentLogits: closed, teacherLogits: open, classes: 2 }).loss).toBeCloseTo(0.2157615543, 9);
  });
});

describe('a slope at the optimum (Liger: total variation)', () => {
  it('is 0 where p = q', () => {
    const logits = Float64Array.of(0, 0);
    expect([...tvd({ studentLogits: logits, teacherLogits: logits, classes: 2 }).grad]).toEqual([0, 0]);
  });
});

describe('KL that turns negative (keras#13747, float32 logits equal up to a shift)', () => {
  it('does not: 2,000 rows', () => {
    for (let row = 0; row < 2000; row++) {
      const teacherLogits = Float32Array.from({ length: 50 }, (_, i) => 5 * Math.sin(i * row + i));
      const studentLogits = teacherLogits.map((z) => z + row / 100);
      const { loss } = forwardKl({ studentLogits, teacherLogits, classes: 50 });
      expect(loss).toBeGreaterThanOrEqual(0);
      expect(loss).toBeLessThan(1e-9);
    }
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  alphaDivergence,
  combine,
  crossEntropy,
  dist,
  dkd,
  forwardKl,
  jeffreys,
  jsd,
  logitMse,
  renyiDivergence,
  reverseKl,
  skewKl,
  softCrossEntropy,
  squaredHellinger,
  standardizeLogits,
  tvd,
} from '../../src/distill/index.js';
import type { PairOptions } from '../../src/distill/index.js';
import type { Batch } from '../support/distill.js';
import { DIVERGENCES, PAIR_LOSSES, adaptiveKl, anyBatch, optionsOf } from '../support/distill.js';

const RUNS = { numRuns: 1000 };
const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });
const anyTemperature = fc.double({ min: 0.1, max: 20, noNaN: true });

const holds = (title: string, check: (options: PairOptions, batch: Batch, extra: number) => void): void => {
  it(title, () => {
    fc.assert(
      fc.property(anyBatch(), share, (batch, extra) => check(optionsOf(batch), batch, extra)),
      RUNS,
    );
  });
};

/** By hand: the test runner's own comparison is slower than the losses. */
const close = (a: number, b: number, tolerance = 1e-12): void => {
  const isClose = Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
  if (!isClose) throw new Error(`${a} and ${b} are further apart than ${tolerance}`);
};

const total = (x: ArrayLike<number>): number => Array.from(x).reduce((sum, value) => sum + value, 0);

/** Where classes go in a relabelling. */
const reversedRows = (x: ArrayLike<number>, classes: number): Float64Array<ArrayBuffer> =>
  Float64Array.from(x, (_, i) => x[i - (i % classes) + (classes - 1 - (i % classes))]);

describe.each(Object.entries({ ...DIVERGENCES, adaptiveKl }))('%s', (_name, loss) => {
  holds('is never negative, whatever the logits, in both types', (options, { student, teacher }, extra) => {
    const temperature = 10 ** (8 * extra - 4);
    expect(loss({ ...options, temperature }).loss).toBeGreaterThanOrEqual(0);
    const studentLogits = Float32Array.from(student);
    const teacherLogits = Float32Array.from(teacher);
    expect(loss({ ...options, studentLogits, teacherLogits, temperature }).loss).toBeGreaterThanOrEqual(0);
  });

  holds('is exactly 0 for equal logits, and its gradient too', (options, { teacher }, extra) => {
    const same = { ...options, studentLogits: teacher, temperature: 10 * extra };
    const { loss: value, grad } = loss(same);
    expect(value).toBe(0);
    expect(grad.every((slope) => slope === 0)).toBe(true);
  });

  holds('is positive for other distributions', (options, { student, teacher, classes }) => {
    fc.pre(
      logitMse({ studentLogits: student, teacherLogits: teacher, classes, reduction: 'sum' }).loss > 1e-3,
    );
    const beta = { ...options, labels: Array.from({ length: student.length / classes }, () => 0) };
    // A class of next to no probability may differ without a trace.
    fc.pre(forwardKl(options).loss > 1e-12);
    expect(loss(beta).loss).toBeGreaterThan(0);
  });
});

describe.each(Object.entries(PAIR_LOSSES))('%s, as every loss of logits,', (name, loss) => {
  holds('does not change with a shift of the rows of either side', (options, { student, teacher }, extra) => {
    const shifted = loss({
      ...options,
      studentLogits: student.map((z) => z + 50 * extra),
      teacherLogits: teacher.map((z) => z - 30 * extra),
    });
    const plain = loss(options);
    close(shifted.loss, plain.loss, 1e-10);
    // The sign of q - p, which tvd follows, may change where they tie but for rounding.
    if (name !== 'tvd') plain.grad.forEach((slope, i) => close(shifted.grad[i], slope, 1e-10));
  });

  holds('has gradients whose rows sum to 0', (options, { classes }, extra) => {
    const { grad } = loss({ ...options, temperature: 5 * extra });
    for (let at = 0; at < grad.length; at += classes) {
      const row = grad.slice(at, at + classes);
      expect(Math.abs(total(row))).toBeLessThanOrEqual(
        1e-14 * classes * Math.max(1, total(row.map(Math.abs))),
      );
    }
  });

  holds('follows a relabelling of the classes', (options, { student, teacher, classes }) => {
    const labels = Array.from({ length: student.length / classes }, () => 0);
    const there = loss({ ...options, labels });
    const back = loss({
      ...options,
      studentLogits: reversedRows(student, classes),
      teacherLogits: reversedRows(teacher, classes),
      labels: labels.map(() => classes - 1),
    });
    close(there.loss, back.loss);
    if (name !== 'tvd') reversedRows(back.grad, classes).forEach((slope, i) => close(slope, there.grad[i]));
  });

  holds('does not see masked rows, even of NaN', (options, { student, teacher, classes }) => {
    const rows = student.length / classes;
    const more = (x: Float64Array, bad: number): Float64Array<ArrayBuffer> =>
      Float64Array.of(...new Array<number>(classes).fill(bad), ...x);
    const labels = Array.from({ length: rows }, (_, row) => row % classes);
    const masked = loss({
      ...options,
      studentLogits: more(student, NaN),
      teacherLogits: more(teacher, Infinity),
      mask: [false, ...labels.map(() => true)],
      labels: [0, ...labels],
    });
    const plain = loss({ ...options, labels });
    expect(masked.loss).toBe(plain.loss);
    expect(masked.rows).toBe(rows);
    expect([...masked.grad]).toEqual([...new Array<number>(classes).fill(0), ...plain.grad]);
  });

  holds('adds up over rows, and scales with row weights', (options, { student, teacher, classes }, extra) => {
    const labels = Array.from({ length: student.length / classes }, (_, row) => row % classes);
    const sum = loss({ ...options, labels, reduction: 'sum' });
    const { perRow } = loss({ ...options, labels, reduction: 'none' });
    const singles = labels.map((label, row) => {
      const [at, end] = [row * classes, (row + 1) * classes];
      const one = { studentLogits: student.slice(at, end), teacherLogits: teacher.slice(at, end), classes };
      return loss({ ...one, labels: [label] }).loss;
    });
    close(total(singles), sum.loss);
    expect([...(perRow ?? [])]).toEqual(singles);
    const weighted = loss({ ...options, labels, reduction: 'sum', rowWeights: labels.map(() => extra) });
    close(weighted.loss, extra * sum.loss);
    weighted.grad.forEach((slope, i) => close(slope, extra * sum.grad[i]));
  });

  // The steps of tvd may cross a tie.
  if (name === 'tvd') return;
  holds('falls along its gradient', (options) => {
    const { loss: before, grad } = loss(options);
    const length = total(grad.map((slope) => slope * slope));
    fc.pre(length > 1e-6);
    const studentLogits = options.studentLogits.map((z, i) => z - 1e-3 * grad[i]);
    expect(loss({ ...options, studentLogits }).loss).toBeLessThan(before);
  });
});

describe('bounds', () => {
  holds(
    'JSD is at most the entropy of its shares, symmetric, and a metric squared',
    (options, batch, beta) => {
      const swapped = { ...options, studentLogits: batch.teacher, teacherLogits: batch.student };
      const value = jsd({ ...options, beta }).loss;
      expect(value).toBeLessThanOrEqual(-beta * Math.log(beta) - (1 - beta) * Math.log(1 - beta) + 1e-15);
      close(jsd({ ...swapped, beta: 1 - beta }).loss, value);
      expect(jsd(options).loss).toBeLessThanOrEqual(Math.LN2);
      close(jsd(swapped).loss, jsd(options).loss);
    },
  );

  holds('Pinsker: 2 TVD^2 <= KL', ({ ...options }) => {
    const perRow = { ...options, reduction: 'none' as const };
    const kl = forwardKl(perRow).perRow ?? [];
    tvd(perRow).perRow?.forEach((distance, row) => {
      expect(2 * distance * distance).toBeLessThanOrEqual(kl[row] + 1e-15);
    });
  });

  holds('H^2 <= TVD <= sqrt(2) H', (options) => {
    const perRow = { ...options, reduction: 'none' as const };
    const squares = squaredHellinger(perRow).perRow ?? [];
    tvd(perRow).perRow?.forEach((distance, row) => {
      expect(squares[row]).toBeLessThanOrEqual(distance + 1e-15);
      expect(distance).toBeLessThanOrEqual(Math.sqrt(2 * squares[row]) + 1e-15);
    });
  });

  holds('skew KL is at most -log alpha, both ways', (options, _batch, alpha) => {
    for (const direction of ['forward', 'reverse'] as const) {
      expect(skewKl({ ...options, alpha, direction }).loss).toBeLessThanOrEqual(-Math.log(alpha) + 1e-15);
    }
  });

  holds('TVD, H^2 and both parts of DIST keep to their ranges', (options) => {
    const { studentLogits, teacherLogits, classes } = options;
    expect(tvd(options).loss).toBeLessThanOrEqual(1 + 1e-15);
    expect(squaredHellinger(options).loss).toBeLessThanOrEqual(1 + 1e-15);
    for (const [interWeight, intraWeight] of [
      [1, 0],
      [0, 1],
    ]) {
      const value = dist({ studentLogits, teacherLogits, classes, interWeight, intraWeight }).loss;
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(2);
    }
  });

  holds('no row of the gradient of KL is longer than 2 T', (options, _batch, extra) => {
    const temperature = 20 * extra;
    const { grad } = forwardKl({ ...options, temperature, reduction: 'sum' });
    for (let at = 0; at < grad.length; at += options.classes) {
      const row = grad.slice(at, at + options.classes);
      expect(total(row.map(Math.abs))).toBeLessThanOrEqual(2 * temperature * (1 + 1e-15));
    }
  });

  it('are reached where supports are disjoint', () => {
    const options = {
      studentLogits: Float64Array.of(0, -Infinity),
      teacherLogits: Float64Array.of(-Infinity, 0),
      classes: 2,
    };
    close(jsd(options).loss, Math.LN2);
    close(skewKl({ ...options, alpha: 0.2 }).loss, Math.log(5));
    expect(tvd(options).loss).toBe(1);
    expect(squaredHellinger(options).loss).toBe(1);
  });
});

describe('identities', () => {
  holds('KL = TCKD + (1 - p_t) NCKD', (options, { student, classes, teacher }) => {
    const rows = student.length / classes;
    const labels = Array.from({ length: rows }, (_, row) => row % classes);
    const each = { ...options, labels, reduction: 'none' as const };
    const target = dkd({ ...each, alpha: 1, beta: 0 }).perRow ?? [];
    const others = dkd({ ...each, alpha: 0, beta: 1 }).perRow ?? [];
    const kl = forwardKl({ ...options, reduction: 'none' }).perRow ?? [];
    const hard = crossEntropy({ studentLogits: teacher, labels, classes, reduction: 'none' }).perRow ?? [];
    for (let row = 0; row < rows; row++) {
      close(target[row] - Math.expm1(-hard[row]) * others[row], kl[row]);
      if (classes === 2) expect(others[row]).toBe(0);
    }
  });

  holds('cross-entropy is KL plus the entropy of the teacher, with one gradient', (options, { teacher }) => {
    const soft = softCrossEntropy(options);
    const entropy = softCrossEntropy({ ...options, studentLogits: teacher }).loss;
    const kl = forwardKl(options);
    close(soft.loss, kl.loss + entropy);
    soft.grad.forEach((slope, i) => close(slope, kl.grad[i]));
  });

  holds('the ends of every family are the two KL divergences', (given, { student, teacher }) => {
    // The way to a limit is as long as the largest quotient of probabilities: a distance of 1e-7 from it needs logits that are not far apart.
    const largest = Math.max(...student.map(Math.abs), ...teacher.map(Math.abs));
    const calm = (logits: Float64Array): Float64Array<ArrayBuffer> =>
      Float64Array.from(logits, (z) => z * Math.min(1, 2 / largest));
    const options = { ...given, studentLogits: calm(student), teacherLogits: calm(teacher), temperature: 1 };
    const [forward, reverse] = [forwardKl(options).loss, reverseKl(options).loss];
    expect(jsd({ ...options, beta: 0 }).loss).toBe(forward);
    expect(jsd({ ...options, beta: 1 }).loss).toBe(reverse);
    close(jsd({ ...options, beta: 1e-7 }).loss / 1e-7, forward, 1e-3);
    close(jsd({ ...options, beta: 1 - 1e-7 }).loss / 1e-7, reverse, 1e-3);
    close(alphaDivergence({ ...options, alpha: 1 - 1e-7 }).loss, forward, 1e-3);
    close(alphaDivergence({ ...options, alpha: 1e-7 }).loss, reverse, 1e-3);
    close(renyiDivergence({ ...options, alpha: 1 - 1e-7 }).loss, forward, 1e-3);
    close(skewKl({ ...options, alpha: 1e-9 }).loss, forward, 1e-3);
    expect(skewKl({ ...options, alpha: 1 }).loss).toBe(0);
    close(jeffreys(options).loss, (forward + reverse) / 2);
  });

  holds(
    'H^2 is a quarter of the alpha divergence at 1/2, and Renyi does not fall',
    (options, _batch, alpha) => {
      close(squaredHellinger(options).loss, alphaDivergence(options).loss / 4);
      const low = renyiDivergence({ ...options, alpha: alpha / 2 }).loss;
      expect(low).toBeLessThanOrEqual(renyiDivergence({ ...options, alpha }).loss + 1e-12);
    },
  );

  holds(
    'swapped models give the gradient by the teacher: divergences of one pair agree',
    (options, batch) => {
      const swapped = { ...options, studentLogits: batch.teacher, teacherLogits: batch.student };
      close(forwardKl(options).loss, reverseKl(swapped).loss);
      close(tvd(options).loss, tvd(swapped).loss);
    },
  );

  holds(
    'label smoothing mixes hard labels with a uniform teacher',
    (options, { student, classes }, labelSmoothing) => {
      const labels = Array.from({ length: student.length / classes }, () => 1);
      const base = { studentLogits: student, classes, labels };
      const hard = crossEntropy(base);
      const uniform = softCrossEntropy({ ...options, teacherLogits: new Float64Array(student.length) });
      const mixed = combine([
        { loss: hard, weight: 1 - labelSmoothing },
        { loss: uniform, weight: labelSmoothing },
      ]);
      const smooth = crossEntropy({ ...base, labelSmoothing });
      close(smooth.loss, mixed.loss);
      smooth.grad.forEach((slope, i) => close(slope, mixed.grad[i]));
    },
  );

  it('T^2 KL goes to half the mean squared difference of centred logits, with an error of order 1 / T', () => {
    fc.assert(
      fc.property(anyBatch(), (batch) => {
        const options = optionsOf(batch);
        const limit = logitMse(options).loss / 2;
        const error = (temperature: number): number =>
          Math.abs(forwardKl({ ...options, temperature }).loss - limit);
        // Third cumulants of differences within 12 over T: at most 12^3.
        for (const temperature of [1e2, 1e4, 1e6]) {
          expect(error(temperature)).toBeLessThanOrEqual((12 * 12 * 12) / temperature + 1e-9);
        }
      }),
      RUNS,
    );
  });

  it('standardized logits do not change with a positive scale and a shift', () => {
    fc.assert(
      fc.property(anyBatch(), anyTemperature, ({ student, classes }, scale) => {
        const { logits } = standardizeLogits({ logits: student, classes });
        const again = standardizeLogits({ logits: student.map((z) => scale * z + 3), classes }).logits;
        for (let at = 0; at < student.length; at += classes) {
          const row = student.slice(at, at + classes);
          if (Math.max(...row) - Math.min(...row) < 0.5) continue;
          row.forEach((_, i) => close(again[at + i], logits[at + i], 1e-4));
        }
      }),
      RUNS,
    );
  });
});

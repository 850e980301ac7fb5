/** The losses of the room `distill` by name, and what their tests share. */
import fc from 'fast-check';
import {
  adaptiveKl,
  alphaDivergence,
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
import type { DistillLoss, PairOptions } from '../../src/distill/index.js';

export type PairLoss = (options: PairOptions) => DistillLoss;

/** Every loss of two rows of logits that is 0 at equality. */
export const DIVERGENCES: Readonly<Record<string, PairLoss>> = {
  forwardKl,
  reverseKl,
  'jeffreys 0.3': (o) => jeffreys({ ...o, reverseWeight: 0.3 }),
  'jsd 0.1': (o) => jsd({ ...o, beta: 0.1 }),
  'jsd 0.5': (o) => jsd({ ...o, beta: 0.5 }),
  'jsd 0.9': (o) => jsd({ ...o, beta: 0.9 }),
  'skewKl forward': (o) => skewKl({ ...o, alpha: 0.1 }),
  'skewKl reverse': (o) => skewKl({ ...o, alpha: 0.1, direction: 'reverse' }),
  tvd,
  'alphaDivergence 0.3': (o) => alphaDivergence({ ...o, alpha: 0.3 }),
  'renyiDivergence 0.7': (o) => renyiDivergence({ ...o, alpha: 0.7 }),
  squaredHellinger,
  dkd: (o) => dkd({ beta: 2, ...o, labels: labelsFor(o) }),
};

/** Losses of two rows of logits. */
export const PAIR_LOSSES: Readonly<Record<string, PairLoss>> = { ...DIVERGENCES, softCrossEntropy };

/** The rest, behind one signature. */
export const OTHER_LOSSES: Readonly<Record<string, PairLoss>> = {
  crossEntropy: ({ teacherLogits: _teacher, temperature: _t, temperatureSquared: _s, ...o }) =>
    crossEntropy({ ...o, labels: labelsFor(o) }),
  'crossEntropy, smoothed': ({ teacherLogits: _teacher, temperature: _t, temperatureSquared: _s, ...o }) =>
    crossEntropy({ ...o, labels: labelsFor(o), labelSmoothing: 0.1 }),
  logitMse: ({ temperature: _t, temperatureSquared: _s, ...o }) => logitMse(o),
  'logitMse, not centred': ({ temperature: _t, temperatureSquared: _s, ...o }) =>
    logitMse({ ...o, center: false }),
  'forwardKl, standardized': (o) => {
    const student = standardizeLogits({ logits: o.studentLogits, classes: o.classes });
    const teacher = standardizeLogits({ logits: o.teacherLogits, classes: o.classes });
    const result = forwardKl({ ...o, studentLogits: student.logits, teacherLogits: teacher.logits });
    return { ...result, grad: student.backward(result.grad) };
  },
};

export const BATCH_LOSSES: Readonly<Record<string, PairLoss>> = {
  dist: ({ rowWeights: _w, reduction: _r, temperature, ...o }) =>
    dist(typeof temperature === 'number' ? { ...o, temperature } : o),
};

export { adaptiveKl };

/** Labels for tests that do not say them: row modulo classes. */
function labelsFor({
  studentLogits,
  classes,
  labels,
}: Pick<PairOptions, 'studentLogits' | 'classes' | 'labels'>) {
  const rows = studentLogits.length / classes;
  return labels ?? Array.from({ length: Number.isSafeInteger(rows) ? rows : 0 }, (_, row) => row % classes);
}

export interface Batch {
  readonly rows: number;
  readonly classes: number;
  readonly student: Float64Array<ArrayBuffer>;
  readonly teacher: Float64Array<ArrayBuffer>;
}

/** Two batches of logits within +- `size`. */
export const anyBatch = (size = 6, minClasses = 2): fc.Arbitrary<Batch> =>
  fc
    .record({ rows: fc.integer({ min: 1, max: 2 }), classes: fc.integer({ min: minClasses, max: 7 }) })
    .chain(({ rows, classes }) => {
      const logits = fc
        .array(fc.double({ min: -size, max: size, noNaN: true }), {
          minLength: rows * classes,
          maxLength: rows * classes,
        })
        .map((values) => Float64Array.from(values));
      return fc.record({
        rows: fc.constant(rows),
        classes: fc.constant(classes),
        student: logits,
        teacher: logits,
      });
    });

/** The options of a batch. */
export const optionsOf = ({ student, teacher, classes }: Batch): PairOptions => ({
  studentLogits: student,
  teacherLogits: teacher,
  classes,
});

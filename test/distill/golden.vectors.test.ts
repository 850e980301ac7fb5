import { describe, expect, it } from 'vitest';
import { crossEntropy, forwardKl, jsd, reverseKl } from '../../src/distill/index.js';
import type { DistillLoss, PairOptions } from '../../src/distill/index.js';
import { readGolden } from '../support/golden.js';

const golden = readGolden('torch-distill.safetensors');
const array = (name: string): Float64Array => {
  const entry = golden.get(`distill/${name}`);
  if (entry === undefined) throw new Error(`no ${name}`);
  return entry.data as Float64Array;
};

const CLASSES = 11;
const labels = [...array('labels')];

const CASES: [name: string, (o: PairOptions) => DistillLoss][] = [];
for (const T of ['0.5', '1.0', '2.0', '4.0', '20.0']) {
  const temperature = Number(T);
  CASES.push([`forward_kl/T=${T}`, (o) => forwardKl({ ...o, temperature })]);
  CASES.push([`reverse_kl/T=${T}`, (o) => reverseKl({ ...o, temperature })]);
  for (const beta of [0.1, 0.5, 0.9]) {
    const name = `jsd/beta=${beta}/T=${T}`;
    // TRL and Liger leave T^2 out.
    CASES.push([name, (o) => jsd({ ...o, temperature, beta, temperatureSquared: false })]);
  }
}
CASES.push([
  'cross_entropy',
  ({ studentLogits, classes }) => crossEntropy({ studentLogits, classes, labels }),
]);
CASES.push([
  'cross_entropy_ls0.1',
  ({ studentLogits, classes }) => crossEntropy({ studentLogits, classes, labels, labelSmoothing: 0.1 }),
]);

const far = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let worst = 0;
  for (let i = 0; i < b.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
  return worst;
};

describe.each(CASES)('%s of torch 2.13.0', (name, loss) => {
  const [student, teacher] = [array('student'), array('teacher')];

  it('comes out to 1e-12 in float64, gradient and all', () => {
    const result = loss({ studentLogits: student, teacherLogits: teacher, classes: CLASSES });
    const wanted = array(`${name}/loss`)[0];
    expect(Math.abs(result.loss - wanted)).toBeLessThanOrEqual(1e-12 * Math.max(1, wanted));
    expect(far(result.grad, array(`${name}/grad`))).toBeLessThanOrEqual(1e-12);
  });

  it('comes out to 1e-5 in float32', () => {
    const [studentLogits, teacherLogits] = [Float32Array.from(student), Float32Array.from(teacher)];
    const result = loss({ studentLogits, teacherLogits, classes: CLASSES });
    const wanted = array(`${name}/loss`)[0];
    expect(result.grad).toBeInstanceOf(Float32Array);
    expect(Math.abs(result.loss - wanted)).toBeLessThanOrEqual(1e-5 * Math.max(1, wanted));
    expect(far(result.grad, array(`${name}/grad`))).toBeLessThanOrEqual(1e-5);
  });
});

/** The definition of distill/types.ts, as it reads. */
import { excessSeriesFloat32, exponentialFloat32 } from '../../core/elementary.js';
import type { DistillKernels, PairRule } from './types.js';

const f = Math.fround;

export const referenceDistill: DistillKernels = {
  name: 'reference',

  largest: (x, begin, count) => Math.max(...x.subarray(begin, begin + count)),

  exponentials(out, x, begin, count, shift, scale, totals) {
    x.slice(begin, begin + count).forEach((value, j) => {
      const result = exponentialFloat32(f(f(value - shift) * scale));
      if (out !== null) out[begin + j] = result;
      totals[j % 4] += result;
    });
  },

  multiply(x, begin, count, factor) {
    for (let i = begin; i < begin + count; i++) x[i] = f(x[i] * factor);
  },

  logSoftmax(out, x, begin, count, shift, scale, logSum) {
    for (let i = begin; i < begin + count; i++) out[i] = f(f(f(x[i] - shift) * scale) - logSum);
  },

  backward(out, q, g, begin, count, total, factor) {
    for (let i = begin; i < begin + count; i++) out[i] = f(f(g[i] - f(q[i] * total)) * factor);
  },

  forwardKl(gradient, student, teacher, begin, count, rule, totals) {
    for (let j = 0; j < count; j++) {
      const [term, slope] = oneClass(student[begin + j], teacher[begin + j], gradient[begin + j], rule);
      totals[j % 4] += term;
      gradient[begin + j] = f(slope * rule.factor);
    }
  },
};

function oneClass(s: number, t: number, weight: number, rule: PairRule): [term: number, slope: number] {
  const us = f(f(s - rule.studentMax) * rule.scale);
  const ut = f(f(t - rule.teacherMax) * rule.scale);
  const d = f(f(us - ut) - rule.logDifference);
  const p = f(weight * rule.teacherShare);
  const q = exponentialFloat32(f(us - rule.studentLog));
  if (Math.abs(d) < 0.5) {
    const excess = f(f(d * d) * excessSeriesFloat32(d));
    return [f(p * excess), f(p * f(d + excess))];
  }
  const difference = f(q - p);
  return [f(difference - (p === 0 ? 0 : f(p * d))), difference];
}

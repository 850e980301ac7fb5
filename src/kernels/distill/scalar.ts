/** Softmax and divergences in plain TypeScript: four sums in registers. */
import type { F32 } from '../../core/arrays.js';
import { excessSeriesFloat32, exponentialFloat32 } from '../../core/elementary.js';
import type { DistillKernels, PairRule } from './types.js';

const f = Math.fround;

export const scalarDistill: DistillKernels = {
  name: 'scalar',

  largest(x, begin, count) {
    let most = -Infinity;
    for (let i = begin; i < begin + count; i++) {
      const value = x[i];
      if (value > most) most = value;
      else if (value !== value) return NaN;
    }
    return most;
  },

  exponentials(out, x, begin, count, shift, scale, totals) {
    const end = begin + count;
    for (let lane = 0; lane < 4; lane++) {
      let total = totals[lane];
      for (let i = begin + lane; i < end; i += 4) {
        const result = exponentialFloat32(f(f(x[i] - shift) * scale));
        if (out !== null) out[i] = result;
        total += result;
      }
      totals[lane] = total;
    }
  },

  multiply(x, begin, count, factor) {
    for (let i = begin; i < begin + count; i++) x[i] *= factor;
  },

  logSoftmax(out, x, begin, count, shift, scale, logSum) {
    for (let i = begin; i < begin + count; i++) out[i] = f(f(x[i] - shift) * scale) - logSum;
  },

  backward(out, q, g, begin, count, total, factor) {
    for (let i = begin; i < begin + count; i++) out[i] = f(g[i] - f(q[i] * total)) * factor;
  },

  forwardKl(gradient, student, teacher, begin, count, rule, totals) {
    for (let lane = 0; lane < 4; lane++) {
      totals[lane] = klLane(totals[lane], gradient, student, teacher, begin + lane, begin + count, rule);
    }
  },
};

/** Every fourth element from `begin` on, added to `total`. */
function klLane(
  total: number,
  gradient: F32,
  student: F32,
  teacher: F32,
  begin: number,
  end: number,
  { scale, studentMax, studentLog, teacherMax, teacherShare, logDifference, factor }: PairRule,
): number {
  for (let i = begin; i < end; i += 4) {
    const us = f(f(student[i] - studentMax) * scale);
    const ut = f(f(teacher[i] - teacherMax) * scale);
    const d = f(f(us - ut) - logDifference);
    const p = f(gradient[i] * teacherShare);
    if (d > -0.5 && d < 0.5) {
      const excess = f(f(d * d) * excessSeriesFloat32(d));
      total += f(p * excess);
      gradient[i] = f(p * f(d + excess)) * factor;
    } else {
      const difference = f(exponentialFloat32(f(us - studentLog)) - p);
      total += f(difference - (p === 0 ? 0 : f(p * d)));
      gradient[i] = difference * factor;
    }
  }
  return total;
}

/** Forward KL and its gradient, four classes at a time; both forms are computed and one chosen, for branches would cost more. */
import {
  copyWords,
  excessSeries4,
  exp4,
  firstLanes,
  isNormal,
  magnitude2,
  normalExp4,
  promoteHigh,
} from './math';

const studentTail = memory.data(16, 16);
const teacherTail = memory.data(16, 16);
const gradientTail = memory.data(16, 16);

export function forwardKl(
  gradient: usize,
  student: usize,
  teacher: usize,
  count: usize,
  scale: f32,
  studentMax: f32,
  studentLog: f32,
  teacherMax: f32,
  teacherShare: f32,
  logDifference: f32,
  factor: f32,
  totals: usize,
): void {
  const by = f32x4.splat(scale);
  const sm = f32x4.splat(studentMax);
  const sl = f32x4.splat(studentLog);
  const tm = f32x4.splat(teacherMax);
  const ts = f32x4.splat(teacherShare);
  const ld = f32x4.splat(logDifference);
  const gain = f32x4.splat(factor);
  let low = v128.load(totals);
  let high = v128.load(totals, 16);
  const bytes = (count & ~3) << 2;
  const pairs = (count & ~7) << 2;
  let i: usize = 0;
  for (; i < pairs; i += 32) {
    const ua = unit(v128.load(student + i), sm, by);
    const ub = unit(v128.load(student + i, 16), sm, by);
    let qa = f32x4.sub(ua, sl);
    let qb = f32x4.sub(ub, sl);
    if (isNormal(magnitude2(qa, qb))) {
      qa = normalExp4(qa);
      qb = normalExp4(qb);
    } else {
      qa = exp4(qa);
      qb = exp4(qb);
    }
    const a = four(gradient + i, ua, unit(v128.load(teacher + i), tm, by), qa, ts, ld, gain);
    const b = four(gradient + i + 16, ub, unit(v128.load(teacher + i, 16), tm, by), qb, ts, ld, gain);
    low = f64x2.add(low, f64x2.promote_low_f32x4(a));
    high = f64x2.add(high, promoteHigh(a));
    low = f64x2.add(low, f64x2.promote_low_f32x4(b));
    high = f64x2.add(high, promoteHigh(b));
  }
  if (i < bytes) {
    const us = unit(v128.load(student + i), sm, by);
    const ut = unit(v128.load(teacher + i), tm, by);
    const term = four(gradient + i, us, ut, exp4(f32x4.sub(us, sl)), ts, ld, gain);
    low = f64x2.add(low, f64x2.promote_low_f32x4(term));
    high = f64x2.add(high, promoteHigh(term));
  }
  const left = count & 3;
  if (left != 0) {
    copyWords(studentTail, student + bytes, left);
    copyWords(teacherTail, teacher + bytes, left);
    copyWords(gradientTail, gradient + bytes, left);
    const us = unit(v128.load(studentTail), sm, by);
    const ut = unit(v128.load(teacherTail), tm, by);
    const all = four(gradientTail, us, ut, exp4(f32x4.sub(us, sl)), ts, ld, gain);
    const term = v128.and(all, firstLanes(left));
    copyWords(gradient + bytes, gradientTail, left);
    low = f64x2.add(low, f64x2.promote_low_f32x4(term));
    high = f64x2.add(high, promoteHigh(term));
  }
  v128.store(totals, low);
  v128.store(totals, high, 16);
}

/** Logits less the row's largest, over the temperature. */
// @ts-ignore: decorator
@inline
function unit(x: v128, most: v128, by: v128): v128 {
  return f32x4.mul(f32x4.sub(x, most), by);
}

/** The terms; the gradients replace the teacher's exponentials at `out`. `us` and `ut` are units, q the student's probabilities. */
// @ts-ignore: decorator
@inline
function four(out: usize, us: v128, ut: v128, q: v128, ts: v128, ld: v128, gain: v128): v128 {
  const d = f32x4.sub(f32x4.sub(us, ut), ld);
  const p = f32x4.mul(v128.load(out), ts);
  const isNear = f32x4.lt(f32x4.abs(d), f32x4.splat(0.5));
  const excess = f32x4.mul(f32x4.mul(d, d), excessSeries4(d));
  const difference = f32x4.sub(q, p);
  const slope = v128.bitselect(f32x4.mul(p, f32x4.add(d, excess)), difference, isNear);
  v128.store(out, f32x4.mul(slope, gain));
  // p * d, and 0 where p is 0.
  const product = v128.andnot(f32x4.mul(p, d), f32x4.eq(p, f32x4.splat(0)));
  return v128.bitselect(f32x4.mul(p, excess), f32x4.sub(difference, product), isNear);
}

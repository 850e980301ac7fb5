/** Sums over pairs in plain TypeScript: the four partial sums of each kind in variables. */
import type { F32 } from '../../core/arrays.js';
import type { ErrorSums } from '../types.js';

export function errorSums(a: F32, b: F32): ErrorSums {
  let e0 = 0,
    e1 = 0,
    e2 = 0,
    e3 = 0;
  let a0 = 0,
    a1 = 0,
    a2 = 0,
    a3 = 0;
  let b0 = 0,
    b1 = 0,
    b2 = 0,
    b3 = 0;
  let p0 = 0,
    p1 = 0,
    p2 = 0,
    p3 = 0;
  let maxAbs = 0;
  // A position past the end counts as the pair (+0, +0), which changes no sum: a partial sum is never -0.
  const count = a.length;
  for (let i = 0; i < count; i += 4) {
    const x0 = a[i];
    const x1 = i + 1 < count ? a[i + 1] : 0;
    const x2 = i + 2 < count ? a[i + 2] : 0;
    const x3 = i + 3 < count ? a[i + 3] : 0;
    const y0 = b[i];
    const y1 = i + 1 < count ? b[i + 1] : 0;
    const y2 = i + 2 < count ? b[i + 2] : 0;
    const y3 = i + 3 < count ? b[i + 3] : 0;
    const d0 = Math.abs(x0 - y0);
    const d1 = Math.abs(x1 - y1);
    const d2 = Math.abs(x2 - y2);
    const d3 = Math.abs(x3 - y3);
    if (d0 > maxAbs) maxAbs = d0;
    if (d1 > maxAbs) maxAbs = d1;
    if (d2 > maxAbs) maxAbs = d2;
    if (d3 > maxAbs) maxAbs = d3;
    e0 += d0 * d0;
    e1 += d1 * d1;
    e2 += d2 * d2;
    e3 += d3 * d3;
    a0 += x0 * x0;
    a1 += x1 * x1;
    a2 += x2 * x2;
    a3 += x3 * x3;
    b0 += y0 * y0;
    b1 += y1 * y1;
    b2 += y2 * y2;
    b3 += y3 * y3;
    p0 += x0 * y0;
    p1 += x1 * y1;
    p2 += x2 * y2;
    p3 += x3 * y3;
  }
  const sumSquaredError = e0 + e2 + (e1 + e3);
  return {
    // Squares are never negative, so their sum is NaN exactly when a difference is.
    maxAbs: Number.isNaN(sumSquaredError) ? NaN : maxAbs,
    sumSquaredError,
    sumSquaredA: a0 + a2 + (a1 + a3),
    sumSquaredB: b0 + b2 + (b1 + b3),
    dot: p0 + p2 + (p1 + p3),
  };
}

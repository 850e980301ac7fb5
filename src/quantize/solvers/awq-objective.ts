/** What errors of a layer's weights cost: e H e^T for every line, with H as it is, undamped. */
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import type { Lines } from './gptq-lines.js';

/** Lines that share one pass over H, which is larger than any cache. */
export const LINES_AT_ONCE = 4;

/** H: a symmetric matrix, or its diagonal alone. */
export interface Curvature {
  readonly n: number;
  readonly full: FloatArray | null;
  readonly diagonal: F64;
}

/** w - inputScale * v of up to four lines from `first` on, line i at i * n. */
export function readErrors(
  e: F64,
  w: F32,
  v: F32,
  inputScale: F32,
  { n, stride, starts }: Lines,
  first: number,
): number {
  const count = Math.min(LINES_AT_ONCE, starts.length - first);
  for (let i = 0; i < count; i++) {
    for (let c = 0, at = starts[first + i]; c < n; c++, at += stride)
      e[i * n + c] = w[at] - inputScale[c] * v[at];
  }
  return count;
}

/**
 * Sum over all lines of e H e^T with e = w - inputScale * v, 0 where rounding makes it less; given up, and then some number above it, once it exceeds `limit`.
 * Cost: n^2 / 2 multiplications per line.
 */
export function lossOf(
  w: F32,
  v: F32,
  inputScale: F32,
  lines: Lines,
  curvature: Curvature,
  limit: number,
): number {
  return Math.max(0, addLosses(0, w, v, inputScale, lines, curvature, limit));
}

/** `loss` and the sum over all lines, as rounding makes it: for tensors that are seen in parts. */
export function addLosses(
  loss: number,
  w: F32,
  v: F32,
  inputScale: F32,
  lines: Lines,
  curvature: Curvature,
  limit: number,
): number {
  const e = new Float64Array(LINES_AT_ONCE * lines.n);
  let sum = loss;
  for (let first = 0; first < lines.starts.length && sum <= limit; first += LINES_AT_ONCE) {
    const count = readErrors(e, w, v, inputScale, lines, first);
    e.fill(0, count * lines.n);
    sum +=
      curvature.full === null ? diagonalLoss(e, curvature.diagonal) : fullLoss(e, curvature.full, lines.n);
  }
  return sum;
}

function diagonalLoss(e: F64, diagonal: F64): number {
  let loss = 0;
  for (let i = 0; i < e.length; i++) loss += diagonal[i % diagonal.length] * e[i] * e[i];
  return loss;
}

/** Sum over four lines of e[k] (H[k, k] e[k] + 2 sum over j < k of H[k, j] e[j]). */
function fullLoss(e: F64, h: FloatArray, n: number): number {
  let loss = 0;
  for (let k = 0; k < n; k++) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = 0, at = k * n; j < k; j++) {
      const u = h[at + j];
      s0 += u * e[j];
      s1 += u * e[n + j];
      s2 += u * e[2 * n + j];
      s3 += u * e[3 * n + j];
    }
    const [a, b, c, d] = [e[k], e[n + k], e[2 * n + k], e[3 * n + k]];
    loss += 2 * (a * s0 + b * s1 + c * s2 + d * s3) + h[k * n + k] * (a * a + b * b + c * c + d * d);
  }
  return loss;
}

/** gradient = H e of four lines. */
export function gradients(gradient: F64, e: F64, { full: h, diagonal, n }: Curvature): void {
  if (h === null) {
    for (let i = 0; i < e.length; i++) gradient[i] = diagonal[i % n] * e[i];
    return;
  }
  for (let k = 0; k < n; k++) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = 0, at = k * n; j < n; j++) {
      const u = h[at + j];
      s0 += u * e[j];
      s1 += u * e[n + j];
      s2 += u * e[2 * n + j];
      s3 += u * e[3 * n + j];
    }
    gradient[k] = s0;
    gradient[n + k] = s1;
    gradient[2 * n + k] = s2;
    gradient[3 * n + k] = s3;
  }
}

/** By how much the loss of a line changes when the errors in places begin .. begin + d.length change by d. */
export function changeOf(d: F64, gradient: F64, begin: number, { full: h, diagonal, n }: Curvature): number {
  let change = 0;
  for (let k = 0; k < d.length; k++) {
    if (d[k] === 0) continue;
    let inner = 0;
    if (h !== null) for (let j = 0, at = (begin + k) * n + begin; j < k; j++) inner += h[at + j] * d[j];
    change += d[k] * (2 * (gradient[begin + k] + inner) + diagonal[begin + k] * d[k]);
  }
  return change;
}

/** Makes the change: adds H d to the line's gradient. */
export function addChange(gradient: F64, d: F64, begin: number, { full: h, diagonal, n }: Curvature): void {
  for (let k = 0; k < d.length; k++) {
    if (d[k] === 0) continue;
    if (h === null) gradient[begin + k] += diagonal[begin + k] * d[k];
    else for (let j = 0, at = (begin + k) * n; j < n; j++) gradient[j] += h[at + j] * d[k];
  }
}

/** Steps of orthogonal factorizations in plain TypeScript. */
import type { F64 } from '../../core/arrays.js';
import { SHRUNK, tangent } from './reference.js';
import type { SvdKernels } from './types.js';

/** Eight partial sums in variables: as types.ts numbers them. */
function dot(x: F64, p: number, y: F64, q: number, length: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  const whole = length - (length % 8);
  for (let k = 0; k < whole; k += 8) {
    s0 += x[p + k] * y[q + k];
    s1 += x[p + k + 1] * y[q + k + 1];
    s2 += x[p + k + 2] * y[q + k + 2];
    s3 += x[p + k + 3] * y[q + k + 3];
    s4 += x[p + k + 4] * y[q + k + 4];
    s5 += x[p + k + 5] * y[q + k + 5];
    s6 += x[p + k + 6] * y[q + k + 6];
    s7 += x[p + k + 7] * y[q + k + 7];
  }
  const i = p + whole;
  const j = q + whole;
  const rest = length - whole;
  if (rest > 0) s0 += x[i] * y[j];
  if (rest > 1) s1 += x[i + 1] * y[j + 1];
  if (rest > 2) s2 += x[i + 2] * y[j + 2];
  if (rest > 3) s3 += x[i + 3] * y[j + 3];
  if (rest > 4) s4 += x[i + 4] * y[j + 4];
  if (rest > 5) s5 += x[i + 5] * y[j + 5];
  if (rest > 6) s6 += x[i + 6] * y[j + 6];
  return s0 + s4 + (s2 + s6) + (s1 + s5 + (s3 + s7));
}

/** u, v = c u - s v, s u + c v, over two stretches of x. */
function turn(x: F64, u: number, v: number, length: number, c: number, s: number): void {
  for (let k = 0; k < length; k++) {
    const a = x[u + k];
    const b = x[v + k];
    x[u + k] = c * a - s * b;
    x[v + k] = s * a + c * b;
  }
}

/** As `turn`, with the results in each other's place. */
function turnAndSwap(x: F64, u: number, v: number, length: number, c: number, s: number): void {
  for (let k = 0; k < length; k++) {
    const a = x[u + k];
    const b = x[v + k];
    x[v + k] = c * a - s * b;
    x[u + k] = s * a + c * b;
  }
}

export const scalarSvd: SvdKernels = {
  name: 'scalar',

  dot,

  reflect(x, begin, stride, columns, v, at, length, tau) {
    for (let j = 0; j < columns; j++) {
      const column = begin + j * stride;
      const w = tau * dot(v, at, x, column, length);
      for (let k = 0; k < length; k++) x[column + k] -= w * v[at + k];
    }
  },

  rotate(x, squares, { firstP, endP, firstQ, endQ, stride, dotLength, length, tolerance }) {
    let rotations = 0;
    for (let p = firstP; p < endP; p++) {
      const atP = p * stride;
      for (let q = Math.max(firstQ, p + 1); q < endQ; q++) {
        const a = squares[p];
        const b = squares[q];
        if (a === 0 || b === 0) continue;
        const atQ = q * stride;
        const g = dot(x, atP, x, atQ, dotLength);
        if (Math.abs(g) <= tolerance * (Math.sqrt(a) * Math.sqrt(b))) continue;
        rotations++;
        const t = tangent(a, b, g);
        const c = 1 / Math.sqrt(1 + t * t);
        const isOrdered = a - t * g >= b + t * g;
        if (isOrdered) turn(x, atP, atQ, length, c, c * t);
        else turnAndSwap(x, atP, atQ, length, c, c * t);
        squares[p] = isOrdered ? a - t * g : b + t * g;
        squares[q] = isOrdered ? b + t * g : a - t * g;
        if (squares[q] <= SHRUNK * (isOrdered ? b : a)) squares[q] = dot(x, atQ, x, atQ, dotLength);
      }
    }
    return rotations;
  },
};

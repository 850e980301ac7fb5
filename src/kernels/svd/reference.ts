/** The definitions of svd/types.ts, as they read. */
import type { F64 } from '../../core/arrays.js';
import type { SvdKernels } from './types.js';

function dot(x: F64, p: number, y: F64, q: number, length: number): number {
  const s = new Float64Array(8);
  for (let k = 0; k < length; k++) s[k % 8] += x[p + k] * y[q + k];
  const lane = [0, 1, 2, 3].map((l) => s[l] + s[l + 4]);
  return lane[0] + lane[2] + (lane[1] + lane[3]);
}

/** t = tan of the angle that makes two columns with squared lengths a and b and product g orthogonal. */
export function tangent(a: number, b: number, g: number): number {
  const z = (b - a) / (2 * g);
  const size = Math.abs(z);
  if (size > 2 ** 500) return 0.5 / z;
  const t = 1 / (size + Math.sqrt(1 + z * z));
  return z < 0 ? -t : t;
}

/** Below this share of itself a squared length is no longer known from updates. */
export const SHRUNK: number = 2 ** -20;

export const referenceSvd: SvdKernels = {
  name: 'reference',

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
      for (let q = Math.max(firstQ, p + 1); q < endQ; q++) {
        const [a, b] = [squares[p], squares[q]];
        if (a === 0 || b === 0) continue;
        const g = dot(x, p * stride, x, q * stride, dotLength);
        if (Math.abs(g) <= tolerance * (Math.sqrt(a) * Math.sqrt(b))) continue;
        rotations++;
        const t = tangent(a, b, g);
        const c = 1 / Math.sqrt(1 + t * t);
        const s = c * t;
        const [newA, newB] = [a - t * g, b + t * g];
        const [long, short] = newA >= newB ? [p, q] : [q, p];
        for (let k = 0; k < length; k++) {
          const [u, v] = [x[p * stride + k], x[q * stride + k]];
          x[long * stride + k] = c * u - s * v;
          x[short * stride + k] = s * u + c * v;
        }
        squares[long] = newA;
        squares[short] = newB;
        const before = newA >= newB ? b : a;
        if (squares[q] <= SHRUNK * before) {
          squares[q] = dot(x, q * stride, x, q * stride, dotLength);
        }
      }
    }
    return rotations;
  },
};

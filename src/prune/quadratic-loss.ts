/** What removing and moving weights costs a layer's outputs. */
import type { F64, U8 } from '../core/arrays.js';
import type { Factor } from '../core/hessian-factor.js';
import { ROWS_AT_ONCE } from './layer-rows.js';

/** A Hessian's factor in the natural order, with the inputs that were never anything but 0: their weights cost nothing. */
export interface LayerCurvature {
  readonly factor: Factor;
  /** 1 for a dead input. */
  readonly dead: U8;
}

/** out[i * step + k] = from row i's place k, plus row k of the factor's feedback times the errors in places 0 .. end, for four rows. */
export function answered(
  out: F64,
  outAt: number,
  step: number,
  w: F64,
  e: F64,
  at: number,
  k: number,
  end: number,
  { feedback, n }: Factor,
): void {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const row = k * n;
  for (let j = 0; j < end; j++) {
    const u = feedback[row + j];
    s0 += u * e[at + j];
    s1 += u * e[at + n + j];
    s2 += u * e[at + 2 * n + j];
    s3 += u * e[at + 3 * n + j];
  }
  out[outAt] = w[at + k] + s0;
  out[outAt + step] = w[at + n + k] + s1;
  out[outAt + 2 * step] = w[at + 2 * n + k] + s2;
  out[outAt + 3 * step] = w[at + 3 * n + k] + s3;
}

/** e H e^T of every row's errors `e` (rows padded to a multiple of four): the sum over places of price * (error + what it answers)^2. */
export function rowLosses(e: F64, rows: number, { factor, dead }: LayerCurvature): F64 {
  const { n, price } = factor;
  const losses = new Float64Array(rows);
  const t = new Float64Array(ROWS_AT_ONCE);
  for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
    for (let k = 0; k < n; k++) {
      if (dead[k] === 1) continue;
      answered(t, 0, 1, e, e, first * n, k, k, factor);
      for (let i = 0; i < Math.min(ROWS_AT_ONCE, rows - first); i++)
        losses[first + i] += price[k] * t[i] * t[i];
    }
  }
  return losses;
}

/** w - v by rows; 0 for dead inputs, whose weights may be anything. */
export function errorsOf(w: F64, v: F64, { factor, dead }: LayerCurvature): F64 {
  const e = new Float64Array(w.length);
  for (let i = 0; i < w.length; i++) e[i] = dead[i % factor.n] === 1 ? 0 : w[i] - v[i];
  return e;
}

export const total = (losses: F64): number => losses.reduce((sum, loss) => sum + loss, 0);

/** Layers, Hessians and plain algebra for tests of second-order pruning. */
import { hash32 } from '../../src/core/random.js';

/** Nearly normal numbers: sums of four uniform ones. */
function randomStream(seed: number): () => number {
  let at = 0;
  const uniform = (): number => hash32(seed, at++) / 2 ** 31 - 1;
  return () => uniform() + uniform() + uniform() + uniform();
}

/** e H e^T of one row. */
export function quadratic(
  h: ArrayLike<number>,
  w: ArrayLike<number>,
  v: ArrayLike<number>,
  n: number,
): number {
  let loss = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) loss += (w[i] - v[i]) * h[i * n + j] * (w[j] - v[j]);
  return loss;
}

/** x with A x = b, by elimination with pivots. */
export function solve(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const m = a.map((row, i) => [...row, b[i]]);
  const n = m.length;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(m[i][k]) > Math.abs(m[best][k])) best = i;
    [m[k], m[best]] = [m[best], m[k]];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = m[i][k] / m[k][k];
      for (let j = k; j <= n; j++) m[i][j] -= factor * m[k][j];
    }
  }
  return m.map((row, i) => row[n] / row[i]);
}

/** The weights on the mask that fit x w best, by normal equations of the kept columns. */
export function leastSquares(
  h: ArrayLike<number>,
  w: ArrayLike<number>,
  keep: ArrayLike<number>,
  n: number,
): number[] {
  const kept = Array.from({ length: n }, (_, k) => k).filter((k) => keep[k] === 1);
  const target = kept.map((i) =>
    Array.from({ length: n }, (_, j) => h[i * n + j] * w[j]).reduce((a, b) => a + b, 0),
  );
  const solution = solve(
    kept.map((i) => kept.map((j) => h[i * n + j])),
    target,
  );
  const v = new Array<number>(n).fill(0);
  kept.forEach((k, i) => (v[k] = solution[i]));
  return v;
}

/** Rows of normal-like numbers; columns that share `common` of one direction make the Hessian ill-conditioned. */
export function gram(seed: number, tokens: number, n: number, common: number): Float64Array {
  const next = randomStream(seed);
  const h = new Float64Array(n * n);
  for (let t = 0; t < tokens; t++) {
    const shared = next();
    const x = Array.from({ length: n }, () => next() + common * shared);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) h[i * n + j] += x[i] * x[j];
  }
  return h;
}

export function normals(seed: number, length: number): Float64Array {
  const next = randomStream(seed);
  return Float64Array.from({ length }, next);
}

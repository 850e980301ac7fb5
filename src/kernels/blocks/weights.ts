/** Weights of elements from the importance of their columns, as ggml forms them: importance * sqrt(variance + x * x), in float32. */
import type { F32 } from '../../core/arrays.js';

const f = Math.fround;

/** Sum of squares of x[at .. at + n), from the first to the last. */
export function sumOfSquares(x: F32, at: number, n: number): number {
  let sum = 0;
  for (let i = at; i < at + n; i++) sum = f(sum + f(x[i] * x[i]));
  return sum;
}

/** Fills w[wAt ..) for the `n` elements at x[at]; `column` is the first one's place in its row. */
export function weighByImportance(
  w: F32,
  wAt: number,
  importance: F32,
  column: number,
  x: F32,
  at: number,
  n: number,
  variance: number,
): void {
  for (let i = 0; i < n; i++) {
    const value = x[at + i];
    w[wAt + i] = importance[column + i] * f(Math.sqrt(f(variance + f(value * value))));
  }
}

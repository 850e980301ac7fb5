/** What the weights of a matrix should be once the matrices before it are quantized. */
import type { Rows } from './rows.js';

/** How far outputs are pulled back, as a fraction of the mean diagonal: small follows the calibration, large leaves the weights alone. */
const RIDGE = 1;

/**
 * w + (H + ridge)^-1 X'^T (X - X') w, where X are inputs of the original model, X' those of the quantized one, row by row, and H = X'^T X': of all
 * weights v near w those with the least |X w - X' v|^2 + ridge |v - w|^2. GPTQ then rounds these instead of w (GPTAQ, arXiv 2504.02692, is a
 * method of this kind). w [..., inputs, outputs].
 */
export function correctedWeights(
  w: Float32Array,
  original: Rows,
  quantized: Rows,
  hessian: Float64Array,
): Float32Array {
  const n = original.inputs;
  const outputs = w.length / n;
  const missing = missingOutputs(w, original, quantized, outputs);
  const factor = Float64Array.from(hessian);
  let mean = 0;
  for (let i = 0; i < n; i++) mean += factor[i * n + i] / n;
  for (let i = 0; i < n; i++) factor[i * n + i] += RIDGE * mean;
  factorInPlace(factor, n);
  solveInPlace(factor, missing, n, outputs);
  return w.map((v, i) => v + missing[i]);
}

/** X'^T (X - X') w, in float64 and in order, so that the result is the same on every machine. */
function missingOutputs(w: Float32Array, original: Rows, quantized: Rows, outputs: number): Float64Array {
  const n = original.inputs;
  const product = new Float64Array(n * outputs);
  const line = new Float64Array(outputs);
  for (let row = 0; row < original.data.length; row += n) {
    line.fill(0);
    for (let j = 0; j < n; j++) {
      const change = original.data[row + j] - quantized.data[row + j];
      for (let o = 0; change !== 0 && o < outputs; o++) line[o] += change * w[j * outputs + o];
    }
    for (let i = 0; i < n; i++) {
      const x = quantized.data[row + i];
      for (let o = 0; x !== 0 && o < outputs; o++) product[i * outputs + o] += x * line[o];
    }
  }
  return product;
}

/** The lower Cholesky factor, in the place of the lower triangle. */
function factorInPlace(a: Float64Array, n: number): void {
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let rest = a[i * n + j];
      for (let k = 0; k < j; k++) rest -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i === j ? Math.sqrt(rest) : rest / a[j * n + j];
    }
  }
}

/** b = (L L^T)^-1 b for b [n, columns]. */
function solveInPlace(l: Float64Array, b: Float64Array, n: number, columns: number): void {
  const subtract = (to: number, from: number, factor: number): void => {
    for (let c = 0; c < columns; c++) b[to * columns + c] -= factor * b[from * columns + c];
  };
  const divide = (row: number): void => {
    for (let c = 0; c < columns; c++) b[row * columns + c] /= l[row * n + row];
  };
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) subtract(i, k, l[i * n + k]);
    divide(i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) subtract(i, k, l[k * n + i]);
    divide(i);
  }
}

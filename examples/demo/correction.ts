/** What the weights of a matrix should be once the matrices before it are quantized. */
import * as core from '@energetic-ai/core';
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

/** X'^T (X - X') w, by the products of the runtime, in float32. */
function missingOutputs(w: Float32Array, original: Rows, quantized: Rows, outputs: number): Float64Array {
  const n = original.inputs;
  const product = core.tidy(() => {
    const now = core.tensor2d(quantized.data, [quantized.data.length / n, n]);
    const before = core.tensor2d(original.data, [original.data.length / n, n]);
    const missing = core.matMul(core.sub(before, now), core.tensor2d(w, [n, outputs]));
    return core.matMul(now, missing, true).dataSync();
  });
  return Float64Array.from(product);
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

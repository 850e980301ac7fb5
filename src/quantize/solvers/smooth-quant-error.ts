/** What quantized weights and inputs do to a layer's outputs. */
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import type { Bits } from '../affine/affine-types.js';
import { dequantizeAffine, quantizeAffine } from '../affine/affine.js';
import { linesOf } from './gptq-lines.js';
import { divided, times } from './input-scale.js';
import type { Rows, SmoothSettings, Weight } from './smooth-quant-options.js';

/** Rows of inputs that share one pass over a line of weights. */
const ROWS_AT_ONCE = 4;

/** Outputs of every weight, [lines, rows], before anything is quantized. */
export function outputsOf({ weights, n }: SmoothSettings, rows: Rows): F64[] {
  return weights.map((weight) => {
    const lines = linesOfWeight(weight.data, weight);
    const outputs = new Float64Array((lines.length / Math.max(n, 1)) * rows.shape[0]);
    visitProducts(lines, rows.data, n, (at, product) => {
      outputs[at] = product;
      return true;
    });
    return outputs;
  });
}

/**
 * Squared error of all outputs when (w / t) and (t x) are quantized; given up, and then some number above it, once it exceeds `limit`.
 * Cost: rows * n multiplications per line.
 */
export function smoothedLoss(
  settings: SmoothSettings,
  rows: Rows,
  outputs: readonly F64[],
  inputScale: F32,
  limit: number,
): number {
  const { n, weights, activationBits, activationGranularity, weightBits, weightGranularity } = settings;
  const x = rounded(
    times(rows.data, inputScale, rows.shape, 1),
    rows.shape,
    activationBits,
    activationGranularity === 'token',
    1,
  );
  let loss = 0;
  weights.forEach((weight, i) => {
    const { shape, inputAxis } = weight;
    const w = divided(weight.data, inputScale, shape, inputAxis);
    const values = rounded(w, shape, weightBits, weightGranularity === 'channel', inputAxis);
    visitProducts(linesOfWeight(values, weight), x, n, (at, product) => {
      const error = outputs[i][at] - product;
      loss += error * error;
      return loss <= limit;
    });
  });
  return loss;
}

/** Values after quantization and back; one scale per line along the axis, or one in all. */
function rounded(
  data: FloatArray,
  shape: readonly number[],
  bits: number,
  isPerLine: boolean,
  axis: number,
): F32 {
  const perLine = { kind: 'group', axis, groupSize: Math.max(1, shape[axis]) } as const;
  const granularity = isPerLine ? perLine : ({ kind: 'tensor' } as const);
  return dequantizeAffine(quantizeAffine({ data, shape }, { bits: bits as Bits, granularity }));
}

/** The weights line by line, [lines, n]. */
function linesOfWeight(data: F32, { shape, inputAxis }: Weight): F32 {
  if (inputAxis === shape.length - 1 || data.length === 0) return data;
  const { n, starts, stride } = linesOf('smoothQuant', shape, inputAxis, { kind: 'tensor' });
  const lines = new Float32Array(data.length);
  starts.forEach((start, l) => {
    for (let c = 0; c < n; c++) lines[l * n + c] = data[start + c * stride];
  });
  return lines;
}

/** Shows the product of every line with every row, at line * rows + row, until `visit` returns false. */
function visitProducts(lines: F32, x: F32, n: number, visit: (at: number, product: number) => boolean): void {
  const rows = n === 0 ? 0 : x.length / n;
  const count = n === 0 ? 0 : lines.length / n;
  const sums = new Float64Array(ROWS_AT_ONCE);
  for (let r = 0; r < rows; r += ROWS_AT_ONCE) {
    const width = Math.min(ROWS_AT_ONCE, rows - r);
    for (let l = 0; l < count; l++) {
      productsOf(sums, lines, l * n, x, r * n, n, width);
      for (let i = 0; i < width; i++) if (!visit(l * rows + r + i, sums[i])) return;
    }
  }
}

/** Products of one line with up to four rows, each summed in the order of the inputs. */
function productsOf(
  sums: F64,
  lines: F32,
  line: number,
  x: F32,
  row: number,
  n: number,
  width: number,
): void {
  if (width < ROWS_AT_ONCE) {
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += lines[line + k] * x[row + i * n + k];
      sums[i] = sum;
    }
    return;
  }
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let k = 0, at = row; k < n; k++, at++) {
    const w = lines[line + k];
    s0 += w * x[at];
    s1 += w * x[at + n];
    s2 += w * x[at + 2 * n];
    s3 += w * x[at + 3 * n];
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

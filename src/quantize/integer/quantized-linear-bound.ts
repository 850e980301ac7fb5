/** How far quantizedLinear can be from the exact product. */
import type { F32, F64 } from '../../core/arrays.js';
import { checkChoice, checkOptions } from '../../core/options.js';
import type { TensorLike } from '../../core/tensor.js';
import type { GroupedCodes } from '../../kernels/integer/types.js';
import { dequantizeAffine } from '../affine/affine.js';
import { affineErrorBound } from '../affine/affine-bound.js';
import { unpackCodes } from '../affine/affine-tensor.js';
import type { AffineTensor } from '../affine/affine-types.js';
import {
  checkInput,
  checkWeights,
  LARGEST,
  partOf,
  turnOf,
  wholeToken,
  type Activations,
} from './quantized-linear.js';

/** Unit roundoff of float32. */
const U = 2 ** -24;

/** What the product is compared with: that of the weights that w stands for, or of any weights that have these codes. */
export type Against = 'codes' | 'original';

export interface QuantizedLinearBoundOptions {
  /** As for quantizedLinear. Default 'float32'. */
  readonly activations?: Activations;
  /** Default 'codes'. */
  readonly against?: Against;
}

/** What one row and one token give: sums of magnitudes. */
interface Magnitudes {
  /** Sum of scale * (|code| |x| + |offset| |x|), codes and x as the kernel multiplies them. */
  products: number;
  /** Sum of |W| over the row's inputs, W exact to 2^-50. */
  weights: number;
  /** Sum of scale * (|code| + 1): what products too small for float32 lose, in units of the least. */
  least: number;
  /** Largest sum of a group before its scale: beyond 2^127 float32 may overflow. */
  largest: number;
}

/**
 * Returns, for every result of quantizedLinear(w, x, options), a bound of its distance to the exact product in real numbers: with
 * against 'codes' to that of scale * (code - zeroPoint), with 'original' to that of any weights that quantizeAffine or another tool turned into w.
 *
 * Formula: |y - x W^T| <= step * sum |W| + gamma * P + eta (+ E sum |x| for 'original').
 * Proof. (1) Activations: each whole number is within half a step of x / scale, to 2^-36 of a step for the division; step is scale (1/2 + 2^-36), 0 for
 * 'float32'. (2) float32: every term of the sums that the kernel adds passes at most n operations, each with relative error 2^-24, so
 * that together they are off by gamma = n u / (1 - n u) of P = sum scale (|code| + |offset|) |x|, over what the kernel multiplies: an offset's
 * term is bounded by the magnitudes that its sum of x adds. For 'float32' n = inputs / 4 + groups + 8: a product, the additions of one of four sums, the
 * scale, the additions of groups and lanes. For whole numbers the sums are exact, and n = parts + 8. (3) eta covers results below the normal numbers:
 * scaled x of 2^-125 and products of 2^-149. (4) 'original': E = errorBound(w).maxAbs bounds each weight's error against its restored value, and
 * that is off by at most 2^-24 of itself. Infinity where float32 might overflow on the way.
 *
 * Numerics: float64, rounded up by 2^-30. Tight within 1 % for 'int8' (activations at half steps, all on the side of the weight's sign); the
 * float32 part is a worst case that sums of many terms do not come near.
 *
 * Cost: about 4 ns per weight and token: for certificates, not for inference.
 *
 * @param w weights
 * @param x activations
 * @returns a Float64Array as long as quantizedLinear's result
 * @throws as quantizedLinear
 * @example
 * const w = quantizeAffine({ data: new Float32Array(32).fill(0.5), shape: [1, 32] }, { bits: 8 });
 * const x = new Float32Array(32).fill(0.25);
 * Math.abs(quantizedLinear(w, x)[0] - 4) <= quantizedLinearBound(w, x, { against: 'original' })[0]; // true
 * @see quantizedLinear
 */
export function quantizedLinearBound(
  w: AffineTensor,
  x: TensorLike,
  options?: QuantizedLinearBoundOptions,
): F64 {
  const fn = 'quantizedLinearBound';
  const given = checkOptions(fn, options, ['activations', 'against']);
  const against = checkChoice<Against>(fn, 'against', given.against ?? 'codes', ['codes', 'original']);
  const weights = checkWeights(fn, w);
  const { rows, columns, grouped } = weights;
  const { activations, values, tokens } = checkInput(fn, weights, x, given.activations);
  const bounds = new Float64Array(tokens * rows);
  if (rows * columns === 0) return bounds;
  const source = grouped === null ? restoredSource(w) : groupedSource(w, grouped);
  const weightError = against === 'original' ? affineErrorBound(w).maxAbs : 0;
  const operations = operationsOf(grouped, activations, columns);
  const gamma = (operations * U) / (1 - operations * U);
  for (let t = 0; t < tokens; t++) {
    const token = tokenOf(values.subarray(t * columns, (t + 1) * columns) as F32, activations);
    const sumX = token.exact.reduce((sum, v) => sum + Math.abs(v), 0);
    for (let r = 0; r < rows; r++) {
      const m = source(r, token.multiplied);
      const ofWeights =
        weightError === 0 ? 0 : (weightError + 2 ** -149) * sumX + U * m.weights * token.largest;
      const eta = 2 ** -125 * m.least + 2 ** -146 * (columns + 8);
      const bound = token.step * m.weights + token.scale * (gamma * m.products + eta) + ofWeights;
      const mayOverflow = Math.max(m.largest, m.products, token.scale * m.products) >= 2 ** 126;
      bounds[t * rows + r] = mayOverflow ? Infinity : (bound + 2 ** -148) * (1 + 2 ** -30);
    }
  }
  return bounds;
}

function operationsOf(w: GroupedCodes | null, activations: Activations, columns: number): number {
  if (w === null) return columns / 8 + 8;
  if (activations === 'float32') return w.group / 4 + columns / w.group + 8;
  return columns / partOf(w, LARGEST[activations]) + 8;
}

interface BoundToken {
  readonly exact: F32;
  /** What the kernel multiplies: x, or whole numbers. */
  readonly multiplied: ArrayLike<number>;
  readonly scale: number;
  /** Half a step of the whole numbers, 0 for float32. */
  readonly step: number;
  readonly largest: number;
}

function tokenOf(x: F32, activations: Activations): BoundToken {
  const largest = x.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  if (activations === 'float32') return { exact: x, multiplied: x, scale: 1, step: 0, largest };
  const { codes, scale } = wholeToken(x, LARGEST[activations]);
  return { exact: x, multiplied: codes, scale, step: scale * (0.5 + 2 ** -36), largest };
}

type Source = (row: number, x: ArrayLike<number>) => Magnitudes;

/** Magnitudes from codes as the integer kernels multiply them. */
function groupedSource(q: AffineTensor, w: GroupedCodes): Source {
  const codes = unpackCodes(q, w.rows * w.columns);
  const turn = turnOf(w);
  const lowest = w.bits === 4 ? q.codeMin : turn;
  return (row, x) => {
    const sums: Magnitudes = { products: 0, weights: 0, least: 0, largest: 0 };
    for (let j = 0; j < w.columns / w.group; j++) {
      const g = row * (w.columns / w.group) + j;
      const offset = (w.offsets === null ? w.offset : w.offsets[g]) - turn;
      let products = 0;
      let levels = 0;
      let least = 0;
      for (let k = j * w.group; k < (j + 1) * w.group; k++) {
        const code = codes[row * w.columns + k] - lowest;
        products += (Math.abs(code) + Math.abs(offset)) * Math.abs(x[k]);
        levels += Math.abs(code - offset);
        least += Math.abs(code) + 1;
      }
      sums.products += w.scale[g] * products;
      sums.weights += w.scale[g] * levels;
      sums.least += w.scale[g] * least;
      sums.largest = Math.max(sums.largest, products);
    }
    return sums;
  };
}

/** Magnitudes from restored weights, each within 2^-24 of its exact value. */
function restoredSource(q: AffineTensor): Source {
  const values = dequantizeAffine(q);
  const columns = q.shape[1];
  return (row, x) => {
    const sums: Magnitudes = { products: 0, weights: 0, least: 0, largest: 0 };
    for (let k = 0; k < columns; k++) {
      const weight = Math.abs(values[row * columns + k]);
      // 2^-120 is for weights that are subnormal: they are off by up to 2^-150.
      sums.products += (weight * (1 + 2 ** -22) + 2 ** -120) * Math.abs(x[k]);
      sums.weights += weight * (1 + 2 ** -22);
      sums.least += 1;
    }
    sums.largest = sums.products;
    return sums;
  };
}

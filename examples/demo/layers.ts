/** What quantizing a matrix does to its outputs, by method. */
import { awq, dequantizeAffine, gptq, quantizeAffine, scaleAxis } from 'tensorslim/quantize';
import type { RealTensor } from './solve.js';
import type { Bits } from './solve.js';

/** The group size at which GPTQ's and AWQ's papers and tools compare. */
export const USUAL_GROUP_SIZE = 128;

export type Method = 'round to nearest' | 'clip search' | 'AWQ' | 'GPTQ' | 'AWQ + GPTQ';
export const METHODS: readonly Method[] = ['round to nearest', 'clip search', 'AWQ', 'GPTQ', 'AWQ + GPTQ'];

/** Weights [..., inputs, outputs] after quantization to groups of 128, by a method that may look at `hessian`. */
export function quantized(method: Method, w: RealTensor, hessian: Float64Array, bits: Bits): Float32Array {
  const n = w.shape.at(-2) as number;
  const granularity = { kind: 'group', axis: -2, groupSize: USUAL_GROUP_SIZE } as const;
  const calibrated = { bits, granularity, inputAxis: -2, hessian: { data: hessian, shape: [n, n] } } as const;
  switch (method) {
    case 'round to nearest':
      return dequantizeAffine(quantizeAffine(w, { bits, granularity }));
    case 'clip search':
      return dequantizeAffine(quantizeAffine(w, { bits, granularity, scaleMethod: 'mse' }));
    case 'GPTQ':
      return dequantizeAffine(gptq(w, calibrated).tensor);
    case 'AWQ': {
      const { tensor, inputScale } = awq(w, calibrated);
      return scaled(dequantizeAffine(tensor), w.shape, inputScale);
    }
    case 'AWQ + GPTQ': {
      const { inputScale } = awq(w, { ...calibrated, clip: false });
      const weights = {
        data: scaled(
          w.data,
          w.shape,
          inputScale.map((t) => 1 / t),
        ),
        shape: w.shape,
      };
      // The inputs that these weights will meet are multiplied by the scales, so their Hessian is on both sides.
      const { data } = scaleAxis(scaleAxis(calibrated.hessian, inputScale, { axis: 0 }), inputScale);
      const both = { data: data as Float64Array, shape: [n, n] };
      return scaled(
        dequantizeAffine(gptq(weights, { ...calibrated, hessian: both }).tensor),
        w.shape,
        inputScale,
      );
    }
  }
}

function scaled(data: Float32Array, shape: readonly number[], inputScale: Float32Array): Float32Array {
  return scaleAxis({ data, shape }, inputScale, { axis: -2 }).data as Float32Array;
}

/** |x (w - v)| / |x w| over the rows x whose sum of x^T x is the Hessian; w [..., inputs, outputs]. */
export function outputError({ data: w, shape }: RealTensor, v: Float32Array, hessian: Float64Array): number {
  const errors = Float64Array.from(w, (value, i) => value - v[i]);
  return Math.sqrt(energyOf(errors, shape, hessian) / energyOf(w, shape, hessian));
}

/** Sum over outputs of m^T H m. */
function energyOf(m: ArrayLike<number>, shape: readonly number[], h: Float64Array): number {
  const outputs = shape.at(-1) as number;
  const inputs = shape.at(-2) as number;
  const product = new Float64Array(outputs);
  let energy = 0;
  for (let i = 0; i < inputs; i++) {
    product.fill(0);
    for (let j = 0; j < inputs; j++) {
      const weight = h[i * inputs + j];
      for (let o = 0; weight !== 0 && o < outputs; o++) product[o] += weight * m[j * outputs + o];
    }
    for (let o = 0; o < outputs; o++) energy += m[i * outputs + o] * product[o];
  }
  return energy;
}

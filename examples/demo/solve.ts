/** The whole encoder through GPTQ: the embedding table, then matrix by matrix in the order in which the model runs. */
import type { Compressed, Tensor } from 'tensorslim';
import type { TensorSource } from 'tensorslim/model';
import { dequantizeAffine, gptq, type AffineTensor } from 'tensorslim/quantize';
import { inputsOfMatrices } from './capture.js';
import { correctedWeights } from './correction.js';
import { embeddingHessian, EMBEDDINGS } from './curvature.js';
import { CALIBRATION, hessianOf, rowsOf, type Rows } from './rows.js';
import { runningEncoder } from './running.js';

export type Bits = 2 | 3 | 4;
export const GROUP_SIZE = 32;
const DAMPING = 0.03;
const PASSES = 4;

export interface RealTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

export function realTensor({ data, shape }: Tensor): RealTensor {
  if (data instanceof Float32Array) return { data, shape };
  throw new TypeError('demo: expected a tensor of float32 numbers');
}

/** The weights that a node of the model is multiplied by, by node, in the order in which the model runs. */
export function weightsOfNodes(model: TensorSource): Map<string, string[]> {
  const weights = new Map<string, string[]>();
  for (const [weight, node] of inputsOfMatrices(model.modelJson ?? {}))
    weights.set(node, [...(weights.get(node) ?? []), weight]);
  return weights;
}

/**
 * The tensors by name. Each matrix sees what comes out of the quantized ones before it, and is to give what the original gave: so it makes
 * good what they did. `original`: rows of the original model by node.
 */
export async function solveModel(
  model: TensorSource,
  original: ReadonlyMap<string, Rows>,
  bits: Bits,
): Promise<Map<string, Compressed>> {
  const options = {
    bits,
    mapping: 'symmetricFull',
    scaleDtype: 'float16',
    granularity: { kind: 'group', groupSize: GROUP_SIZE },
    refinePasses: PASSES,
  } as const;
  const running = await runningEncoder();
  const solved = new Map<string, Compressed>();
  const use = (name: string, tensor: AffineTensor, shape: readonly number[]): void => {
    solved.set(name, tensor);
    running.replace(name, dequantizeAffine(tensor), shape);
  };
  const table = realTensor(await model.read(EMBEDDINGS));
  const { data, shape } = await embeddingHessian(model);
  const hessian = { data: data as Float64Array, shape };
  use(EMBEDDINGS, gptq(table, { ...options, hessian }).tensor, table.shape);
  for (const [node, names] of weightsOfNodes(model)) {
    const before = original.get(node) as Rows;
    const now = (await rowsOf(running.encoder, [node], CALIBRATION)).get(node) as Rows;
    const sums = hessianOf(now);
    const n = now.inputs;
    for (const name of names) {
      const w = realTensor(await model.read(name));
      const wanted = { data: correctedWeights(w.data, before, now, sums), shape: w.shape };
      const { tensor } = gptq(wanted, {
        ...options,
        inputAxis: -2,
        hessian: { data: sums, shape: [n, n] },
        damping: DAMPING,
      });
      use(name, boundedFor(w.data, wanted.data, tensor), w.shape);
    }
  }
  return solved;
}

/** The tensor of `wanted` with a bound that holds for `w`: every error grows by at most the distance of the two. */
function boundedFor(w: Float32Array, wanted: Float32Array, tensor: AffineTensor): AffineTensor {
  const distance = w.reduce((most, v, i) => Math.max(most, Math.abs(v - wanted[i])), 0);
  return { ...tensor, overflow: tensor.overflow + distance };
}

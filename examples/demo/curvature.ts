/** The Hessians of the encoder's matrices, from activations of the real model, and of its embedding table, from what reads it. */
import type { Tensor } from 'tensorslim';
import { hessianAccumulator, type HessianAccumulator } from 'tensorslim/quantize';
import type { TensorSource } from 'tensorslim/model';
import { captureOutputs, inputsOfMatrices, type Captured } from './capture.js';
import { EVERYDAY, LITERARY } from './calibration.js';
import { loadEncoder, MODEL_FOLDER } from './embedder.js';
import { SENTENCES } from './sentences.js';

const STACK = 'module_apply_default/Encoder_en/KonaTransformer/Encode/TransformerStack';
const LAYER_0 = 'module_apply_default/Encoder_en/KonaTransformer/Encode/Layer_0/TransformerLayer';
export const EMBEDDINGS = 'module/Embeddings_en';
/** The mean of the token vectors, which the last matrix reads: one row per sentence, too few to tell 512 inputs apart. */
const SENTENCE_VECTOR = 'module_apply_default/Encoder_en/KonaTransformer/div';
const TOKEN_VECTORS = `${STACK}/Layer_1/TransformerLayer/FFN/layer_postprocess/add`;

/** Everyday sentences are few and closest to what counts: their rows weigh 2^2 as much. */
const EVERYDAY_WEIGHT = 1.5;
/** So much do token vectors say about the vector of another sentence made of such tokens. */
const TOKEN_SPREAD = 2;

/** One half of the calibration sentences finds codes, the other chooses between settings; then both find the codes together. */
export interface Curvature {
  readonly fit: Tensor;
  readonly held: Tensor;
  readonly both: Tensor;
  /** From the sentences that the result is judged by: for judging alone. */
  readonly judged: Tensor;
}

/** The curvature of every matrix, by the name of its weight. */
export async function curvatures(model: TensorSource): Promise<Map<string, Curvature>> {
  const inputs = inputsOfMatrices(model.modelJson ?? {});
  const nodes = Array.from(new Set(inputs.values()));
  const encoder = await loadEncoder(MODEL_FOLDER);
  const sumOf = async (parts: readonly (readonly [readonly string[], weight: number])[], spread: number) => {
    const sums: Accumulators = new Map();
    for (const [sentences, weight] of parts) {
      await captureOutputs(encoder, [...nodes, TOKEN_VECTORS], sentences, (outputs) => {
        nodes.forEach((node, i) => addRows(sums, node, outputs[i], weight));
        const tokens = outputs[nodes.length];
        const count = tokens.data.length / (tokens.shape.at(-1) as number);
        if (spread > 0) addRows(sums, SENTENCE_VECTOR, tokens, (weight * spread) / count);
      });
    }
    return sums;
  };
  const [fits, helds] = [await sumOf(half(0), TOKEN_SPREAD), await sumOf(half(1), TOKEN_SPREAD)];
  const judges = await sumOf([[SENTENCES, 1]], 0);
  const ofNode = new Map(
    nodes.map((node) => {
      const [fit, held] = [matrixOf(fits, node), matrixOf(helds, node)];
      const both = { ...fit, data: fit.data.map((v, i) => v + held.data[i]) };
      return [node, { fit, held, both, judged: matrixOf(judges, node) }] as const;
    }),
  );
  return new Map(Array.from(inputs, ([weight, node]) => [weight, ofNode.get(node) as Curvature]));
}

/** Every other calibration sentence, with the weight of its rows. */
function half(first: 0 | 1): (readonly [string[], weight: number])[] {
  const every = (list: readonly string[]): string[] => list.filter((_, i) => i % 2 === first);
  return [
    [every(LITERARY).flatMap(pieces), 1],
    [every(EVERYDAY), EVERYDAY_WEIGHT],
  ];
}

type Accumulators = Map<string, HessianAccumulator>;

function matrixOf(sums: Accumulators, node: string): Tensor & { readonly data: Float64Array } {
  return (sums.get(node) as HessianAccumulator).matrix;
}

function addRows(sums: Accumulators, node: string, { data, shape }: Captured, weight: number): void {
  const features = shape.at(-1) as number;
  const known = sums.get(node) ?? hessianAccumulator(features);
  sums.set(node, known);
  known.add({ data: weight === 1 ? data : data.map((v) => v * weight), shape });
}

/** A long sentence in pieces of about eight words, as long as the sentences that the encoder is used for. */
function pieces(sentence: string): string[] {
  const words = sentence.split(' ');
  const count = Math.max(1, Math.floor(words.length / 8));
  const cut = (i: number): number => Math.floor((i * words.length) / count);
  return Array.from({ length: count }, (_, i) => words.slice(cut(i), cut(i + 1)).join(' '));
}

/**
 * The Hessian of a row of the embedding table: how much an error in it costs in the two matrices that read it, the second behind the
 * scale of its layer-norm. sum of K K^T, each with trace 1.
 */
export async function embeddingHessian(model: TensorSource): Promise<Tensor> {
  const inputs = Array.from(inputsOfMatrices(model.modelJson ?? {}).keys());
  const [dense, qkv] = await Promise.all(inputs.slice(0, 2).map((name) => model.read(name)));
  const norm = Array.from(model.entries.keys()).find((name) =>
    name.startsWith(`${LAYER_0}/layer_prepostprocess/layer_norm/layer_norm_scale`),
  );
  const scale = (await model.read(norm as string)).data as Float32Array;
  const matrices = [
    gramOf(
      dense,
      scale.map(() => 1),
    ),
    gramOf(qkv, scale),
  ];
  const data = matrices[0].map((v, i) => v + matrices[1][i]);
  return { data, shape: [scale.length, scale.length], dtype: 'float64' };
}

/** K K^T of a matrix [inputs, outputs] whose rows are scaled, divided by its trace. */
function gramOf({ data, shape }: Tensor, scale: Float32Array): Float64Array {
  const outputs = shape.at(-1) as number;
  const inputs = scale.length;
  const sums = hessianAccumulator(inputs);
  const columns = new Float32Array(inputs * outputs);
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < outputs; o++) columns[o * inputs + i] = scale[i] * Number(data[i * outputs + o]);
  sums.add({ data: columns, shape: [outputs, inputs] });
  const { data: gram } = sums.matrix;
  let trace = 0;
  for (let i = 0; i < inputs; i++) trace += gram[i * inputs + i];
  return gram.map((v) => v / trace);
}

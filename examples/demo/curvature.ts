/** What an error in a row of the encoder's embedding table costs, from what reads it. */
import type { Tensor } from 'tensorslim';
import { hessianAccumulator } from 'tensorslim/quantize';
import type { TensorSource } from 'tensorslim/model';
import { inputsOfMatrices } from './capture.js';

const LAYER_0 = 'module_apply_default/Encoder_en/KonaTransformer/Encode/Layer_0/TransformerLayer';
export const EMBEDDINGS = 'module/Embeddings_en';

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

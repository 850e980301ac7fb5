/** A matrix of a trained model to compare schemes on: the last feed-forward matrix of the demo's sentence encoder. */
import { openModel } from 'tensorslim/node';
import { MODEL_FOLDER } from '../demo/embedder.js';

export const LAYER =
  'module_apply_default/Encoder_en/KonaTransformer/Encode/TransformerStack/Layer_1/TransformerLayer/FFN/conv2/Tensordot/Reshape_1';

export interface Matrix {
  readonly data: Float32Array;
  readonly shape: readonly [rows: number, columns: number];
}

/** The matrix as [outputs, inputs], the way PyTorch stores it: 512 x 1536. */
export async function readLayer(): Promise<Matrix> {
  const model = await openModel(MODEL_FOLDER);
  const { data, shape } = await model.read(LAYER);
  await model.close();
  const [inputs, outputs] = shape;
  const turned = new Float32Array(inputs * outputs);
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < outputs; o++) turned[o * inputs + i] = Number(data[i * outputs + o]);
  return { data: turned, shape: [outputs, inputs] };
}

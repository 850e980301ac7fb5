/** What tfjs itself does with models: its own loader on its CPU backend. */
import * as tf from '@tensorflow/tfjs';

const loadWeights = (data: Uint8Array) => (manifest: tf.io.WeightsManifestConfig) => {
  const specs = manifest.flatMap(({ weights }) => weights);
  // The loaders of tfjs visit every path of every group.
  const urls: string[] = [];
  for (const { paths } of manifest) for (const path of paths) urls.push(path);
  return Promise.resolve<[tf.io.WeightsManifestEntry[], ArrayBuffer]>([
    specs,
    data.slice().buffer as ArrayBuffer,
  ]);
};

/** Every weight as tfjs decodes it, by name. */
export async function weightsByTfjs(
  modelJson: unknown,
  data: Uint8Array,
): Promise<Map<string, Float32Array | Int32Array | Uint8Array>> {
  await tf.setBackend('cpu');
  const artifacts = await tf.io.getModelArtifactsForJSON(modelJson as tf.io.ModelJSON, loadWeights(data));
  const { weightData, weightSpecs } = artifacts;
  if (weightData === undefined || weightSpecs === undefined) return new Map();
  const tensors = Object.entries(tf.io.decodeWeights(weightData as ArrayBuffer, weightSpecs));
  const values = tensors.map(([name, tensor]) => [name, tensor.dataSync()] as const);
  tensors.forEach(([, tensor]) => tensor.dispose());
  return new Map(values);
}

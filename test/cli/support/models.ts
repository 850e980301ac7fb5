import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { saveModel, saveSafetensors, saveTfjs } from 'tensorslim/node';
import { smallModel, smallTensors } from '../../support/models.js';

/** A small transformer layer as a safetensors file; returns its path. */
export async function saveSmall(folder: string, name = 'model.safetensors'): Promise<string> {
  const path = join(folder, name);
  await saveModel(path, smallModel());
  return path;
}

/** A file with one float32 matrix. */
export async function saveMatrix(
  path: string,
  data: Float32Array,
  shape: readonly number[],
): Promise<string> {
  await saveSafetensors(path, [{ name: 'w', dtype: 'float32', shape }], () => data);
  return path;
}

/** The float32 tensors of the same layer as a tfjs model; returns its folder. */
export async function saveSmallTfjs(folder: string, name = 'web_model'): Promise<string> {
  const path = join(folder, name);
  mkdirSync(path);
  const tensors = Array.from(smallTensors()).filter(
    ([, { dtype, shape }]) => dtype === 'float32' && shape.length > 0,
  );
  const finite = tensors.filter(([tensor]) => tensor !== 'mask' && tensor !== 'empty');
  const specs = finite.map(([tensor, { shape }]) => {
    return { name: tensor, shape, dtype: 'float32' as const, storedAs: 'float32' as const };
  });
  const data = new Map(finite.map(([tensor, { data: values }]) => [tensor, values]));
  await saveTfjs(path, { format: 'graph-model', modelTopology: {} }, specs, ({ name: tensor }) => {
    return { quantization: null, data: data.get(tensor) as Float32Array };
  });
  return path;
}

/** Models that lie in memory, for browsers and notebooks; `tensorslim/node` opens those on disk. */
import type { U8 } from '../core/arrays.js';
import { byteLengthOf } from '../core/dtype.js';
import { rangeError } from '../core/errors.js';
import { elementCount } from '../core/shape.js';
import type { NamedArray, TensorSource } from '../core/source.js';
import type { Tensor } from '../core/tensor.js';
import type { SafetensorsFile } from '../formats/safetensors/read.js';
import { writeSafetensors } from '../formats/safetensors/write.js';
import { packModel } from './pack.js';
import type { CompressedModel, WorkOptions } from './types.js';

/**
 * Returns a safetensors file in memory as a model that every function of this room takes.
 *
 * @example
 * const model = sourceOfSafetensors(readSafetensors(bytes));
 * const small = apply(model, planRecipe(model, presetRecipe('int8', model.format)));
 */
export function sourceOfSafetensors(file: SafetensorsFile): TensorSource {
  return {
    format: 'safetensors',
    entries: file.tensors,
    metadata: file.metadata,
    modelJson: null,
    read: (name) => Promise.resolve(file.tensor(name)),
    close: () => Promise.resolve(),
  };
}

/**
 * Returns tensors by their names as a model.
 *
 * @example
 * const model = sourceOfTensors({ w: tensor(new Float32Array(4096), [64, 64]) });
 */
export function sourceOfTensors(
  tensors: Readonly<Record<string, Tensor>> | ReadonlyMap<string, Tensor>,
): TensorSource {
  const map =
    tensors instanceof Map ? (tensors as ReadonlyMap<string, Tensor>) : new Map(Object.entries(tensors));
  const entries = new Map(
    Array.from(map, ([name, { dtype, shape }]) => {
      const byteLength = byteLengthOf(dtype, elementCount(shape, 'sourceOfTensors'));
      return [name, { dtype, shape, byteLength }] as const;
    }),
  );
  return {
    format: 'safetensors',
    entries,
    metadata: new Map(),
    modelJson: null,
    read: (name) => {
      const found = map.get(name);
      return found === undefined
        ? Promise.reject(
            rangeError('read', 'name', 'a tensor of the model', name, `it has ${map.size} tensors`),
          )
        : Promise.resolve(found);
    },
    close: () => Promise.resolve(),
  };
}

/**
 * Returns the bytes of the safetensors file that saveCompressed would write.
 *
 * @see readCompressed
 */
export async function writeCompressed(model: CompressedModel, options?: WorkOptions): Promise<U8> {
  const packed = packModel(model, options);
  const arrays: NamedArray[] = [];
  for (const spec of packed.specs) arrays.push({ ...spec, data: await packed.produce(spec) });
  return writeSafetensors(arrays, new Map([...packed.metadata, ...packed.finalMetadata()]));
}

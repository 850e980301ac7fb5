/** The encoder while its weights are replaced one after the other. */
import * as core from '@energetic-ai/core';
import type { EmbeddingsModel } from '@energetic-ai/embeddings';
import { loadEncoder, MODEL_FOLDER } from './embedder.js';

type WeightMap = Readonly<Record<string, readonly core.Tensor[]>>;

export interface RunningEncoder {
  readonly encoder: EmbeddingsModel;
  /** From the next run on the model multiplies by these numbers. */
  replace(name: string, data: Float32Array, shape: readonly number[]): void;
}

export async function runningEncoder(): Promise<RunningEncoder> {
  const encoder = await loadEncoder(MODEL_FOLDER);
  const { executor } = encoder.model as unknown as { readonly executor: { weightMap: WeightMap } };
  return {
    encoder,
    replace(name, data, shape) {
      if (!(name in executor.weightMap)) throw new RangeError(`demo: the model has no weight ${name}`);
      const tensor = core.keep(core.tensor(data, [...shape]));
      // Not in place: its setter tells the executor which tensors outlive a run.
      executor.weightMap = { ...executor.weightMap, [name]: [tensor] };
    },
  };
}

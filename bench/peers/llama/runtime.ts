/** llama.cpp, prebuilt, through node-llama-cpp: installed beside this file, see package.json. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Of node-llama-cpp, what is used here. */
interface Sequence {
  clearHistory(): Promise<void>;
  controlledEvaluate(
    input: readonly (readonly [number, { generateNext: { logits: true } }])[],
  ): Promise<readonly ({ next: { logits: ReadonlyMap<number, number> } } | undefined)[]>;
}
interface Context {
  getSequence(): Sequence;
  dispose(): Promise<void>;
}
interface Model {
  createContext(options: object): Promise<Context>;
  tokenize(text: string): readonly number[];
  detokenize(tokens: readonly number[]): string;
  dispose(): Promise<void>;
}
export interface LlamaRuntime {
  loadModel(options: object): Promise<Model>;
  dispose(): Promise<void>;
}

const LIBRARY = resolve('bench/peers/llama/node_modules/node-llama-cpp/dist/index.js');

export async function openLlama(): Promise<LlamaRuntime> {
  if (!existsSync(LIBRARY)) {
    throw new Error(
      'node-llama-cpp is missing: npm install --prefix bench/peers/llama --omit=optional --ignore-scripts --no-save',
    );
  }
  const { getLlama } = (await import(pathToFileURL(LIBRARY).href)) as {
    getLlama(options: object): Promise<LlamaRuntime>;
  };
  return getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, logLevel: 'error' });
}

/** Raw logits [tokens, vocabulary] of each text, which stands alone. */
export async function runtimeLogits(
  llama: LlamaRuntime,
  path: string,
  texts: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  const model = await llama.loadModel({ modelPath: path, gpuLayers: 0 });
  // A context as long as the text would drop its first tokens to make room for a next one. A cache in float16, the default,
  // would add errors of its own.
  const context = await model.createContext({
    contextSize: 512,
    batchSize: 256,
    threads: 1,
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
  });
  const sequence = context.getSequence();
  const all: Float32Array[] = [];
  for (const tokens of texts) {
    await sequence.clearHistory();
    const results = await sequence.controlledEvaluate(
      tokens.map((token) => [token, { generateNext: { logits: true } }] as const),
    );
    all.push(Float32Array.from(results.flatMap((result) => rowOf(result?.next.logits ?? new Map()))));
  }
  await context.dispose();
  await model.dispose();
  return all;
}

/** The map goes from the likeliest token down. */
function rowOf(logits: ReadonlyMap<number, number>): number[] {
  const row = new Array<number>(logits.size).fill(NaN);
  for (const [token, logit] of logits) row[token] = logit;
  return row;
}

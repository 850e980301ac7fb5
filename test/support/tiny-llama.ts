/** The trained model of $TENSORSLIM_MODELS/tiny-llama, whose README says what belongs to it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBlocks, type BlockType } from 'tensorslim/blocks';
import type { ConvertedTensor } from 'tensorslim/model';
import { openGguf } from 'tensorslim/node';
import { llamaLogits, negativeLogLikelihood, type Llama } from './llama.js';

/** Its folder; null where it is not, which is allowed outside CI only. */
export function tinyLlamaFolder(): string | null {
  const models = process.env.TENSORSLIM_MODELS;
  const folder = models === undefined ? null : join(models, 'tiny-llama');
  if (folder !== null && existsSync(join(folder, 'model.safetensors'))) return folder;
  if (process.env.CI === undefined) return null;
  throw new Error('TENSORSLIM_MODELS must name the folder of the models: in CI nothing is left out');
}

interface Table {
  readonly windows: number;
  readonly window: number;
  readonly f32: number;
}

export interface PerplexityTable extends Table {
  /** 'f32', 'pure:q4_K', 'Q4_K_M' ... */
  readonly perplexityOf: ReadonlyMap<string, number>;
}

/** perplexity.json. */
export function perplexityTable(folder: string): PerplexityTable {
  const { windows, window, f32, ...rest } = JSON.parse(
    readFileSync(join(folder, 'perplexity.json'), 'utf8'),
  ) as Table & Record<string, { perplexity: number }>;
  const rows = Object.entries(rest).map(([name, { perplexity }]) => [name, perplexity] as const);
  return { windows, window, f32, perplexityOf: new Map([['f32', f32], ...rows]) };
}

/** The row of a file: 'pure:q4_K' where all matrices have one type, else the name of its mix. */
export function tableKey(mix: string, tensors: readonly Pick<ConvertedTensor, 'type' | 'shape'>[]): string {
  const [type, ...others] = new Set(tensors.filter(({ shape }) => shape.length > 1).map((t) => t.type));
  if (others.length > 0) return mix;
  if (type === 'F32') return 'f32';
  return `pure:${type.toLowerCase().replace(/_k$/, '_K')}`;
}

/** Each window of eval.bin: its tokens, and the token behind each of them. */
export function evaluationWindows(
  folder: string,
  { windows, window }: Table,
): { tokens: number[]; targets: number[] }[] {
  const bytes = readFileSync(join(folder, 'eval.bin'));
  const tokensAt = (from: number): number[] => Array.from(bytes.subarray(from, from + window), (b) => b + 3);
  return Array.from({ length: windows }, (_, i) => ({
    tokens: tokensAt(i * window),
    targets: tokensAt(i * window + 1),
  }));
}

/** A GGUF file of the model with its weights as float32. */
export async function readLlama(path: string): Promise<Llama> {
  const file = await openGguf(path);
  try {
    const weights = new Map<string, Float32Array>();
    for (const [name, { type, shape }] of file.entries) {
      const { data } = await file.read(name);
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      const values =
        type === 'F32' ? (data as Float32Array) : decodeBlocks(bytes, { type: type as BlockType, shape });
      weights.set(name, values);
    }
    const number = (key: string): number => Number(file.metadata.get(key)?.value);
    const architecture = String(file.metadata.get('general.architecture')?.value);
    const of = (key: string): number => number(`${architecture}.${key}`);
    return {
      weights,
      isInterleaved: architecture === 'llama',
      layers: of('block_count'),
      hidden: of('embedding_length'),
      heads: of('attention.head_count'),
      keyValueHeads: of('attention.head_count_kv'),
      headSize: of('attention.key_length'),
      feedForward: of('feed_forward_length'),
      vocabulary: of('vocab_size'),
      epsilon: of('attention.layer_norm_rms_epsilon'),
      ropeBase: of('rope.freq_base'),
    };
  } finally {
    await file.close();
  }
}

/** Perplexity per byte over the windows. */
export function perplexityOf(model: Llama, windows: ReturnType<typeof evaluationWindows>): number {
  let sum = 0;
  let count = 0;
  for (const { tokens, targets } of windows) {
    sum += negativeLogLikelihood(llamaLogits(model, tokens), targets);
    count += targets.length;
  }
  return Math.exp(sum / count);
}

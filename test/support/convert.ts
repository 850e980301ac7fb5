/** Small models in Hugging Face layout, made of seeded numbers. */
import { tensor, type Tensor } from 'tensorslim';
import { sourceOfTensors, type ModelFiles } from 'tensorslim/model';
import { createRandom } from '../../src/core/random.js';

type Source = ReturnType<typeof sourceOfTensors>;

export interface SmallModel {
  readonly source: Source;
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly files: ModelFiles & { readonly config: Readonly<Record<string, unknown>> };
}

export interface SmallOptions {
  readonly layers?: number;
  readonly hidden?: number;
  readonly feedForward?: number;
  readonly heads?: number;
  readonly keyValueHeads?: number;
  readonly headSize?: number;
  readonly vocabulary?: number;
  readonly isTied?: boolean;
  readonly hasBiases?: boolean;
  readonly architecture?: string;
  /** More of config.json; undefined removes a key. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A model whose config.json and tensors agree. */
export function smallLlama(options: SmallOptions = {}): SmallModel {
  const { layers = 2, hidden = 256, feedForward = 512, heads = 4, vocabulary = 259 } = options;
  const { keyValueHeads = 2, headSize = 64, isTied = false, hasBiases = false } = options;
  const [queries, keys] = [heads * headSize, keyValueHeads * headSize];
  const shapes: [string, number[]][] = [
    ['model.embed_tokens.weight', [vocabulary, hidden]],
    ['model.norm.weight', [hidden]],
    ...(isTied ? [] : [['lm_head.weight', [vocabulary, hidden]] as [string, number[]]]),
  ];
  for (let layer = 0; layer < layers; layer++) {
    const add = (name: string, shape: number[]): unknown =>
      shapes.push([`model.layers.${layer}.${name}`, shape]);
    const projections: [string, number, number][] = [
      ['self_attn.q_proj', queries, hidden],
      ['self_attn.k_proj', keys, hidden],
      ['self_attn.v_proj', keys, hidden],
    ];
    for (const [name, rows, columns] of projections) {
      add(`${name}.weight`, [rows, columns]);
      if (hasBiases) add(`${name}.bias`, [rows]);
    }
    add('self_attn.o_proj.weight', [hidden, queries]);
    add('mlp.gate_proj.weight', [feedForward, hidden]);
    add('mlp.up_proj.weight', [feedForward, hidden]);
    add('mlp.down_proj.weight', [hidden, feedForward]);
    add('input_layernorm.weight', [hidden]);
    add('post_attention_layernorm.weight', [hidden]);
  }
  const tensors = new Map(shapes.map(([name, shape], i) => [name, tensor(values(shape, i + 1), shape)]));
  const config = {
    architectures: [options.architecture ?? 'LlamaForCausalLM'],
    hidden_size: hidden,
    intermediate_size: feedForward,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    head_dim: headSize,
    vocab_size: vocabulary,
    max_position_embeddings: 128,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: isTied,
    ...options.config,
  };
  return { source: sourceOfTensors(tensors), tensors, files: { config } };
}

function values(shape: readonly number[], seed: number): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  const random = createRandom(seed);
  return Float32Array.from({ length: size }, () => random.float() - 0.5);
}

/** A field of protobuf with at most 127 bytes. */
export const chunk = (number: number, bytes: readonly number[]): number[] => [
  8 * number + 2,
  bytes.length,
  ...bytes,
];

/** A piece of SentencePiece's tokenizer.model, with its kind, as a field of the file. */
export function piece(text: string, score: number, type?: number): number[] {
  const bits = new Uint8Array(Float32Array.of(score).buffer);
  const parts = [...chunk(1, Array.from(new TextEncoder().encode(text))), 8 * 2 + 5, ...bits];
  return chunk(1, type === undefined ? parts : [...parts, 8 * 3, type]);
}

/** The sizes that config.json states, and the metadata keys that they become. */
import { describe } from '../../core/errors.js';
import type { GgufValue } from '../../formats/gguf/types.js';
import type { Architecture, Dimensions } from './architectures.js';
import { countOf, field, positiveOf, type Json } from './config.js';
import { convertError } from './errors.js';
import type { Rope } from './rope.js';

/** Sizes of the model, checked against each other. */
export function dimensionsOf(config: Json, { activations }: Architecture): Dimensions {
  if (field(config, 'quantization_config') !== undefined) {
    const fix = 'convert the model that it was made of';
    throw convertError('CONVERT_QUANTIZED', 'config.json', 'no "quantization_config"', 'one', fix);
  }
  const activation = field(config, 'hidden_act') ?? activations[0];
  if (!activations.includes(activation as string)) {
    const fix = 'llama.cpp computes no other for this architecture';
    const place = 'config.json: "hidden_act"';
    throw convertError('CONVERT_CONFIG', place, activations.join(' or '), describe(activation), fix);
  }
  const heads = countOf(config, 'num_attention_heads');
  const hidden = countOf(config, 'hidden_size');
  const keyValueHeads = countOf(config, 'num_key_value_heads', heads);
  const headSize = countOf(config, 'head_dim', hidden / heads);
  if (heads % keyValueHeads !== 0) {
    const expected = `a divisor of num_attention_heads, ${heads}`;
    throw convertError(
      'CONVERT_CONFIG',
      'config.json: "num_key_value_heads"',
      expected,
      String(keyValueHeads),
      'correct the file',
    );
  }
  if (headSize % 2 !== 0) {
    throw convertError(
      'CONVERT_CONFIG',
      'config.json: "head_dim"',
      'an even number',
      String(headSize),
      'a rotary embedding turns pairs: correct the file',
    );
  }
  return {
    vocabulary: countOf(config, 'vocab_size'),
    hidden,
    feedForward: countOf(config, 'intermediate_size'),
    layers: countOf(config, 'num_hidden_layers'),
    heads,
    keyValueHeads,
    headSize,
    context: countOf(config, 'max_position_embeddings'),
  };
}

const DEFAULT_EPSILON = 1e-6;

/** Keys of the architecture, as llama.cpp reads them. */
export function dimensionPairs(
  { name }: Architecture,
  config: Json,
  dimensions: Dimensions,
  rope: Rope,
): (readonly [string, GgufValue])[] {
  const { vocabulary, hidden, feedForward, layers, heads, keyValueHeads, headSize, context } = dimensions;
  const count = (key: string, value: number): readonly [string, GgufValue] => [
    `${name}.${key}`,
    { type: 'uint32', value },
  ];
  const real = (key: string, value: number): readonly [string, GgufValue] => [
    `${name}.${key}`,
    { type: 'float32', value },
  ];
  return [
    count('block_count', layers),
    count('context_length', context),
    count('embedding_length', hidden),
    count('feed_forward_length', feedForward),
    count('attention.head_count', heads),
    count('attention.head_count_kv', keyValueHeads),
    count('attention.key_length', headSize),
    count('attention.value_length', headSize),
    real('attention.layer_norm_rms_epsilon', positiveOf(config, 'rms_norm_eps', DEFAULT_EPSILON)),
    count('rope.dimension_count', headSize),
    real('rope.freq_base', rope.base),
    ...rope.scaling.map(([key, value]) => [`${name}.rope.scaling.${key}`, value] as const),
    count('vocab_size', vocabulary),
  ];
}

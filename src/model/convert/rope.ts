/** Rotary embeddings that were stretched for longer texts: what GGUF files say of them. */
import type { F32 } from '../../core/arrays.js';
import { describe } from '../../core/errors.js';
import type { GgufValue } from '../../formats/gguf/types.js';
import { field, objectOf, positiveOf, type Json } from './config.js';
import { convertError } from './errors.js';

export interface Rope {
  readonly base: number;
  /** Keys behind `<architecture>.rope.scaling.`, in their order. */
  readonly scaling: readonly (readonly [string, GgufValue])[];
  /** What the frequency of each pair is divided by: the tensor rope_freqs.weight; null without it. */
  readonly factors: F32 | null;
}

const DEFAULT_BASE = 10_000;

/** Older models have rope_theta and rope_scaling, those since transformers 5 have both in rope_parameters. */
export function ropeOf(config: Json, headSize: number): Rope {
  const given = field(config, 'rope_parameters') ?? field(config, 'rope_scaling') ?? {};
  const rope = objectOf(given, 'config.json: "rope_parameters" or "rope_scaling"');
  const base = positiveOf(
    field(rope, 'rope_theta') === undefined ? config : rope,
    'rope_theta',
    DEFAULT_BASE,
  );
  const kind = field(rope, 'rope_type') ?? field(rope, 'type') ?? 'default';
  const plain = { base, scaling: [], factors: null };
  switch (kind) {
    case 'default':
      return plain;
    case 'linear':
      return { ...plain, scaling: [text('type', 'linear'), real(rope, 'factor', 'factor')] };
    case 'yarn':
      return { ...plain, scaling: yarnScaling(rope) };
    case 'llama3':
      return { ...plain, factors: llama3Factors(rope, base, headSize) };
    default: {
      const expected = 'one of default, linear, yarn, llama3';
      const fix = 'llama.cpp computes no other rotary embedding for this architecture';
      throw convertError('CONVERT_ROPE', 'config.json: "rope_type"', expected, describe(kind), fix);
    }
  }
}

const text = (key: string, value: string): readonly [string, GgufValue] => [key, { type: 'string', value }];
const real = (rope: Json, from: string, key: string): readonly [string, GgufValue] => [
  key,
  { type: 'float32', value: positiveOf(rope, from) },
];

/** Names in config.json and in GGUF of what YaRN may say besides. */
const YARN_OPTIONS: readonly (readonly [string, string])[] = [
  ['extrapolation_factor', 'yarn_ext_factor'],
  ['attention_factor', 'yarn_attn_factor'],
  ['beta_fast', 'yarn_beta_fast'],
  ['beta_slow', 'yarn_beta_slow'],
];

function yarnScaling(rope: Json): Rope['scaling'] {
  const value = positiveOf(rope, 'original_max_position_embeddings');
  return [
    text('type', 'yarn'),
    real(rope, 'factor', 'factor'),
    ['original_context_length', { type: 'uint32', value }],
    ...YARN_OPTIONS.filter(([from]) => field(rope, from) !== undefined).map(([from, key]) =>
      real(rope, from, key),
    ),
  ];
}

/**
 * Llama 3.1's factors. Of the wavelengths 2 pi base^(2 i / headSize), short ones stay (1), long ones are stretched by `factor`, and between the two limits
 * the inverse of the factor goes linearly with the inverse of the wavelength.
 */
function llama3Factors(rope: Json, base: number, headSize: number): F32 {
  const factor = positiveOf(rope, 'factor', 8);
  const low = positiveOf(rope, 'low_freq_factor', 1);
  const high = positiveOf(rope, 'high_freq_factor', 4);
  const length = positiveOf(rope, 'original_max_position_embeddings', 8192);
  return Float32Array.from({ length: headSize / 2 }, (_, i) => {
    const waves = (length / (2 * Math.PI)) * Math.pow(base, (-2 * i) / headSize);
    if (waves > high) return 1;
    if (waves < low) return factor;
    const smooth = (waves - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

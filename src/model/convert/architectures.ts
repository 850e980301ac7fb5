/** The architectures that can be converted, as data: another one is another entry. */
import { describe } from '../../core/errors.js';
import { nearestName } from '../../core/text.js';
import { field, type Json } from './config.js';
import { convertError } from './errors.js';
import type { TensorRole } from './mixes.js';

/** Sizes that tensors' shapes and metadata are made of. */
export interface Dimensions {
  readonly vocabulary: number;
  readonly hidden: number;
  readonly feedForward: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly context: number;
}

type Axis = 'vocabulary' | 'hidden' | 'feedForward' | 'queries' | 'keys';

export interface TensorRule {
  /** Name in the Hugging Face model; `{}` stands for the layer. */
  readonly from: string;
  readonly to: string;
  readonly axes: readonly Axis[];
  /** Whether a model may do without it. */
  readonly isOptional?: boolean;
  readonly role?: TensorRole;
  /** Whose heads' rows are in rotary order. */
  readonly rotary?: 'heads' | 'keyValueHeads';
}

export interface Architecture {
  /** general.architecture, and the prefix of its keys. */
  readonly name: string;
  /** Entries of `architectures` in config.json. */
  readonly classes: readonly string[];
  readonly tensors: readonly TensorRule[];
  /** Tensors that follow from config.json and are left out: patterns with `{}` for the layer. */
  readonly ignored: readonly string[];
  readonly activations: readonly string[];
  /** Models of this kind whose value matrices are raised to Q5_K: llama.cpp's type 70B. */
  readonly hasSmallValues: (dimensions: Dimensions) => boolean;
}

/** `{}.from.weight` and, where a model has it, its bias. */
function linear(
  from: string,
  to: string,
  axes: readonly [Axis, Axis],
  more: { bias: 'required' | 'optional' } & Pick<TensorRule, 'role' | 'rotary'>,
): TensorRule[] {
  const { bias, role, rotary } = more;
  const layer = { from: `model.layers.{}.${from}`, to: `blk.{}.${to}` };
  return [
    {
      from: `${layer.from}.weight`,
      to: `${layer.to}.weight`,
      axes,
      ...(role && { role }),
      ...(rotary && { rotary }),
    },
    {
      from: `${layer.from}.bias`,
      to: `${layer.to}.bias`,
      axes: [axes[0]],
      isOptional: bias === 'optional',
      ...(rotary && { rotary }),
    },
  ];
}

function norm(from: string, to: string): TensorRule {
  return { from: `model.layers.{}.${from}.weight`, to: `blk.{}.${to}.weight`, axes: ['hidden'] };
}

interface LlamaLike {
  /** Biases of the query, key and value projections. */
  readonly attentionBias: 'required' | 'optional';
  /** Whether ggml turns neighbours: queries and keys then change their order of rows. */
  readonly isInterleaved: boolean;
}

/** A decoder of llama's build. */
function llamaTensors({ attentionBias, isInterleaved }: LlamaLike): TensorRule[] {
  const bias = attentionBias;
  const rotary = (of: 'heads' | 'keyValueHeads'): Pick<TensorRule, 'rotary'> =>
    isInterleaved ? { rotary: of } : {};
  return [
    {
      from: 'model.embed_tokens.weight',
      to: 'token_embd.weight',
      axes: ['vocabulary', 'hidden'],
      role: 'tokenEmbedding',
    },
    { from: 'model.norm.weight', to: 'output_norm.weight', axes: ['hidden'] },
    { from: 'lm_head.weight', to: 'output.weight', axes: ['vocabulary', 'hidden'], role: 'output' },
    norm('input_layernorm', 'attn_norm'),
    norm('post_attention_layernorm', 'ffn_norm'),
    ...linear('self_attn.q_proj', 'attn_q', ['queries', 'hidden'], { bias, ...rotary('heads') }),
    ...linear('self_attn.k_proj', 'attn_k', ['keys', 'hidden'], { bias, ...rotary('keyValueHeads') }),
    ...linear('self_attn.v_proj', 'attn_v', ['keys', 'hidden'], { bias, role: 'attentionValue' }),
    ...linear('self_attn.o_proj', 'attn_output', ['hidden', 'queries'], {
      bias: 'optional',
      role: 'attentionOutput',
    }),
    ...linear('mlp.gate_proj', 'ffn_gate', ['feedForward', 'hidden'], { bias: 'optional' }),
    ...linear('mlp.up_proj', 'ffn_up', ['feedForward', 'hidden'], { bias: 'optional' }),
    ...linear('mlp.down_proj', 'ffn_down', ['hidden', 'feedForward'], {
      bias: 'optional',
      role: 'feedForwardDown',
    }),
  ];
}

const ROTARY_TABLES = ['model.layers.{}.self_attn.rotary_emb.inv_freq', 'model.rotary_emb.inv_freq'];

export const ARCHITECTURES: readonly Architecture[] = [
  {
    name: 'llama',
    classes: ['LlamaForCausalLM', 'LLaMAForCausalLM', 'MistralForCausalLM'],
    tensors: llamaTensors({ attentionBias: 'optional', isInterleaved: true }),
    ignored: ROTARY_TABLES,
    activations: ['silu'],
    hasSmallValues: ({ layers, heads, keyValueHeads }) => layers === 80 && heads !== keyValueHeads,
  },
  {
    name: 'qwen2',
    classes: ['Qwen2ForCausalLM'],
    tensors: llamaTensors({ attentionBias: 'required', isInterleaved: false }),
    ignored: ROTARY_TABLES,
    activations: ['silu'],
    hasSmallValues: ({ layers }) => layers === 80,
  },
];

/** The entry of the model that config.json describes. */
export function architectureOf(config: Json): Architecture {
  const given = field(config, 'architectures');
  const name: unknown = Array.isArray(given) ? given[0] : undefined;
  const found = ARCHITECTURES.find(({ classes }) => classes.includes(name as string));
  if (found !== undefined) return found;
  const known = ARCHITECTURES.flatMap(({ classes }) => classes);
  const near = typeof name === 'string' ? nearestName(name, known) : null;
  const fix = near === null ? 'convert it with llama.cpp' : `the nearest is ${near}`;
  const expected = `one of ${known.join(', ')}`;
  throw convertError(
    'CONVERT_ARCHITECTURE',
    'config.json: "architectures"',
    expected,
    describe(name ?? given),
    fix,
  );
}

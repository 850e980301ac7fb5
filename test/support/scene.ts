/** What the examples in docstrings may use without making it: a small model in every state, as bytes, report and text. */
import {
  apply,
  planRecipe,
  presetRecipe,
  profile,
  reportToJson,
  sourceOfSafetensors,
  verify,
  writeCompressed,
} from 'tensorslim/model';
import { readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { writeGguf } from 'tensorslim/gguf';
import { writeTfjs } from 'tensorslim/tfjs';

/** A llama of one layer, whose feed-forward rows are no whole blocks of 256. */
const LLAMA_SHAPES = {
  'model.embed_tokens.weight': [259, 256],
  'model.norm.weight': [256],
  'lm_head.weight': [259, 256],
  'model.layers.0.input_layernorm.weight': [256],
  'model.layers.0.post_attention_layernorm.weight': [256],
  'model.layers.0.self_attn.q_proj.weight': [256, 256],
  'model.layers.0.self_attn.k_proj.weight': [128, 256],
  'model.layers.0.self_attn.v_proj.weight': [128, 256],
  'model.layers.0.self_attn.o_proj.weight': [256, 256],
  'model.layers.0.mlp.gate_proj.weight': [320, 256],
  'model.layers.0.mlp.up_proj.weight': [320, 256],
  'model.layers.0.mlp.down_proj.weight': [256, 320],
};

const SHAPES = {
  'embeddings.weight': [256, 64],
  'layer.0.weight': [64, 64],
  'layer.0.norm.weight': [64],
  'head.weight': [32, 64],
};

/** Weights in the shape of a bell, the same on every engine. */
function weights(count: number): ReturnType<typeof Float32Array.from> {
  let state = 1;
  const uniform = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5;
  return Float32Array.from({ length: count }, () => (uniform() + uniform() + uniform() + uniform()) * 0.1);
}

function tensorsOf(
  shapes: Readonly<Record<string, readonly number[]>>,
): { name: string; dtype: 'float32'; shape: readonly number[]; data: ReturnType<typeof weights> }[] {
  return Object.entries(shapes).map(([name, shape]) => ({
    name,
    dtype: 'float32' as const,
    shape,
    data: weights(shape.reduce((size, length) => size * length)),
  }));
}

const tensors = tensorsOf(SHAPES);

/** The bytes of `model.safetensors`, which lies in the folder where every document's code runs. */
export const bytes = writeSafetensors(tensors);
export const model = sourceOfSafetensors(readSafetensors(bytes));
/** `model` with 8 bits per weight. */
export const small = apply(model, planRecipe(model, presetRecipe('int8', 'safetensors')));
export const report = await verify(model, small);
/** `report` as JSON. */
export const text = reportToJson(report);
export const rows = await profile(model, { candidates: { int8: { scheme: 'affine', bits: 8 } } });

const llamaBytes = writeSafetensors(tensorsOf(LLAMA_SHAPES));
/** A llama without training, as Hugging Face has it: what lies in the folder `tiny-llama`. */
export const llama = sourceOfSafetensors(readSafetensors(llamaBytes));
export const llamaFiles = {
  config: {
    architectures: ['LlamaForCausalLM'],
    hidden_size: 256,
    intermediate_size: 320,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: 259,
    max_position_embeddings: 256,
    rms_norm_eps: 1e-5,
  },
};

const tfjs = writeTfjs(
  { format: 'graph-model' },
  tensors.map((weight) => ({ ...weight, quantization: null })),
);

const gguf = writeGguf(tensors.map(({ name, shape, data }) => ({ name, type: 'F32', shape, data })));

/** The files that lie in the folder where a document's code runs: the model, the same for tfjs and as GGUF, and `small`. */
export const files: ReadonlyMap<string, Uint8Array> = new Map<string, Uint8Array>([
  ['model.safetensors', bytes],
  ['small.safetensors', await writeCompressed(small)],
  ['model.gguf', gguf],
  ['tiny-llama/model.safetensors', llamaBytes],
  ['tiny-llama/config.json', new TextEncoder().encode(JSON.stringify(llamaFiles.config))],
  ['model.json', new TextEncoder().encode(JSON.stringify(tfjs.modelJson))],
  ...tfjs.shards,
]);

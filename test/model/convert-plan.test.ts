import { describe, expect, it } from 'vitest';
import { planGguf, type GgufPlan, type GgufPlanEntry, type PlanGgufOptions } from 'tensorslim/model';
import { smallLlama, type SmallOptions } from '../support/convert.js';

function plan(model: SmallOptions = {}, options: Partial<PlanGgufOptions> = {}): GgufPlan {
  const { source, files } = smallLlama(model);
  return planGguf(source, files, { type: 'F32', ...options });
}

const named = ({ entries }: GgufPlan, name: string): GgufPlanEntry | undefined =>
  entries.find((entry) => entry.name === name);
const value = ({ metadata }: GgufPlan, key: string): unknown => {
  const given = metadata.get(key);
  return typeof given === 'object' ? given.value : given;
};

describe('planGguf()', () => {
  it('names the tensors of a llama as ggml does, in the order of llama-quantize', () => {
    const { entries, architecture } = plan({ layers: 11 });
    expect(architecture).toBe('llama');
    const names = entries.map(({ name }) => name);
    expect(names.slice(0, 12)).toEqual([
      'output.weight',
      'output_norm.weight',
      'token_embd.weight',
      'blk.0.attn_k.weight',
      'blk.0.attn_norm.weight',
      'blk.0.attn_output.weight',
      'blk.0.attn_q.weight',
      'blk.0.attn_v.weight',
      'blk.0.ffn_down.weight',
      'blk.0.ffn_gate.weight',
      'blk.0.ffn_norm.weight',
      'blk.0.ffn_up.weight',
    ]);
    // By number: as text, layer 10 would come before layer 2.
    expect(names[names.length - 1]).toBe('blk.10.ffn_up.weight');
    expect(entries.find(({ name }) => name === 'blk.1.ffn_norm.weight')).toMatchObject({
      source: 'model.layers.1.post_attention_layernorm.weight',
      shape: [256],
      type: 'F32',
    });
  });

  it('states sizes, and what the file is', () => {
    const made = plan({}, { type: 'Q4_K_M', name: 'small' });
    const expected = {
      'general.architecture': 'llama',
      'general.type': 'model',
      'general.name': 'small',
      'general.file_type': 15,
      'general.quantization_version': 2,
      'llama.block_count': 2,
      'llama.context_length': 128,
      'llama.embedding_length': 256,
      'llama.feed_forward_length': 512,
      'llama.attention.head_count': 4,
      'llama.attention.head_count_kv': 2,
      'llama.attention.key_length': 64,
      'llama.attention.value_length': 64,
      'llama.attention.layer_norm_rms_epsilon': 1e-5,
      'llama.rope.dimension_count': 64,
      'llama.rope.freq_base': 10_000,
      'llama.vocab_size': 259,
    };
    const got = Object.keys(expected).map((key) => [key, value(made, key)]);
    expect(Object.fromEntries(got)).toEqual(expected);
  });

  it('takes what config.json leaves out from the other sizes', () => {
    const config = { head_dim: undefined, num_key_value_heads: undefined, rms_norm_eps: undefined };
    const made = plan({ keyValueHeads: 4, config: { ...config, rope_theta: null } });
    expect(value(made, 'llama.attention.key_length')).toBe(64);
    expect(value(made, 'llama.attention.head_count_kv')).toBe(4);
    expect(value(made, 'llama.attention.layer_norm_rms_epsilon')).toBe(1e-6);
    expect(value(made, 'llama.rope.freq_base')).toBe(10_000);
  });

  it('moves the rows of llama queries and keys, by their own heads, and biases with them', () => {
    const made = plan({ hasBiases: true });
    const moved = made.entries.filter(({ rotaryHeads }) => rotaryHeads > 0);
    expect(moved.filter(({ name }) => name.startsWith('blk.0')).map((e) => [e.name, e.rotaryHeads])).toEqual([
      ['blk.0.attn_k.bias', 2],
      ['blk.0.attn_k.weight', 2],
      ['blk.0.attn_q.bias', 4],
      ['blk.0.attn_q.weight', 4],
    ]);
  });

  it('leaves the rows of qwen2 and needs its biases', () => {
    const model = { architecture: 'Qwen2ForCausalLM', hasBiases: true };
    const made = plan(model);
    expect(made.architecture).toBe('qwen2');
    expect(made.entries.every(({ rotaryHeads }) => rotaryHeads === 0)).toBe(true);
    expect(named(made, 'blk.1.attn_v.bias')).toMatchObject({ type: 'F32', shape: [128] });
    expect(value(made, 'qwen2.block_count')).toBe(2);
    expect(() => plan({ ...model, hasBiases: false })).toThrow(/q_proj\.bias.*CONVERT_TENSOR_MISSING/);
  });

  it('writes no output that is the token embedding, and says when it leaves one out', () => {
    const tied = plan({ isTied: true });
    expect(named(tied, 'output.weight')).toBeUndefined();
    expect(tied.notes.some((note) => note.includes('lm_head'))).toBe(false);
    const both = plan({ config: { tie_word_embeddings: true } });
    expect(named(both, 'output.weight')).toBeUndefined();
    expect(both.notes[0]).toMatch(/left out "lm_head\.weight"/);
  });

  it('gives matrices alone the type, and none but F32 to vectors', () => {
    const { entries } = plan({ hasBiases: true }, { type: 'Q8_0' });
    for (const { type, shape } of entries) expect(type).toBe(shape.length === 2 ? 'Q8_0' : 'F32');
  });

  it.each([
    [
      { rope_type: 'linear', factor: 2 },
      { type: 'linear', factor: 2 },
    ],
    [
      { type: 'yarn', factor: 4, original_max_position_embeddings: 32, beta_fast: 32, attention_factor: 1.5 },
      { type: 'yarn', factor: 4, original_context_length: 32, yarn_beta_fast: 32, yarn_attn_factor: 1.5 },
    ],
    [{ rope_type: 'default' }, {}],
  ])('states the stretched rotary embedding %j', (scaling, expected) => {
    const { metadata } = plan({ config: { rope_scaling: scaling } });
    const prefix = 'llama.rope.scaling.';
    const keys = Array.from(metadata).filter(([key]) => key.startsWith(prefix));
    const got = keys.map(([key, given]) => [key.slice(prefix.length), (given as { value: unknown }).value]);
    expect(Object.fromEntries(got)).toEqual(expected);
  });

  it('makes a tensor of the frequencies of Llama 3.1', () => {
    const rope = { rope_type: 'llama3', rope_theta: 500_000, factor: 8, low_freq_factor: 1 };
    const more = { high_freq_factor: 4, original_max_position_embeddings: 8192 };
    const config = { head_dim: 128, rope_theta: undefined, rope_parameters: { ...rope, ...more } };
    const made = plan({ headSize: 128, config });
    expect(value(made, 'llama.rope.freq_base')).toBe(500_000);
    const factors = Array.from(named(made, 'rope_freqs.weight')?.values ?? []);
    expect(factors).toHaveLength(64);
    expect(factors.slice(0, 29).every((factor) => factor === 1)).toBe(true);
    expect(factors.slice(36).every((factor) => factor === 8)).toBe(true);
    // As the formula of convert_hf_to_gguf.py gives them in Python.
    const between = [1.207484, 1.553415, 2.026313, 2.69453, 3.684253, 5.257327, 8];
    between.forEach((factor, i) => expect(factors[29 + i]).toBeCloseTo(factor, 5));
    expect(made.entries.map(({ name }) => name).indexOf('rope_freqs.weight')).toBe(2);
  });

  it('leaves out tables that follow from config.json', () => {
    const { source, files } = smallLlama();
    const info = { dtype: 'float32' as const, shape: [32], byteLength: 128 };
    const entries = new Map([...source.entries, ['model.layers.0.self_attn.rotary_emb.inv_freq', info]]);
    expect(planGguf({ ...source, entries }, files, { type: 'F16' }).entries).toHaveLength(21);
  });
});

describe('planGguf() refuses', () => {
  it.each<[string, SmallOptions, RegExp]>([
    ['another architecture', { architecture: 'GPT2LMHeadModel' }, /GPT2LMHeadModel.*CONVERT_ARCHITECTURE/],
    ['one that is misspelt', { architecture: 'LlamaForCausalLm' }, /the nearest is LlamaForCausalLM/],
    ['none', { config: { architectures: null } }, /got undefined.*CONVERT_ARCHITECTURE/],
    ['a quantized model', { config: { quantization_config: {} } }, /CONVERT_QUANTIZED/],
    ['another activation', { config: { hidden_act: 'gelu' } }, /"hidden_act".*silu, got "gelu"/],
    ['no number of layers', { config: { num_hidden_layers: undefined } }, /got none.*CONVERT_CONFIG/],
    ['half a layer', { config: { num_hidden_layers: 1.5 } }, /whole number.*got 1\.5/],
    ['an epsilon that is text', { config: { rms_norm_eps: '1e-5' } }, /"rms_norm_eps".*above 0/],
    ['a flag that is a number', { config: { tie_word_embeddings: 1 } }, /true or false, got 1/],
    [
      'heads that share unevenly',
      { config: { num_key_value_heads: 3 } },
      /divisor of num_attention_heads, 4/,
    ],
    ['heads of odd size', { config: { head_dim: 63 } }, /an even number/],
    ['an unknown rotary embedding', { config: { rope_scaling: { type: 'longrope' } } }, /CONVERT_ROPE/],
    ['a list for it', { config: { rope_scaling: [] } }, /JSON object/],
    [
      'other shapes',
      { config: { intermediate_size: 513 } },
      /\[513, 256\].*\[512, 256\].*CONVERT_TENSOR_SHAPE/,
    ],
    [
      'more layers than there are',
      { config: { num_hidden_layers: 3 } },
      /layers\.2\..*CONVERT_TENSOR_MISSING/,
    ],
    ['fewer layers', { config: { num_hidden_layers: 1 } }, /CONVERT_TENSOR_UNKNOWN/],
    [
      'a missing output',
      { isTied: true, config: { tie_word_embeddings: false } },
      /set "tie_word_embeddings"/,
    ],
  ])('%s', (_, model, message) => {
    expect(() => plan(model)).toThrow(message);
  });

  it('weights of another type', () => {
    const { source, files } = smallLlama();
    const entries = new Map(source.entries);
    entries.set('lm_head.weight', { dtype: 'int8', shape: [259, 256], byteLength: 259 * 256 });
    expect(() => planGguf({ ...source, entries }, files, { type: 'F16' })).toThrow(
      /lm_head.*got int8.*CONVERT_TENSOR_TYPE/,
    );
  });

  it('a fall-back that the caller forbids', () => {
    const options = { type: 'Q4_K_M', fallback: 'forbid' } as const;
    expect(() => plan({ feedForward: 320 }, options)).toThrow(
      /blk\.0\.ffn_down\.weight.*Q4_K.*320 elements are no whole blocks of 256.*CONVERT_FALLBACK/,
    );
    expect(() => plan({}, options)).not.toThrow();
  });

  it.each<[string, unknown, RegExp]>([
    ['type', 'Q4_KM', /did you mean 'Q4_K_M'/],
    ['type', undefined, /"type" expected one of/],
    ['pure', 1, /"pure" expected true or false/],
    ['fallback', 'no', /"fallback" expected one of 'allow', 'forbid'/],
    ['vocabulary', 'json', /"vocabulary" expected one of/],
    ['imatrix', {}, /importance matrix/],
    ['name', '', /"name" expected text/],
    ['preTokenizer', 3, /"preTokenizer" expected text/],
    ['kind', 1, /known keys/],
  ])('the option %s: %j', (key, given, message) => {
    expect(() => plan({}, { [key]: given })).toThrow(message);
  });

  it('arguments of the wrong kind', () => {
    const { source, files } = smallLlama();
    expect(() => planGguf(source, null as never, { type: 'F16' })).toThrow(/"files" expected an object/);
    expect(() => planGguf(source, { config: [] }, { type: 'F16' })).toThrow(/config\.json.*JSON object/);
    expect(() => planGguf(source, files, 3 as never)).toThrow(/plain object/);
  });
});

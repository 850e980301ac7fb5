import { describe, expect, it } from 'vitest';
import { planGguf, type ModelFiles, type PlanGgufOptions } from 'tensorslim/model';
import { chunk, piece, smallLlama } from '../support/convert.js';

type Plain = Readonly<Record<string, unknown>>;

/** Metadata of the vocabulary, its prefix taken off. */
function vocabulary(
  size: number,
  files: Omit<ModelFiles, 'config'>,
  options: Partial<PlanGgufOptions> = {},
  config: Plain = {},
): { keys: Record<string, unknown>; notes: readonly string[] } {
  const model = smallLlama({ layers: 1, vocabulary: size, config });
  const { metadata, notes } = planGguf(
    model.source,
    { ...model.files, ...files },
    { type: 'F16', ...options },
  );
  const pairs = Array.from(metadata).filter(([key]) => key.startsWith('tokenizer.'));
  const keys = pairs.map(([key, given]) => {
    const value = (given as { value: unknown }).value;
    return [
      key.replace(/^tokenizer\.(ggml\.)?/, ''),
      ArrayBuffer.isView(value) ? Array.from(value as Int32Array) : value,
    ];
  });
  return { keys: Object.fromEntries(keys) as Record<string, unknown>, notes };
}

const split = (pattern: string): Plain => ({
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
    { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
  ],
});
const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN2 = LLAMA3.replace('{1,3}', '');

const BPE = {
  added_tokens: [
    { id: 4, content: '<|end|>', special: true },
    { id: 5, content: '<tool>', special: false },
  ],
  pre_tokenizer: split(LLAMA3),
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<|end|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  },
  model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2, Ġ: 3 }, merges: ['a b'] },
};

const PIECES = {
  added_tokens: [
    { id: 0, content: '<unk>', special: true },
    { id: 1, content: '<s>', special: true },
  ],
  normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }] },
  model: {
    type: 'BPE',
    byte_fallback: true,
    unk_token: '<unk>',
    vocab: { '<unk>': 0, '<s>': 1, '<0x0A>': 2, '▁': 3, a: 4, '▁a': 5, aa: 6 },
    merges: [
      ['▁', 'a'],
      ['a', 'a'],
    ],
  },
};

describe('the vocabulary of byte-level BPE', () => {
  it('has tokens by their ids, merges, and kinds; ids without a token are unused', () => {
    const { keys } = vocabulary(7, { tokenizer: BPE });
    expect(keys).toMatchObject({
      model: 'gpt2',
      pre: 'llama-bpe',
      tokens: ['a', 'b', 'ab', 'Ġ', '<|end|>', '<tool>', '[PAD6]'],
      token_type: [1, 1, 1, 1, 3, 4, 5],
      merges: ['a b'],
    });
    expect(keys).not.toHaveProperty('scores');
  });

  it('takes merges as pairs, whose spaces it writes as the alphabet of bytes does', () => {
    const model = {
      ...BPE.model,
      merges: [
        ['a', 'b'],
        [' ', 'a'],
      ],
    };
    expect(vocabulary(7, { tokenizer: { ...BPE, model } }).keys.merges).toEqual(['a b', 'Ġ a']);
  });

  it.each<[string, unknown]>([
    ['llama-bpe', split(LLAMA3)],
    ['qwen2', split(QWEN2)],
    ['gpt-2', { type: 'ByteLevel', add_prefix_space: false, use_regex: true }],
    ['gpt-2', { type: 'ByteLevel', add_prefix_space: false }],
    [
      'smollm',
      {
        type: 'Sequence',
        pretokenizers: [{ type: 'Digits', individual_digits: true }, { type: 'ByteLevel' }],
      },
    ],
  ])('calls its pattern %s', (name, pre_tokenizer) => {
    expect(vocabulary(7, { tokenizer: { ...BPE, pre_tokenizer } }).keys.pre).toBe(name);
  });

  it('asks for the name of a pattern that it does not know', () => {
    const tokenizer = { ...BPE, pre_tokenizer: split('\\w+') };
    expect(() => vocabulary(7, { tokenizer })).toThrow(/Split \\\\w\+, ByteLevel.*CONVERT_PRE_TOKENIZER/);
    expect(() => vocabulary(7, { tokenizer: { ...BPE, pre_tokenizer: null } })).toThrow(/got none/);
    expect(vocabulary(7, { tokenizer }, { preTokenizer: 'mine' }).keys.pre).toBe('mine');
  });
});

describe('the vocabulary of SentencePiece', () => {
  it('scores pieces by the first merge that makes them', () => {
    const { keys } = vocabulary(8, { tokenizer: PIECES });
    expect(keys).toMatchObject({
      model: 'llama',
      pre: 'default',
      tokens: ['<unk>', '<s>', '<0x0A>', '▁', 'a', '▁a', 'aa', '[PAD7]'],
      scores: [0, 0, 0, -1e6, -1e6, -0, -1, 0],
      token_type: [2, 3, 6, 1, 1, 1, 1, 5],
      add_space_prefix: true,
    });
    expect(keys).not.toHaveProperty('merges');
  });

  it('has the scores of Unigram models', () => {
    const vocab = [
      ['<unk>', 0],
      ['a', -1.5],
      ['<0xFF>', -3],
    ];
    const tokenizer = { model: { type: 'Unigram', unk_id: 0, vocab }, pre_tokenizer: { type: 'Metaspace' } };
    expect(vocabulary(4, { tokenizer }).keys).toMatchObject({
      scores: [0, -1.5, -3, 0],
      token_type: [2, 1, 6, 5],
      add_space_prefix: true,
    });
  });

  it.each<[boolean, Plain, Plain | undefined]>([
    [false, { pre_tokenizer: { type: 'Metaspace', prepend_scheme: 'never' }, normalizer: null }, undefined],
    [false, { pre_tokenizer: { type: 'Metaspace', add_prefix_space: false }, normalizer: null }, undefined],
    [true, { pre_tokenizer: { type: 'Metaspace', prepend_scheme: 'first' }, normalizer: null }, undefined],
    [false, { normalizer: { type: 'Replace' } }, undefined],
    [false, {}, { add_prefix_space: false }],
  ])('adds a space in front: %s', (expected, changes, tokenizerConfig) => {
    const files = { tokenizer: { ...PIECES, ...changes }, ...(tokenizerConfig && { tokenizerConfig }) };
    expect(vocabulary(8, files).keys.add_space_prefix).toBe(expected);
  });
});

describe('the vocabulary of tokenizer.model', () => {
  const PIECE_MODEL = [
    ...piece('<unk>', 0, 2),
    ...piece('<s>', 0, 3),
    ...piece('<0x0A>', 0, 6),
    ...piece('▁a', -1.5),
  ];
  // A trainer's settings, and a field of eight bytes that nobody knows.
  const OTHERS = [...chunk(2, [8, 1]), 8 * 15 + 1, 0, 0, 0, 0, 0, 0, 0, 0];
  const read = (bytes: readonly number[], more: Plain = {}): Record<string, unknown> =>
    vocabulary(6, { sentencePiece: Uint8Array.from(bytes), ...more }).keys;

  it('has its scores and kinds, and what was added later', () => {
    const added_tokens_decoder = {
      1: { content: 'no', special: true },
      4: { content: '<|x|>', special: true },
      5: { content: 'y' },
      9: { content: 'z' },
      3: null,
    };
    const tokenizerConfig = { added_tokens_decoder, bos_token: '<s>', add_bos_token: true };
    expect(read([...PIECE_MODEL, ...OTHERS], { tokenizerConfig })).toMatchObject({
      model: 'llama',
      tokens: ['<unk>', '<s>', '<0x0A>', '▁a', '<|x|>', 'y'],
      scores: [0, 0, 0, -1.5, 0, 0],
      token_type: [2, 3, 6, 1, 3, 4],
      bos_token_id: 1,
      add_bos_token: true,
      add_space_prefix: true,
    });
  });

  it('says whether a space goes in front', () => {
    expect(read([...PIECE_MODEL, ...chunk(3, [8 * 3, 0])]).add_space_prefix).toBe(false);
    expect(read([...PIECE_MODEL, ...chunk(3, chunk(1, [65]))]).add_space_prefix).toBe(true);
    expect(read(PIECE_MODEL, { tokenizerConfig: { add_prefix_space: false } }).add_space_prefix).toBe(false);
  });

  it('is read only where there is no tokenizer.json', () => {
    expect(vocabulary(7, { tokenizer: BPE, sentencePiece: Uint8Array.of(0xff) }).keys.model).toBe('gpt2');
  });

  it.each<[string, readonly number[], RegExp]>([
    ['is empty', [], /pieces of SentencePiece, got "none"/],
    ['ends inside a number', [0x80], /cut short/],
    ['ends inside a piece', [10, 5, 1], /cut short/],
    ['has a number without end', Array<number>(12).fill(0xff), /cut short/],
    ['is another file', [0x7b], /wire type 3/],
    ['has a kind that does not exist', piece('a', 0, 9), /from 1 to 6, got 9/],
    ['has a score that is none', piece('a', NaN), /finite, got NaN/],
    ['has pieces that are no text', chunk(1, chunk(1, [0xff])), /UTF-8/],
    ['has more pieces than the model', Array.from({ length: 7 }, () => piece('a', 0)).flat(), /at most 6/],
  ])('is refused when it %s', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
    expect(() => read(bytes)).toThrow(/CONVERT_TOKENIZER/);
  });
});

describe('the special tokens', () => {
  it('are named in tokenizer_config.json, as text or as an object', () => {
    const tokenizerConfig = { bos_token: '<|end|>', eos_token: { content: 'ab' }, add_eos_token: false };
    const { keys } = vocabulary(7, { tokenizer: BPE, tokenizerConfig }, {}, { pad_token_id: 6 });
    expect(keys).toMatchObject({ bos_token_id: 4, eos_token_id: 2, padding_token_id: 6 });
    expect(keys).toMatchObject({ add_bos_token: true, add_eos_token: false });
  });

  it('are numbers of config.json without it; of several ends the first', () => {
    const config = { bos_token_id: 1, eos_token_id: [3, 4], unk_token_id: null };
    const { keys } = vocabulary(7, { tokenizer: BPE }, {}, config);
    expect(keys).toMatchObject({ bos_token_id: 1, eos_token_id: 3 });
    expect(keys).not.toHaveProperty('unknown_token_id');
  });

  it('come with the chat template, wherever it stands', () => {
    const named = [
      { name: 'tool', template: 'x' },
      { name: 'default', template: 'y' },
    ];
    const template = (files: Omit<ModelFiles, 'config'>): unknown =>
      vocabulary(7, { tokenizer: BPE, ...files }).keys.chat_template;
    expect(template({ tokenizerConfig: { chat_template: 'z' } })).toBe('z');
    expect(template({ tokenizerConfig: { chat_template: named } })).toBe('y');
    expect(template({ tokenizerConfig: { chat_template: 'z' }, chatTemplate: 'w' })).toBe('w');
    expect(template({})).toBeUndefined();
  });

  it('must be tokens', () => {
    const tokenizerConfig = { bos_token: '<none>' };
    expect(() => vocabulary(7, { tokenizer: BPE, tokenizerConfig })).toThrow(
      /"bos_token".*CONVERT_TOKENIZER/,
    );
    expect(() => vocabulary(7, { tokenizer: BPE }, {}, { eos_token_id: 7 })).toThrow(/an id below 7, got 7/);
  });
});

describe('without a tokenizer', () => {
  it('a vocabulary of 259 is one of bytes, which a note says', () => {
    const { keys, notes } = vocabulary(259, {});
    const tokens = keys.tokens as string[];
    expect([tokens[0], tokens[3], tokens[258]]).toEqual(['<unk>', '<0x00>', '<0xFF>']);
    expect((keys.token_type as number[]).slice(0, 4)).toEqual([2, 3, 3, 6]);
    expect(keys).toMatchObject({ model: 'llama', bos_token_id: 1, eos_token_id: 2, unknown_token_id: 0 });
    expect(keys).toMatchObject({ add_bos_token: false, add_eos_token: false, add_space_prefix: false });
    expect(notes[0]).toMatch(/^no tokenizer\.json, and 259 tokens: taken for/);
    expect(vocabulary(259, {}, { vocabulary: 'bytes' }).notes).toEqual([]);
  });

  it('any other is missing, unless there is to be none', () => {
    expect(() => vocabulary(300, {})).toThrow(/CONVERT_TOKENIZER_MISSING/);
    expect(() => vocabulary(259, {}, { vocabulary: 'files' })).toThrow(/CONVERT_TOKENIZER_MISSING/);
    expect(() => vocabulary(300, {}, { vocabulary: 'bytes' })).toThrow(/vocab_size 259.*got 300/);
    expect(vocabulary(300, {}, { vocabulary: 'none' }).keys).toEqual({ model: 'none' });
  });
});

describe('tokenizer.json is refused', () => {
  it.each<[string, unknown, RegExp]>([
    ['that is no object', [], /tokenizer\.json expected a JSON object/],
    ['without a model', {}, /"model" expected a JSON object/],
    [
      'of another kind',
      { model: { type: 'WordPiece' } },
      /BPE or Unigram, got "WordPiece".*CONVERT_TOKENIZER/,
    ],
    ['with added tokens that are none', { ...BPE, added_tokens: {} }, /"added_tokens" expected a list/],
    ['with one of no id', { ...BPE, added_tokens: [{ content: 'x' }] }, /"added_tokens\[0\]"/],
    [
      'with two tokens of one id',
      { ...BPE, model: { ...BPE.model, vocab: { a: 0, b: 0 } } },
      /number of its own/,
    ],
    [
      'with more tokens than the model',
      { ...BPE, model: { ...BPE.model, vocab: { a: 7 } } },
      /below vocab_size, 7/,
    ],
    ['with a negative id', { ...BPE, model: { ...BPE.model, vocab: { a: -1 } } }, /got -1/],
    [
      'without merges',
      { ...BPE, model: { ...BPE.model, merges: undefined } },
      /"model\.merges" expected a list/,
    ],
    ['with a merge of three', { ...BPE, model: { ...BPE.model, merges: ['a b c'] } }, /"model\.merges\[0\]"/],
    ['with a Unigram list of texts', { model: { type: 'Unigram', vocab: ['a'] } }, /"model\.vocab\[0\]"/],
    ['with no Unigram list', { model: { type: 'Unigram', vocab: {} } }, /list of \[piece, score\]/],
  ])('%s', (_, tokenizer, message) => {
    expect(() => vocabulary(7, { tokenizer })).toThrow(message);
  });

  it('and settings that are no object are, too', () => {
    expect(() => vocabulary(7, { tokenizer: BPE, tokenizerConfig: 3 })).toThrow(/tokenizer_config\.json/);
  });
});

/**
 * Small models without training, of every architecture and vocabulary that can be converted: llama.cpp must load each, compute the logits that plain
 * TypeScript computes, and cut text into the tokens that it was told. Exits with 1 on a miss.
 *
 *     npm install --prefix bench/peers/llama --omit=optional --ignore-scripts --no-save
 *     node scripts/run.mjs bench/peers/llama/architectures.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelFiles } from 'tensorslim/model';
import { convertToGguf, openGguf, saveModel } from 'tensorslim/node';
import { piece, smallLlama, type SmallOptions } from '../../../test/support/convert.js';
import { llamaLogits } from '../../../test/support/llama.js';
import { readLlama } from '../../../test/support/tiny-llama.js';
import { openLlama, runtimeLogits, type LlamaRuntime } from './runtime.js';

type Vocabulary = Omit<ModelFiles, 'config'>;

interface Case {
  readonly name: string;
  readonly model: SmallOptions;
  readonly vocabulary?: Vocabulary;
  /** Of 'hello he', in the order of the text. */
  readonly tokens?: readonly string[];
}

/** The alphabet of byte-level BPE: printable bytes are themselves, the others follow from U+0100. */
function byteAlphabet(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCharCode(isPrintable ? byte : next++);
  });
}

const numbered = (texts: readonly string[]): Record<string, number> =>
  Object.fromEntries(texts.map((text, id) => [text, id]));

const PATTERN = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const BYTE_LEVEL: Vocabulary = {
  tokenizer: {
    added_tokens: [{ id: 258, content: '<|endoftext|>', special: true }],
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: PATTERN } },
        { type: 'ByteLevel', use_regex: false },
      ],
    },
    model: { type: 'BPE', vocab: numbered([...byteAlphabet(), 'he', 'Ġhe']), merges: ['h e', 'Ġ he'] },
  },
  tokenizerConfig: { eos_token: '<|endoftext|>' },
};

const BYTES = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
const PIECES = ['<unk>', '<s>', '</s>', ...BYTES, '▁', 'h', 'e', 'l', 'o', '▁h', 'el', '▁hel', 'lo'];
const SENTENCE_PIECE: Vocabulary = {
  tokenizer: {
    added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({ id, content, special: true })),
    normalizer: { type: 'Prepend', prepend: '▁' },
    model: {
      type: 'BPE',
      byte_fallback: true,
      unk_token: '<unk>',
      vocab: numbered(PIECES),
      merges: ['e l', 'l o', '▁ h', '▁h el'],
    },
  },
  tokenizerConfig: { bos_token: '<s>', eos_token: '</s>' },
};

/** The same as tokenizer.model has it: pieces that no merge makes score least. */
const SCORES: Readonly<Record<string, number>> = { el: -1, lo: -2, '▁h': -3, '▁hel': -4 };
const kindOf = (id: number): number => (id > 2 ? (id < 3 + BYTES.length ? 6 : 1) : id === 0 ? 2 : 3);
const SENTENCE_PIECE_MODEL: Vocabulary = {
  sentencePiece: Uint8Array.from(PIECES.flatMap((text, id) => piece(text, SCORES[text] ?? -100, kindOf(id)))),
  tokenizerConfig: { bos_token: '<s>', eos_token: '</s>', add_bos_token: false },
};

const LLAMA3_ROPE = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};

const CASES: readonly Case[] = [
  {
    name: 'qwen2, byte-level BPE',
    model: { architecture: 'Qwen2ForCausalLM', hasBiases: true },
    vocabulary: BYTE_LEVEL,
    tokens: ['he', 'l', 'l', 'o', 'Ġhe'],
  },
  {
    name: 'llama, SentencePiece',
    model: { vocabulary: PIECES.length },
    vocabulary: SENTENCE_PIECE,
    tokens: ['▁hel', 'lo', '▁h', 'e'],
  },
  {
    name: 'llama, tokenizer.model',
    model: { vocabulary: PIECES.length },
    vocabulary: SENTENCE_PIECE_MODEL,
    tokens: ['▁hel', 'lo', '▁h', 'e'],
  },
  { name: 'llama, tied', model: { isTied: true } },
  { name: 'llama, biases', model: { hasBiases: true } },
  { name: 'llama, one head of keys', model: { keyValueHeads: 1 } },
  { name: 'llama, heads wider than the model', model: { headSize: 128 } },
  { name: 'llama, rotary of Llama 3.1', model: { config: { rope_scaling: LLAMA3_ROPE } } },
];
const TOKENS = [5, 17, 200, 3, 99, 258, 0, 42, 7, 7, 7, 100, 30, 20, 11, 254, 1, 2, 150, 66];
/** Logits are of size 5: float32 sums in another order. */
const TOLERANCE = 1e-4;

async function problemsOf(llama: LlamaRuntime, folder: string, each: Case): Promise<string[]> {
  const { source, files } = smallLlama(each.model);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(files.config));
  const { tokenizer, sentencePiece, tokenizerConfig } = each.vocabulary ?? {};
  for (const [file, content] of [
    ['tokenizer.json', tokenizer && JSON.stringify(tokenizer)],
    ['tokenizer.model', sentencePiece],
    ['tokenizer_config.json', tokenizerConfig && JSON.stringify(tokenizerConfig)],
  ] as const) {
    rmSync(join(folder, file), { force: true });
    if (content !== undefined) writeFileSync(join(folder, file), content as string | Uint8Array);
  }
  await saveModel(join(folder, 'model.safetensors'), source);
  const path = join(folder, 'model.gguf');
  await convertToGguf(folder, path, { type: 'F32' });
  const expected = llamaLogits(await readLlama(path), TOKENS);
  const [got] = await runtimeLogits(llama, path, [TOKENS]);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i])), 0);
  const cut = await tokensOf(llama, path, each);
  console.log(`${each.name.padEnd(34)} largest difference ${worst.toExponential(1)}  ${cut.join(' ')}`);
  return [
    ...(worst < TOLERANCE ? [] : ['other logits']),
    ...(each.tokens === undefined || cut.join(' ') === each.tokens.join(' ') ? [] : ['other tokens']),
  ];
}

/** How llama.cpp cuts a text, by the vocabulary that it was given. */
async function tokensOf(llama: LlamaRuntime, path: string, { vocabulary }: Case): Promise<string[]> {
  if (vocabulary === undefined) return [];
  const file = await openGguf(path);
  await file.close();
  const texts = file.metadata.get('tokenizer.ggml.tokens')?.value as readonly string[];
  const model = await llama.loadModel({ modelPath: path, gpuLayers: 0 });
  const cut = Array.from(model.tokenize('hello he'), (id) => texts[id]);
  await model.dispose();
  return cut;
}

const folder = mkdtempSync(join(tmpdir(), 'tensorslim-llama-'));
const llama = await openLlama();
const problems: string[] = [];
try {
  for (const each of CASES) {
    const found = await problemsOf(llama, folder, each);
    problems.push(...found.map((problem) => `${each.name}: ${problem}`));
  }
} finally {
  await llama.dispose();
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.log(`MISS ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);

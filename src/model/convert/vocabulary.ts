/** The vocabulary of a model as the metadata of a GGUF file. */
import { describe } from '../../core/errors.js';
import type { GgufValue } from '../../formats/gguf/types.js';
import { objectOf, type Json } from './config.js';
import { convertError } from './errors.js';
import type { ModelFiles, PlanGgufOptions } from './types.js';
import { byteToken, text, TOKEN_TYPE, type Tokens } from './vocabulary-parts.js';
import { sentencePieceModel } from './vocabulary-sentencepiece.js';
import { specialPairs } from './vocabulary-special.js';
import { tokensOf } from './vocabulary-tokens.js';

export interface Vocabulary {
  readonly pairs: readonly (readonly [string, GgufValue])[];
  readonly notes: readonly string[];
}

const BYTES = 256;
/** In front of the bytes: `<unk>`, `<s>`, `</s>`. */
const BYTE_OFFSET = 3;
const BYTE_VOCABULARY = BYTE_OFFSET + BYTES;

const FIX =
  "put tokenizer.json or tokenizer.model beside config.json, or choose vocabulary 'bytes' or 'none'";

/** The vocabulary of `size` tokens that the model's files, or the options, tell. */
export function vocabularyOf(
  files: ModelFiles,
  config: Json,
  size: number,
  { vocabulary = 'auto', preTokenizer }: Pick<PlanGgufOptions, 'vocabulary' | 'preTokenizer'>,
): Vocabulary {
  if (vocabulary === 'none') return { pairs: [['tokenizer.ggml.model', text('none')]], notes: [] };
  const { tokenizer, sentencePiece } = files;
  const isMissing = tokenizer === undefined && sentencePiece === undefined;
  if (vocabulary === 'bytes' || (vocabulary === 'auto' && isMissing && size === BYTE_VOCABULARY)) {
    if (size === BYTE_VOCABULARY) return byteVocabulary(vocabulary === 'auto');
    const expected = `vocab_size ${BYTE_VOCABULARY} for a vocabulary of bytes`;
    throw convertError('CONVERT_TOKENIZER', 'config.json', expected, String(size), FIX);
  }
  const settings =
    files.tokenizerConfig === undefined ? null : objectOf(files.tokenizerConfig, 'tokenizer_config.json');
  let tokens: Tokens;
  let json: Json = {};
  if (tokenizer !== undefined) {
    json = objectOf(tokenizer, 'tokenizer.json');
    tokens = tokensOf(json, settings, size, preTokenizer);
  } else if (sentencePiece !== undefined) tokens = sentencePieceModel(sentencePiece, settings, size);
  else {
    const expected = 'tokenizer.json or tokenizer.model';
    throw convertError('CONVERT_TOKENIZER_MISSING', 'the model', expected, 'neither', FIX);
  }
  const special = specialPairs(json, settings, config, tokens.texts, files.chatTemplate);
  return { pairs: [...tokenPairs(tokens), ...special], notes: [] };
}

function tokenPairs({ model, pre, texts, types, scores, merges, addsSpace }: Tokens): Vocabulary['pairs'] {
  return [
    ['tokenizer.ggml.model', text(model)],
    ['tokenizer.ggml.pre', text(pre)],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: texts }],
    ...(scores === null
      ? []
      : [['tokenizer.ggml.scores', { type: 'array', of: 'float32', value: scores.slice() }] as const]),
    ['tokenizer.ggml.token_type', { type: 'array', of: 'int32', value: types.slice() }],
    ...(merges === null
      ? []
      : [['tokenizer.ggml.merges', { type: 'array', of: 'string', value: merges }] as const]),
    ...(addsSpace === null
      ? []
      : [['tokenizer.ggml.add_space_prefix', { type: 'bool', value: addsSpace }] as const]),
  ];
}

/** A token for every byte, for models that read bytes: token = byte + 3. */
function byteVocabulary(isAssumed: boolean): Vocabulary {
  const texts = ['<unk>', '<s>', '</s>'];
  const types = [TOKEN_TYPE.unknown, TOKEN_TYPE.control, TOKEN_TYPE.control] as number[];
  for (let byte = 0; byte < BYTES; byte++) {
    texts.push(byteToken(byte));
    types.push(TOKEN_TYPE.byte);
  }
  const tokens: Tokens = {
    model: 'llama',
    pre: 'default',
    texts,
    types: Int32Array.from(types),
    scores: new Float32Array(BYTE_VOCABULARY),
    merges: null,
    addsSpace: false,
  };
  const ids = ['unknown', 'bos', 'eos'].map(
    (kind, value) => [`tokenizer.ggml.${kind}_token_id`, { type: 'uint32', value }] as const,
  );
  const flags = ['bos', 'eos'].map(
    (kind) => [`tokenizer.ggml.add_${kind}_token`, { type: 'bool', value: false }] as const,
  );
  const note = `no tokenizer.json, and ${BYTE_VOCABULARY} tokens: taken for ${describe('<unk>')}, ${describe('<s>')}, ${describe('</s>')} and the ${BYTES} bytes`;
  return { pairs: [...tokenPairs(tokens), ...ids, ...flags], notes: isAssumed ? [note] : [] };
}

/** The tokens of tokenizer.json. */
import type { F32, I32 } from '../../core/arrays.js';
import { describe, quote } from '../../core/errors.js';
import { isPlainObject } from '../../core/options.js';
import { field, objectOf, type Json } from './config.js';
import { convertError } from './errors.js';
import { byteToken, stepsIn, TOKEN_TYPE, type Tokens } from './vocabulary-parts.js';
import { preTokenizerOf } from './vocabulary-patterns.js';

const FILE = 'tokenizer.json';
const SPACE = '▁';

const refuse = (place: string, expected: string, got: unknown): Error =>
  convertError(
    'CONVERT_TOKENIZER',
    `${FILE}: ${place}`,
    expected,
    got === undefined ? 'none' : describe(got),
    'fetch the file again',
  );

interface Added {
  readonly id: number;
  readonly text: string;
  readonly isSpecial: boolean;
}

/** The tokens of ids 0 to `size` - 1; ids without a token become unused ones. */
export function tokensOf(
  json: Json,
  settings: Json | null,
  size: number,
  preTokenizer: string | undefined,
): Tokens {
  const model = objectOf(field(json, 'model'), `${FILE}: "model"`);
  const kind = field(model, 'type') ?? 'BPE';
  const added = addedTokens(json);
  if (kind === 'Unigram') return unigramTokens(json, model, settings, added, size);
  if (kind !== 'BPE') throw refuse('"model.type"', 'BPE or Unigram', kind);
  const ids = vocabularyIds(model);
  if (field(model, 'byte_fallback') === true) {
    return sentencePieceTokens(json, model, settings, ids, added, size);
  }
  const { texts, types } = layOut(ids, added, size, () => TOKEN_TYPE.normal);
  return {
    model: 'gpt2',
    pre: preTokenizer ?? preTokenizerOf(json),
    texts,
    types,
    scores: null,
    merges: mergesOf(model).map(joined),
    addsSpace: null,
  };
}

function addedTokens(json: Json): Added[] {
  const given = field(json, 'added_tokens') ?? [];
  if (!Array.isArray(given)) throw refuse('"added_tokens"', 'a list', given);
  return given.map((item: unknown, i) => {
    const token = isPlainObject(item) ? (item as Json) : {};
    const [id, text] = [field(token, 'id'), field(token, 'content')];
    if (!Number.isSafeInteger(id) || typeof text !== 'string') {
      throw refuse(`"added_tokens[${i}]"`, 'an object with "id" and "content"', item);
    }
    return { id: id as number, text, isSpecial: field(token, 'special') === true };
  });
}

function vocabularyIds(model: Json): Map<number, string> {
  const ids = new Map<number, string>();
  for (const [text, id] of Object.entries(objectOf(field(model, 'vocab'), `${FILE}: "model.vocab"`))) {
    if (!Number.isSafeInteger(id) || ids.has(id as number)) {
      throw refuse(`"model.vocab", token ${quote(text)}`, 'a number of its own', id);
    }
    ids.set(id as number, text);
  }
  return ids;
}

/** Texts and types by id. Added tokens stand for themselves, whatever the vocabulary has for their id. */
function layOut(
  ids: ReadonlyMap<number, string>,
  added: readonly Added[],
  size: number,
  typeOf: (text: string) => number,
): { texts: string[]; types: I32 } {
  const texts = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
  const types = new Int32Array(size).fill(TOKEN_TYPE.unused);
  const put = (id: number, text: string, type: number): void => {
    if (id < 0 || id >= size) {
      throw refuse(`token ${quote(text)}`, `an id below vocab_size, ${size}`, id);
    }
    texts[id] = text;
    types[id] = type;
  };
  for (const [id, text] of ids) put(id, text, typeOf(text));
  for (const { id, text, isSpecial } of added) {
    const type = typeOf(text);
    const isControl = isSpecial || looksSpecial(text);
    if (type !== TOKEN_TYPE.normal) put(id, text, type);
    else if (isControl) put(id, text, TOKEN_TYPE.control);
    else put(id, text.replaceAll(SPACE, ' '), TOKEN_TYPE.userDefined);
  }
  return { texts, types };
}

/** Markers that some models forgot to call special; llama.cpp takes them for control tokens. */
function looksSpecial(text: string): boolean {
  return (
    /^<[|｜].*[|｜]>$|^<unused.*>$/s.test(text) || ['<pad>', '<mask>', '<2mass>', '[@BOS@]'].includes(text)
  );
}

const BYTE_TOKENS: ReadonlySet<string> = new Set(Array.from({ length: 256 }, (_, byte) => byteToken(byte)));

function pieceType(unknown: unknown): (text: string) => number {
  return (text) => {
    if (text === unknown) return TOKEN_TYPE.unknown;
    return BYTE_TOKENS.has(text) ? TOKEN_TYPE.byte : TOKEN_TYPE.normal;
  };
}

/** A piece that no merge makes: below all that one makes. */
const UNMADE_SCORE = -1e6;

/**
 * SentencePiece's BPE, whose merges tokenizer.json has as a list. llama.cpp joins the neighbours whose piece has the largest score, so a piece scores the
 * less the later the first merge that makes it.
 */
function sentencePieceTokens(
  json: Json,
  model: Json,
  settings: Json | null,
  ids: ReadonlyMap<number, string>,
  added: readonly Added[],
  size: number,
): Tokens {
  const { texts, types } = layOut(ids, added, size, pieceType(field(model, 'unk_token') ?? '<unk>'));
  const scoreOf = new Map<string, number>();
  mergesOf(model).forEach(([left, right], rank) => {
    if (!scoreOf.has(left + right)) scoreOf.set(left + right, -rank);
  });
  const scores = Float32Array.from(texts, (text, id) =>
    types[id] === TOKEN_TYPE.normal ? (scoreOf.get(text) ?? UNMADE_SCORE) : 0,
  );
  return pieces(json, settings, texts, types, scores);
}

function unigramTokens(
  json: Json,
  model: Json,
  settings: Json | null,
  added: readonly Added[],
  size: number,
): Tokens {
  const given = field(model, 'vocab');
  if (!Array.isArray(given)) throw refuse('"model.vocab"', 'a list of [piece, score]', given);
  const pairs = given.map((pair: unknown, id) => {
    const [text, score] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (typeof text !== 'string' || typeof score !== 'number') {
      throw refuse(`"model.vocab[${id}]"`, '[piece, score]', pair);
    }
    return { text, score };
  });
  const ids = new Map(pairs.map(({ text }, id) => [id, text]));
  const unknown = pairs[Number(field(model, 'unk_id') ?? 0)]?.text;
  const { texts, types } = layOut(ids, added, size, pieceType(unknown));
  const scores = Float32Array.from(texts, (_, id) => pairs[id]?.score ?? 0);
  return pieces(json, settings, texts, types, scores);
}

function pieces(json: Json, settings: Json | null, texts: string[], types: I32, scores: F32): Tokens {
  const addsSpace = prefixesSpace(json, settings);
  return { model: 'llama', pre: 'default', texts, types, scores, merges: null, addsSpace };
}

/** Whether a space goes in front of the text: said outright, or done by the normalizer or the pre-tokenizer. */
function prefixesSpace(json: Json, settings: Json | null): boolean {
  const said = settings === null ? undefined : field(settings, 'add_prefix_space');
  if (typeof said === 'boolean') return said;
  return [
    ...stepsIn(field(json, 'normalizer'), 'normalizers'),
    ...stepsIn(field(json, 'pre_tokenizer'), 'pretokenizers'),
  ].some((step) => {
    const kind = field(step, 'type');
    if (kind === 'Prepend') return field(step, 'prepend') === SPACE;
    if (kind !== 'Metaspace') return false;
    const scheme =
      field(step, 'prepend_scheme') ?? (field(step, 'add_prefix_space') === false ? 'never' : 'always');
    return scheme !== 'never';
  });
}

type Merge = readonly [string, string];

/** Merges in order: pairs, or texts with a space between the two. */
function mergesOf(model: Json): Merge[] {
  const given = field(model, 'merges');
  if (!Array.isArray(given)) throw refuse('"model.merges"', 'a list', given);
  return given.map((merge: unknown, i) => {
    const parts: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (Array.isArray(parts) && parts.length === 2 && parts.every((part) => typeof part === 'string')) {
      return parts as unknown as Merge;
    }
    throw refuse(`"model.merges[${i}]"`, 'two tokens', merge);
  });
}

/** A space inside a token would be taken for the one between the two: byte-level BPE writes it as U+0120. */
const joined = (merge: Merge): string => merge.map((part) => part.replaceAll(' ', '\u0120')).join(' ');

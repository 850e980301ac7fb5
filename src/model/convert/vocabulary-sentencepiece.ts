/** The tokens of tokenizer.model: SentencePiece's own file, a protobuf message. */
import { describe } from '../../core/errors.js';
import { field, type Json } from './config.js';
import { convertError } from './errors.js';
import { TOKEN_TYPE, type Tokens } from './vocabulary-parts.js';

const refuse = (expected: string, got: unknown): Error =>
  convertError('CONVERT_TOKENIZER', 'tokenizer.model', expected, describe(got), 'fetch the file again');

/** One field of a message: its number, and its value as a whole number or as bytes. */
interface Field {
  readonly number: number;
  readonly value: number;
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);
/** Wire types of protobuf. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The fields of a message in their order. */
function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= message.length || scale > 2 ** 63) throw refuse('a whole protobuf message', 'one cut short');
      const byte = message[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw refuse('a whole protobuf message', 'one cut short');
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === WIRE.varint) yield { number, value: varint(), bytes: NOTHING };
    else if (wire === WIRE.bytes) yield { number, value: 0, bytes: take(varint()) };
    else if (wire === WIRE.fixed32) yield { number, value: 0, bytes: take(4) };
    else if (wire === WIRE.fixed64) yield { number, value: 0, bytes: take(8) };
    else throw refuse('a protobuf message', `wire type ${wire}`);
  }
}

/** Numbers of fields in sentencepiece_model.proto. */
const MODEL = { pieces: 1, normalizer: 3 } as const;
const PIECE = { text: 1, score: 2, type: 3 } as const;
const ADD_DUMMY_PREFIX = 3;

/** The tokens of ids 0 to `size` - 1, with SentencePiece's own scores; those that a model added later are in tokenizer_config.json. */
export function sentencePieceModel(file: Uint8Array, settings: Json | null, size: number): Tokens {
  const texts = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
  const types = new Int32Array(size).fill(TOKEN_TYPE.unused);
  const scores = new Float32Array(size);
  let count = 0;
  let addsSpace = true;
  for (const { number, bytes } of fieldsOf(file)) {
    if (number === MODEL.normalizer) addsSpace = prefixOf(bytes);
    if (number !== MODEL.pieces) continue;
    if (count >= size) throw refuse(`at most ${size} pieces, vocab_size of config.json`, 'more');
    const piece = pieceOf(bytes);
    texts[count] = piece.text;
    types[count] = piece.type;
    scores[count++] = piece.score;
  }
  if (count === 0) throw refuse('pieces of SentencePiece', 'none');
  for (const { id, text, isSpecial } of addedLater(settings)) {
    if (id < count || id >= size) continue;
    texts[id] = text;
    types[id] = isSpecial ? TOKEN_TYPE.control : TOKEN_TYPE.userDefined;
  }
  const said = settings === null ? undefined : field(settings, 'add_prefix_space');
  const prefix = typeof said === 'boolean' ? said : addsSpace;
  return { model: 'llama', pre: 'default', texts, types, scores, merges: null, addsSpace: prefix };
}

function prefixOf(normalizer: Uint8Array): boolean {
  for (const { number, value } of fieldsOf(normalizer)) if (number === ADD_DUMMY_PREFIX) return value !== 0;
  return true;
}

/** Kinds of pieces have the numbers that llama.cpp has for them. */
const KINDS: ReadonlySet<number> = new Set(Object.values(TOKEN_TYPE));

function pieceOf(message: Uint8Array): { text: string; score: number; type: number } {
  let text = '';
  let score = 0;
  let type: number = TOKEN_TYPE.normal;
  for (const { number, value, bytes } of fieldsOf(message)) {
    if (number === PIECE.text) text = textOf(bytes);
    if (number === PIECE.type) type = value;
    if (number === PIECE.score && bytes.length === 4) {
      score = new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
    }
  }
  if (!KINDS.has(type)) throw refuse('kinds of pieces from 1 to 6', type);
  if (!Number.isFinite(score)) throw refuse('scores that are finite', score);
  return { text, score, type };
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refuse('pieces in UTF-8', 'other bytes');
  }
}

function addedLater(settings: Json | null): { id: number; text: string; isSpecial: boolean }[] {
  const given = settings === null ? undefined : field(settings, 'added_tokens_decoder');
  if (typeof given !== 'object' || given === null) return [];
  return Object.entries(given).flatMap(([id, token]: [string, unknown]) => {
    const json = (typeof token === 'object' && token !== null ? token : {}) as Json;
    const text = field(json, 'content');
    return typeof text === 'string'
      ? [{ id: Number(id), text, isSpecial: field(json, 'special') === true }]
      : [];
  });
}

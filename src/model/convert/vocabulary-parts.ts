/** What the readers of vocabularies share. */
import type { F32, I32 } from '../../core/arrays.js';
import { isPlainObject } from '../../core/options.js';
import type { GgufValue } from '../../formats/gguf/types.js';
import { field, type Json } from './config.js';

/** Tokens with what llama.cpp wants to know of each. */
export interface Tokens {
  /** tokenizer.ggml.model: 'llama' for SentencePiece, 'gpt2' for byte-level BPE. */
  readonly model: 'llama' | 'gpt2';
  /** tokenizer.ggml.pre. */
  readonly pre: string;
  readonly texts: readonly string[];
  readonly types: I32;
  /** SentencePiece only. */
  readonly scores: F32 | null;
  /** Byte-level BPE only. */
  readonly merges: readonly string[] | null;
  /** Whether text gets a space in front. */
  readonly addsSpace: boolean | null;
}

/** Kinds of tokens by their numbers in llama.cpp. */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export const text = (value: string): GgufValue => ({ type: 'string', value });

/** How SentencePiece writes a byte: `<0x0A>`. */
export const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/** The steps of a part of tokenizer.json, sequences taken apart; `key` is what a sequence calls its list. */
export function stepsIn(given: unknown, key: 'normalizers' | 'pretokenizers' | 'processors'): Json[] {
  if (!isPlainObject(given)) return [];
  const inner = field(given as Json, key);
  return Array.isArray(inner) ? inner.flatMap((step) => stepsIn(step, key)) : [given as Json];
}

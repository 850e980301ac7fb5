/** How text is cut before byte-level BPE: llama.cpp knows the ways by name, tokenizer.json has them as patterns. */
import { describe } from '../../core/errors.js';
import { isPlainObject } from '../../core/options.js';
import { field, type Json } from './config.js';
import { convertError } from './errors.js';
import { stepsIn } from './vocabulary-parts.js';

/** The pattern of Llama 3 and Qwen2, which differ in how many digits stay together. */
const cutWith = (digits: string): string =>
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** Each step in a few words, and llama.cpp's name for the sequence of them. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['ByteLevel with its pattern', 'gpt-2'],
  ['Digits one by one, ByteLevel with its pattern', 'smollm'],
  [`Split ${cutWith(String.raw`\p{N}{1,3}`)}, ByteLevel`, 'llama-bpe'],
  [`Split ${cutWith(String.raw`\p{N}`)}, ByteLevel`, 'qwen2'],
]);

/** tokenizer.ggml.pre of a byte-level BPE tokenizer. */
export function preTokenizerOf(json: Json): string {
  const steps = stepsIn(field(json, 'pre_tokenizer'), 'pretokenizers').map(stepText).join(', ');
  const name = NAMES.get(steps);
  if (name !== undefined) return name;
  const known = Array.from(NAMES.values()).join(', ');
  const got = steps === '' ? 'none' : describe(steps);
  const fix = 'pass preTokenizer, the name that llama.cpp has for it (tokenizer.ggml.pre)';
  throw convertError(
    'CONVERT_PRE_TOKENIZER',
    'tokenizer.json: "pre_tokenizer"',
    `the way of ${known}`,
    got,
    fix,
  );
}

function stepText(step: Json): string {
  const kind = String(field(step, 'type'));
  if (kind === 'ByteLevel') {
    return field(step, 'use_regex') === false ? kind : `${kind} with its pattern`;
  }
  if (kind === 'Digits') return field(step, 'individual_digits') === true ? `${kind} one by one` : kind;
  const pattern = field(step, 'pattern');
  return kind === 'Split' && isPlainObject(pattern)
    ? `${kind} ${String(field(pattern as Json, 'Regex'))}`
    : kind;
}

/** Codes in 32-bit words, the lowest bits first. */
import type { I32, U8 } from '../core/arrays.js';

/** Where a line of codes lies: word i of the line is words[base + i * stride]. */
export interface Line {
  readonly base: number;
  readonly stride: number;
}

/**
 * The bit at which code i of a line begins, counted from the line's first word.
 *
 * - `stream`: codes follow each other without gaps and may lie in two words (GPTQ: 32 codes of 3 bits in 3 words).
 * - `whole`: floor(32 / bits) codes in every word, its highest bits unused (compressed-tensors).
 */
export type WordLayout = 'stream' | 'whole';

export function wordsFor(count: number, bits: number, layout: WordLayout): number {
  return Math.ceil(layout === 'stream' ? (count * bits) / 32 : count / Math.floor(32 / bits));
}

function bitOf(i: number, bits: number, layout: WordLayout): number {
  if (layout === 'stream') return i * bits;
  const perWord = Math.floor(32 / bits);
  return Math.floor(i / perWord) * 32 + (i % perWord) * bits;
}

/** Sets code i of a line; its bits were 0. */
export function putInWords(
  words: I32,
  { base, stride }: Line,
  i: number,
  code: number,
  bits: number,
  layout: WordLayout,
): void {
  const at = bitOf(i, bits, layout);
  const word = base + Math.floor(at / 32) * stride;
  const shift = at % 32;
  words[word] |= code << shift;
  if (shift + bits > 32) words[word + stride] |= code >>> (32 - shift);
}

export function takeFromWords(
  words: I32,
  { base, stride }: Line,
  i: number,
  bits: number,
  layout: WordLayout,
): number {
  const at = bitOf(i, bits, layout);
  const word = base + Math.floor(at / 32) * stride;
  const shift = at % 32;
  let code = words[word] >>> shift;
  if (shift + bits > 32) code |= words[word + stride] << (32 - shift);
  return code & (2 ** bits - 1);
}

/** Packs or unpacks `count` codes that lie `step` apart from `from` on. */
export function packLine(
  words: I32,
  line: Line,
  codes: U8,
  { from, step, count }: { readonly from: number; readonly step: number; readonly count: number },
  bits: number,
  layout: WordLayout,
): void {
  for (let i = 0; i < count; i++) putInWords(words, line, i, codes[from + i * step], bits, layout);
}

export function unpackLine(
  codes: U8,
  { from, step, count }: { readonly from: number; readonly step: number; readonly count: number },
  words: I32,
  line: Line,
  bits: number,
  layout: WordLayout,
): void {
  for (let i = 0; i < count; i++) codes[from + i * step] = takeFromWords(words, line, i, bits, layout);
}

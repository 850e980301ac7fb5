/** CodebookTensors as records: whether their parts fit together, and what the passes need of them. */
import { arrayTag } from '../../core/array-tag.js';
import type { F32, U8 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkAttached } from '../../core/numbers.js';
import { checkChoice, checkInteger, isPlainObject } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import { codeBytes } from './codebook-codes.js';
import { denestAbsmax, NESTED_BLOCK } from './codebook-nested.js';
import {
  bitsFor,
  CODEBOOK_NAMES,
  dynamic8,
  namedCodebook,
  nearestCodebook,
  type Codebook,
} from './codebook-tables.js';
import type { CodebookTensor, NestedAbsmax } from './codebook-types.js';

export const MAX_LEVELS = 256;
const MADE_BY = 'make it with quantizeCodebook';
export const NAMES: readonly CodebookTensor['name'][] = [...CODEBOOK_NAMES, 'kmeans', 'custom'];

/** The number of elements of `c`, after checking that its parts fit together. */
export function checkCodebookTensor(fn: string, c: CodebookTensor): number {
  if (!isPlainObject(c) || c.kind !== 'codebook') {
    throw typeError(fn, 'c', 'a CodebookTensor', c, MADE_BY);
  }
  checkChoice(fn, 'c.name', c.name, NAMES);
  checkFloats(fn, 'c.codebook', c.codebook, null);
  const count = checkInteger(fn, 'c.codebook.length', c.codebook.length, 2, MAX_LEVELS);
  checkLevels(fn, c);
  checkInteger(fn, 'c.bits', c.bits, bitsFor(count), bitsFor(count));
  const size = elementCount(c.shape, fn, 'c.shape');
  checkBytes(fn, 'c.codes', c.codes, codeBytes(size, c.bits));
  checkBlocks(fn, c, size);
  if (typeof c.overflow !== 'number' || !(c.overflow >= 0 && c.overflow < Infinity)) {
    throw rangeError(fn, 'c.overflow', 'a finite number >= 0', c.overflow, MADE_BY);
  }
  return size;
}

function checkLevels(fn: string, { name, codebook }: CodebookTensor): void {
  if (name === 'nf4' || name === 'fp4' || name === 'af4') {
    const { levels } = namedCodebook(name);
    if (codebook.length !== levels.length || levels.some((level, i) => level !== codebook[i])) {
      throw rangeError(fn, 'c.codebook', `the levels of ${name}`, codebook, "or name: 'custom'");
    }
    return;
  }
  checkAscending(fn, 'c.codebook', codebook);
  if (name === 'dynamic8') checkInteger(fn, 'c.codebook.length', codebook.length, MAX_LEVELS, MAX_LEVELS);
}

/** The named error at the first level that is below the one before it. */
export function checkAscending(fn: string, argument: string, levels: F32): void {
  for (let i = 1; i < levels.length; i++) {
    if (levels[i] < levels[i - 1]) {
      const expected = `ascending levels, at least ${levels[i - 1]}`;
      throw rangeError(fn, `${argument}[${i}]`, expected, levels[i], 'sort the codebook');
    }
  }
}

function checkBlocks(fn: string, { absmax, blockSize, overflow }: CodebookTensor, size: number): void {
  if (blockSize === null || absmax === null) {
    if (blockSize === absmax) return;
    throw rangeError(fn, 'c.absmax', 'null exactly where c.blockSize is null', absmax, MADE_BY);
  }
  checkInteger(fn, 'c.blockSize', blockSize, 1, Number.MAX_SAFE_INTEGER);
  if (overflow !== 0) throw rangeError(fn, 'c.overflow', '0 beside blocks', overflow, MADE_BY);
  const blocks = Math.ceil(size / blockSize);
  if (arrayTag(absmax) !== null) checkMagnitudes(fn, 'c.absmax', absmax as F32, blocks);
  else checkNested(fn, absmax as NestedAbsmax, blocks);
}

function checkNested(fn: string, nested: NestedAbsmax, blocks: number): void {
  if (!isPlainObject(nested)) throw typeError(fn, 'c.absmax', 'a Float32Array or a record', nested, MADE_BY);
  checkBytes(fn, 'c.absmax.codes', nested.codes, blocks);
  checkInteger(fn, 'c.absmax.blockSize', nested.blockSize, NESTED_BLOCK, NESTED_BLOCK);
  checkMagnitudes(fn, 'c.absmax.absmax', nested.absmax, Math.ceil(blocks / NESTED_BLOCK));
  checkFloats(fn, 'c.absmax.codebook', nested.codebook, MAX_LEVELS);
  checkAscending(fn, 'c.absmax.codebook', nested.codebook);
  const { offset } = nested;
  if (typeof offset !== 'number' || !Number.isFinite(offset) || Math.fround(offset) !== offset) {
    throw rangeError(fn, 'c.absmax.offset', 'a finite float32', offset, MADE_BY);
  }
}

function checkBytes(fn: string, argument: string, codes: U8, length: number): void {
  if (arrayTag(codes) !== 'Uint8Array') throw typeError(fn, argument, 'a Uint8Array', codes, MADE_BY);
  checkAttached(codes, fn, argument);
  if (codes.length !== length) {
    throw rangeError(fn, argument, `${length} bytes`, codes.length, 'correct c.shape and c.blockSize');
  }
}

function checkMagnitudes(fn: string, argument: string, values: F32, length: number): void {
  checkFloats(fn, argument, values, length);
  const index = values.findIndex((v) => v < 0);
  if (index >= 0) throw rangeError(fn, `${argument}[${index}]`, 'a number >= 0', values[index], MADE_BY);
}

function checkFloats(fn: string, argument: string, values: F32, length: number | null): void {
  if (arrayTag(values) !== 'Float32Array') throw typeError(fn, argument, 'a Float32Array', values, MADE_BY);
  checkAttached(values, fn, argument);
  if (length !== null && values.length !== length) {
    throw rangeError(fn, argument, `${length} elements`, values.length, 'correct c.shape and c.blockSize');
  }
  const index = values.findIndex((v) => !Number.isFinite(v));
  if (index >= 0) throw rangeError(fn, `${argument}[${index}]`, 'a finite number', values[index], MADE_BY);
}

/** The codebook with the rule that its codes were made by. */
export function bookOf({ name, codebook }: Pick<CodebookTensor, 'name' | 'codebook'>): Codebook {
  switch (name) {
    case 'nf4':
    case 'fp4':
    case 'af4':
      return namedCodebook(name);
    case 'dynamic8':
      return dynamic8(codebook);
    case 'kmeans':
    case 'custom':
      return nearestCodebook(codebook);
  }
}

/** One scale per run: the absmax of each block as it is decoded, or 1 for the whole tensor. */
export function scalesOf({ absmax, blockSize }: CodebookTensor, size: number): { scale: F32; run: number } {
  if (absmax === null || blockSize === null) return { scale: Float32Array.of(1), run: Math.max(size, 1) };
  return { scale: 'codes' in absmax ? denestAbsmax(absmax) : absmax, run: blockSize };
}

/** Checks and defaults of everything that codebook quantization is told. */
import { arrayTag } from '../../core/array-tag.js';
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkChoice, checkInteger, checkOptions, isPlainObject } from '../../core/options.js';
import { checkSeed } from '../../core/random.js';
import { toContiguous } from '../../core/tensor.js';
import { NON_FINITE } from '../affine/affine-options.js';
import type { NonFinite } from '../affine/affine-types.js';
import { CODEBOOK_NAMES, namedCodebook, nearestCodebook, type Codebook } from './codebook-tables.js';
import { checkAscending, MAX_LEVELS } from './codebook-tensor.js';
import type { CodebookTensor, KMeansOptions, QuantizeCodebookOptions } from './codebook-types.js';

const KEYS: readonly (keyof QuantizeCodebookOptions)[] = [
  'codebook',
  'blockSize',
  'doubleQuant',
  'nonFinite',
];

export interface KMeansSettings {
  readonly k: number;
  readonly seed: number;
  readonly weights: F64 | null;
}

/** Where the levels come from: a codebook that is there, or one to be made. */
export type CodebookSource =
  | { readonly name: Exclude<CodebookTensor['name'], 'kmeans'>; readonly book: Codebook }
  | { readonly name: 'kmeans'; readonly kmeans: KMeansSettings };

export interface CodebookSettings {
  readonly source: CodebookSource;
  /** Number of levels. */
  readonly count: number;
  readonly blockSize: number | null;
  readonly doubleQuant: boolean;
  readonly nonFinite: NonFinite;
}

/** The options checked for a tensor of `size` elements. */
export function checkCodebookOptions(
  fn: string,
  options: QuantizeCodebookOptions,
  size: number,
): CodebookSettings {
  const given = checkOptions<QuantizeCodebookOptions>(fn, options, KEYS);
  const source = checkSource(fn, given.codebook, size);
  const { blockSize = usualBlock(source.name) } = given;
  if (blockSize !== null) checkInteger(fn, 'blockSize', blockSize, 1, Number.MAX_SAFE_INTEGER);
  const doubleQuant = given.doubleQuant ?? false;
  if (typeof doubleQuant !== 'boolean') {
    throw typeError(fn, 'doubleQuant', 'true or false', doubleQuant, 'true stores absmax in 8 bits');
  }
  if (doubleQuant && blockSize === null) {
    throw rangeError(fn, 'doubleQuant', 'false without blocks', doubleQuant, 'give a blockSize, such as 64');
  }
  return {
    source,
    count: source.name === 'kmeans' ? source.kmeans.k : source.book.levels.length,
    blockSize,
    doubleQuant,
    nonFinite: checkChoice(fn, 'nonFinite', given.nonFinite ?? 'throw', NON_FINITE),
  };
}

/** bitsandbytes' defaults; levels of one's own are the values themselves. */
function usualBlock(name: CodebookTensor['name']): number | null {
  if (name === 'kmeans' || name === 'custom') return null;
  return name === 'dynamic8' ? 4096 : 64;
}

function checkSource(fn: string, codebook: unknown, size: number): CodebookSource {
  if (typeof codebook === 'string') {
    const name = checkChoice(fn, 'codebook', codebook, CODEBOOK_NAMES);
    return { name, book: namedCodebook(name) };
  }
  if (Array.isArray(codebook) || arrayTag(codebook) === 'Float32Array') {
    return { name: 'custom', book: nearestCodebook(checkLevels(fn, codebook as F32 | number[])) };
  }
  if (isPlainObject(codebook)) {
    return { name: 'kmeans', kmeans: checkKMeans(fn, codebook as KMeansOptions, size) };
  }
  const expected = `${CODEBOOK_NAMES.map((name) => `'${name}'`).join(', ')}, levels or {kmeans: k}`;
  throw typeError(fn, 'codebook', expected, codebook, "for example 'nf4'");
}

/** A copy of the levels, in float32. */
function checkLevels(fn: string, given: F32 | readonly number[]): F32 {
  checkInteger(fn, 'codebook.length', given.length, 2, MAX_LEVELS);
  const levels = Float32Array.from(given, (level: unknown, i) => {
    const place = `codebook[${i}]`;
    if (typeof level !== 'number') throw typeError(fn, place, 'a number', level, 'list the levels');
    if (!Number.isFinite(Math.fround(level))) {
      throw rangeError(fn, place, 'a finite float32', level, 'leave it out');
    }
    return level;
  });
  checkAscending(fn, 'codebook', levels);
  return levels;
}

function checkKMeans(fn: string, codebook: KMeansOptions, size: number): KMeansSettings {
  const { kmeans, seed, weights } = checkOptions<KMeansOptions>(
    fn,
    codebook,
    ['kmeans', 'seed', 'weights'],
    'codebook',
  );
  return {
    k: checkInteger(fn, 'codebook.kmeans', kmeans, 2, MAX_LEVELS),
    seed: checkSeed(fn, seed ?? 0),
    weights: weights === undefined ? null : checkWeights(fn, weights, size),
  };
}

function checkWeights(fn: string, given: NonNullable<KMeansOptions['weights']>, size: number): F64 {
  const argument = 'codebook.weights';
  const { data } = toContiguous(given, fn, argument);
  if (data.length !== size) {
    throw rangeError(fn, argument, `${size} elements, one per element of x`, data.length, 'match x');
  }
  const bad = (data as FloatArray).findIndex((w) => !(w >= 0 && Math.fround(w) < Infinity));
  if (bad >= 0) {
    throw rangeError(fn, `${argument}[${bad}]`, 'a finite float32 >= 0', data[bad], 'repair the weights');
  }
  if (size > 0 && !data.some((w) => w > 0)) {
    throw rangeError(fn, argument, 'a number above 0', 'zeros alone', 'leave weights out to count all alike');
  }
  return Float64Array.from(data);
}

/** From a recipe and a model to a decision for every tensor. */
import type { DType } from '../core/dtype.js';
import { quote, rangeError } from '../core/errors.js';
import { byteLengthOf } from '../core/dtype.js';
import { elementCount } from '../core/shape.js';
import type { ArraySpec, TensorInfo, TensorSource } from '../core/source.js';
import { nearestName } from '../core/text.js';
import { schemeArraySpecs, type Scheme } from '../compressed/schemes.js';
import { inTensor } from './in-tensor.js';
import { matchesGlob } from './glob.js';
import { isCompressedMetadata } from './stored.js';
import { fullRecipe, type FullRecipe } from './recipe.js';
import type { Plan, PlanEntry, Recipe } from './types.js';

/** Element types that the lossy schemes take: real numbers of 16 bits and more. */
const REAL: readonly DType[] = ['float64', 'float32', 'float16', 'bfloat16'];

interface Decision {
  readonly scheme: Scheme;
  readonly reason: string;
}

const KEEP: Scheme = { scheme: 'keep' };

/**
 * Returns what the recipe does with every tensor of the model. No data is read; everything that can be wrong is found here.
 *
 * The first rule whose pattern matches decides. Without one, a tensor is kept if it is small, a vector, or named like a norm or a
 * bias (`recipe.skip`), else the recipe's scheme is used. Integers and booleans are always kept, and so are real numbers below 16 bits.
 *
 * @param model an open model
 * @param recipe scheme, rules, skip
 * @throws RangeError for a rule that matches no tensor of real numbers, for options that do not fit a tensor's shape, for a model that
 * is compressed already, and for names that would collide in the file.
 * @example
 * const model = await openModel('model.safetensors');
 * const plan = planRecipe(model, { scheme: { scheme: 'affine', bits: 8 } });
 * plan.originalBytes / plan.compressedBytes; // 3.9...
 */
export function planRecipe(model: TensorSource, recipe: Recipe): Plan {
  const full = fullRecipe(recipe);
  if (isCompressedMetadata(model.metadata)) {
    const fix = 'decompress it first, or take the original';
    throw rangeError('planRecipe', 'model', 'a model that is not compressed', 'a compressed one', fix);
  }
  const matches = full.rules.map(() => 0);
  const entries = new Map<string, PlanEntry>();
  const arrayNames = new Set<string>();
  let originalBytes = 0;
  let compressedBytes = 0;
  for (const [name, info] of model.entries) {
    const entry = planTensor(name, info, decide(name, info, full, matches));
    for (const array of entry.arrays) claim(arrayNames, array.name);
    entries.set(name, entry);
    originalBytes += entry.originalBytes;
    compressedBytes += entry.compressedBytes;
  }
  full.rules.forEach(({ match }, i) => {
    if (matches[i] === 0) throw unmatched(match, i, model);
  });
  return { entries, originalBytes, compressedBytes };
}

function decide(
  name: string,
  info: TensorInfo,
  { scheme, rules, skip }: FullRecipe,
  matches: number[],
): Decision {
  if (!REAL.includes(info.dtype)) {
    return { scheme: KEEP, reason: `kept: ${info.dtype} is not real numbers of 16 bits or more` };
  }
  const rule = rules.findIndex(({ match }) => matchesGlob(match, name));
  if (rule >= 0) {
    matches[rule]++;
    return { scheme: rules[rule].scheme, reason: `rule ${rule + 1}: ${quote(rules[rule].match)}` };
  }
  const { shape } = info;
  if (shape.length < skip.minRank) return { scheme: KEEP, reason: `skipped: ${axes(shape.length)}` };
  const size = elementCount(shape, 'planRecipe');
  if (size < skip.minElements) return { scheme: KEEP, reason: `skipped: ${size} elements` };
  const pattern = skip.names.find((glob) => matchesGlob(glob, name));
  if (pattern !== undefined) return { scheme: KEEP, reason: `skipped: name matches ${quote(pattern)}` };
  return { scheme, reason: 'recipe' };
}

const axes = (rank: number): string => (rank === 1 ? '1 axis' : `${rank} axes`);

function planTensor(
  name: string,
  { dtype, shape, byteLength }: TensorInfo,
  { scheme, reason }: Decision,
): PlanEntry {
  const arrays = arraysOf(name, dtype, shape, scheme);
  const compressedBytes = arrays.reduce(
    (sum, array) => sum + byteLengthOf(array.dtype, elementCount(array.shape, 'planRecipe')),
    0,
  );
  return { dtype, shape, scheme, reason, originalBytes: byteLength, arrays, compressedBytes };
}

function arraysOf(name: string, dtype: DType, shape: readonly number[], scheme: Scheme): ArraySpec[] {
  if (scheme.scheme === 'keep') return [{ name, dtype, shape }];
  const specs = inTensor(name, () => schemeArraySpecs(shape, scheme));
  return specs.map((spec) => ({ ...spec, name: `${name}.${spec.name}` }));
}

function claim(names: Set<string>, name: string): void {
  if (names.has(name)) {
    const fix = 'keep or rename one of the two tensors';
    throw rangeError('planRecipe', 'model', 'array names that differ', name, fix);
  }
  names.add(name);
}

function unmatched(match: string, index: number, model: TensorSource): RangeError {
  const near = nearestName(match, model.entries.keys());
  const fix = near === null ? 'list the names with inspect' : `did you mean ${quote(near)}?`;
  const expected = 'a pattern that matches a tensor of real numbers which no earlier rule matches';
  return rangeError('planRecipe', `recipe.rules[${index}].match`, expected, match, fix);
}

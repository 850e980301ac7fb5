/** What each of several schemes would do to each tensor of a model. */
import type { FloatArray } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import type { Pictured } from '../core/inspect.js';
import { checkOptions, isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import type { TensorSource } from '../core/source.js';
import { toContiguous } from '../core/tensor.js';
import { byteSize, decompress, errorBound } from '../compressed/compressed.js';
import { checkScheme, compressTensor, type LossyScheme, type Scheme } from '../compressed/schemes.js';
import { errorMeasures, type ErrorMeasures } from '../metrics/error.js';
import { comparable } from './compare.js';
import { inTensor } from './in-tensor.js';
import { picturedProfile } from './report-view.js';
import { planRecipe } from './plan.js';
import type { ProfileRow, Skip, WorkOptions } from './types.js';

export interface ProfileOptions extends WorkOptions {
  /** Schemes to try, by the names that the rows carry. */
  readonly candidates: Readonly<Record<string, Scheme>>;
  /** Which tensors are left out; default as in recipes. */
  readonly skip?: Skip;
}

/**
 * Returns a row for every compressible tensor and every candidate: bytes, measured error and proved bound.
 *
 * Cost: reads each tensor once; compresses and decompresses it once per candidate.
 *
 * @param model an open model
 * @param options candidates, skip, signal, onProgress
 * @returns rows in the order of the model, the candidates in their own order
 * @throws RangeError for options that do not fit a tensor's shape, before anything is read.
 * @example
 * const rows = await profile(model, { candidates: { int8: { scheme: 'affine', bits: 8 } } });
 * rows[0].measures.sqnrDb; // 42.8...
 */
export async function profile(
  model: TensorSource,
  options: ProfileOptions,
): Promise<readonly ProfileRow[] & Pictured> {
  const fn = 'profile';
  const keys = ['candidates', 'skip', 'signal', 'onProgress'] as const;
  const { candidates, skip, signal, onProgress } = checkOptions(fn, options, keys);
  const tried = checkCandidates(fn, candidates);
  // A plan per candidate finds every wrong option before the first byte is read.
  const plans = tried.map(([, scheme]) => planRecipe(model, { scheme, ...(skip && { skip }) }));
  const names = Array.from(plans[0].entries).filter(([, { scheme }]) => scheme.scheme !== 'keep');
  const totalBytes = names.reduce((sum, [, { originalBytes }]) => sum + originalBytes, 0);
  const rows: ProfileRow[] = [];
  let doneBytes = 0;
  for (const [name, { dtype, shape, originalBytes }] of names) {
    signal?.throwIfAborted();
    const tensor = await model.read(name);
    for (const [candidate, scheme] of tried) {
      const measured = inTensor(name, () => measure(toContiguous(tensor, fn), scheme));
      rows.push({ name, dtype, shape, candidate, originalBytes, ...measured });
    }
    doneBytes += originalBytes;
    onProgress?.({ doneBytes, totalBytes, name });
  }
  return picturedProfile(rows);
}

function measure(
  x: { readonly data: FloatArray; readonly shape: readonly number[] },
  scheme: LossyScheme,
): Pick<ProfileRow, 'compressedBytes' | 'bitsPerWeight' | 'measures' | 'bound'> {
  const c = compressTensor(x, scheme);
  const compressedBytes = byteSize(c);
  const count = elementCount(x.shape, 'profile');
  return {
    compressedBytes,
    bitsPerWeight: count === 0 ? 0 : (8 * compressedBytes) / count,
    measures: measuresOf(x.data, decompress(c).data as FloatArray),
    bound: errorBound(c),
  };
}

/** As verify has it: an element that is not finite and came back as itself is no error. */
function measuresOf(data: FloatArray, values: FloatArray): ErrorMeasures {
  const measures = errorMeasures(data, values);
  if (Number.isFinite(measures.maxAbs)) return measures;
  const { original, restored, isChanged } = comparable(data, values);
  return isChanged ? measures : errorMeasures(original, restored);
}

function checkCandidates(fn: string, candidates: unknown): [name: string, scheme: LossyScheme][] {
  const fix = "for example {int8: {scheme: 'affine', bits: 8}}";
  if (!isPlainObject(candidates)) throw typeError(fn, 'candidates', 'an object of schemes', candidates, fix);
  const tried = Object.entries(candidates);
  if (tried.length === 0) throw rangeError(fn, 'candidates', 'at least one scheme', 'none', fix);
  return tried.map(([name, value]) => {
    const scheme = checkScheme(fn, value, `candidates.${name}`);
    if (scheme.scheme === 'keep')
      throw rangeError(fn, `candidates.${name}`, 'a scheme that compresses', 'keep', fix);
    return [name, scheme];
  });
}

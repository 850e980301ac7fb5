/** SparseTensors as records: whether their parts fit together, what they decode to, what they prove and how they show themselves. */
import { arrayTag } from '../core/array-tag.js';
import type { F32, U8 } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { factsHtml } from '../core/facts.js';
import { bytesFigure, fixedFigure, numberFigure } from '../core/figures.js';
import { countBins } from '../core/histogram.js';
import { picturedAs, previewOf, type Pictured } from '../core/inspect.js';
import { outputFloats } from '../core/numbers.js';
import { checkOptions, isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import { drawHistogram } from '../core/svg-histogram.js';
import { partOf, sparseParts } from './sparse-parts.js';
import { visitStored } from './sparse-layout.js';
import { sparseProblem } from './sparse-check.js';
import type { SparseTensor } from './sparse-types.js';

/** The number of elements of `c`, after checking that its parts fit together. */
export function checkSparseTensor(fn: string, c: SparseTensor): number {
  if (!isPlainObject(c) || c.kind !== 'sparse')
    throw typeError(fn, 'c', 'a SparseTensor', c, 'make one with encodeSparse');
  const size = elementCount(c.shape, fn, 'c.shape');
  for (const { name, array } of sparseParts(fn, c)) {
    const given: unknown = partOf(c, name);
    if (arrayTag(given) !== array)
      throw typeError(fn, `c.${name}`, `a ${array} for this shape`, given, 'make c with encodeSparse');
  }
  const problem = sparseProblem(c);
  if (problem === null) return size;
  throw rangeError(fn, `c.${problem.field}`, problem.expected, problem.got, 'make c with encodeSparse');
}

/**
 * Returns the values of a SparseTensor in row-major order: what is not stored is +0.
 *
 * @param c what encodeSparse or pruneMagnitude returned
 * @param options `out`: a Float32Array of the tensor's size to write to, instead of a new one
 * @throws TypeError when `c` is no SparseTensor, RangeError when its parts or `out` do not fit together.
 * @example
 * decodeSparse(encodeSparse(Float32Array.of(0, 0, 3))); // Float32Array [0, 0, 3]
 * @see encodeSparse
 */
export function decodeSparse(c: SparseTensor, options?: { readonly out?: Float32Array }): F32 {
  const fn = 'decodeSparse';
  const { out } = checkOptions(fn, options, ['out']);
  const values = outputFloats(out, checkSparseTensor(fn, c), fn);
  values.fill(0);
  visitStored(c, (at, i) => (values[at] = c.values[i]));
  return values;
}

/**
 * Returns a bound of the error of `c`: exact for `maxAbs`, the largest difference when it was encoded.
 *
 * Numerics: 0 where nothing but zeros was left out; `l2` is at most maxAbs * sqrt(elements).
 */
export function sparseErrorBound(c: SparseTensor): { maxAbs: number; l2: number } {
  const size = checkSparseTensor('sparseErrorBound', c);
  const l2 = c.dropped === 0 ? 0 : c.dropped * Math.sqrt(size) * (1 + 2 ** -50);
  return { maxAbs: c.dropped, l2 };
}

/** 1 for every stored element. */
export function storedMask(c: SparseTensor): U8 {
  const mask = new Uint8Array(checkSparseTensor('storedMask', c));
  visitStored(c, (at) => (mask[at] = 1));
  return mask;
}

const headOf = ({ format, shape }: SparseTensor): string => `SparseTensor ${format} [${shape.join(', ')}]`;

const bytesOf = (c: SparseTensor): number =>
  sparseParts('byteSize', c).reduce((sum, { name }) => sum + partOf(c, name).byteLength, 0);

/** Gives the record its printed form and pictures. */
export function sparseTensor(c: SparseTensor): SparseTensor & Pictured {
  const toSVG = (each: SparseTensor): string =>
    drawHistogram(countBins(each.values, 64), {
      title: `stored values of [${each.shape.join(', ')}]`,
      xLabel: 'value',
    });
  return picturedAs(c, {
    print: (each) =>
      `${headOf(each)}, ${each.values.length} values, ${bytesOf(each)} bytes: ${previewOf(each.values)}`,
    toSVG,
    toHTML: (each) => {
      const size = elementCount(each.shape, 'toHTML');
      const facts: [string, string][] = [
        ['bytes', bytesFigure(bytesOf(each))],
        ['bits per weight', size === 0 ? 'none' : fixedFigure((bytesOf(each) * 8) / size, 3)],
        ['stored values', String(each.values.length)],
        ['largest error, exact', numberFigure(each.dropped)],
      ];
      return factsHtml(headOf(each), facts, toSVG(each));
    },
  });
}

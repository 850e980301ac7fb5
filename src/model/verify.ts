/** What compression did to a model: measured tensor by tensor, held against the proved bounds and the user's goals. */
import type { FloatArray } from '../core/arrays.js';
import { countBins } from '../core/histogram.js';
import type { Pictured } from '../core/inspect.js';
import { quote, rangeError, typeError } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import { elementCount, sameShape } from '../core/shape.js';
import type { TensorSource } from '../core/source.js';
import { toContiguous, type Tensor } from '../core/tensor.js';
import { nearestName } from '../core/text.js';
import { decompress, errorBound } from '../compressed/compressed.js';
import type { Compressed } from '../compressed/kinds.js';
import { errorSums, measuresOfSums, type ErrorMeasures } from '../metrics/error.js';
import type { ErrorSums } from '../kernels/types.js';
import { decompressModel, isCompressed } from './apply.js';
import { compareTensors } from './compare.js';
import { inTensor } from './in-tensor.js';
import { picturedReport } from './report-view.js';
import { labelOf, levelsOf } from './labels.js';
import type {
  CompressedEntry,
  CompressedModel,
  Goal,
  GoalResult,
  Report,
  TensorReport,
  VerifyOptions,
} from './types.js';

const HISTOGRAM_BINS = 64;
const FIGURES = ['ratio', 'bitsPerWeight', 'maxAbs', 'l2', 'relativeL2', 'mse', 'sqnrDb', 'cosine'] as const;

/**
 * Returns what compression did to a model: sizes, measured errors, proved bounds, and whether the goals are reached.
 *
 * Every tensor is read from both, decompressed and compared with the original in float64; kept tensors must be equal to the byte.
 *
 * Numerics: an element that is not finite and came back as itself is no error. One that became another makes the measures NaN or Infinity, but
 * is no breach of the bound, which speaks of finite elements. A finite element that came back as NaN or an infinity is off by Infinity.
 *
 * Cost: reads both models once, one tensor at a time; about 1 s per GB of float32.
 *
 * @param original the model before
 * @param compressed the model after
 * @param options evaluate, goals, signal, onProgress
 * @returns a report; print it with reportToMarkdown or reportToHtml
 * @throws RangeError when the two do not hold the same tensors, or a goal names an unknown figure.
 * @example
 * const report = await verify(model, small, { goals: [{ figure: 'sqnrDb', atLeast: 30 }] });
 * report.isReached; // true
 */
export async function verify(
  original: TensorSource,
  compressed: CompressedModel,
  options?: VerifyOptions,
): Promise<Report & Pictured> {
  const fn = 'verify';
  const keys = ['evaluate', 'goals', 'signal', 'onProgress'] as const;
  const { evaluate, goals = [], signal, onProgress } = checkOptions(fn, options, keys);
  checkGoals(fn, goals, evaluate !== undefined);
  checkSameTensors(fn, original, compressed);
  const tensors: TensorReport[] = [];
  const total = new Totals();
  const totalBytes = sum(original.entries.values(), ({ byteLength }) => byteLength);
  let doneBytes = 0;
  for (const [name, entry] of compressed.entries) {
    signal?.throwIfAborted();
    const { report, sums } = await inspectTensor(name, entry, original, compressed);
    tensors.push(report);
    if (sums !== null) total.add(sums, elementCount(entry.shape, fn));
    doneBytes += entry.originalBytes;
    onProgress?.({ doneBytes, totalBytes, name });
  }
  const evaluation = evaluate === undefined ? {} : await evaluate(original, decompressModel(compressed));
  return picturedReport(reportOf(original.format, tensors, total.measures(), evaluation, goals));
}

/** The sums of all compressed tensors together. Kept ones would only water the error down. */
class Totals {
  #sums: ErrorSums = { maxAbs: 0, sumSquaredError: 0, sumSquaredA: 0, sumSquaredB: 0, dot: 0 };
  #count = 0;

  add(sums: ErrorSums, count: number): void {
    const before = this.#sums;
    this.#count += count;
    this.#sums = {
      // NaN wins.
      maxAbs: sums.maxAbs <= before.maxAbs ? before.maxAbs : sums.maxAbs,
      sumSquaredError: before.sumSquaredError + sums.sumSquaredError,
      sumSquaredA: before.sumSquaredA + sums.sumSquaredA,
      sumSquaredB: before.sumSquaredB + sums.sumSquaredB,
      dot: before.dot + sums.dot,
    };
  }

  measures(): ErrorMeasures {
    return measuresOfSums(this.#sums, this.#count);
  }
}

interface Inspected {
  readonly report: TensorReport;
  /** Null for kept tensors. */
  readonly sums: ErrorSums | null;
}

async function inspectTensor(
  name: string,
  entry: CompressedEntry,
  original: TensorSource,
  compressed: CompressedModel,
): Promise<Inspected> {
  const before = await original.read(name);
  const after = await compressed.read(name);
  return inTensor(name, () =>
    isCompressed(after) ? inspectLossy(name, entry, before, after) : inspectKept(name, entry, before, after),
  );
}

function inspectLossy(name: string, entry: CompressedEntry, before: Tensor, after: Compressed): Inspected {
  const { data } = toContiguous(before, 'verify', 'original');
  const { sums, finite } = compareTensors(data, decompress(after).data as FloatArray);
  const count = data.length;
  const bound = errorBound(after);
  const measured = measuresOfSums(finite, count);
  const report: TensorReport = {
    ...sizesOf(name, entry),
    label: labelOf(after),
    isLossy: true,
    measures: measuresOfSums(sums, count),
    bound,
    isWithinBound: measured.maxAbs <= bound.maxAbs && measured.l2 <= bound.l2,
    histogram: count === 0 ? null : countBins(data, HISTOGRAM_BINS),
    levels: levelsOf(after),
  };
  return { report, sums };
}

function inspectKept(name: string, entry: CompressedEntry, before: Tensor, after: Tensor): Inspected {
  const isEqual = before.dtype === after.dtype && sameBytes(before.data, after.data);
  const isReal = before.dtype.includes('float') && before.data.length === elementCount(entry.shape, 'verify');
  const measured = isReal ? errorSums(real(before), real(isEqual ? before : after)) : null;
  // Masks hold infinities; equal ones are no error.
  const sums = measured !== null && Number.isFinite(measured.sumSquaredA) ? measured : null;
  const report: TensorReport = {
    ...sizesOf(name, entry),
    label: 'kept',
    isLossy: false,
    measures: measuresOfSums(sums ?? unequal(isEqual), elementCount(entry.shape, 'verify')),
    bound: { maxAbs: 0, l2: 0 },
    isWithinBound: isEqual,
    histogram: null,
    levels: null,
  };
  return { report, sums: null };
}

const real = (tensor: Tensor): FloatArray => toContiguous(tensor, 'verify').data;

/** For tensors without real numbers: no error, or an unknown one. */
function unequal(isEqual: boolean): ErrorSums {
  const error = isEqual ? 0 : NaN;
  return { maxAbs: error, sumSquaredError: error, sumSquaredA: 0, sumSquaredB: 0, dot: 0 };
}

function sameBytes(a: Tensor['data'], b: Tensor['data']): boolean {
  if (a.byteLength !== b.byteLength) return false;
  const x = new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  const y = new Uint8Array(b.buffer, b.byteOffset, b.byteLength);
  return x.every((byte, i) => byte === y[i]);
}

function sizesOf(
  name: string,
  { dtype, shape, originalBytes, compressedBytes }: CompressedEntry,
): Pick<TensorReport, 'name' | 'dtype' | 'shape' | 'originalBytes' | 'compressedBytes' | 'bitsPerWeight'> {
  const count = elementCount(shape, 'verify');
  return {
    name,
    dtype,
    shape,
    originalBytes,
    compressedBytes,
    bitsPerWeight: bitsPer(compressedBytes, count),
  };
}

const bitsPer = (bytes: number, count: number): number => (count === 0 ? 0 : (8 * bytes) / count);

function sum<T>(items: Iterable<T>, value: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += value(item);
  return total;
}

function reportOf(
  format: TensorSource['format'],
  tensors: readonly TensorReport[],
  measures: ErrorMeasures,
  evaluation: Readonly<Record<string, number>>,
  goals: readonly Goal[],
): Report {
  const originalBytes = sum(tensors, (tensor) => tensor.originalBytes);
  const compressedBytes = sum(tensors, (tensor) => tensor.compressedBytes);
  const count = sum(tensors, ({ shape }) => elementCount(shape, 'verify'));
  const ratio = compressedBytes === 0 ? 1 : originalBytes / compressedBytes;
  const bitsPerWeight = bitsPer(compressedBytes, count);
  const figures: Record<string, number> = { ...measures, ratio, bitsPerWeight, ...evaluation };
  const results = goals.map((goal) => resultOf(goal, figures));
  const isWithinBound = tensors.every((tensor) => tensor.isWithinBound);
  return {
    kind: 'report',
    version: 1,
    format,
    tensorCount: tensors.length,
    originalBytes,
    compressedBytes,
    ratio,
    bitsPerWeight,
    measures,
    isWithinBound,
    tensors,
    evaluation,
    goals: results,
    isReached: isWithinBound && results.every(({ isReached }) => isReached),
  };
}

function resultOf(goal: Goal, figures: Readonly<Record<string, number>>): GoalResult {
  const { figure, atLeast = -Infinity, atMost = Infinity } = goal;
  if (!Object.hasOwn(figures, figure)) throw unknownFigure(figure, Object.keys(figures));
  const measured = figures[figure];
  // A figure that is NaN reaches nothing.
  return { ...goal, measured, isReached: measured >= atLeast && measured <= atMost };
}

function checkGoals(fn: string, goals: unknown, canEvaluate: boolean): void {
  const fix = "for example [{figure: 'sqnrDb', atLeast: 30}]";
  if (!Array.isArray(goals)) throw typeError(fn, 'goals', 'an array of goals', goals, fix);
  goals.forEach((goal: unknown, i) => {
    const place = `goals[${i}]`;
    const { figure, atLeast, atMost } = checkOptions(
      fn,
      goal as Goal,
      ['figure', 'atLeast', 'atMost'],
      place,
    );
    if (typeof figure !== 'string')
      throw typeError(fn, `${place}.figure`, 'the name of a figure', figure, fix);
    if (!canEvaluate && !(FIGURES as readonly string[]).includes(figure))
      throw unknownFigure(figure, FIGURES);
    for (const limit of [atLeast, atMost]) {
      if (limit !== undefined && (typeof limit !== 'number' || Number.isNaN(limit))) {
        throw typeError(fn, `${place}.atLeast and atMost`, 'numbers', limit, fix);
      }
    }
    if (atLeast === undefined && atMost === undefined) {
      throw rangeError(fn, place, 'atLeast, atMost or both', figure, fix);
    }
  });
}

function unknownFigure(figure: string, names: readonly string[]): RangeError {
  const near = nearestName(figure, names);
  const fix = near === null ? 'return it from evaluate' : `did you mean ${quote(near)}?`;
  return rangeError('verify', 'goals', `a figure: ${names.join(', ')}`, figure, fix);
}

function checkSameTensors(fn: string, original: TensorSource, compressed: CompressedModel): void {
  for (const [name, { dtype, shape }] of compressed.entries) {
    const entry = original.entries.get(name);
    if (entry?.dtype === dtype && sameShape(entry.shape, shape)) continue;
    const got = entry === undefined ? 'none' : `${entry.dtype} [${entry.shape.join(', ')}]`;
    const expected = `tensor ${quote(name)} as ${dtype} [${shape.join(', ')}]`;
    throw rangeError(fn, 'original', expected, got, 'name the model that was compressed');
  }
  for (const name of original.entries.keys()) {
    if (!compressed.entries.has(name)) {
      throw rangeError(
        fn,
        'compressed',
        `tensor ${quote(name)}`,
        'none',
        'name the model that was compressed',
      );
    }
  }
}

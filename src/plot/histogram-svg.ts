/** Weight histograms. */
import { rangeError, typeError } from '../core/errors.js';
import { countBins, type Histogram } from '../core/histogram.js';
import { checkInteger, isPlainObject } from '../core/options.js';
import { drawHistogram } from '../core/svg-histogram.js';
import { toContiguous, type TensorLike } from '../core/tensor.js';
import { checkSize, checkText, withDefaults } from './checks.js';

export interface HistogramSvgOptions {
  /** Default 'Histogram'. */
  readonly title?: string;
  /** What the values are. Default 'value'; '' for none. */
  readonly xLabel?: string;
  /** Values that codes stand for: lines over the bars, ticks below the axis where there are more than 33. */
  readonly levels?: readonly number[];
  /** For tensors: how many bins, 1 to 4096. Default 64. */
  readonly bins?: number;
  /** Pixels, 200 to 4000. Defaults 480 and 220. */
  readonly width?: number;
  readonly height?: number;
}

const DEFAULTS: Required<HistogramSvgOptions> = {
  title: 'Histogram',
  xLabel: 'value',
  levels: [],
  width: 480,
  height: 220,
  bins: 64,
};

/**
 * Returns a histogram as one SVG element, readable in light and dark, with the quantization grid over it where `levels` are given.
 *
 * Numerics: NaN and infinities, in values and levels, are left out. The text is the same for the same input.
 *
 * @param x a tensor of real numbers, or what `histogram` returned
 * @param options title, levels, bins ...
 * @throws TypeError or RangeError for arguments.
 * @example
 * const svg = histogramSvg(Float32Array.of(-1, 0, 0, 1), { title: 'weights', levels: [-1, 0, 1] });
 * svg.startsWith('<svg'); // true
 * @see histogram
 */
export function histogramSvg(x: TensorLike | Histogram, options?: HistogramSvgOptions): string {
  const fn = 'histogramSvg';
  const given = withDefaults(fn, options, DEFAULTS);
  const picture = {
    title: checkText(fn, 'title', given.title),
    xLabel: checkText(fn, 'xLabel', given.xLabel),
    levels: checkLevels(fn, given.levels),
    width: checkSize(fn, 'width', given.width),
    height: checkSize(fn, 'height', given.height),
  };
  const bins = checkInteger(fn, 'bins', given.bins, 1, 4096);
  const counted = isHistogram(x) ? checkHistogram(fn, x) : countBins(toContiguous(x, fn).data, bins);
  return drawHistogram(counted, picture);
}

function isHistogram(x: unknown): x is Histogram {
  return isPlainObject(x) && 'counts' in x;
}

function checkHistogram(fn: string, x: Histogram): Histogram {
  const { min, max, counts } = x;
  if (!Number.isFinite(min)) throw rangeError(fn, 'x.min', 'a finite number', min, 'make x with histogram');
  if (!(Number.isFinite(max) && max >= min)) {
    throw rangeError(fn, 'x.max', 'a finite number of at least x.min', max, 'make x with histogram');
  }
  const isCounts =
    Array.isArray(counts) && counts.length > 0 && counts.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!isCounts) {
    throw typeError(fn, 'x.counts', 'an array of whole numbers >= 0', counts, 'make x with histogram');
  }
  return x;
}

function checkLevels(fn: string, levels: unknown): readonly number[] {
  const isList = Array.isArray(levels) || ArrayBuffer.isView(levels);
  const list = isList ? Array.from(levels as ArrayLike<unknown>) : [];
  if (!isList || !list.every((level) => typeof level === 'number')) {
    throw typeError(fn, 'levels', 'an array of numbers', levels, 'pass the values that codes stand for');
  }
  return list as number[];
}

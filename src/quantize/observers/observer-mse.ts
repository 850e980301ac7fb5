/** The range with the least expected squared error, from a histogram. */
import type { F64 } from '../../core/arrays.js';
import { roundTo } from '../../core/rounding.js';
import { codeRange } from '../affine/affine-options.js';
import type { Bits, Mapping } from '../affine/affine-types.js';
import { foldBins, nearZero } from './observer-bins.js';
import type { Channel, Limits } from './observer-state.js';

/** Stretches of the real line with values spread evenly over them. */
interface Stretches {
  readonly low: F64;
  readonly high: F64;
  readonly counts: F64;
}

/** Levels scale * first, scale * (first + 1) ... scale * last. */
interface Grid {
  readonly scale: number;
  readonly first: number;
  readonly last: number;
}

/** Turns that the two ends of an asymmetric range take at most; two or three are usual. */
const MAX_TURNS = 16;

/**
 * The range whose grid has the least expected squared error, of those that end at the outermost value or at a multiple of the bin width (or of a multiple of it where
 * the values are far from 0); the widest of equally good ones.
 *
 * Each bin's values count as spread evenly over what of it lies between the smallest and the largest value; the error is then an integral of parabolas
 * in closed form, clipped values included, and the zero point is rounded as quantizeAffine rounds it. Symmetric: all ends are tried. Asymmetric: the
 * upper and the lower end take turns, all places of each being tried, until neither improves; so never worse than the whole range.
 */
export function mseLimits(channel: Channel, bits: Bits, mapping: Mapping, maxBins: number): Limits {
  const stretches = stretchesOf(channel);
  const [codeMin, codeMax] = codeRange('observer', bits, mapping);
  const magnitudes = nearZero(foldBins(channel.bins), maxBins);
  const step = magnitudes.width;
  const [low, high] = [Math.min(channel.min, 0), Math.max(channel.max, 0)];
  if (mapping !== 'asymmetric') {
    const divisor = mapping === 'symmetric' ? codeMax : codeMax + 0.5;
    const search = { stretches, step, fromTop: high >= -low, outer: Math.max(high, -low), inner: 1 as const };
    const best = bestEnd(search, Infinity, (end) => ({
      scale: end / divisor,
      first: codeMin,
      last: codeMax,
    }));
    return [-best.end, best.end];
  }
  return alternate(stretches, step, low, high, codeMax);
}

function stretchesOf({ min, max, bins: { width, first, counts } }: Channel): Stretches {
  const filled = Array.from(counts.keys()).filter((i) => counts[i] > 0);
  return {
    low: Float64Array.from(filled, (i) => Math.max(min, (first + i) * width)),
    high: Float64Array.from(filled, (i) => Math.min(max, (first + i + 1) * width)),
    counts: Float64Array.from(filled, (i) => counts[i]),
  };
}

function alternate(stretches: Stretches, step: number, min: number, max: number, steps: number): Limits {
  let [low, high] = [min, max];
  let least = Infinity;
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const before = least;
    const upper = bestEnd({ stretches, step, fromTop: true, outer: max, inner: 0 }, least, (end) =>
      gridOf(low, end, steps),
    );
    if (upper.error < least) [least, high] = [upper.error, upper.end];
    const lower = bestEnd({ stretches, step, fromTop: false, outer: -min, inner: 0 }, least, (end) =>
      gridOf(-end, high, steps),
    );
    if (lower.error < least) [least, low] = [lower.error, -lower.end];
    if (least === before) break;
  }
  return [low, high];
}

function gridOf(low: number, high: number, steps: number): Grid {
  const scale = (high - low) / steps;
  const first = scale === 0 ? 0 : Math.max(-steps, roundTo(low / scale, 'halfEven'));
  return { scale, first, last: first + steps };
}

interface Search {
  readonly stretches: Stretches;
  readonly step: number;
  /** Whether the end that moves is the upper one: errors are summed from there, where they soon exceed the best. */
  readonly fromTop: boolean;
  /** The outermost end, which is tried first. */
  readonly outer: number;
  /** The innermost, in steps: 0 where the range may end at 0 because its other end does not. */
  readonly inner: 0 | 1;
}

/** The distance of an end from 0 with the least error below `limit`. */
function bestEnd(
  { stretches, step, fromTop, outer, inner }: Search,
  limit: number,
  gridAt: (end: number) => Grid,
): { end: number; error: number } {
  const best = { end: outer, error: limit };
  for (let m = Math.ceil(outer / step); m >= inner; m--) {
    const end = Math.min(outer, m * step);
    const error = errorOf(stretches, gridAt(end), best.error, fromTop);
    if (error < best.error) {
      best.end = end;
      best.error = error;
    }
  }
  return best;
}

/** The expected sum of squared errors, given up once it exceeds `limit`. */
function errorOf({ low, high, counts }: Stretches, grid: Grid, limit: number, fromTop: boolean): number {
  const n = counts.length;
  let sum = 0;
  for (let k = 0; k < n && sum <= limit; k++) {
    const i = fromTop ? n - 1 - k : k;
    sum += counts[i] * meanError(low[i], high[i], grid);
  }
  return sum;
}

/** Mean of the squared error over [a, b]: the difference of its integral at the ends. */
function meanError(a: number, b: number, grid: Grid): number {
  return a === b ? squaredErrorAt(a, grid) : (integralTo(b, grid) - integralTo(a, grid)) / (b - a);
}

function squaredErrorAt(x: number, { scale, first, last }: Grid): number {
  const error = x - scale * nearestLevel(x, scale, first, last);
  return error * error;
}

/**
 * The integral of the squared error from the middle of the first level to x. Over a whole step it is scale^3 / 12, and within r of a level
 * r^3 / 3; beyond the outermost levels the nearest one is they, so the same holds there.
 */
function integralTo(x: number, { scale, first, last }: Grid): number {
  const level = nearestLevel(x, scale, first, last);
  const rest = x - level * scale;
  return ((level - first) * (scale * scale * scale)) / 12 + (rest * rest * rest) / 3;
}

function nearestLevel(x: number, scale: number, first: number, last: number): number {
  if (scale === 0) return 0;
  return Math.min(last, Math.max(first, Math.floor(x / scale + 0.5)));
}

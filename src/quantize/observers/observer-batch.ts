/** One batch of an observer: finite float32 values, which channel each belongs to, and how far each channel reaches. */
import type { F32, F64 } from '../../core/arrays.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { extremesOf, toFloat32 } from '../affine/affine-scale.js';
import { nonFiniteError } from '../non-finite.js';
import type { ObserverSettings } from './observer-options.js';
import { checkGranularity, planRegions, regionSizes, type RegionPlan, type Span } from '../affine/regions.js';
import type { Ranges } from '../affine/scale-rule.js';

export interface Batch {
  readonly channels: number;
  readonly x: F32;
  readonly plan: RegionPlan;
  /** Values per channel. */
  readonly sizes: Float64Array;
  /** Infinity and -Infinity for a channel without values. */
  readonly own: Ranges;
}

/** What `observe` was given, or null for a tensor without elements. */
export function batchOf(fn: string, x: TensorLike, settings: ObserverSettings): Batch | null {
  const { data, shape, size } = toContiguous(x, fn);
  const plan = planRegions(shape, checkGranularity(fn, settings.granularity, shape));
  if (size === 0) return null;
  const values = toFloat32(data);
  const own = extremesOf(values, plan);
  if (own.min.every(Number.isFinite) && own.max.every(Number.isFinite)) {
    return { channels: plan.regions, x: values, plan, sizes: regionSizes(plan), own };
  }
  if (settings.nonFinite === 'throw') {
    throw nonFiniteError(fn, data, values, "repair the tensor, or pass nonFinite: 'skip' to leave it out");
  }
  return finiteBatch(values, plan);
}

/** The two ways in which the values of channels lie in a batch. */
interface Visitor {
  /** Elements `begin` to `end` - 1 belong to one channel. */
  run(channel: number, begin: number, end: number): void;
  /** Every row goes through all channels, `span.repeat` elements of each. */
  columns(span: Span): void;
}

/** Shows every element of a batch to the visitor once. */
export function visit(plan: RegionPlan, visitor: Visitor): void {
  for (const span of plan.spans()) {
    if (span.run === 0) {
      visitor.columns(span);
      continue;
    }
    const perRow = Math.ceil(span.width / span.run);
    for (let r = 0; r < span.rows; r++) {
      const end = span.begin + (r + 1) * span.width;
      for (let j = 0; j < perRow; j++) {
        const begin = span.begin + r * span.width + j * span.run;
        visitor.run(span.firstRegion + r * perRow + j, begin, Math.min(begin + span.run, end));
      }
    }
  }
}

/** A visitor's columns as runs, for work that need not be fast. */
function columnsAsRuns({ begin, rows, width, repeat, firstRegion }: Span, run: Visitor['run']): void {
  for (let at = begin; at < begin + rows * width; at += repeat) {
    run(firstRegion + ((at - begin) % width) / repeat, at, at + repeat);
  }
}

/** The finite values, channel after channel. */
function finiteBatch(x: F32, plan: RegionPlan): Batch {
  const visitRuns = (run: Visitor['run']): void =>
    visit(plan, { run, columns: (span) => columnsAsRuns(span, run) });
  const sizes = new Float64Array(plan.regions);
  visitRuns((channel, begin, end) => {
    for (let i = begin; i < end; i++) if (Number.isFinite(x[i])) sizes[channel]++;
  });
  const next = new Float64Array(plan.regions);
  for (let c = 1; c < plan.regions; c++) next[c] = next[c - 1] + sizes[c - 1];
  const values = new Float32Array(sizes.reduce((a, b) => a + b, 0));
  visitRuns((channel, begin, end) => {
    for (let i = begin; i < end; i++) if (Number.isFinite(x[i])) values[next[channel]++] = x[i];
  });
  const gathered = gatheredPlan(sizes);
  return { channels: plan.regions, x: values, plan: gathered, sizes, own: extremesOf(values, gathered) };
}

/** A plan for values that lie channel after channel. */
function gatheredPlan(sizes: F64): RegionPlan {
  return {
    regions: sizes.length,
    scaleShape: [sizes.length],
    simple: false,
    *spans() {
      let begin = 0;
      for (const [channel, size] of sizes.entries()) {
        if (size > 0) yield { begin, rows: 1, width: size, run: size, firstRegion: channel, repeat: 1 };
        begin += size;
      }
    },
  };
}

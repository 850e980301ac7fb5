/**
 * How a shape and a granularity become work for the kernels. The tensor is cut into spans: contiguous stretches seen as
 * rows x width whose regions are consecutive, either as runs (pieces of rows) or as columns.
 */
import { rangeError } from '../../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../../core/options.js';
import { normalizeAxis } from '../../core/shape.js';
import type { Granularity } from './affine-types.js';

export interface Span {
  /** Index of the first element in the tensor. */
  readonly begin: number;
  readonly rows: number;
  readonly width: number;
  /** Elements per run, or 0 where every column is its own region. */
  readonly run: number;
  /** Region of the first run or column; the others follow. */
  readonly firstRegion: number;
  /** Columns that share a region (columns only): column c has region firstRegion + floor(c / repeat). */
  readonly repeat: number;
}

export interface RegionPlan {
  readonly regions: number;
  /** Shape of the scales as a tensor: its product is `regions`. */
  readonly scaleShape: readonly number[];
  /** Whether every region lies in one span and every span is used as runs: then kernels may write results directly. */
  readonly simple: boolean;
  readonly spans: () => Iterable<Span>;
}

/** Inner axes shorter than this are handled as columns with repeated parameters: a run of 9 costs as much as one of 40. */
const MIN_RUN = 32;

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const run = (begin: number, rows: number, width: number, length: number, firstRegion: number): Span => ({
  begin,
  rows,
  width,
  run: Math.max(length, 1),
  firstRegion,
  repeat: 1,
});

const columns = (begin: number, rows: number, width: number, firstRegion: number, repeat = 1): Span => ({
  begin,
  rows,
  width,
  run: 0,
  firstRegion,
  repeat,
});

/** The granularity checked against a shape; negative axes counted from the front. */
export function checkGranularity(fn: string, granularity: unknown, shape: readonly number[]): Granularity {
  const rank = shape.length;
  const given = checkOptions<Record<string, unknown>>(
    fn,
    granularity as Record<string, unknown>,
    ['kind', 'axis', 'groupSize', 'blockShape'],
    'granularity',
  );
  const kind = checkChoice(fn, 'granularity.kind', given.kind, ['tensor', 'axis', 'group', 'block', 'token']);
  refuseForeignKeys(fn, kind, given);
  if (kind === 'tensor') return { kind };
  if (rank === 0) {
    throw rangeError(fn, 'granularity', "{kind: 'tensor'} for a scalar", kind, 'a scalar has no axes');
  }
  switch (kind) {
    case 'axis':
      return { kind, axis: normalizeAxis(given.axis as number, rank, fn) };
    case 'group': {
      const axis = normalizeAxis((given.axis ?? -1) as number, rank, fn);
      const groupSize = checkInteger(
        fn,
        'granularity.groupSize',
        given.groupSize,
        1,
        Number.MAX_SAFE_INTEGER,
      );
      return { kind, axis, groupSize };
    }
    case 'block': {
      const blockShape = given.blockShape;
      if (rank < 2)
        throw rangeError(fn, 'granularity', 'at least two axes for blocks', rank, "use kind 'group'");
      if (!Array.isArray(blockShape) || blockShape.length !== 2) {
        throw rangeError(
          fn,
          'granularity.blockShape',
          '[rows, columns]',
          blockShape,
          'for example [128, 128]',
        );
      }
      const [rows, cols] = blockShape.map((n) =>
        checkInteger(fn, 'granularity.blockShape', n, 1, Number.MAX_SAFE_INTEGER),
      );
      return { kind, blockShape: [rows, cols] };
    }
    case 'token':
      return { kind };
  }
}

const KEYS_OF: Readonly<Record<Granularity['kind'], readonly string[]>> = {
  tensor: [],
  axis: ['axis'],
  group: ['axis', 'groupSize'],
  block: ['blockShape'],
  token: [],
};

function refuseForeignKeys(
  fn: string,
  kind: Granularity['kind'],
  given: Partial<Record<string, unknown>>,
): void {
  for (const key of Object.keys(given)) {
    if (key !== 'kind' && !KEYS_OF[kind].includes(key)) {
      throw rangeError(fn, `granularity.${key}`, `no such key for kind '${kind}'`, given[key], 'remove it');
    }
  }
}

/** The named error when the groups or blocks of a checked granularity do not divide the shape. */
export function refuseTails(fn: string, granularity: Granularity, shape: readonly number[]): void {
  const cuts: [axis: number, length: number][] = [];
  if (granularity.kind === 'group') cuts.push([granularity.axis as number, granularity.groupSize]);
  if (granularity.kind === 'block') {
    granularity.blockShape.forEach((length, i) => cuts.push([shape.length - 2 + i, length]));
  }
  for (const [axis, length] of cuts) {
    if (shape[axis] % length === 0) continue;
    const fix = "choose a divisor, or tail: 'short'";
    throw rangeError(fn, `x.shape[${axis}]`, `a multiple of ${length}`, shape[axis], fix);
  }
}

/** The plan for a checked granularity. */
export function planRegions(shape: readonly number[], granularity: Granularity): RegionPlan {
  const size = product(shape);
  const last = shape[shape.length - 1] ?? 1;
  switch (granularity.kind) {
    case 'tensor':
      return oneSpan(1, [], run(0, 1, size, size, 0));
    case 'token': {
      const tokens = product(shape.slice(0, -1));
      return oneSpan(tokens, shape.slice(0, -1), run(0, tokens, last, last, 0));
    }
    case 'axis':
      return planAxis(shape, granularity.axis);
    case 'group':
      return planGroups(shape, granularity.axis as number, granularity.groupSize);
    case 'block':
      return planBlocks(shape, granularity.blockShape);
  }
}

function oneSpan(regions: number, scaleShape: readonly number[], span: Span): RegionPlan {
  return { regions, scaleShape, simple: span.run > 0, spans: () => [span] };
}

function planAxis(shape: readonly number[], axis: number): RegionPlan {
  const outer = product(shape.slice(0, axis));
  const channels = shape[axis];
  const inner = product(shape.slice(axis + 1));
  const plan = { regions: channels, scaleShape: [channels] };
  if (outer === 1) return oneSpan(channels, [channels], run(0, channels, inner, inner, 0));
  if (inner < MIN_RUN) {
    return {
      ...plan,
      simple: false,
      spans: () => [columns(0, outer, channels * inner, 0, Math.max(inner, 1))],
    };
  }
  return {
    ...plan,
    simple: false,
    *spans() {
      for (let o = 0; o < outer; o++) yield run(o * channels * inner, channels, inner, inner, 0);
    },
  };
}

function planGroups(shape: readonly number[], axis: number, groupSize: number): RegionPlan {
  const outer = product(shape.slice(0, axis));
  const length = shape[axis];
  const inner = product(shape.slice(axis + 1));
  const groups = Math.ceil(length / groupSize);
  const scaleShape = [...shape.slice(0, axis), groups, ...shape.slice(axis + 1)];
  const regions = outer * groups * inner;
  if (inner === 1) return oneSpan(regions, scaleShape, run(0, outer, length, Math.min(groupSize, length), 0));
  return {
    regions,
    scaleShape,
    simple: false,
    *spans() {
      for (let o = 0; o < outer; o++) {
        for (let g = 0; g < groups; g++) {
          const rows = Math.min(groupSize, length - g * groupSize);
          yield columns((o * length + g * groupSize) * inner, rows, inner, (o * groups + g) * inner);
        }
      }
    },
  };
}

function planBlocks(
  shape: readonly number[],
  [blockRows, blockColumns]: readonly [number, number],
): RegionPlan {
  const width = shape[shape.length - 1];
  const height = shape[shape.length - 2];
  const matrices = product(shape.slice(0, -2));
  const down = Math.ceil(height / blockRows);
  const across = Math.ceil(width / blockColumns);
  return {
    regions: matrices * down * across,
    scaleShape: [...shape.slice(0, -2), down, across],
    simple: false,
    *spans() {
      for (let row = 0; row < matrices * height; row++) {
        const blockRow = Math.floor(row / height) * down + Math.floor((row % height) / blockRows);
        yield run(row * width, 1, width, Math.min(blockColumns, width), blockRow * across);
      }
    },
  };
}

/** Regions that a span touches. */
export function regionsOf(span: Span): number {
  if (span.width === 0) return 0;
  return span.run > 0 ? span.rows * Math.ceil(span.width / span.run) : Math.ceil(span.width / span.repeat);
}

/** The parameters of a span's runs or columns: a view, or a copy with every entry repeated. */
export function paramsOf<
  T extends { subarray(begin: number, end: number): T; readonly length: number; [i: number]: number },
>(span: Span, params: T, make: (length: number) => T): T {
  const view = params.subarray(span.firstRegion, span.firstRegion + regionsOf(span));
  if (span.repeat === 1) return view;
  const repeated = make(span.width);
  for (let c = 0; c < span.width; c++) repeated[c] = view[Math.floor(c / span.repeat)];
  return repeated;
}

/** Number of elements of every region. */
export function regionSizes(plan: RegionPlan): Float64Array {
  const sizes = new Float64Array(plan.regions);
  for (const span of plan.spans()) {
    if (span.run === 0) {
      for (let c = 0; c < span.width; c++) sizes[span.firstRegion + Math.floor(c / span.repeat)] += span.rows;
      continue;
    }
    const perRow = Math.ceil(span.width / span.run);
    for (let r = 0; r < span.rows; r++) {
      for (let j = 0; j < perRow; j++) {
        sizes[span.firstRegion + r * perRow + j] += Math.min(span.run, span.width - j * span.run);
      }
    }
  }
  return sizes;
}

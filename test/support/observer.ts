import fc from 'fast-check';
import { observer, type Observer, type ObserverKind, type ObserverOptions } from 'tensorslim';

/** The kinds that merge: all but the moving average. */
export const MERGING: readonly ObserverKind[] = [
  'minmax',
  'percentile',
  'histogramMse',
  'entropy',
  'meanStd',
];

export interface Batches {
  readonly data: readonly Float32Array<ArrayBuffer>[];
  readonly rows: readonly number[];
}

/** Finite float32 numbers of all sizes: alike, far from 0, of one sign, heavy-tailed, subnormal, the largest, zeros of both signs. */
const scale = fc.constantFrom(1, 1, 1, 3.7, 1e-3, 2 ** -149, 2 ** -140, 2 ** -126, 2 ** 100, 2 ** 127);
const offset = fc.constantFrom(0, 0, 0, 1000, -1000, 1, -5);
const unit = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }) },
  { weight: 1, arbitrary: fc.integer({ min: -64, max: 64 }).map((n) => n / 64) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1, -1, 1.9999998) },
  { weight: 1, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }).map((v) => v * v * v * v * 1e-4) },
);

export const anyValues = (min: number, max: number): fc.Arbitrary<Float32Array<ArrayBuffer>> =>
  fc
    .tuple(scale, offset, fc.array(unit, { minLength: min, maxLength: max }))
    .map(([s, o, units]) => Float32Array.from(units, (u) => clampFinite((u + o) * s)));

function clampFinite(value: number): number {
  return Math.min(3.4028234663852886e38, Math.max(-3.4028234663852886e38, value));
}

export interface Case {
  readonly kind: ObserverKind;
  readonly options: ObserverOptions;
}

/** A kind that merges, with options. */
export const anyCase = (granularity: ObserverOptions['granularity']): fc.Arbitrary<Case> =>
  fc
    .record({
      kind: fc.constantFrom(...MERGING),
      mapping: fc.constantFrom('symmetric' as const, 'symmetricFull' as const, 'asymmetric' as const),
      bins: fc.constantFrom(64, 256, 4096),
      bits: fc.constantFrom(2 as const, 4 as const, 8 as const),
    })
    .map(({ kind, mapping, bins, bits }) => ({
      kind,
      options: {
        mapping,
        ...(granularity !== undefined && { granularity }),
        ...(kind !== 'minmax' && kind !== 'meanStd' && { bins }),
        ...((kind === 'entropy' || kind === 'histogramMse') && { bits }),
      },
    }));

export function observing(
  kind: ObserverKind,
  options: ObserverOptions,
  ...batches: Parameters<Observer['observe']>[0][]
): Observer {
  const made = observer(kind, options);
  for (const batch of batches) made.observe(batch);
  return made;
}

export const textOf = (seen: Observer): string => JSON.stringify(seen);

/** The bins that the documentation defines, by the plainest means: widths doubled until few enough are needed, then one value at a time. */
export function slowBins(
  values: Iterable<number>,
  bins: number,
): { width: number; first: number; counts: number[] } {
  const all = [...values];
  const [min, max] = [Math.min(...all), Math.max(...all)];
  const largest = Math.max(-min, max);
  let width = 2 ** -149;
  while (largest / width >= 2 ** 24) width *= 2;
  while (Math.floor(max / width) - Math.floor(min / width) >= bins) width *= 2;
  const first = Math.floor(min / width) + 0;
  const counts = new Array<number>(Math.floor(max / width) - first + 1).fill(0);
  for (const v of all) counts[Math.floor(v / width) - first]++;
  return { width, first, counts };
}

/** numpy's percentile, by sorting. */
export function slowPercentile(values: Iterable<number>, percent: number): number {
  const sorted = Float64Array.from(values).sort();
  const position = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/** Every divergence of the entropy kind, from its definition: P and Q written out for each threshold of i bins around 0. */
export function slowDivergences(counts: readonly number[], below: number, levels: number): number[] {
  const above = counts.length - below;
  const widest = Math.max(below, above);
  const result = new Array<number>(widest + 1).fill(Infinity);
  for (let i = 1; i <= widest; i++) {
    const [begin, end] = [below - Math.min(i, below), below + Math.min(i, above)];
    if (end - begin >= levels) result[i] = slowDivergence(counts, begin, end, levels);
  }
  return result;
}

function slowDivergence(counts: readonly number[], begin: number, end: number, levels: number): number {
  const inside = counts.slice(begin, end);
  const p = inside.slice();
  p[0] += sumOf(counts.slice(0, begin));
  p[p.length - 1] += sumOf(counts.slice(end));
  const q = new Array<number>(p.length).fill(0);
  for (let g = 0; g < levels; g++) {
    const [from, to] = [Math.floor((g * p.length) / levels), Math.floor(((g + 1) * p.length) / levels)];
    const filled = p.slice(from, to).filter((n) => n > 0).length;
    for (let j = from; j < to; j++) if (p[j] > 0) q[j] = sumOf(inside.slice(from, to)) / filled;
  }
  const [sumP, sumQ] = [sumOf(p), sumOf(q)];
  let divergence = 0;
  for (let j = 0; j < p.length; j++) {
    if (p[j] === 0) continue;
    if (q[j] === 0) return Infinity;
    divergence += (p[j] / sumP) * Math.log(p[j] / sumP / (q[j] / sumQ));
  }
  return divergence;
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

import { measureError, quantizeAffine, type ObserverKind, type ObserverOptions } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../../support/golden.js';
import { observing } from '../../support/observer.js';

const golden = readGolden('torch-observers.safetensors');
const dataOf = (name: string): Float32Array<ArrayBuffer> => {
  const entry = golden.get(name);
  if (entry === undefined) throw new Error(`no golden array ${name}`);
  return entry.data as Float32Array<ArrayBuffer>;
};

const x = dataOf('x');
const [batches, channels, width] = golden.get('x')?.shape ?? [];
const stream = Array.from({ length: batches }, (_, b) => ({
  data: x.slice(b * channels * width, (b + 1) * channels * width),
  shape: [channels, width],
}));

describe('the ranges of torch 2.13', () => {
  const axis: ObserverOptions = { granularity: { kind: 'axis', axis: 0 } };

  it.each<[string, ObserverKind, ObserverOptions]>([
    ['minmax', 'minmax', {}],
    ['ema', 'ema', {}],
    ['ema-fast', 'ema', { averagingConstant: 0.3 }],
    ['minmax-axis', 'minmax', axis],
    ['ema-axis', 'ema', { ...axis, averagingConstant: 0.07 }],
  ])('equal ours to the bit: %s', (name, kind, options) => {
    const { rangeMin, rangeMax } = observing(kind, { mapping: 'asymmetric', ...options }, ...stream).range();
    expect(rangeMin).toEqual(dataOf(`${name}/min`));
    expect(rangeMax).toEqual(dataOf(`${name}/max`));
  });

  it('of HistogramObserver leave no less error than ours', () => {
    const tailed = dataOf('tailed');
    const options = { bits: 8, mapping: 'asymmetric' } as const;
    const range = observing('histogramMse', options, tailed).range();
    const { mse } = measureError(tailed, quantizeAffine(tailed, { ...options, ...range }));
    expect(mse).toBeLessThanOrEqual(dataOf('histogram/mse')[0]);
  });

  it('are compared on every array of the file', () => {
    expect(golden.size).toBe(2 + 2 * 5 + 1);
  });
});

import { createRandom, observer, type ObserverKind } from 'tensorslim';
import { describe, expect, it } from 'vitest';

const CHUNK = 2 ** 22;
const VALUES = 1e9;
const KINDS: readonly ObserverKind[] = ['minmax', 'ema', 'percentile', 'histogramMse', 'entropy', 'meanStd'];
const MEBIBYTE = 2 ** 20;

const memoryUsed = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

describe('a stream of 10^9 values', () => {
  const random = createRandom(1);
  const chunk = Float32Array.from({ length: CHUNK }, () => random.normal());

  it.each(KINDS)('holds the memory of %s flat', (kind) => {
    const seen = observer(kind);
    seen.observe(chunk);
    const size = JSON.stringify(seen).length;
    const early = memoryUsed();
    let most = 0;
    for (let i = 1; seen.count < VALUES; i++) {
      // Now and then a wider batch, so that the bins merge while the stream goes on.
      seen.observe(i % 50 === 0 ? chunk.subarray(0, 1000).map((v) => v * i) : chunk);
      most = Math.max(most, memoryUsed() - early);
    }
    expect(seen.count).toBeGreaterThanOrEqual(VALUES);
    expect(most).toBeLessThan(8 * MEBIBYTE);
    expect(JSON.stringify(seen).length).toBeLessThan(size + 40_000);
    expect(seen.range().rangeMax[0]).toBeGreaterThan(0);
  });

  it('has exact sums: those of one chunk, times their number', () => {
    const one = observer('meanStd');
    one.observe(chunk);
    const times = 256;
    const many = observer('meanStd');
    for (let i = 0; i < times; i++) many.observe(chunk);
    const sums = (o: typeof one): bigint[] => {
      const [channel] = o.toJSON().channels ?? [];
      return [BigInt(channel?.sum ?? 0), BigInt(channel?.sumOfSquares ?? 0)];
    };
    expect(many.count).toBeGreaterThan(VALUES);
    expect(sums(many)).toEqual(sums(one).map((sum) => sum * BigInt(times)));
    expect(many.range()).toEqual(one.range());
  });
});

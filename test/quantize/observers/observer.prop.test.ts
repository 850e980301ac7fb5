import fc from 'fast-check';
import { observer, observerFromJSON, type Observer, type ObserverOptions } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { anyCase, anyValues, observing, slowBins, textOf, type Case } from '../../support/observer.js';

const SHARDS = 8;

/** Where each of so many elements goes, and two orders of the shards with a random tree of merges. */
const anySharding = fc.record({
  cuts: fc.array(fc.nat(), { minLength: SHARDS - 1, maxLength: SHARDS - 1 }),
  order: fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: SHARDS, maxLength: SHARDS }),
  picks: fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: SHARDS - 1, maxLength: SHARDS - 1 }),
});

type Sharding = typeof anySharding extends fc.Arbitrary<infer T> ? T : never;

/** Merges in random pairs until one is left: any order and any tree. */
function mergeAll(shards: Observer[], { order, picks }: Sharding): Observer {
  const left = order.map((i) => shards[i]);
  for (const [a, b] of picks) {
    const [from] = left.splice(a % left.length, 1);
    left[b % left.length].merge(from);
  }
  return left[0];
}

function boundsOf({ cuts }: Sharding, rows: number): number[] {
  return [0, ...cuts.map((cut) => cut % (rows + 1)).sort((a, b) => a - b), rows];
}

const anyGranularity = fc.constantFrom<ObserverOptions['granularity']>(
  undefined,
  { kind: 'axis', axis: 1 },
  { kind: 'axis', axis: -1 },
);
const anyGranularCase = anyGranularity.chain((granularity) => anyCase(granularity));

describe('observers of all kinds but ema', () => {
  it('give the same bytes when eight shards merge in any order and tree as one stream does', () => {
    fc.assert(
      fc.property(
        anyGranularCase,
        anyValues(0, 120),
        fc.constantFrom(1, 3, 40),
        anySharding,
        (c, x, width, s) => {
          const rows = Math.floor(x.length / width);
          const { granularity } = c.options;
          const isMiddle = granularity?.kind === 'axis' && granularity.axis === 1;
          const part = (from: number, to: number): { data: Float32Array; shape: number[] } => ({
            data: x.slice(from * width, to * width),
            shape: [to - from, width, 1].slice(0, isMiddle ? 3 : 2),
          });
          const whole = observing(c.kind, c.options, part(0, rows));
          const bounds = boundsOf(s, rows);
          const shards = Array.from({ length: SHARDS }, (_, i) =>
            observing(c.kind, c.options, part(bounds[i], bounds[i + 1])),
          );
          const merged = mergeAll(shards, s);
          expect(textOf(merged)).toBe(textOf(whole));
          expect(merged.count).toBe(rows * width);
          if (rows > 0) expect(merged.range()).toEqual(whole.range());
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('give the same bytes for any order of the values, one by one and saved in between', () => {
    fc.assert(
      fc.property(anyCase(undefined), anyValues(1, 40), fc.nat(), ({ kind, options }, x, seed) => {
        const shuffled = Float32Array.from(x).sort(
          (a, b) => ((a * 7919 + seed) % 13) - ((b * 7919 + seed) % 13),
        );
        const whole = observing(kind, options, x);
        let pieces = observer(kind, options);
        for (const value of shuffled) {
          pieces.observe(Float32Array.of(value));
          pieces = observerFromJSON(JSON.parse(textOf(pieces)));
        }
        expect(textOf(pieces)).toBe(textOf(whole));
      }),
      { numRuns: 500 },
    );
  });

  it('see each channel as an observer of its own would', () => {
    const lay = fc.constantFrom<[outer: number, inner: number]>([1, 1], [2, 1], [1, 5], [3, 2], [2, 40]);
    fc.assert(
      fc.property(
        anyCase(undefined),
        lay,
        fc.integer({ min: 1, max: 4 }),
        anyValues(320, 320),
        (c, l, n, x) => {
          const [outer, inner] = l;
          const data = x.subarray(0, outer * n * inner);
          const options = { ...c.options, granularity: { kind: 'axis', axis: 1 } as const };
          const all = observing(c.kind, options, { data, shape: [outer, n, inner] });
          const { rangeMin, rangeMax } = all.range();
          for (let channel = 0; channel < n; channel++) {
            const own = data.filter((_, i) => Math.floor(i / inner) % n === channel);
            const alone = observing(c.kind, c.options, own);
            expect(all.toJSON().channels?.[channel]).toEqual(alone.toJSON().channels?.[0]);
            expect([rangeMin[channel]]).toEqual(Array.from(alone.range().rangeMin));
            expect([rangeMax[channel]]).toEqual(Array.from(alone.range().rangeMax));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('lie within what they saw and 0, and hold finite numbers in order', () => {
    fc.assert(
      fc.property(anyCase(undefined), anyValues(1, 100), ({ kind, options }, x) => {
        const { rangeMin, rangeMax } = observing(kind, options, x).range();
        const [min, max] = [Math.min(0, ...x), Math.max(0, ...x)];
        const absmax = Math.max(-min, max);
        const isSymmetric = options.mapping !== 'asymmetric';
        expect(rangeMin[0]).toBeGreaterThanOrEqual(isSymmetric ? -absmax : min);
        expect(rangeMax[0]).toBeLessThanOrEqual(isSymmetric ? absmax : max);
        expect(rangeMin[0]).toBeLessThanOrEqual(rangeMax[0]);
        if (isSymmetric) expect(rangeMin[0]).toBe(-rangeMax[0] + 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('do not change what they merge from, even themselves', () => {
    fc.assert(
      fc.property(anyCase(undefined), anyValues(0, 30), anyValues(0, 30), ({ kind, options }, a, b) => {
        const [into, from] = [observing(kind, options, a), observing(kind, options, b)];
        const before = textOf(from);
        into.merge(from);
        expect(textOf(from)).toBe(before);
        from.merge(from);
        expect(textOf(from)).toBe(textOf(observing(kind, options, b, b)));
      }),
      { numRuns: 300 },
    );
  });

  it('leave out what is not finite when told so, as if it had not been there', () => {
    const special = fc.constantFrom(NaN, Infinity, -Infinity);
    const places = fc.array(fc.tuple(fc.nat(), special), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(anyCase(undefined), anyValues(0, 60), places, ({ kind, options }, x, bad) => {
        const numbers: number[] = Array.from(x);
        for (const [at, value] of bad) numbers.splice(at % (numbers.length + 1), 0, value);
        const skip = { ...options, nonFinite: 'skip' as const };
        const seen = observing(kind, skip, Float32Array.from(numbers));
        expect(seen.toJSON().channels?.[0] ?? null).toEqual(
          observing(kind, skip, x).toJSON().channels?.[0] ?? null,
        );
        expect(seen.count).toBe(x.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('nonFinite skip', () => {
  it('leaves values out of their own channels alone, whatever the axis', () => {
    const special = fc.constantFrom(NaN, Infinity, -Infinity);
    const places = fc.array(fc.tuple(fc.nat(), special), { minLength: 1, maxLength: 20 });
    const lay = fc.constantFrom<[outer: number, inner: number]>([1, 5], [4, 1], [3, 2], [2, 40]);
    fc.assert(
      fc.property(anyCase(undefined), lay, anyValues(320, 320), places, (c, [outer, inner], x, bad) => {
        const n = 4;
        const data = x.slice(0, outer * n * inner);
        for (const [at, value] of bad) data[at % data.length] = value;
        const options = { ...c.options, nonFinite: 'skip' as const };
        const granularity = { kind: 'axis', axis: 1 } as const;
        const all = observing(c.kind, { ...options, granularity }, { data, shape: [outer, n, inner] });
        for (let channel = 0; channel < n; channel++) {
          const own = data.filter((v, i) => Math.floor(i / inner) % n === channel && Number.isFinite(v));
          const alone = observing(c.kind, options, own).toJSON().channels?.[0] ?? null;
          expect(all.toJSON().channels?.[channel]).toEqual(alone);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('what observers keep', () => {
  const keeping = (kind: Case['kind']): fc.Arbitrary<Case> =>
    anyCase(undefined).filter((c) => c.kind === kind);

  it('is the histogram of the definition', () => {
    fc.assert(
      fc.property(keeping('percentile'), anyValues(1, 100), ({ kind, options }, x) => {
        const [channel] = observing(kind, options, x).toJSON().channels ?? [];
        const { width, first, counts } = slowBins(x, options.bins ?? 0);
        expect(channel).toMatchObject({
          binWidth: width,
          firstBin: first,
          binCounts: counts,
          count: x.length,
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('are exact sums', () => {
    const units = (value: number): bigint => BigInt(value * 2 ** 149);
    fc.assert(
      fc.property(anyValues(1, 100), (x) => {
        const [channel] = observing('meanStd', {}, x).toJSON().channels ?? [];
        const numbers = Array.from(x, units);
        expect(channel?.sum).toBe(String(numbers.reduce((a, b) => a + b, 0n)));
        expect(channel?.sumOfSquares).toBe(String(numbers.reduce((a, b) => a + b * b, 0n)));
      }),
      { numRuns: 1000 },
    );
  });

  it('is float32: wider input is rounded first', () => {
    fc.assert(
      fc.property(
        anyCase(undefined),
        fc.array(fc.double({ min: -2, max: 2, noNaN: true })),
        ({ kind, options }, x) => {
          const wide = observing(kind, options, Float64Array.from(x));
          expect(textOf(wide)).toBe(textOf(observing(kind, options, Float32Array.from(x))));
        },
      ),
      { numRuns: 200 },
    );
  });
});

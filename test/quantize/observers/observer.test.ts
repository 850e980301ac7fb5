import { inspect } from 'node:util';
import {
  chooseQParams,
  dequantizeAffine,
  FormatError,
  NumericError,
  observer,
  observerFromJSON,
  quantizeAffine,
  type Observer,
  type ObserverKind,
  type ObserverOptions,
  type ObserverState,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { MERGING, observing, textOf } from '../../support/observer.js';
import { detachedArray, foreignArray, NOT_TENSORS } from '../../support/wrong-types.js';

const KINDS: readonly ObserverKind[] = [...MERGING, 'ema'];
const perAxis: ObserverOptions = { granularity: { kind: 'axis', axis: 0 } };

describe('observer()', () => {
  it.each(KINDS)('%s gives ranges that quantizeAffine takes, one per channel', (kind) => {
    const x = { data: Float32Array.of(-1, 0, 2, 3, 8, 5), shape: [2, 3] };
    const seen = observing(kind, { mapping: 'asymmetric', ...perAxis }, x, x);
    const options = { bits: 8, mapping: 'asymmetric', granularity: { kind: 'axis', axis: 0 } } as const;
    const { scale } = quantizeAffine(x, { ...options, ...seen.range() });
    expect(scale).toHaveLength(2);
    const nothing = { data: new Float32Array(0), shape: [2, 0] };
    expect(chooseQParams(nothing, { ...options, ...seen.range() }).scale).toEqual(scale);
    expect(seen.count).toBe(12);
  });

  it('gives one range for tensors of any shape', () => {
    const seen = observing('minmax', {}, Float32Array.of(1, -3), { data: Float32Array.of(2), shape: [] });
    expect(seen.range()).toEqual({ rangeMin: Float32Array.of(-3), rangeMax: Float32Array.of(3) });
    const q = quantizeAffine(Float32Array.of(5, 1.5), { bits: 8, ...seen.range() });
    expect(dequantizeAffine(q)[0]).toBe(3);
  });

  it('takes arrays of other realms, views and matrices', () => {
    const seen = observing('minmax', { mapping: 'asymmetric' }, foreignArray([1, 2]), {
      data: Float32Array.of(0, 9, -1, 9),
      shape: [2],
      stride: [2],
    });
    seen.observe({ rows: 1, columns: 1, get: () => 4 });
    expect(seen.range()).toEqual({ rangeMin: Float32Array.of(-1), rangeMax: Float32Array.of(4) });
  });

  it('counts an axis from the end', () => {
    const seen = observing('minmax', { granularity: { kind: 'axis', axis: -1 } }, Float32Array.of(1, -2));
    seen.observe({ data: Float32Array.of(0, 1, 3, 1), shape: [2, 2] });
    expect(seen.range().rangeMax).toEqual(Float32Array.of(3, 2));
  });

  it('averages the extremes of batches, the first one whole', () => {
    const seen = observing('ema', { mapping: 'asymmetric', averagingConstant: 0.5 }, Float32Array.of(-1, 1));
    seen.observe(Float32Array.of(-3, 2));
    expect(seen.range()).toEqual({ rangeMin: Float32Array.of(-2), rangeMax: Float32Array.of(1.5) });
    seen.observe(Float32Array.of(-3.4e38, 3.4e38));
    seen.observe(Float32Array.of(3.4e38, 3.4e38));
    expect(seen.range().rangeMin[0]).toBeGreaterThanOrEqual(Math.fround(-3.4e38));
    expect(seen.range().rangeMax[0]).toBeLessThanOrEqual(Math.fround(3.4e38));
  });

  it('never changes its input', () => {
    for (const kind of KINDS) {
      const x = Float32Array.of(3, NaN, -0, 1);
      observing(kind, { nonFinite: 'skip' }, x);
      expect(x).toEqual(Float32Array.of(3, NaN, -0, 1));
    }
  });

  it('prints its kind and how much it has seen', () => {
    expect(inspect(observing('entropy', {}, new Float32Array(5)))).toBe('observer entropy: 5 values');
  });

  it('gives out copies', () => {
    const seen = observing('minmax', {}, Float32Array.of(2));
    seen.range().rangeMax[0] = 7;
    expect(seen.range().rangeMax[0]).toBe(2);
  });
});

/** Special input and the range that every kind makes of it. */
const SPECIAL: readonly (readonly [string, number[], number, number])[] = [
  ['one element', [2.5], 2.5, 2.5],
  ['all equal', [-7, -7, -7], -7, -7],
  ['all zero', [0, 0, 0], 0, 0],
  ['zeros of both signs', [-0, 0], 0, 0],
  ['-0 alone', [-0], 0, 0],
  ['the smallest subnormal', [2 ** -149], 2 ** -149, 2 ** -149],
  ['the largest float32', [3.4028234663852886e38], 3.4028234663852886e38, 3.4028234663852886e38],
];

describe.each(KINDS)('observer %s', (kind) => {
  it.each(SPECIAL)('has a range for %s', (_, values, min, max) => {
    const range = observing(kind, { mapping: 'asymmetric' }, Float32Array.from(values)).range();
    // The range of least squared error holds 0, as every grid does.
    const wide = kind === 'histogramMse';
    expect(range.rangeMin).toEqual(Float32Array.of(wide ? Math.min(0, min) : min));
    expect(range.rangeMax).toEqual(Float32Array.of(wide ? Math.max(0, max) : max));
    const { rangeMin, rangeMax } = observing(kind, {}, Float32Array.from(values)).range();
    const absmax = Math.max(-min, max);
    expect([rangeMin[0], rangeMax[0]]).toEqual([0 - absmax, absmax]);
  });

  it('changes nothing for empty batches', () => {
    const seen = observing(kind, perAxis, { data: new Float32Array(0), shape: [3, 0] });
    expect(seen.toJSON().channels).toBe(null);
    seen.observe({ data: new Float32Array(0), shape: [0, 3] });
    seen.observe({ data: Float32Array.of(1, 2), shape: [2, 1] });
    const before = textOf(seen);
    seen.observe({ data: new Float32Array(0), shape: [2, 0] });
    expect(textOf(seen)).toBe(before);
  });

  it.each([NaN, Infinity, -Infinity])('refuses %s with its index and adds nothing', (bad) => {
    const seen = observing(kind, perAxis, { data: Float32Array.of(1, 2), shape: [2, 1] });
    const before = textOf(seen);
    const batch = { data: Float32Array.of(9, 9, bad, 9), shape: [2, 2] };
    const message = `observer: "x" expected finite float32 values, got ${bad} at index 2 - repair the tensor, or pass nonFinite: 'skip' to leave it out`;
    expect(() => seen.observe(batch)).toThrow(new NumericError('NON_FINITE', message, 2));
    expect(textOf(seen)).toBe(before);
  });

  it('has no range before it has seen a value, in any channel', () => {
    const empty = /^observer: "range" expected at least one value, got none - observe data first/;
    expect(() => observer(kind).range()).toThrow(empty);
    expect(() => observer(kind).range()).toThrow(NumericError);
    const skipping = observing(kind, { nonFinite: 'skip' }, Float32Array.of(NaN));
    expect(skipping.count).toBe(0);
    expect(() => skipping.range()).toThrow(empty);
    const half = observing(
      kind,
      { ...perAxis, nonFinite: 'skip' },
      { data: Float32Array.of(1, NaN), shape: [2, 1] },
    );
    expect(() => half.range()).toThrow('got none in channel 1');
  });

  it('refuses another number of channels', () => {
    const seen = observing(kind, perAxis, { data: new Float32Array(6), shape: [2, 3] });
    expect(() => seen.observe({ data: new Float32Array(6), shape: [3, 2] })).toThrow(
      'observer: "x.shape" expected 2 channels, as before, got 3 - one observer watches one tensor',
    );
    expect(() => seen.observe({ data: Float32Array.of(1), shape: [] })).toThrow(RangeError);
  });

  it.each(NOT_TENSORS)('refuses %s', (_, value) => {
    expect(() => observer(kind).observe(value as Float32Array)).toThrow(/^observer: "x/);
  });
});

describe('observer() refuses', () => {
  const named = (kind: unknown, options?: unknown) => (): Observer =>
    observer(kind as ObserverKind, options as ObserverOptions);

  it.each<[string, () => unknown, string]>([
    ['an unknown kind', named('min-max'), `observer: "kind" expected one of 'minmax'`],
    ['no kind', named(undefined), 'observer: "kind" expected one of'],
    ['text for options', named('minmax', 'axis'), 'observer: "options" expected a plain object'],
    ['an unknown option', named('minmax', { axis: 0 }), 'got "axis"'],
    ["another kind's option", named('minmax', { bits: 8 }), 'got "bits"'],
    ['an unknown mapping', named('minmax', { mapping: 'asymetric' }), `did you mean 'asymmetric'?`],
    ['a policy of quantizers', named('minmax', { nonFinite: 'saturate' }), `expected one of 'throw', 'skip'`],
    [
      'granularity by group',
      named('minmax', { granularity: { kind: 'group', groupSize: 2 } }),
      'got "groupSize"',
    ],
    ['granularity by token', named('minmax', { granularity: { kind: 'token' } }), `one of 'tensor', 'axis'`],
    [
      'an axis without number',
      named('minmax', { granularity: { kind: 'axis' } }),
      '"granularity.axis" expected a whole',
    ],
    ['an axis for tensor', named('minmax', { granularity: { kind: 'tensor', axis: 0 } }), 'no such key'],
    ['a percentile of 50', named('percentile', { percentile: 50 }), 'a number above 50, at most 100, got 50'],
    ['a percentile of text', named('percentile', { percentile: '99' }), 'a number above 50'],
    ['no sigmas', named('meanStd', { sigmas: 0 }), 'a number above 0, at most 1000'],
    ['a constant above 1', named('ema', { averagingConstant: 1.5 }), 'a number above 0, at most 1'],
    ['a constant of NaN', named('ema', { averagingConstant: NaN }), 'a number above 0, at most 1'],
    ['100 bins', named('entropy', { bins: 100 }), '"bins" expected a power of two, got 100'],
    ['too many bins', named('percentile', { bins: 2 ** 17 }), 'a whole number from 64 to 65536'],
    ['9 bits', named('histogramMse', { bits: 9 }), '1 to 8, or 16'],
    ['16 bits of entropy', named('entropy', { bits: 16 }), 'a whole number from 2 to 8'],
    ['1 bit with a zero in the middle', named('histogramMse', { bits: 1 }), 'for 1 bit'],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  it('more counters than memory should hold', () => {
    const seen = observer('percentile', { bins: 65_536, granularity: { kind: 'axis', axis: 0 } });
    const wide = { data: new Float32Array(4096), shape: [4096, 1] };
    expect(() => seen.observe(wide)).toThrow('expected at most 2048 channels of 65536 counters, got 4096');
  });

  it('a detached array', () => {
    expect(() => observer('minmax').observe(detachedArray())).toThrow(TypeError);
  });
});

describe('merge()', () => {
  const seen = (kind: ObserverKind, options?: ObserverOptions): Observer =>
    observing(kind, options ?? {}, { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });

  it('refuses moving averages, whose batches have an order', () => {
    const message =
      "observer: \"other\" expected a kind whose batches have no order, got 'ema' - use 'minmax' or 'percentile', or observe in one place";
    expect(() => seen('ema').merge(seen('ema'))).toThrow(new NumericError('ORDER_DEPENDENT', message));
  });

  it.each<[string, () => void, string]>([
    [
      'another kind',
      () => seen('minmax').merge(seen('meanStd')),
      `"other.kind" expected 'minmax', got "meanStd"`,
    ],
    [
      'other bins',
      () => seen('entropy').merge(seen('entropy', { bins: 64 })),
      '"other.bins" expected 4096, got 64 - merge observers made with the same options',
    ],
    [
      'another mapping',
      () => seen('minmax').merge(seen('minmax', { mapping: 'asymmetric' })),
      '"other.mapping" expected "symmetric", got "asymmetric"',
    ],
    [
      'another granularity',
      () => seen('minmax').merge(seen('minmax', perAxis)),
      '"other.granularity" expected',
    ],
    [
      'another number of channels',
      () =>
        seen('minmax', perAxis).merge(
          observing('minmax', perAxis, { data: new Float32Array(3), shape: [3, 1] }),
        ),
      '"other" expected 2 channels, got 3',
    ],
    [
      'saved data',
      () => seen('minmax').merge(seen('minmax').toJSON() as unknown as Observer),
      'observerFromJSON',
    ],
    [
      'null',
      () => seen('minmax').merge(null as unknown as Observer),
      '"other" expected an observer, got null',
    ],
    ['itself spread', () => seen('minmax').merge({ ...seen('minmax') }), '"other" expected an observer'],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  it('refuses counts that a number cannot hold', () => {
    const full: ObserverState = {
      ...seen('minmax').toJSON(),
      channels: [{ count: Number.MAX_SAFE_INTEGER, min: 0, max: 1 }],
    };
    const restored = observerFromJSON(full);
    expect(() => restored.merge(seen('minmax'))).toThrow(/2\^53 - 1 values.*\[TOO_MANY_VALUES\]/);
    expect(() => restored.observe(Float32Array.of(1))).toThrow(NumericError);
    expect(restored.count).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('takes observers that have seen nothing, on either side', () => {
    const into = observer('entropy', perAxis);
    into.merge(observer('entropy', perAxis));
    expect(into.count).toBe(0);
    into.merge(seen('entropy', perAxis));
    into.merge(observer('entropy', perAxis));
    expect(textOf(into)).toBe(textOf(seen('entropy', perAxis)));
  });
});

describe('toJSON() and observerFromJSON()', () => {
  const saved = (kind: ObserverKind): ObserverState =>
    observing(
      kind,
      { mapping: 'asymmetric', granularity: { kind: 'axis', axis: 0 } },
      { data: Float32Array.of(-1, 2, 0.3, 5, 6, 7), shape: [2, 3] },
    ).toJSON();

  it.each(KINDS)('%s goes on where it stood', (kind) => {
    const state = saved(kind);
    const restored = observerFromJSON(JSON.parse(JSON.stringify(state)));
    expect(restored.toJSON()).toEqual(state);
    expect(restored.range()).toEqual(observerFromJSON(structuredClone(state)).range());
    const more = { data: Float32Array.of(9, -3), shape: [2, 1] };
    const original = observerFromJSON(state);
    original.observe(more);
    restored.observe(more);
    expect(textOf(restored)).toBe(textOf(original));
  });

  it('takes keys in any order', () => {
    const state = saved('percentile');
    const reversed = Object.fromEntries(Object.entries(state).reverse());
    expect(textOf(observerFromJSON(reversed))).toBe(JSON.stringify(state));
  });

  it('keeps channels that have seen nothing', () => {
    const options: ObserverOptions = { ...perAxis, nonFinite: 'skip' };
    const half = observing('minmax', options, { data: Float32Array.of(1, NaN), shape: [2, 1] });
    expect(half.toJSON().channels).toEqual([{ count: 1, min: 1, max: 1 }, null]);
    expect(textOf(observerFromJSON(half.toJSON()))).toBe(textOf(half));
  });

  /** One field of a good state replaced: `path` leads to it. */
  function damaged(kind: ObserverKind, path: readonly (string | number)[], value: unknown): unknown {
    const state: unknown = JSON.parse(JSON.stringify(saved(kind)));
    let place = state as Record<string | number, unknown>;
    for (const key of path.slice(0, -1)) place = place[key] as Record<string | number, unknown>;
    if (value === undefined) Reflect.deleteProperty(place, path[path.length - 1]);
    else place[path[path.length - 1]] = value;
    return state;
  }

  it.each<[ObserverKind, (string | number)[], unknown]>([
    ['minmax', ['format'], 'other'],
    ['minmax', ['version'], 2],
    ['minmax', ['kind'], 'entropy'],
    ['minmax', ['kind'], '__proto__'],
    ['minmax', ['kind'], undefined],
    ['minmax', ['more'], 1],
    ['minmax', ['options'], null],
    ['minmax', ['options', 'mapping'], 'full'],
    ['minmax', ['options', 'mapping'], undefined],
    ['minmax', ['options', 'bins'], 64],
    ['minmax', ['options', 'granularity'], { kind: 'tensor' }],
    ['entropy', ['options', 'bins'], 2 ** 40],
    ['entropy', ['options', 'bins'], 2048],
    ['minmax', ['channels'], []],
    ['minmax', ['channels'], 'abc'],
    ['minmax', ['channels', 0], 7],
    ['minmax', ['channels', 0, 'count'], 0],
    ['minmax', ['channels', 0, 'count'], 1.5],
    ['minmax', ['channels', 0, 'count'], 2 ** 53],
    ['minmax', ['channels', 0, 'count'], Number.MAX_SAFE_INTEGER],
    ['minmax', ['channels', 0, 'min'], null],
    ['minmax', ['channels', 0, 'min'], 0.1],
    ['minmax', ['channels', 0, 'min'], 1e39],
    ['minmax', ['channels', 0, 'min'], 3],
    ['minmax', ['channels', 0, 'sum'], '0'],
    ['percentile', ['channels', 0, 'binWidth'], 1],
    ['percentile', ['channels', 0, 'firstBin'], 0],
    ['percentile', ['channels', 0, 'binCounts'], undefined],
    ['percentile', ['channels', 0, 'binCounts'], [3]],
    ['percentile', ['channels', 0, 'binCounts', 0], -1],
    ['percentile', ['channels', 0, 'binCounts', 0], 0],
    ['percentile', ['channels', 0, 'binCounts', 0], 2],
    ['percentile', ['channels', 0, 'binCounts', 1], 0.5],
    ['percentile', ['channels', 0, 'count'], 4],
    ['percentile', ['channels', 0, 'max'], 3e38],
    ['meanStd', ['channels', 0, 'sum'], 1],
    ['meanStd', ['channels', 0, 'sum'], '1e3'],
    ['meanStd', ['channels', 0, 'sum'], '9'.repeat(1000)],
    ['meanStd', ['channels', 0, 'sum'], '9'.repeat(100)],
    ['meanStd', ['channels', 0, 'sumOfSquares'], '0'],
    ['meanStd', ['channels', 0, 'sumOfSquares'], '9'.repeat(150)],
  ])('refuse %s with %j = %j', (kind, path, value) => {
    expect(() => observerFromJSON(damaged(kind, path, value))).toThrow(FormatError);
    expect(() => observerFromJSON(damaged(kind, path, value))).toThrow(
      /^observerFromJSON: .*\[OBSERVER_STATE\]$/,
    );
  });

  it('refuse bins whose outermost ones do not hold the smallest and the largest value', () => {
    for (const [from, to] of [
      [0, 1],
      [-1, -2],
    ]) {
      const counts = saved('percentile').channels?.[0]?.binCounts?.slice() ?? [];
      const at = (i: number): number => (i + counts.length) % counts.length;
      counts[at(to)] += counts[at(from)];
      counts[at(from)] = 0;
      const state = damaged('percentile', ['channels', 0, 'binCounts'], counts);
      expect(() => observerFromJSON(state)).toThrow('the largest value in the outermost bins');
    }
  });

  it.each([undefined, null, 1, 'text', [], new Map()])('refuse %s', (state) => {
    expect(() => observerFromJSON(state)).toThrow(FormatError);
  });
});

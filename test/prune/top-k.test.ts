import { afterEach, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/kernels/dispatch.js';
import { maskTopK, type MaskTopKOptions } from '../../src/prune/index.js';
import { NOT_TENSORS } from '../support/wrong-types.js';

afterEach(() => setBackend('auto'));

/** 200,000 numbers, each of 1,000 magnitudes 200 times: more than a row that is searched bit by bit. */
const long = Float32Array.from(
  { length: 200_000 },
  (_, i) => (((i * 7919) % 1000) + 1) * (i % 3 === 0 ? -1 : 1),
);

describe('maskTopK of long tensors', () => {
  it.each(['simd', 'scalar'] as const)('keeps the exact count, the first of equal ones, in %s', (backend) => {
    setBackend(backend);
    for (const order of ['value', 'magnitude'] as const) {
      const mask = maskTopK(long, { keepCount: 12_345, order });
      const rank = long.map((value) => (order === 'magnitude' ? Math.abs(value) : value));
      const places = Array.from(rank.keys()).sort((i, j) => rank[j] - rank[i] || i - j);
      const expected = new Uint8Array(long.length);
      for (const place of places.slice(0, 12_345)) expected[place] = 1;
      expect(Buffer.compare(mask, expected)).toBe(0);
    }
  });

  it('follows the ties of other tools', () => {
    const kept = (compat: MaskTopKOptions['compat'], x = long): number =>
      maskTopK(x, { sparsity: 0.0123, order: 'magnitude', ...(compat && { compat }) }).reduce(
        (sum, bit) => sum + bit,
        0,
      );
    expect(kept(undefined)).toBe(200_000 - 2460);
    expect(kept('wanda')).toBe(200_000 - 2460);
    // The 2,461st and the 2,460th smallest are the 13th magnitude, of 200 elements.
    expect(kept('sparsegpt')).toBe(200_000 - 13 * 200);
    expect(kept('llm-compressor')).toBe(200_000 - 13 * 200);
    expect(kept('tfmot')).toBe(200_000 - 12 * 200);
    const constant = new Float32Array(100_000).fill(2);
    expect(
      (['sparsegpt', 'llm-compressor', 'tfmot', 'torch'] as const).map((compat) => kept(compat, constant)),
    ).toEqual([0, 0, 100_000, 98_770]);
  });

  it('has rows, infinities and empty tensors', () => {
    const rows = maskTopK(
      { data: long, shape: [2, 100_000] },
      { sparsity: 0.5, scope: 'row', order: 'magnitude' },
    );
    const halves = [0, 1].map((r) =>
      maskTopK(long.subarray(r * 100_000, (r + 1) * 100_000), { sparsity: 0.5, order: 'magnitude' }),
    );
    expect(Buffer.compare(rows, Buffer.concat(halves))).toBe(0);
    expect([...maskTopK(Float32Array.of(-Infinity, 1, Infinity), { keepCount: 1 })]).toEqual([0, 0, 1]);
    expect(maskTopK(new Float32Array(0), { sparsity: 0.5 }).length).toBe(0);
    expect([...maskTopK({ data: Float32Array.of(3), shape: [] }, { sparsity: 0.4 })]).toEqual([1]);
    expect(maskTopK([], { sparsity: 0.5, scope: 'global' })).toEqual([]);
    const infinite = long.slice();
    infinite[7] = -Infinity;
    expect(maskTopK(infinite, { keepCount: 1, order: 'magnitude' })[7]).toBe(1);
    expect(maskTopK(infinite, { keepCount: 199_999 })[7]).toBe(0);
  });

  it('reads float64 as float32 and changes no input', () => {
    const x = Float64Array.of(1, 1 + 1e-12, 2);
    expect([...maskTopK(x, { keepCount: 2 })]).toEqual([1, 0, 1]);
    expect([...x]).toEqual([1, 1 + 1e-12, 2]);
  });
});

describe('maskTopK refuses', () => {
  const x = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] };

  it.each([
    ['sparsity above 1', { sparsity: 1.5 }, /^maskTopK: "sparsity" expected a number from 0 to 1, got 1.5/],
    ['sparsity below 0', { sparsity: -0.1 }, /"sparsity" expected a number from 0 to 1, got -0.1/],
    ['sparsity NaN', { sparsity: NaN }, /"sparsity" expected a number from 0 to 1, got NaN/],
    ['neither count', {}, /"options" expected either sparsity or keepCount, got "neither"/],
    [
      'both counts',
      { sparsity: 0.5, keepCount: 1 },
      /"options" expected either sparsity or keepCount, got "both"/,
    ],
    ['a count above the size', { keepCount: 7 }, /"keepCount" expected at most 6/],
    ['a count above the row', { keepCount: 4, scope: 'row' }, /"keepCount" expected at most 3/],
    ['a count beside a tool', { keepCount: 1, compat: 'tfmot' }, /"compat" expected 'torch' or none/],
    ['an unknown tool', { sparsity: 0.5, compat: 'tourch' }, /did you mean 'torch'/],
    ['an unknown scope', { sparsity: 0.5, scope: 'rows' }, /did you mean 'row'/],
    ['a scope of another kind', { sparsity: 0.5, scope: 4 }, /"scope" expected 'tensor', 'row'/],
    ['a group of 0', { sparsity: 0.5, scope: { groupSize: 0 } }, /"scope.groupSize" expected/],
    [
      'a block of one axis',
      { sparsity: 0.5, scope: { blockShape: [2] } },
      /"scope.blockShape" expected two numbers/,
    ],
    [
      'a block that is none',
      { sparsity: 0.5, scope: { blockShape: 2 } },
      /"scope.blockShape" expected a list/,
    ],
    ['one tensor for all', { sparsity: 0.5, scope: 'global' }, /"scores" expected a list of tensors/],
  ] as const)('%s', (_, options, message) => {
    expect(() => maskTopK(x, options as unknown as MaskTopKOptions)).toThrow(message);
  });

  it.each(NOT_TENSORS)('%s', (_, value) => {
    expect(() => maskTopK(value as never, { sparsity: 0.5 })).toThrow(/^maskTopK: "scores/);
  });

  it('NaN, with its index, wherever it is looked for', () => {
    const bad = { data: x.data.slice(), shape: [2, 3] };
    bad.data[4] = NaN;
    for (const scope of ['tensor', 'row', { groupSize: 2 }, { blockShape: [1, 2] }] as const) {
      expect(() => maskTopK(bad, { sparsity: 0.5, scope })).toThrow(
        /"scores\[4\]" expected a number to rank, got NaN/,
      );
    }
    const far = long.slice();
    far[150_000] = -NaN;
    for (const order of ['value', 'magnitude'] as const) {
      expect(() => maskTopK(far, { sparsity: 0.5, order })).toThrow(/scores\[150000\].*\[NAN\]/);
      expect(() => maskTopK([x, bad], { sparsity: 0.5, order, scope: 'global' })).toThrow(
        /"scores\[1\]\[4\]"/,
      );
    }
  });

  it('functions that give another tensor the second time', () => {
    let calls = 0;
    const source = (): Float32Array => new Float32Array(++calls);
    expect(() => maskTopK([source], { sparsity: 0.5, scope: 'global' })).toThrow(
      /"scores\[0\]" expected 1 elements as before, got 2/,
    );
  });
});

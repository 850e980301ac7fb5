import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundHalfEven } from '../../src/core/rounding.js';
import { maskTopK, type PruneCompat } from '../../src/prune/index.js';

const sum = (mask: Uint8Array): number => mask.reduce((total, bit) => total + bit, 0);

/** Ordinary numbers, few different ones, or one alone. */
const anyValues = (most: number): fc.Arbitrary<Float32Array> =>
  fc
    .oneof(
      fc.array(fc.float({ noNaN: true }), { maxLength: most }),
      fc.array(fc.constantFrom(0, -0, 1, -1, 2), { maxLength: most }),
      fc.tuple(fc.nat(most), fc.float({ noNaN: true })).map(([n, value]) => Array<number>(n).fill(value)),
    )
    .map((values) => Float32Array.from(values));

const anySparsity = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(0, 0.1, 0.25, 0.5, 0.75, 0.9, 1),
);
const order = fc.constantFrom('value' as const, 'magnitude' as const);

/** Sorted from the lowest, equal ones with the lowest index last: it is kept first. */
function sorted(x: Float32Array, by: 'value' | 'magnitude'): number[] {
  const rank = (i: number): number => (by === 'magnitude' ? Math.abs(x[i]) : x[i]);
  return Array.from(x.keys()).sort((i, j) => (rank(i) === rank(j) ? j - i : rank(i) - rank(j)));
}

describe('maskTopK', () => {
  it('removes exactly round-half-even(s n) of every input, ties and constants included', () => {
    fc.assert(
      fc.property(anyValues(60), anySparsity, order, (x, sparsity, by) => {
        const mask = maskTopK(x, { sparsity, order: by });
        const removed = roundHalfEven(sparsity * x.length);
        expect(x.length - sum(mask)).toBe(removed);
        const places = sorted(x, by).slice(0, removed);
        expect(places.every((i) => mask[i] === 0)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });

  it('keeps the same over several tensors as over one that holds them all', () => {
    fc.assert(
      fc.property(fc.array(anyValues(30), { maxLength: 4 }), anySparsity, order, (tensors, sparsity, by) => {
        const all = Float32Array.from(tensors.flatMap((x) => [...x]));
        const sources = tensors.map((x, t) => (t % 2 === 0 ? x : () => x));
        const masks = maskTopK(sources, { sparsity, order: by, scope: 'global' });
        expect(masks.flatMap((mask) => [...mask])).toEqual([...maskTopK(all, { sparsity, order: by })]);
      }),
      { numRuns: 500 },
    );
  });

  it('selects in every row, group and block as in a tensor of its own', () => {
    const shape = fc.record({
      rows: fc.integer({ min: 1, max: 5 }),
      columns: fc.integer({ min: 1, max: 9 }),
    });
    const block = fc.record({
      height: fc.integer({ min: 1, max: 4 }),
      breadth: fc.integer({ min: 1, max: 5 }),
    });
    const kind = fc.constantFrom('row', 'group', 'block');
    fc.assert(
      fc.property(
        shape,
        block,
        kind,
        anySparsity,
        fc.infiniteStream(fc.integer({ min: -3, max: 3 })),
        (s, b, k, sparsity, stream) => {
          const { rows, columns } = s;
          const x = {
            data: Float32Array.from({ length: rows * columns }, () => stream.next().value),
            shape: [rows, columns],
          };
          const height = k === 'block' ? b.height : 1;
          const breadth = k === 'row' ? columns : b.breadth;
          const scope =
            k === 'row'
              ? 'row'
              : k === 'group'
                ? { groupSize: breadth }
                : { blockShape: [height, breadth] as [number, number] };
          const mask = maskTopK(x, { sparsity, scope });
          for (let top = 0; top < rows; top += height) {
            for (let left = 0; left < columns; left += breadth) {
              const at: number[] = [];
              for (let r = top; r < Math.min(rows, top + height); r++) {
                for (let c = left; c < Math.min(columns, left + breadth); c++) at.push(r * columns + c);
              }
              const own = maskTopK(
                Float32Array.from(at, (i) => x.data[i]),
                { sparsity },
              );
              expect(at.map((i) => mask[i])).toEqual([...own]);
            }
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('leaves the least sum of squares removed of all masks of as many ones', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 12 }),
        fc.nat(12),
        (values, k) => {
          const keepCount = Math.min(k, values.length);
          const mask = maskTopK(Float32Array.from(values), { keepCount, order: 'magnitude' });
          const lost = (bits: number): number =>
            values.reduce((total, v, i) => total + ((bits >> i) & 1 ? 0 : v * v), 0);
          let best = Infinity;
          for (let bits = 0; bits < 2 ** values.length; bits++) {
            let ones = 0;
            for (let i = 0; i < values.length; i++) ones += (bits >> i) & 1;
            if (ones === keepCount) best = Math.min(best, lost(bits));
          }
          expect(lost(mask.reduce((bits, bit, i) => bits | (bit << i), 0))).toBe(best);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('counts and breaks ties as the tools it names, by their own rules written out', () => {
    const f = Math.fround;
    const rules: Record<PruneCompat, (x: number[], s: number) => number[]> = {
      torch: (x, s) => byRank(x, roundHalfEven(s * x.length), false),
      nni: (x, s) => byRank(x, Math.trunc(x.length * s), false),
      wanda: (x, s) => byRank(x, Math.trunc(x.length * s), true),
      sparsegpt: (x, s) => {
        const threshold = ascending(x)[Math.min(Math.trunc(x.length * s), x.length - 1)];
        return x.map((v) => (v <= threshold ? 0 : 1));
      },
      'llm-compressor': (x, s) => {
        const k = Math.trunc(s * x.length);
        return k === 0 ? x.map(() => 1) : x.map((v) => (v > ascending(x)[k - 1] ? 1 : 0));
      },
      tfmot: (x, s) => {
        const k = Math.max(1, roundHalfEven(f(x.length * f(1 - f(s)))));
        const threshold = ascending(x)[x.length - k];
        return x.map((v) => (v >= threshold ? 1 : 0));
      },
    };
    const anyCompat = fc.constantFrom(...(Object.keys(rules) as PruneCompat[]));
    const values = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(anyCompat, values, anySparsity, (compat, x, sparsity) => {
        const mask = maskTopK(Float32Array.from(x), { sparsity, compat });
        expect([...mask]).toEqual(rules[compat](x, sparsity));
        const whole = maskTopK([Float32Array.from(x)], { sparsity, compat, scope: 'global' });
        if (compat !== 'nni') expect([...whole[0]]).toEqual([...mask]);
      }),
      { numRuns: 3000 },
    );
  });
});

const ascending = (x: number[]): number[] => [...x].sort((a, b) => a - b);

function byRank(x: number[], removed: number, isLowestFirst: boolean): number[] {
  const places = Array.from(x.keys()).sort((i, j) => x[i] - x[j] || (isLowestFirst ? i - j : j - i));
  const mask = x.map(() => 1);
  for (const i of places.slice(0, removed)) mask[i] = 0;
  return mask;
}

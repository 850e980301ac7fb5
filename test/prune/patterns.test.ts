import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyMask,
  keptSlices,
  maskBlocks,
  maskNM,
  maskStructured,
  type PadReport,
} from '../../src/prune/index.js';

const sum = (mask: Uint8Array): number => mask.reduce((total, bit) => total + bit, 0);
const integers = (length: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: -9, max: 9 }), { minLength: length, maxLength: length });
const kept = (values: readonly number[], mask: ArrayLike<number>): number =>
  values.reduce((total, value, i) => total + (mask[i] === 1 ? value : 0), 0);

describe('maskNM', () => {
  it('keeps the most of every group, as trying all masks of up to 8 elements does', () => {
    const group = fc
      .integer({ min: 1, max: 8 })
      .chain((of) => fc.tuple(fc.constant(of), fc.nat(of), integers(of)));
    fc.assert(
      fc.property(group, ([of, keep, values]) => {
        const mask = maskNM(Float32Array.from(values), { keep, of });
        let best = -Infinity;
        for (let bits = 0; bits < 2 ** of; bits++) {
          const other = values.map((_, i) => (bits >> i) & 1);
          if (kept(other, other) === keep) best = Math.max(best, kept(values, other));
        }
        expect(sum(mask)).toBe(keep);
        expect(kept(values, mask)).toBe(best);
      }),
      { numRuns: 500 },
    );
  });

  it('works along any axis as along the last of the transposed tensor, ragged ends included', () => {
    const shape = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 4 }),
    );
    fc.assert(
      fc.property(
        shape,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(4),
        fc.infiniteStream(fc.float({ noNaN: true })),
        ([a, b, c], of, k, stream) => {
          const data = Float32Array.from({ length: a * b * c }, () => stream.next().value);
          const keep = Math.min(k, of);
          const mask = maskNM({ data, shape: [a, b, c] }, { keep, of, axis: 1, tail: 'pad' });
          for (let i = 0; i < a; i++) {
            for (let j = 0; j < c; j++) {
              const at = Array.from({ length: b }, (_, n) => (i * b + n) * c + j);
              const line = maskNM(
                Float32Array.from(at, (n) => data[n]),
                { keep, of, tail: 'pad' },
              );
              expect(at.map((n) => mask[n])).toEqual([...line]);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('refuses an axis that of does not divide, or pads it and says so', () => {
    const x = { data: new Float32Array(12), shape: [2, 6] };
    expect(() => maskNM(x, { keep: 2, of: 4 })).toThrow(
      /^maskNM: "of" expected a divisor of the axis, 6, got 4 - pass tail: 'pad'/,
    );
    const reports: PadReport[] = [];
    const mask = maskNM(x, { keep: 3, of: 4, tail: 'pad', onPad: (report) => reports.push(report) });
    expect(reports).toEqual([{ axis: 1, length: 6, padding: 2, keptOfLast: 2 }]);
    expect([...mask]).toEqual([1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1]);
  });

  it('refuses bad arguments by name', () => {
    const x = new Float32Array(8);
    expect(() => maskNM(x, { keep: 5, of: 4 })).toThrow(/"keep" expected at most of, 4, got 5/);
    expect(() => maskNM(x, { keep: 2, of: 4, axis: 1 })).toThrow(/"axis" expected/);
    expect(() => maskNM(x, { keep: 2, of: 4, transposable: true })).toThrow(/"scores" expected a matrix/);
    expect(() =>
      maskNM({ data: new Float32Array(64), shape: [8, 8] }, { keep: 2, of: 8, transposable: 'best' }),
    ).toThrow(/"of" expected at most 4/);
    x[6] = NaN;
    for (const of of [4, 1, 2]) expect(() => maskNM(x, { keep: 1, of })).toThrow(/scores\[6\].*NaN.*\[NAN\]/);
    const matrix = { data: x, shape: [2, 4] };
    for (const options of [{ axis: 0 }, { transposable: true, tail: 'pad' }] as const) {
      expect(() => maskNM(matrix, { keep: 1, of: 2, ...options })).toThrow(/scores\[6\].*\[NAN\]/);
    }
  });
});

describe('transposable N:M', () => {
  /** All 4 x 4 squares of two per row and column, by going through all 65,536. */
  const squares = Array.from({ length: 65536 }, (_, bits) =>
    Array.from({ length: 16 }, (__, i) => (bits >> i) & 1),
  ).filter((square) =>
    [0, 1, 2, 3].every((i) => {
      const row = square.slice(4 * i, 4 * i + 4);
      return kept(row, row) === 2 && square[i] + square[i + 4] + square[i + 8] + square[i + 12] === 2;
    }),
  );

  it('has 90 patterns for 2:4, of which the best is found; greedy is legal and never better', () => {
    expect(squares.length).toBe(90);
    fc.assert(
      fc.property(integers(16), (values) => {
        const x = { data: Float32Array.from(values), shape: [4, 4] };
        const best = maskNM(x, { keep: 2, of: 4, transposable: 'best' });
        const greedy = maskNM(x, { keep: 2, of: 4, transposable: 'greedy' });
        expect(kept(values, best)).toBe(Math.max(...squares.map((square) => kept(values, square))));
        expect(squares).toContainEqual([...best]);
        expect(squares).toContainEqual([...greedy]);
        expect(kept(values, greedy)).toBeLessThanOrEqual(kept(values, best));
      }),
      { numRuns: 300 },
    );
  });

  it('is legal in rows and columns for any keep and of, whole squares and ragged ones', () => {
    const shape = fc.record({
      rows: fc.integer({ min: 1, max: 9 }),
      columns: fc.integer({ min: 1, max: 9 }),
      of: fc.integer({ min: 1, max: 6 }),
      keep: fc.nat(6),
    });
    fc.assert(
      fc.property(
        shape,
        fc.infiniteStream(fc.float({ noNaN: true })),
        ({ rows, columns, of, keep: k }, stream) => {
          const keep = Math.min(k, of);
          const data = Float32Array.from({ length: rows * columns }, () => stream.next().value);
          const mask = maskNM(
            { data, shape: [rows, columns] },
            { keep, of, transposable: true, tail: 'pad' },
          );
          for (const [length, other, at] of [
            [rows, columns, (i: number, j: number) => i * columns + j],
            [columns, rows, (i: number, j: number) => j * columns + i],
          ] as const) {
            for (let i = 0; i < length; i++) {
              for (let begin = 0; begin < other; begin += of) {
                let ones = 0;
                for (let j = begin; j < Math.min(other, begin + of); j++) ones += mask[at(i, j)];
                expect(ones).toBeLessThanOrEqual(keep);
                if (rows % of === 0 && columns % of === 0) expect(ones).toBe(keep);
              }
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('maskStructured and keptSlices', () => {
  const x = { data: Float32Array.from({ length: 24 }, (_, i) => (i * 7) % 11), shape: [2, 6, 2] };

  it('remove the exact number of slices, whole', () => {
    for (const sparsity of [0, 0.25, 0.5, 1]) {
      const mask = maskStructured(x, { axis: 1, sparsity });
      const slices = keptSlices(x, { axis: 1, sparsity });
      expect(slices.length).toBe(6 - [0, 2, 3, 6][[0, 0.25, 0.5, 1].indexOf(sparsity)]);
      expect(
        Array.from(mask.keys()).every((i) => (mask[i] === 1) === slices.includes(Math.floor(i / 2) % 6)),
      ).toBe(true);
    }
  });

  it('keep multiples for hardware, up or down, never none', () => {
    const count = (options: object): number => keptSlices(x, { axis: 1, ...options }).length;
    expect(count({ sparsity: 0.5, multipleOf: 4 })).toBe(4);
    expect(count({ sparsity: 0.5, multipleOf: 4, multipleRounding: 'down' })).toBe(4);
    expect(count({ sparsity: 0.5, multipleOf: 2, multipleRounding: 'down' })).toBe(2);
    expect(count({ sparsity: 0, multipleOf: 4 })).toBe(6);
    expect(count({ sparsity: 1, multipleOf: 4, multipleRounding: 'down' })).toBe(0);
  });

  it('keep units such as heads together, and rank by criteria of one’s own', () => {
    const criterion = Float32Array.of(0, 9, 1, 1, 5, 5);
    expect([...keptSlices(x, { axis: 1, keepCount: 2, unit: 2, criterion })]).toEqual([0, 1, 4, 5]);
    expect([...keptSlices(x, { axis: 1, keepCount: 1, criterion })]).toEqual([1]);
    expect(keptSlices(x, { axis: 1, keepCount: 3, criterion: 'geometricMedian', norm: 1 }).length).toBe(3);
  });

  it('refuse bad arguments by name', () => {
    expect(() => maskStructured(x, { axis: 3, sparsity: 0.5 })).toThrow(/^maskStructured: "axis" expected/);
    expect(() => keptSlices(x, { axis: 1, keepCount: 7 })).toThrow(
      /^keptSlices: "keepCount" expected at most 6/,
    );
    expect(() => keptSlices(x, { axis: 1, keepCount: 1, unit: 4 })).toThrow(
      /"unit" expected a divisor of the axis, 6/,
    );
    expect(() => keptSlices(x, { axis: 1, sparsity: 0.5, unit: 2, multipleOf: 3 })).toThrow(
      /"multipleOf" expected a multiple of unit/,
    );
    expect(() => keptSlices(x, { axis: 1, sparsity: 0.5, criterion: Float32Array.of(1) })).toThrow(
      /"criterion" expected 6 scores/,
    );
    expect(() => keptSlices(x, { axis: 1, sparsity: 0.5, norm: 0 })).toThrow(
      /"norm" expected a number above 0/,
    );
    expect(() =>
      keptSlices({ data: Float32Array.of(1, NaN), shape: [2] }, { axis: 0, sparsity: 0.5 }),
    ).toThrow(/x\[1\].*NaN/);
  });
});

describe('maskBlocks', () => {
  it('removes the exact number of blocks, ragged ones included, the lowest first', () => {
    const shape = fc.record({
      rows: fc.integer({ min: 1, max: 6 }),
      columns: fc.integer({ min: 1, max: 6 }),
      height: fc.integer({ min: 1, max: 4 }),
      breadth: fc.integer({ min: 1, max: 4 }),
      keep: fc.nat(36),
    });
    fc.assert(
      fc.property(
        shape,
        fc.infiniteStream(fc.integer({ min: -9, max: 9 })),
        ({ rows, columns, height, breadth, keep }, stream) => {
          const data = Float32Array.from({ length: rows * columns }, () => stream.next().value);
          const across = Math.ceil(columns / breadth);
          const squares = new Float64Array(Math.ceil(rows / height) * across);
          const blockOf = (i: number): number =>
            Math.floor(i / columns / height) * across + Math.floor((i % columns) / breadth);
          data.forEach((value, i) => (squares[blockOf(i)] += value * value));
          const keepCount = Math.min(keep, squares.length);
          const mask = maskBlocks(
            { data, shape: [rows, columns] },
            { blockShape: [height, breadth], keepCount },
          );
          const most = [...squares].sort((a, b) => b - a).slice(0, keepCount);
          expect(data.reduce((total, value, i) => total + value * value * mask[i], 0)).toBe(
            most.reduce((a, b) => a + b, 0),
          );
          const whole = new Set(
            Array.from(data.keys())
              .filter((i) => mask[i] === 1)
              .map(blockOf),
          );
          expect(whole.size).toBe(keepCount);
          expect(Array.from(data.keys()).every((i) => (mask[i] === 1) === whole.has(blockOf(i)))).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('pools as it is told', () => {
    const x = { data: Float32Array.of(3, 0, 2, 2, 2.5), shape: [1, 5] };
    const best = (pooling: 'sumOfSquares' | 'sum' | 'mean' | 'max'): number[] => [
      ...maskBlocks(x, { blockShape: [1, 2], keepCount: 1, pooling }),
    ];
    expect(best('sumOfSquares')).toEqual([1, 1, 0, 0, 0]);
    expect(best('sum')).toEqual([0, 0, 1, 1, 0]);
    expect(best('mean')).toEqual([0, 0, 0, 0, 1]);
    expect(best('max')).toEqual([1, 1, 0, 0, 0]);
  });
});

describe('applyMask', () => {
  it('zeroes what is removed and refuses what is no mask', () => {
    const x = { data: Float32Array.of(1, NaN, -3, 4), shape: [2, 2] };
    expect([...applyMask(x, Uint8Array.of(1, 0, 1, 0))]).toEqual([1, 0, -3, 0]);
    expect(() => applyMask(x, Uint8Array.of(1, 0, 1))).toThrow(
      /"mask" expected a mask of shape \[2, 2\], 4 elements/,
    );
    expect(() => applyMask(x, Uint8Array.of(1, 0, 2, 0))).toThrow(
      /^applyMask: "mask\[2\]" expected 0 or 1, got 2/,
    );
    expect(() => applyMask(x, [1, 0, 1, 0] as unknown as Uint8Array<ArrayBuffer>)).toThrow(TypeError);
    const turned = { data: Uint8Array.of(1, 0, 1, 0), shape: [4] } as unknown as Uint8Array<ArrayBuffer>;
    expect(() => applyMask(x, turned)).toThrow(/"mask" expected a mask of shape \[2, 2\]/);
  });
});

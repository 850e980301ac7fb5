import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { F32 } from '../../src/core/arrays.js';
import { kernelsOf } from '../../src/kernels/dispatch.js';
import { allocate } from '../../src/kernels/memory.js';
import type { ColumnTile, RunTile } from '../../src/kernels/tiles.js';
import { TILE_ELEMENTS, forEachColumnTile, forEachRunTile } from '../../src/kernels/tiles.js';
import type { CodeRule } from '../../src/kernels/types.js';
import { anyFloat, bitsOf } from '../support/kernels.js';

const dimension = fc.integer({ min: 0, max: 40 });
const atLeastOne = fc.integer({ min: 1, max: 50 });
/** `expect` costs microseconds, which thousands of tiles per run add up. */
function holds(condition: boolean): void {
  if (!condition) throw new Error('the tile breaks the law');
}

const limit = fc.oneof(atLeastOne, fc.constant(Infinity));

describe('forEachRunTile', () => {
  it('visits every element once, in order, with the run that it belongs to, within both limits', () => {
    fc.assert(
      fc.property(dimension, dimension, atLeastOne, limit, limit, (rows, width, run, elements, runs) => {
        const perRow = Math.ceil(width / run);
        const owner = (i: number): number => Math.floor(i / width) * perRow + Math.floor((i % width) / run);
        let next = 0;
        forEachRunTile(rows, width, run, elements, runs, (tile: RunTile) => {
          const count = tile.rows * tile.width;
          holds(tile.begin === next);
          holds(count > 0);
          holds(count <= elements);
          holds(tile.runs <= runs);
          holds(tile.runs === tile.rows * Math.ceil(tile.width / tile.run));
          const tilePerRow = Math.ceil(tile.width / tile.run);
          let misplaced = 0;
          for (let i = 0; i < count; i++) {
            const index = Math.floor(i / tile.width) * tilePerRow + Math.floor((i % tile.width) / tile.run);
            if (tile.firstRun + index !== owner(next + i)) misplaced++;
          }
          holds(misplaced === 0);
          holds(tile.continues === (next > 0 && owner(next - 1) === tile.firstRun));
          next += count;
          const isLast = next === rows * width;
          holds(tile.ends === (isLast || owner(next) !== tile.firstRun + tile.runs - 1));
        });
        expect(next).toBe(rows * width);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('forEachColumnTile', () => {
  it('visits every element once, each between the enter and leave of its columns, within both limits', () => {
    fc.assert(
      fc.property(dimension, dimension, atLeastOne, atLeastOne, (rows, width, elements, columns) => {
        const seen = new Uint8Array(rows * width);
        let open = null as [number, number] | null;
        forEachColumnTile(
          rows,
          width,
          elements,
          columns,
          (first, count) => {
            holds(open === null);
            holds(count <= columns);
            open = [first, count];
          },
          (tile: ColumnTile) => {
            holds(open !== null && open[0] === tile.firstColumn && open[1] === tile.columns);
            holds(tile.rows * tile.columns <= elements);
            holds(tile.begin % width === tile.firstColumn);
            holds(tile.rows === 1 || tile.columns === width);
            for (let i = 0; i < tile.rows * tile.columns; i++) seen[tile.begin + i]++;
          },
          (first, count) => {
            holds(open !== null && open[0] === first && open[1] === count);
            open = null;
          },
        );
        expect(open).toBe(null);
        expect(seen.every((count) => count === 1)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('tensors longer than a tile', () => {
  const rule: CodeRule = {
    codeMin: -128,
    codeMax: 127,
    rounding: 'halfEven',
    arithmetic: 'reciprocal',
    seed: 5,
    position: 0,
  };
  const wave = (count: number): F32 =>
    Float32Array.from({ length: count }, (_, i) => (((i * 2654435761) >>> 8) / 2 ** 23 - 1) * (1 + (i % 7)));

  // Longer than a tile, than the scalar twin's chunk, and than the columns and runs that fit a parameter slot.
  const shapes: [string, number, number, number][] = [
    ['one run', 1, TILE_ELEMENTS + 5001, TILE_ELEMENTS + 5001],
    ['two long runs per row', 2, 2 * TILE_ELEMENTS + 33, TILE_ELEMENTS + 16],
    ['many runs', 3, 40_007, 1],
    ['wide columns', 3, 40_007, 40_007],
    ['groups of 32 with tails', 5, 70_001, 32],
  ];

  for (const [name, rows, width, run] of shapes) {
    it(`${name}: scalar and simd equal the reference`, () => {
      const x = wave(rows * width);
      const runs = rows * Math.ceil(width / run);
      const parameters = Math.max(runs, width);
      const scale = wave(parameters).map((v) => Math.abs(v) / 40 + 0.01);
      const zeroPoint = Int32Array.from({ length: parameters }, (_, i) => (i % 23) - 11);
      const outputs = (['reference', 'scalar', 'simd'] as const).map((backend) => {
        const kernels = kernelsOf(backend);
        const floats = [0, 1, 2].map(() => new Float32Array(runs));
        const sums = new Float64Array(2 * runs);
        const columns = [0, 1, 2].map(() => new Float32Array(width));
        const codes = [0, 1, 2].map(() => new Int8Array(x.length));
        const decoded = [0, 1].map(() => new Float32Array(x.length));
        kernels.absmaxRuns(floats[0], x, rows, width, run);
        kernels.minmaxRuns(floats[1], floats[2], x, rows, width, run);
        kernels.momentsRuns(sums, x, rows, width, run);
        kernels.absmaxColumns(columns[0], x, rows, width);
        kernels.minmaxColumns(columns[1], columns[2], x, rows, width);
        kernels.quantizeRuns(codes[0], x, scale, zeroPoint, rows, width, run, rule);
        kernels.quantizeColumns(codes[1], x, scale, zeroPoint, rows, width, rule);
        kernels.quantizeRuns(codes[2], x, scale, null, rows, width, run, { ...rule, rounding: 'stochastic' });
        kernels.dequantizeRuns(decoded[0], codes[0], scale, zeroPoint, rows, width, run);
        kernels.dequantizeColumns(decoded[1], codes[1], scale, zeroPoint, rows, width);
        return [...floats, sums, ...columns, ...codes, ...decoded].map(bitsOf);
      });
      for (const found of outputs.slice(1)) {
        found.forEach((bits, i) => expect(bits === outputs[0][i], `output ${i}`).toBe(true));
      }
    });
  }

  // A range this long is read as two streams.
  const LONG = 131_072;
  const long = allocate(LONG + 200);

  it('absmax of a long range in the memory finds its only number, wherever it is', () => {
    const twin = kernelsOf('simd');
    const out = new Float32Array(1);
    const length = fc.integer({ min: LONG - 2, max: LONG + 200 });
    const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(length, place, anyFloat, (count, part, value) => {
        const x = long.subarray(0, count);
        const at = Math.floor(part * count);
        x[at] = value;
        twin.absmaxRuns(out, x, 1, count, count);
        x[at] = 0;
        expect(out[0]).toBe(Math.abs(Math.fround(value)));
      }),
      { numRuns: 1000 },
    );
  });

  it('a NaN in any tile of a run reaches the result, and firstNonFinite finds it', () => {
    for (const at of [0, TILE_ELEMENTS - 1, TILE_ELEMENTS, 2 * TILE_ELEMENTS + 7]) {
      const x = wave(2 * TILE_ELEMENTS + 8);
      x[at] = NaN;
      for (const backend of ['scalar', 'simd'] as const) {
        const out = new Float32Array(1);
        kernelsOf(backend).absmaxRuns(out, x, 1, x.length, x.length);
        expect(out[0]).toBeNaN();
        expect(kernelsOf(backend).firstNonFinite(x)).toBe(at);
      }
    }
  });
});

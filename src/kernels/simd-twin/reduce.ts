/** Reductions over the WebAssembly functions of simd/reduce.ts. */
import type { Kernels } from '../types.js';
import { SLOT_BYTES, slotAddress } from '../layout.js';
import type { SimdExports } from '../simd-exports.js';
import type { Stage } from '../tiles.js';
import { forEachColumnTile, forEachRunTile } from '../tiles.js';

/** Staging slots. Results per run or column are short: they take parameter slots. */
const IN = 1;
const OUT = 3;
const SECOND_OUT = 5;
const LANES = 4;

/** Columns whose partial results fit in a slot. */
const MAX_COLUMNS: number = SLOT_BYTES / 4;

export type ReduceKernels = Pick<
  Kernels,
  'absmaxRuns' | 'absmaxColumns' | 'minmaxRuns' | 'minmaxColumns' | 'momentsRuns' | 'firstNonFinite'
>;

export function simdReduce(wasm: SimdExports, stage: Stage): ReduceKernels {
  const lanes = slotAddress(LANES);

  return {
    absmaxRuns(out, x, rows, width, run) {
      const runs = stage.runsFor(4, out);
      forEachRunTile(rows, width, run, stage.elementsForInput(x), runs, (tile) => {
        const to = stage.place(out, tile.firstRun, OUT);
        const from = stage.read(x, tile.begin, tile.rows * tile.width, IN);
        wasm.absmaxRuns(to, from, tile.rows, tile.width, tile.run, tile.continues ? 1 : 0);
        if (tile.ends) stage.write(out, tile.firstRun, tile.runs, OUT);
      });
    },

    absmaxColumns(out, x, rows, width) {
      let to = 0;
      forEachColumnTile(
        rows,
        width,
        stage.tileElements,
        MAX_COLUMNS,
        (column, columns) => (to = stage.read(out, column, columns, OUT)),
        (tile) => {
          const from = stage.read(x, tile.begin, tile.rows * tile.columns, IN);
          wasm.absmaxColumns(to, from, tile.rows, tile.columns);
        },
        (column, columns) => stage.write(out, column, columns, OUT),
      );
    },

    minmaxRuns(min, max, x, rows, width, run) {
      const runs = stage.runsFor(4, min, max);
      forEachRunTile(rows, width, run, stage.elementsForInput(x), runs, (tile) => {
        const low = stage.place(min, tile.firstRun, OUT);
        const high = stage.place(max, tile.firstRun, SECOND_OUT);
        const from = stage.read(x, tile.begin, tile.rows * tile.width, IN);
        wasm.minmaxRuns(low, high, from, tile.rows, tile.width, tile.run, tile.continues ? 1 : 0);
        if (!tile.ends) return;
        stage.write(min, tile.firstRun, tile.runs, OUT);
        stage.write(max, tile.firstRun, tile.runs, SECOND_OUT);
      });
    },

    minmaxColumns(min, max, x, rows, width) {
      let low = 0;
      let high = 0;
      forEachColumnTile(
        rows,
        width,
        stage.tileElements,
        MAX_COLUMNS,
        (column, columns) => {
          low = stage.read(min, column, columns, OUT);
          high = stage.read(max, column, columns, SECOND_OUT);
        },
        (tile) => {
          const from = stage.read(x, tile.begin, tile.rows * tile.columns, IN);
          wasm.minmaxColumns(low, high, from, tile.rows, tile.columns);
        },
        (column, columns) => {
          stage.write(min, column, columns, OUT);
          stage.write(max, column, columns, SECOND_OUT);
        },
      );
    },

    momentsRuns(out, x, rows, width, run) {
      const runs = stage.runsFor(16, out);
      forEachRunTile(rows, width, run, stage.elementsForInput(x), runs, (tile) => {
        const to = stage.place(out, 2 * tile.firstRun, OUT);
        const from = stage.read(x, tile.begin, tile.rows * tile.width, IN);
        if (tile.continues || !tile.ends) {
          if (!tile.continues) wasm.momentsClear(lanes);
          wasm.momentsLanes(lanes, from, tile.width);
          if (!tile.ends) return;
          wasm.momentsFinish(to, lanes);
        } else {
          wasm.momentsRuns(to, lanes, from, tile.rows, tile.width, tile.run);
        }
        stage.write(out, 2 * tile.firstRun, 2 * tile.runs, OUT);
      });
    },

    firstNonFinite(x) {
      const step = Math.min(stage.elementsForInput(x), Math.max(x.length, 1));
      for (let begin = 0; begin < x.length; begin += step) {
        const count = Math.min(step, x.length - begin);
        const found = wasm.firstNonFinite(stage.read(x, begin, count, IN), count);
        if (found >= 0) return begin + found;
      }
      return -1;
    },
  };
}

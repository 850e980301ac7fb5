/** Codebooks over the WebAssembly functions of simd/codebook.ts. */
import type { F32, U8 } from '../../core/arrays.js';
import { slotAddress } from '../layout.js';
import type { SimdExports } from '../simd-exports.js';
import type { RunTile, Stage } from '../tiles.js';
import { forEachRunTile } from '../tiles.js';
import type { Kernels } from '../types.js';

/** Staging slots. */
const OUT = 0;
const IN = 1;
const SCALE = 3;
const THRESHOLDS = 4;
const ORDER = 5;
const LEVELS = 4;
const KEYS = 6;

export type CodebookKernels = Pick<
  Kernels,
  'quantizeLevels' | 'dequantizeLevels' | 'quantizeLevels4' | 'quantizeBlocks4' | 'dequantizeLevels4'
>;

export function simdCodebook(
  wasm: SimdExports,
  stage: Stage,
  { absmaxRuns }: Pick<Kernels, 'absmaxRuns'>,
): CodebookKernels {
  const keys = slotAddress(KEYS);
  /** Fewer elements are not worth the filling of a table of 32 KiB: 4096, of which the tests' tiles make 4. */
  const keyedElements = stage.tileElements / 16;

  /** Visits tiles of `size` elements in runs. Those of 4-bit codes begin at whole bytes: runs are even, tiles multiples of 16. */
  const eachTile = (
    values: F32,
    codes: U8,
    scale: F32,
    run: number,
    visit: (tile: RunTile, count: number, scales: number) => void,
  ): void => {
    const elements = stage.elementsFor(values, codes);
    forEachRunTile(1, values.length, run, elements, stage.runsFor(4, scale), (tile) =>
      visit(tile, tile.rows * tile.width, stage.read(scale, tile.firstRun, tile.runs, SCALE)),
    );
  };

  const kernels: CodebookKernels = {
    quantizeLevels(codes, x, scale, run, thresholds, order) {
      const limits = stage.read(thresholds, 0, 255, THRESHOLDS);
      const names = stage.read(order, 0, 256, ORDER);
      const table = x.length >= keyedElements && wasm.prepareKeys(keys, limits) === 1 ? keys : 0;
      eachTile(x, codes, scale, run, (tile, count, scales) => {
        const from = stage.read(x, tile.begin, count, IN);
        const to = stage.place(codes, tile.begin, OUT);
        wasm.quantizeLevels(to, from, scales, count, tile.run, limits, names, table);
        stage.write(codes, tile.begin, count, OUT);
      });
    },

    dequantizeLevels(out, codes, scale, run, levels) {
      const table = stage.read(levels, 0, 256, LEVELS);
      eachTile(out, codes, scale, run, (tile, count, scales) => {
        const from = stage.read(codes, tile.begin, count, IN);
        wasm.dequantizeLevels(stage.place(out, tile.begin, OUT), from, scales, count, tile.run, table);
        stage.write(out, tile.begin, count, OUT);
      });
    },

    quantizeLevels4(packed, x, scale, run, thresholds, order) {
      const limits = stage.read(thresholds, 0, 15, THRESHOLDS);
      const names = stage.read(order, 0, 16, ORDER);
      eachTile(x, packed, scale, run, (tile, count, scales) => {
        const from = stage.read(x, tile.begin, count, IN);
        const to = stage.place(packed, tile.begin / 2, OUT);
        wasm.quantizeLevels4(to, from, scales, count, tile.run, limits, names);
        stage.write(packed, tile.begin / 2, Math.ceil(count / 2), OUT);
      });
    },

    quantizeBlocks4(packed, scale, x, run, thresholds, order) {
      const elements = stage.elementsFor(x, packed);
      if (Math.min(run, x.length) > elements) {
        absmaxRuns(scale, x, 1, x.length, run);
        kernels.quantizeLevels4(packed, x, scale, run, thresholds, order);
        return;
      }
      const limits = stage.read(thresholds, 0, 15, THRESHOLDS);
      const names = stage.read(order, 0, 16, ORDER);
      forEachRunTile(1, x.length, run, elements, stage.runsFor(4, scale), (tile) => {
        const count = tile.rows * tile.width;
        const from = stage.read(x, tile.begin, count, IN);
        const scales = stage.place(scale, tile.firstRun, SCALE);
        wasm.absmaxRuns(scales, from, 1, count, tile.run, 0);
        const to = stage.place(packed, tile.begin / 2, OUT);
        wasm.quantizeLevels4(to, from, scales, count, tile.run, limits, names);
        stage.write(scale, tile.firstRun, tile.runs, SCALE);
        stage.write(packed, tile.begin / 2, Math.ceil(count / 2), OUT);
      });
    },

    dequantizeLevels4(out, packed, scale, run, levels) {
      const table = stage.read(levels, 0, 16, LEVELS);
      eachTile(out, packed, scale, run, (tile, count, scales) => {
        const from = stage.read(packed, tile.begin / 2, Math.ceil(count / 2), IN);
        wasm.dequantizeLevels4(stage.place(out, tile.begin, OUT), from, scales, count, tile.run, table);
        stage.write(out, tile.begin, count, OUT);
      });
    },
  };
  return kernels;
}

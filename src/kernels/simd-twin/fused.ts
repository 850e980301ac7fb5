/** The fused kernels for 4 bits over the WebAssembly functions of simd/fused.ts. */
import type { SimdExports } from '../simd-exports.js';
import type { Stage } from '../tiles.js';
import { forEachRunTile } from '../tiles.js';
import type { Kernels } from '../types.js';

/** Staging slots. */
const OUT = 0;
const IN = 1;
const SCALE = 3;
const ZERO_POINT = 4;

const SCALE_DTYPES = ['float32', 'float16', 'bfloat16'];

export type FusedKernels = Pick<Kernels, 'quantizePackRuns4' | 'dequantizePackedRuns4'>;

export function simdFused(wasm: SimdExports, stage: Stage): FusedKernels {
  return {
    quantizePackRuns4(packed, scale, x, runs, run, divisor, scaleDtype, codeMin, codeMax) {
      const kind = SCALE_DTYPES.indexOf(scaleDtype);
      const elements = stage.elementsFor(packed, x);

      /** A run longer than a tile: once over all its pieces for the scale, once more for the codes. */
      const packLongRun = (j: number): void => {
        const to = stage.place(scale, j, SCALE);
        const forEachPiece = (visit: (begin: number, count: number) => void): void => {
          for (let at = 0; at < run; at += elements) visit(j * run + at, Math.min(elements, run - at));
        };
        forEachPiece((begin, count) => {
          const from = stage.read(x, begin, count, IN);
          wasm.absmaxRuns(to, from, 1, count, count, begin > j * run ? 1 : 0);
        });
        wasm.scaleRun4(to, divisor, kind);
        forEachPiece((begin, count) => {
          const from = stage.read(x, begin, count, IN);
          wasm.packRun4(stage.place(packed, begin / 2, OUT), from, count, to, codeMin, codeMax);
          stage.write(packed, begin / 2, count / 2, OUT);
        });
        stage.write(scale, j, 1, SCALE);
      };

      if (run > elements) {
        for (let j = 0; j < runs; j++) packLongRun(j);
        return;
      }
      forEachRunTile(runs, run, run, elements, stage.runsFor(4, scale), (tile) => {
        wasm.quantizePackRuns4(
          stage.place(packed, tile.begin / 2, OUT),
          stage.place(scale, tile.firstRun, SCALE),
          stage.read(x, tile.begin, tile.runs * run, IN),
          tile.runs,
          run,
          divisor,
          kind,
          codeMin,
          codeMax,
        );
        stage.write(packed, tile.begin / 2, (tile.runs * run) / 2, OUT);
        stage.write(scale, tile.firstRun, tile.runs, SCALE);
      });
    },

    dequantizePackedRuns4(out, packed, scale, zeroPoint, runs, run, codeMin) {
      const elements = stage.elementsFor(out, packed);
      const limit = stage.runsFor(4, scale, zeroPoint);
      forEachRunTile(runs, run, run, elements, limit, (tile) => {
        const count = tile.rows * tile.width;
        wasm.dequantizePackedRuns4(
          stage.place(out, tile.begin, OUT),
          stage.read(packed, tile.begin / 2, count / 2, IN),
          stage.read(scale, tile.firstRun, tile.runs, SCALE),
          zeroPoint === null ? 0 : stage.read(zeroPoint, tile.firstRun, tile.runs, ZERO_POINT),
          tile.runs,
          tile.run,
          codeMin,
        );
        stage.write(out, tile.begin, count, OUT);
      });
    },
  };
}

/** Small floats with a scale per run over the WebAssembly functions of simd/mx.ts. */
import { codeBits, FLOAT_FORMATS, maxFinite } from '../../core/float-formats.js';
import * as scalar from '../scalar/mx.js';
import type { SimdExports } from '../simd-exports.js';
import type { Stage } from '../tiles.js';
import { forEachRunTile } from '../tiles.js';
import type { ElementFloat, Kernels } from '../types.js';

/** Staging slots. */
const OUT = 0;
const IN = 1;
const SCALE = 3;

export type MxKernels = Pick<
  Kernels,
  'encodeFloatRuns' | 'decodeFloatRuns' | 'quantizePackMx4' | 'decodePackedFloatRuns4'
>;

const scratch = new Float32Array(1);
const scratchBits = new Int32Array(scratch.buffer);

function factsOf(element: ElementFloat): {
  m: number;
  bias: number;
  signPlace: number;
  largest: number;
  maxFiniteCode: number;
} {
  const format = FLOAT_FORMATS[element];
  scratch[0] = maxFinite(format);
  const { mantissaBits: m, bias, maxFiniteCode } = format;
  return { m, bias, signPlace: codeBits(format) - 1, largest: scratchBits[0], maxFiniteCode };
}

export function simdMx(wasm: SimdExports, stage: Stage): MxKernels {
  return {
    encodeFloatRuns(codes, x, scale, rows, width, run, element, arithmetic) {
      const { m, bias, signPlace, largest } = factsOf(element);
      const quotient = arithmetic === 'quotient' ? 1 : 0;
      forEachRunTile(rows, width, run, stage.elementsFor(codes, x), stage.runsFor(4, scale), (tile) => {
        const count = tile.rows * tile.width;
        wasm.encodeFloatRuns(
          stage.place(codes, tile.begin, OUT),
          stage.read(x, tile.begin, count, IN),
          stage.read(scale, tile.firstRun, tile.runs, SCALE),
          tile.rows,
          tile.width,
          tile.run,
          m,
          bias,
          signPlace,
          largest,
          quotient,
        );
        stage.write(codes, tile.begin, count, OUT);
      });
    },

    decodeFloatRuns(out, codes, scale, rows, width, run, element) {
      const { m, bias, signPlace, maxFiniteCode } = factsOf(element);
      forEachRunTile(rows, width, run, stage.elementsFor(out, codes), stage.runsFor(4, scale), (tile) => {
        const count = tile.rows * tile.width;
        wasm.decodeFloatRuns(
          stage.place(out, tile.begin, OUT),
          stage.read(codes, tile.begin, count, IN),
          stage.read(scale, tile.firstRun, tile.runs, SCALE),
          tile.rows,
          tile.width,
          tile.run,
          m,
          bias,
          signPlace,
          maxFiniteCode,
        );
        stage.write(out, tile.begin, count, OUT);
      });
    },

    quantizePackMx4(packed, scale, x, runs, run, rule) {
      const elements = stage.elementsFor(packed, x);
      if (run > elements) {
        // Blocks are short; one that is longer than a tile need not be fast.
        scalar.quantizePackMx4(packed, scale, x, runs, run, rule);
        return;
      }
      forEachRunTile(runs, run, run, elements, stage.runsFor(1, scale), (tile) => {
        wasm.quantizePackMx4(
          stage.place(packed, tile.begin / 2, OUT),
          stage.place(scale, tile.firstRun, SCALE),
          stage.read(x, tile.begin, tile.runs * run, IN),
          tile.runs,
          run,
          rule.factor,
          rule.add,
          rule.addSubnormal,
          rule.offset,
          rule.most,
        );
        stage.write(packed, tile.begin / 2, (tile.runs * run) / 2, OUT);
        stage.write(scale, tile.firstRun, tile.runs, SCALE);
      });
    },

    decodePackedFloatRuns4(out, packed, scale, runs, run) {
      forEachRunTile(runs, run, run, stage.elementsFor(out, packed), stage.runsFor(4, scale), (tile) => {
        const count = tile.rows * tile.width;
        wasm.decodePackedFloatRuns4(
          stage.place(out, tile.begin, OUT),
          stage.read(packed, tile.begin / 2, count / 2, IN),
          stage.read(scale, tile.firstRun, tile.runs, SCALE),
          tile.runs,
          tile.run,
        );
        stage.write(out, tile.begin, count, OUT);
      });
    },
  };
}

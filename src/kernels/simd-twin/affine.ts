/** Affine quantization over the WebAssembly functions of simd/quantize.ts and simd/dequantize.ts. */
import type { F32, I32 } from '../../core/arrays.js';
import { ROUNDINGS } from '../../core/rounding.js';
import { SLOT_BYTES, slotAddress } from '../layout.js';
import type { SimdExports } from '../simd-exports.js';
import type { ColumnTile, Stage } from '../tiles.js';
import { forEachColumnTile, forEachRunTile } from '../tiles.js';
import type { Codes, Kernels } from '../types.js';

/** Staging slots. */
const OUT = 0;
const IN = 1;
const SCALE = 3;
const ZERO_POINT = 4;
const TABLE = 5;

/** Columns whose prepared parameters fit in a slot. */
const MAX_COLUMNS: number = SLOT_BYTES / 4;

/** Tensors narrower than this are worked in rows of repeated parameters, so that vectors are full. */
const REPEAT_BELOW = 64;

export type AffineKernels = Pick<
  Kernels,
  'quantizeRuns' | 'quantizeColumns' | 'dequantizeRuns' | 'dequantizeColumns'
>;

function kindOf(codes: Codes): number {
  if (codes instanceof Int8Array) return 0;
  if (codes instanceof Uint8Array) return 1;
  return codes instanceof Int16Array ? 2 : 3;
}

export function simdAffine(wasm: SimdExports, stage: Stage): AffineKernels {
  const readZeroPoint = (zeroPoint: I32 | null, begin: number, count: number): number =>
    zeroPoint === null ? 0 : stage.read(zeroPoint, begin, count, ZERO_POINT);

  const repeatsFor = (columns: number): number =>
    columns < REPEAT_BELOW ? Math.ceil(REPEAT_BELOW / columns) : 1;

  return {
    quantizeRuns(codes, x, scale, zeroPoint, rows, width, run, rule) {
      const kind = kindOf(codes);
      const rounding = ROUNDINGS.indexOf(rule.rounding);
      const division = rule.arithmetic === 'division' ? 1 : 0;
      const elements = stage.elementsFor(codes, x);
      const runs = stage.runsFor(4, scale, zeroPoint);
      forEachRunTile(rows, width, run, elements, runs, (tile) => {
        const count = tile.rows * tile.width;
        wasm.quantizeRuns(
          kind,
          stage.place(codes, tile.begin, OUT),
          stage.read(x, tile.begin, count, IN),
          stage.read(scale, tile.firstRun, tile.runs, SCALE),
          readZeroPoint(zeroPoint, tile.firstRun, tile.runs),
          tile.rows,
          tile.width,
          tile.run,
          rule.codeMin,
          rule.codeMax,
          rounding,
          division,
          rule.seed,
          rule.position + tile.begin,
        );
        stage.write(codes, tile.begin, count, OUT);
      });
    },

    quantizeColumns(codes, x, scale, zeroPoint, rows, width, rule) {
      const kind = kindOf(codes);
      const rounding = ROUNDINGS.indexOf(rule.rounding);
      const division = rule.arithmetic === 'division' ? 1 : 0;
      const table = slotAddress(TABLE);
      let scales = 0;
      let zeroPoints = 0;
      let repeats = 1;
      let quotient = 2;
      const enter = (column: number, columns: number): void => {
        scales = stage.read(scale, column, columns, SCALE);
        zeroPoints = readZeroPoint(zeroPoint, column, columns);
        repeats = repeatsFor(columns);
        // prettier-ignore
        quotient = rule.rounding !== 'halfEven' ? 2 : wasm.prepareColumns(
          table, SLOT_BYTES, scales, zeroPoints, columns, repeats, rule.codeMin, rule.codeMax, division,
        );
      };
      const visit = (tile: ColumnTile): void => {
        const count = tile.rows * tile.columns;
        const to = stage.place(codes, tile.begin, OUT);
        const from = stage.read(x, tile.begin, count, IN);
        // prettier-ignore
        if (quotient < 2) {
          wasm.quantizeColumns(
            kind, quotient, to, from, count, tile.columns * repeats, table, SLOT_BYTES, rule.codeMin, rule.codeMax,
          );
        } else {
          wasm.quantizeColumnsSlow(
            kind, to, from, scales, zeroPoints, tile.rows, tile.columns,
            rule.codeMin, rule.codeMax, rounding, division, rule.seed, rule.position + tile.begin,
          );
        }
        stage.write(codes, tile.begin, count, OUT);
      };
      forEachColumnTile(rows, width, stage.tileElements, MAX_COLUMNS, enter, visit, () => undefined);
    },

    dequantizeRuns(out, codes, scale, zeroPoint, rows, width, run) {
      const kind = kindOf(codes);
      const elements = stage.elementsFor(out, codes);
      const runs = stage.runsFor(4, scale, zeroPoint);
      forEachRunTile(rows, width, run, elements, runs, (tile) => {
        const count = tile.rows * tile.width;
        wasm.dequantizeRuns(
          kind,
          stage.place(out, tile.begin, OUT),
          stage.read(codes, tile.begin, count, IN),
          stage.read(scale, tile.firstRun, tile.runs, SCALE),
          readZeroPoint(zeroPoint, tile.firstRun, tile.runs),
          tile.rows,
          tile.width,
          tile.run,
        );
        stage.write(out, tile.begin, count, OUT);
      });
    },

    dequantizeColumns(out: F32, codes, scale, zeroPoint, rows, width) {
      const kind = kindOf(codes);
      const table = slotAddress(TABLE);
      let repeats = 1;
      let fast = 0;
      const enter = (column: number, columns: number): void => {
        const scales = stage.read(scale, column, columns, SCALE);
        const zeroPoints = readZeroPoint(zeroPoint, column, columns);
        repeats = repeatsFor(columns);
        fast = wasm.repeatColumns(table, SLOT_BYTES, scales, zeroPoints, columns, repeats);
      };
      const visit = (tile: ColumnTile): void => {
        const count = tile.rows * tile.columns;
        const to = stage.place(out, tile.begin, OUT);
        const from = stage.read(codes, tile.begin, count, IN);
        wasm.dequantizeColumns(kind, fast, to, from, count, tile.columns * repeats, table, SLOT_BYTES);
        stage.write(out, tile.begin, count, OUT);
      };
      forEachColumnTile(rows, width, stage.tileElements, MAX_COLUMNS, enter, visit, () => undefined);
    },
  };
}

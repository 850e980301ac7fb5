/** Integer inference over the WebAssembly functions of integer/simd. */
import type { F32, I16 } from '../../core/arrays.js';
import type { Module } from '../family.js';
import { slotAddress } from '../layout.js';
import { TILE_ELEMENTS, type Stage } from '../tiles.js';
import { scalarInteger } from './scalar.js';
import type { GroupedCodes, IntegerKernels } from './types.js';

/** Staging slots. */
const OUT = 0;
const CODES = 1;
const VECTOR = 2;
const SCALE = 3;
const OFFSETS = 4;
const SUMS = 5;
const BIAS = 6;
const MULTIPLIER = 7;
const SHIFT = 8;

/** Bytes of a wide slot that a tile takes, and of a slot for parameters. */
const TILE_BYTES = 4 * TILE_ELEMENTS;
const MOST_PARAMETERS = 32768;

export interface IntegerExports {
  productsI8(
    out: number,
    stride: number,
    a: number,
    b: number,
    m: number,
    n: number,
    k: number,
    isUnsigned: number,
  ): void;
  requantize(
    out: number,
    acc: number,
    bias: number,
    multiplier: number,
    shift: number,
    rows: number,
    channels: number,
    zeroPoint: number,
    low: number,
    high: number,
    bytes: number,
    isSingle: number,
  ): void;
  groupDots4(...parameters: DotParameters): void;
  groupDots8(...parameters: [...DotParameters, isUnsigned: number]): void;
  weightDots4(...parameters: WeightParameters): void;
  weightDots8(...parameters: [...WeightParameters, turn: number]): void;
}

type WeightParameters = [
  y: number,
  w: number,
  scale: number,
  offsets: number,
  x: number,
  sums: number,
  rows: number,
  columns: number,
  group: number,
  offset: number,
];
/** The last two: part, offset. */
type DotParameters = [...WeightParameters, offset: number];

export function simdInteger({ exports: wasm, stage, buffer }: Module<IntegerExports>): IntegerKernels {
  const wholeX = new Int16Array(buffer, slotAddress(VECTOR), TILE_BYTES / 2);
  const realX = new Float32Array(buffer, slotAddress(VECTOR), TILE_BYTES / 4);
  const negated = new Float32Array(buffer, slotAddress(SUMS), MOST_PARAMETERS);
  const wholeSums = new Int32Array(buffer, slotAddress(SUMS), MOST_PARAMETERS);

  return {
    name: 'simd',

    products(out, a, b, m, n, k) {
      const isUnsigned = b instanceof Uint8Array ? 1 : 0;
      // Rows of a are kept within the second cache; rows of b are cut only where they are copied.
      const tile = Math.min(4 * stage.tileElements, TILE_BYTES);
      const across = Math.min(m, Math.floor(tile / Math.max(2 * k, 1)));
      const byCodes = Math.floor((4 * stage.elementsFor(b)) / Math.max(k, 1));
      const byOut = Math.floor(stage.elementsFor(out) / Math.max(across, 1));
      const down = Math.min(n, byCodes, byOut);
      if (across < 1 || down < 1) {
        scalarInteger.products(out, a, b, m, n, k);
        return;
      }
      const inPlace = stage.elementsFor(out) === Infinity;
      for (let i = 0; i < m; i += across) {
        const height = Math.min(across, m - i);
        const left = stage.read(a, i * k, height * k, VECTOR);
        for (let j = 0; j < n; j += down) {
          const width = Math.min(down, n - j);
          const right = stage.read(b, j * k, width * k, CODES);
          const to = stage.place(out, i * n + j, OUT);
          wasm.productsI8(to, inPlace ? n : width, left, right, height, width, k, isUnsigned);
          if (inPlace) continue;
          const sums = new Int32Array(buffer, slotAddress(OUT), height * width);
          for (let row = 0; row < height; row++) {
            out.set(sums.subarray(row * width, (row + 1) * width), (i + row) * n + j);
          }
        }
      }
    },

    requantize(out, acc, rows, channels, rule) {
      const { bias, multiplier, shift, zeroPoint, codeMin, codeMax, isSingle } = rule;
      const step = Math.min(rows, Math.floor(stage.elementsFor(out, acc) / Math.max(channels, 1)));
      if (step < 1 || channels > MOST_PARAMETERS) {
        scalarInteger.requantize(out, acc, rows, channels, rule);
        return;
      }
      const addends = bias === null ? 0 : stage.read(bias, 0, channels, BIAS);
      const factors = stage.read(multiplier, 0, channels, MULTIPLIER);
      const shifts = stage.read(shift, 0, channels, SHIFT);
      for (let r = 0; r < rows; r += step) {
        const count = Math.min(step, rows - r);
        wasm.requantize(
          stage.place(out, r * channels, OUT),
          stage.read(acc, r * channels, count * channels, CODES),
          addends,
          factors,
          shifts,
          count,
          channels,
          zeroPoint,
          codeMin,
          codeMax,
          out.BYTES_PER_ELEMENT,
          isSingle ? 1 : 0,
        );
        stage.write(out, r * channels, count * channels, OUT);
      }
    },

    groupDots(y, w, x, sums, part) {
      const fits = w.columns <= wholeX.length && w.columns / part <= MOST_PARAMETERS;
      const step = fits ? rowsOfTile(stage, w) : 0;
      if (step < 1) {
        scalarInteger.groupDots(y, w, x, sums, part);
        return;
      }
      if (w.bits === 4) arrangeWhole(wholeX, x, w.columns);
      else wholeX.set(x.subarray(0, w.columns));
      for (let p = 0; p < w.columns / part; p++) wholeSums[p] = -sums[p];
      const isUnsigned = w.codes instanceof Uint8Array ? 1 : 0;
      forEachRowTile(stage, y, w, step, (to, codes, scale, offsets, rows) => {
        const shape = [rows, w.columns, w.group, part, w.offset] as const;
        const vector = wholeX.byteOffset;
        const minus = wholeSums.byteOffset;
        if (w.bits === 4) wasm.groupDots4(to, codes, scale, offsets, vector, minus, ...shape);
        else wasm.groupDots8(to, codes, scale, offsets, vector, minus, ...shape, isUnsigned);
      });
    },

    weightDots(y, w, x, sums) {
      const fits = w.columns <= realX.length && w.columns / w.group <= MOST_PARAMETERS;
      const step = fits ? rowsOfTile(stage, w) : 0;
      if (step < 1) {
        scalarInteger.weightDots(y, w, x, sums);
        return;
      }
      if (w.bits === 4) arrangeReal4(realX, x, w.columns);
      else arrangeReal8(realX, x, w.columns);
      for (let g = 0; g < w.columns / w.group; g++) negated[g] = -sums[g];
      const turn = w.codes instanceof Uint8Array ? 128 : 0;
      forEachRowTile(stage, y, w, step, (to, codes, scale, offsets, rows) => {
        const shape = [rows, w.columns, w.group, w.offset] as const;
        const vector = realX.byteOffset;
        const minus = negated.byteOffset;
        if (w.bits === 4) wasm.weightDots4(to, codes, scale, offsets, vector, minus, ...shape);
        else wasm.weightDots8(to, codes, scale, offsets, vector, minus, ...shape, turn);
      });
    },
  };
}

/** Rows whose codes and parameters fit in their slots: no limit where all lie in the memory, 0 where not even one fits. */
function rowsOfTile(
  stage: Stage,
  { codes, scale, offsets, bits, rows, columns, group }: GroupedCodes,
): number {
  const rowBytes = (columns * bits) / 8;
  const byCodes = Math.floor((4 * stage.elementsFor(codes)) / rowBytes);
  const byScales = Math.floor(stage.runsFor((4 * columns) / group, scale, offsets));
  return Math.min(rows, byCodes, byScales, stage.tileElements);
}

type TileVisit = (y: number, codes: number, scale: number, offsets: number, rows: number) => void;

function forEachRowTile(stage: Stage, y: F32, w: GroupedCodes, step: number, visit: TileVisit): void {
  const rowBytes = (w.columns * w.bits) / 8;
  const groups = w.columns / w.group;
  for (let r = 0; r < w.rows; r += step) {
    const rows = Math.min(step, w.rows - r);
    visit(
      stage.place(y, r, OUT),
      stage.read(w.codes, r * rowBytes, rows * rowBytes, CODES),
      stage.read(w.scale, r * groups, rows * groups, SCALE),
      w.offsets === null ? 0 : stage.read(w.offsets, r * groups, rows * groups, OFFSETS),
      rows,
    );
    stage.write(y, r, rows, OUT);
  }
}

/** Blocks of 32 as eight lanes of four codes each see them: column 4 j + n of a block at 8 n + j. */
function arrangeWhole(to: I16, x: I16, columns: number): void {
  for (let k = 0; k < columns; k += 32) {
    for (let j = 0; j < 8; j++) {
      for (let n = 0; n < 4; n++) to[k + 8 * n + j] = x[k + 4 * j + n];
    }
  }
}

const DOWN_4 = [1, 2 ** -4, 2 ** -8, 2 ** -12];

/** Blocks of 32 as four lanes of eight codes each see them, scaled for the place of the code in its half: column 8 l + n at 4 n + l. */
function arrangeReal4(to: F32, x: F32, columns: number): void {
  for (let k = 0; k < columns; k += 32) {
    for (let l = 0; l < 4; l++) {
      for (let n = 0; n < 8; n++) to[k + 4 * n + l] = x[k + 8 * l + n] * DOWN_4[n % 4];
    }
  }
}

/** Blocks of 16 as four lanes of four bytes each see them, scaled for the top byte: column 4 l + n at 4 n + l. */
function arrangeReal8(to: F32, x: F32, columns: number): void {
  for (let k = 0; k < columns; k += 16) {
    for (let l = 0; l < 4; l++) {
      for (let n = 0; n < 4; n++) to[k + 4 * n + l] = x[k + 4 * l + n] * 2 ** -24;
    }
  }
}

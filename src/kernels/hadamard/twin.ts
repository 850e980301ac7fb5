/** Hadamard transforms over the WebAssembly functions of hadamard/simd. */
import type { F32 } from '../../core/arrays.js';
import type { Module } from '../family.js';
import { SLOT_BYTES } from '../layout.js';
import { scalarHadamard } from './scalar.js';
import type { HadamardKernels } from './types.js';

/** Staging slots. */
const OUT = 0;
const ELEMENTS = 1;
/** The signs of rows of a whole tile take as much as a tile. */
const SIGNS = 2;
const MATRIX = 3;

const MOST_ENTRIES = SLOT_BYTES / 4;

export interface HadamardExports {
  hadamard(
    out: number,
    x: number,
    rows: number,
    power: number,
    base: number,
    matrix: number,
    before: number,
    after: number,
    scale: number,
  ): void;
}

export function simdHadamard({ exports: wasm, stage }: Module<HadamardExports>): HadamardKernels {
  return {
    name: 'simd',

    hadamard(out, x, rows, rule) {
      const { power, base, matrix, before, after, scale } = rule;
      const n = power * base;
      const signs = before ?? after;
      const arrays: F32[] = signs === null ? [out, x] : [out, x, signs];
      const step = Math.min(Math.floor(stage.elementsFor(...arrays) / n), rows);
      // A row longer than a tile, runs shorter than a register, signs on both sides: the scalar twin has the same bits.
      if (step < 1 || power < 4 || base * base > MOST_ENTRIES || (before !== null && after !== null)) {
        scalarHadamard.hadamard(out, x, rows, rule);
        return;
      }
      const factors = signs === null ? 0 : stage.read(signs, 0, n, SIGNS);
      const entries = stage.read(matrix, 0, matrix.length, MATRIX);
      for (let r = 0; r < rows; r += step) {
        const count = Math.min(step, rows - r);
        wasm.hadamard(
          stage.place(out, r * n, OUT),
          stage.read(x, r * n, count * n, ELEMENTS),
          count,
          power,
          base,
          entries,
          before === null ? 0 : factors,
          after === null ? 0 : factors,
          scale,
        );
        stage.write(out, r * n, count * n, OUT);
      }
    },
  };
}

/** Products of float matrices over the WebAssembly functions of gemm/simd. */
import type { Module } from '../family.js';
import { TILE_ELEMENTS } from '../tiles.js';
import { blockedProduct, type BlockExports } from './blocked.js';
import { scalarGemm } from './scalar.js';
import type { GemmKernels } from './types.js';

/** Staging slots. */
const MATRIX = 1;
const VECTOR = 2;
const OUT = 3;

/** Results that fit in their slot. */
const MOST_ROWS = 32768;

export interface GemmExports extends BlockExports {
  gemvF32(y: number, w: number, x: number, rows: number, columns: number): void;
}

export function simdGemm(module: Module<GemmExports>): GemmKernels {
  const { exports: wasm, stage } = module;
  const { f32, f64 } = blockedProduct(module);
  return {
    name: 'simd',

    gemvF32(y, w, x, rows, columns) {
      const elements = stage.elementsFor(w);
      const step = Math.min(Math.floor(elements / Math.max(columns, 1)), rows, MOST_ROWS);
      const fits = stage.elementsFor(x) === Infinity || columns <= TILE_ELEMENTS;
      // A row longer than a tile: the scalar twin has the same bits.
      if (step < 1 || !fits) {
        scalarGemm.gemvF32(y, w, x, rows, columns);
        return;
      }
      const vector = stage.read(x, 0, columns, VECTOR);
      for (let r = 0; r < rows; r += step) {
        const count = Math.min(step, rows - r);
        const matrix = stage.read(w, r * columns, count * columns, MATRIX);
        wasm.gemvF32(stage.place(y, r, OUT), matrix, vector, count, columns);
        stage.write(y, r, count, OUT);
      }
    },

    gemmF32: f32,
    gemmF64: f64,
  };
}

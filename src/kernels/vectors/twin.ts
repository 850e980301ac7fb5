/** Search in quantized vectors over the WebAssembly functions of vectors/simd. */
import type { TypedArray } from '../../core/arrays.js';
import type { Module } from '../family.js';
import { SLOT_BYTES } from '../layout.js';
import { TILE_ELEMENTS, type Stage } from '../tiles.js';
import { scalarVectors } from './scalar.js';
import type { VectorKernels } from './types.js';

/** Staging slots. */
const OUT = 0;
const CODES = 1;
const TABLES = 2;
const QUERY = 3;
const LOW = 4;
const STEP = 5;
const DISTANCES = 6;

const TILE_BYTES = 4 * TILE_ELEMENTS;

/** Most float32 numbers of a small slot. */
const MOST = SLOT_BYTES / 4;

type ScanParameters = [
  out: number,
  query: number,
  low: number,
  step: number,
  codes: number,
  count: number,
  dimensions: number,
];

export interface VectorExports {
  hamming(out: number, query: number, codes: number, count: number, bytes: number): void;
  scanTables(
    out: number,
    tables: number,
    codes: number,
    count: number,
    subspaces: number,
    centroids: number,
  ): void;
  scanSquares(...parameters: ScanParameters): void;
  scanDots(...parameters: ScanParameters): void;
  nearest(
    codes: number,
    distances: number,
    x: number,
    centers: number,
    count: number,
    dimensions: number,
    columns: number,
  ): void;
}

export function simdVectors({ exports: wasm, stage }: Module<VectorExports>): VectorKernels {
  return {
    name: 'simd',

    hamming(out, query, codes, count, bytes) {
      const step = vectorsOfTile(stage, bytes, count, codes, out);
      if (step < 1 || bytes > SLOT_BYTES) {
        scalarVectors.hamming(out, query, codes, count, bytes);
        return;
      }
      const to = stage.read(query, 0, bytes, QUERY);
      for (let i = 0; i < count; i += step) {
        const some = Math.min(step, count - i);
        wasm.hamming(
          stage.place(out, i, OUT),
          to,
          stage.read(codes, i * bytes, some * bytes, CODES),
          some,
          bytes,
        );
        stage.write(out, i, some, OUT);
      }
    },

    scanTables(out, tables, codes, count, subspaces, centroids) {
      const step = vectorsOfTile(stage, subspaces, count, codes, out);
      const size = subspaces * centroids;
      if (step < 1 || 4 * size > TILE_BYTES) {
        scalarVectors.scanTables(out, tables, codes, count, subspaces, centroids);
        return;
      }
      const from = stage.read(tables, 0, size, TABLES);
      for (let i = 0; i < count; i += step) {
        const some = Math.min(step, count - i);
        const rows = stage.read(codes, i * subspaces, some * subspaces, CODES);
        wasm.scanTables(stage.place(out, i, OUT), from, rows, some, subspaces, centroids);
        stage.write(out, i, some, OUT);
      }
    },

    scanLevels(out, query, low, step, codes, count, dimensions, isDot) {
      const most = vectorsOfTile(stage, dimensions, count, codes, out);
      if (most < 1 || dimensions > MOST) {
        scalarVectors.scanLevels(out, query, low, step, codes, count, dimensions, isDot);
        return;
      }
      const q = stage.read(query, 0, dimensions, QUERY);
      const bottom = stage.read(low, 0, dimensions, LOW);
      const steps = stage.read(step, 0, dimensions, STEP);
      for (let i = 0; i < count; i += most) {
        const some = Math.min(most, count - i);
        const rows = stage.read(codes, i * dimensions, some * dimensions, CODES);
        const to = stage.place(out, i, OUT);
        if (isDot) wasm.scanDots(to, q, bottom, steps, rows, some, dimensions);
        else wasm.scanSquares(to, q, bottom, steps, rows, some, dimensions);
        stage.write(out, i, some, OUT);
      }
    },

    nearest(codes, distances, x, centers, count, dimensions, columns) {
      const byRows = Math.floor(stage.elementsFor(x) / Math.max(dimensions, 1));
      const step = Math.min(byRows, count, stage.elementsFor(codes), stage.runsFor(4, distances));
      const size = dimensions * columns;
      if (step < 1 || 4 * size > TILE_BYTES) {
        scalarVectors.nearest(codes, distances, x, centers, count, dimensions, columns);
        return;
      }
      const points = stage.read(centers, 0, size, TABLES);
      for (let i = 0; i < count; i += step) {
        const some = Math.min(step, count - i);
        wasm.nearest(
          stage.place(codes, i, OUT),
          stage.place(distances, i, DISTANCES),
          stage.read(x, i * dimensions, some * dimensions, CODES),
          points,
          some,
          dimensions,
          columns,
        );
        stage.write(codes, i, some, OUT);
        stage.write(distances, i, some, DISTANCES);
      }
    },
  };
}

/** Vectors whose bytes and results fit in their slots; 0 where not even one does. */
function vectorsOfTile(
  stage: Stage,
  bytes: number,
  count: number,
  codes: TypedArray,
  out: TypedArray,
): number {
  const byCodes = Math.floor((4 * stage.elementsFor(codes)) / Math.max(bytes, 1));
  return Math.min(byCodes, count, stage.elementsFor(out));
}

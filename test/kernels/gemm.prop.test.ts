import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { F32, FloatArray } from '../../src/core/arrays.js';
import { createSimdGemm, gemm } from '../../src/kernels/gemm/family.js';
import { referenceGemm } from '../../src/kernels/gemm/reference.js';
import {
  TWIN_RUNS,
  anyFloats,
  anyPlace,
  bitsOf,
  clearArena,
  guarded,
  guardedCopy,
  twinsOf,
} from '../support/kernels.js';

const twin = fc.constantFrom(...twinsOf(gemm, createSimdGemm).map(({ kernels }) => kernels));

const matrix = fc
  .record({ rows: fc.integer({ min: 0, max: 11 }), columns: fc.integer({ min: 0, max: 70 }) })
  .chain(({ rows, columns }) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      w: anyFloats(rows * columns),
      x: anyFloats(columns),
    }),
  );

describe('gemvF32', () => {
  it('gives the same bits in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, matrix, anyPlace, anyPlace, anyPlace, (kernels, { rows, columns, w, x }, p, q, s) => {
        clearArena();
        const left = guardedCopy(Float32Array, w, p);
        const right = guardedCopy(Float32Array, x, q);
        const out = guarded(Float32Array, rows, s);
        const expected = new Float32Array(rows);
        referenceGemm.gemvF32(expected, left.array, right.array, rows, columns);
        kernels.gemvF32(out.array, left.array, right.array, rows, columns);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(left.intact() && right.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('is exact on small whole numbers', () => {
    const small = fc.integer({ min: -64, max: 64 });
    fc.assert(
      fc.property(twin, fc.array(fc.tuple(small, small), { maxLength: 300 }), (kernels, pairs) => {
        const y = new Float32Array(1);
        const w = Float32Array.from(pairs, ([a]) => a);
        const x = Float32Array.from(pairs, ([, b]) => b);
        kernels.gemvF32(y, w, x, 1, pairs.length);
        expect(y[0] + 0).toBe(pairs.reduce((sum, [a, b]) => sum + a * b, 0) + 0);
      }),
      { numRuns: 500 },
    );
  });
});

/** Operands at any strides that fit, with an unused element now and then. */
const product = fc
  .record({
    rows: fc.integer({ min: 0, max: 21 }),
    columns: fc.integer({ min: 0, max: 21 }),
    depth: fc.integer({ min: 0, max: 21 }),
    isATransposed: fc.boolean(),
    isBTransposed: fc.boolean(),
    gap: fc.integer({ min: 0, max: 2 }),
  })
  .chain((shape) => {
    const { rows, columns, depth, isATransposed, isBTransposed, gap } = shape;
    const aLine = (isATransposed ? rows : depth) + gap;
    const bLine = (isBTransposed ? depth : columns) + gap;
    return fc.record({
      shape: fc.constant({
        rows,
        columns,
        depth,
        aRow: isATransposed ? 1 : aLine,
        aColumn: isATransposed ? aLine : 1,
        bRow: isBTransposed ? 1 : bLine,
        bColumn: isBTransposed ? bLine : 1,
        isSymmetric: false,
      }),
      a: anyFloats(aLine * (isATransposed ? depth : rows)),
      b: anyFloats(bLine * (isBTransposed ? columns : depth)),
    });
  });

describe('gemmF32', () => {
  it('gives the same bits in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, product, anyPlace, anyPlace, anyPlace, (kernels, { shape, a, b }, p, q, s) => {
        clearArena();
        const left = guardedCopy(Float32Array, a, p);
        const right = guardedCopy(Float32Array, b, q);
        const out = guarded(Float32Array, shape.rows * shape.columns, s);
        out.array.fill(7);
        const expected = new Float32Array(out.array.length);
        referenceGemm.gemmF32(expected, left.array, right.array, shape);
        kernels.gemmF32(out.array, left.array, right.array, shape);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(left.intact() && right.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('gives the same bits over blocks of every kind', () => {
    const [rows, columns, depth] = [70, 523, 259];
    const wave = (length: number): F32 => new Float32Array(length).map((_, i) => ((i * 37) % 101) / 7 - 6);
    const shape = {
      rows,
      columns,
      depth,
      aRow: 1,
      aColumn: rows,
      bRow: columns,
      bColumn: 1,
      isSymmetric: false,
    };
    const [a, b] = [wave(rows * depth), wave(depth * columns)];
    const expected = new Float32Array(rows * columns);
    referenceGemm.gemmF32(expected, a, b, shape);
    for (const { kernels } of twinsOf(gemm, createSimdGemm)) {
      const out = new Float32Array(rows * columns);
      kernels.gemmF32(out, a, b, shape);
      expect(bitsOf(out)).toBe(bitsOf(expected));
    }
  });
});

describe('gemmF64', () => {
  it('gives the same bits in every twin, for float32 and float64 operands', () => {
    const kinds = fc.constantFrom(Float32Array, Float64Array);
    const places = fc.tuple(anyPlace, anyPlace, anyPlace);
    fc.assert(
      fc.property(twin, product, kinds, kinds, places, (kernels, { shape, a, b }, A, B, [p, q, s]) => {
        clearArena();
        const left = guardedCopy<Float32Array | Float64Array>(A, a, p);
        const right = guardedCopy<Float32Array | Float64Array>(B, b, q);
        const out = guarded(Float64Array, shape.rows * shape.columns, s);
        out.array.fill(7);
        const expected = new Float64Array(out.array.length);
        const operands = [left.array, right.array] as [FloatArray, FloatArray];
        referenceGemm.gemmF64(expected, ...operands, shape);
        kernels.gemmF64(out.array, ...operands, shape);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(left.intact() && right.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('computes half of a symmetric product and mirrors it, with the same bits', () => {
    const matrix = fc
      .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 20 }))
      .chain(([order, depth]) => fc.tuple(fc.constant(order), fc.constant(depth), anyFloats(order * depth)));
    fc.assert(
      fc.property(twin, matrix, anyPlace, (kernels, [order, depth, a], place) => {
        clearArena();
        const x = guardedCopy(Float64Array, a, place).array;
        const shape = {
          rows: order,
          columns: order,
          depth,
          aRow: 1,
          aColumn: order,
          bRow: order,
          bColumn: 1,
        };
        const expected = new Float64Array(order * order);
        referenceGemm.gemmF64(expected, x, x, { ...shape, isSymmetric: false });
        const out = new Float64Array(order * order);
        kernels.gemmF64(out, x, x, { ...shape, isSymmetric: true });
        expect(bitsOf(out)).toBe(bitsOf(expected));
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

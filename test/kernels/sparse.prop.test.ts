import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimdSparse, sparse } from '../../src/kernels/sparse/family.js';
import { referenceSparse } from '../../src/kernels/sparse/reference.js';
import {
  TWIN_RUNS,
  anyFloats,
  anyPlace,
  bitsOf,
  clearArena,
  guarded,
  guardedCopy,
  list,
  twinsOf,
  type Where,
} from '../support/kernels.js';

const twin = fc.constantFrom(...twinsOf(sparse, createSimdSparse).map(({ kernels }) => kernels));

/** Columns in any of the three widths. */
const indexCopy = fc.constantFrom(
  (values: number[], where: Where) => guardedCopy(Uint8Array, values, where),
  (values: number[], where: Where) => guardedCopy(Uint16Array, values, where),
  (values: number[], where: Where) => guardedCopy(Uint32Array, values, where),
);

/** A mask of rows, some of them empty or full, with values for it and a vector. */
const matrix = fc
  .record({
    rows: fc.integer({ min: 0, max: 9 }),
    columns: fc.integer({ min: 0, max: 100 }),
    density: fc.constantFrom(0, 0.1, 0.5, 1),
  })
  .chain(({ rows, columns, density }) =>
    fc
      .record({
        drawn: list(fc.double({ min: 0, max: 1, noNaN: true }), rows * columns),
        x: anyFloats(columns),
      })
      .chain(({ drawn, x }) => {
        const mask = drawn.map((v) => (v < density ? 1 : 0));
        const count = mask.reduce((a: number, b) => a + b, 0);
        return anyFloats(count).map((values) => ({ rows, columns, mask, values, x }));
      }),
  );

describe('sparse kernels', () => {
  it('multiply compressed rows to the same bits in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, matrix, indexCopy, anyPlace, anyPlace, anyPlace, (kernels, m, copyOf, p, q, s) => {
        clearArena();
        const values = guardedCopy(Float32Array, m.values, p);
        const columns = m.mask.flatMap((bit, i) => (bit === 1 ? [i % m.columns] : []));
        const indices = copyOf(columns, s);
        const ends = [0];
        for (let r = 0; r < m.rows; r++)
          ends.push(
            ends[r] + m.mask.slice(r * m.columns, (r + 1) * m.columns).filter((bit) => bit === 1).length,
          );
        const pointers = guardedCopy(Uint32Array, ends, q);
        const x = guardedCopy(Float32Array, m.x, q);
        const out = guarded(Float32Array, m.rows, s);
        const expected = new Float32Array(m.rows);
        referenceSparse.csrGemv(expected, values.array, indices.array, pointers.array, x.array, m.rows);
        kernels.csrGemv(out.array, values.array, indices.array, pointers.array, x.array, m.rows);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect([values, indices, pointers, x, out].every((each) => each.intact())).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('multiply rows of bits to the bits of compressed rows', () => {
    fc.assert(
      fc.property(twin, matrix, anyPlace, anyPlace, anyPlace, (kernels, m, p, q, s) => {
        clearArena();
        const rowBytes = Math.ceil(m.columns / 8);
        const packed = new Uint8Array(m.rows * rowBytes);
        m.mask.forEach((bit, i) => {
          const k = i % m.columns;
          packed[Math.floor(i / m.columns) * rowBytes + (k >> 3)] |= bit << (k & 7);
        });
        const values = guardedCopy(Float32Array, m.values, p);
        const bits = guardedCopy(Uint8Array, packed, q);
        const x = guardedCopy(Float32Array, m.x, s);
        const out = guarded(Float32Array, m.rows, q);
        const expected = new Float32Array(m.rows);
        referenceSparse.bitmaskGemv(expected, values.array, packed, x.array, m.rows, m.columns);
        kernels.bitmaskGemv(out.array, values.array, bits.array, x.array, m.rows, m.columns);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect([values, bits, x, out].every((each) => each.intact())).toBe(true);
        const columns = Uint32Array.from(m.mask.flatMap((bit, i) => (bit === 1 ? [i % m.columns] : [])));
        const ends = Uint32Array.from({ length: m.rows + 1 }, (_, r) =>
          m.mask.slice(0, r * m.columns).reduce((a: number, b) => a + b, 0),
        );
        const csr = new Float32Array(m.rows);
        referenceSparse.csrGemv(csr, values.array, columns, ends, x.array, m.rows);
        expect(bitsOf(csr)).toBe(bitsOf(expected));
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  const blocks = fc
    .record({
      blockRows: fc.integer({ min: 0, max: 5 }),
      blockColumns: fc.integer({ min: 1, max: 6 }),
      height: fc.integer({ min: 1, max: 5 }),
      width: fc.integer({ min: 1, max: 9 }),
    })
    .chain((sizes) =>
      list(fc.nat(1), sizes.blockRows * sizes.blockColumns).chain((mask) =>
        fc.record({
          sizes: fc.constant(sizes),
          mask: fc.constant(mask),
          values: anyFloats(mask.reduce((a, b) => a + b, 0) * sizes.height * sizes.width),
          x: anyFloats(sizes.blockColumns * sizes.width),
        }),
      ),
    );

  it('multiply blocks to the same bits in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, blocks, indexCopy, anyPlace, anyPlace, anyPlace, (kernels, m, copyOf, p, q, s) => {
        clearArena();
        const { blockRows, blockColumns, height, width } = m.sizes;
        const values = guardedCopy(Float32Array, m.values, p);
        const indices = copyOf(
          m.mask.flatMap((bit, i) => (bit === 1 ? [i % blockColumns] : [])),
          q,
        );
        const ends = Array.from({ length: blockRows + 1 }, (_, b) =>
          m.mask.slice(0, b * blockColumns).reduce((a, c) => a + c, 0),
        );
        const pointers = guardedCopy(Uint32Array, ends, s);
        const x = guardedCopy(Float32Array, m.x, p);
        const out = guarded(Float32Array, blockRows * height, s);
        const expected = new Float32Array(blockRows * height);
        const rest = [
          values.array,
          indices.array,
          pointers.array,
          x.array,
          blockRows,
          height,
          width,
        ] as const;
        referenceSparse.bsrGemv(expected, ...rest);
        kernels.bsrGemv(out.array, ...rest);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect([values, indices, pointers, x, out].every((each) => each.intact())).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

import fc from 'fast-check';
import { FormatError, type TensorLike } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { maskNM } from '../../src/prune/nm.js';
import { pruneMagnitude } from '../../src/prune/prune-magnitude.js';
import { sparseFromArrays, sparseToArrays, prunedArraySpecs } from '../../src/prune/sparse-arrays.js';
import { encodeSparse } from '../../src/prune/sparse-encode.js';
import {
  cutlassMetadata,
  fromSparseBitmask,
  placesFromCutlass,
  toSparseBitmask,
} from '../../src/prune/sparse-foreign.js';
import { sparseLinear } from '../../src/prune/sparse-linear.js';
import { decodeSparse, sparseErrorBound } from '../../src/prune/sparse-tensor.js';
import type { EncodeSparseOptions, SparseTensor } from '../../src/prune/sparse-types.js';
import { anyFloat, bitsOf } from '../support/kernels.js';
import { normals } from '../support/second-order.js';
import { NOT_TENSORS } from '../support/wrong-types.js';

const anyShape = fc.oneof(
  fc.constant<number[]>([]),
  fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 3 }),
);

const anySparse = anyShape.chain((shape) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const cell = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: anyFloat });
  return fc
    .array(cell, { minLength: size, maxLength: size, size: 'max' })
    .map((list) => ({ data: Float32Array.from(list), shape }));
});

const FORMATS: readonly EncodeSparseOptions[] = [
  {},
  { format: 'bitmask' },
  { format: 'csr' },
  { format: 'csc' },
  { format: 'coo' },
  { format: 'bsr', blockShape: [3, 4] },
  { format: 'bsr', blockShape: [1, 1] },
  { format: 'nm', keep: 1, of: 1 },
];

const anyFormat = fc.constantFrom(...FORMATS);

const stored = (c: SparseTensor): SparseTensor => {
  const { header, arrays } = sparseToArrays(c);
  return sparseFromArrays(JSON.parse(JSON.stringify(header)), arrays);
};

describe('encodeSparse()', () => {
  it('comes back bit for bit, through storage too: -0, NaN and infinities, empty rows, empty tensors and scalars', () => {
    fc.assert(
      fc.property(anySparse, anyFormat, (x, options) => {
        const before = bitsOf(x.data);
        const c = encodeSparse(x, options);
        expect(bitsOf(decodeSparse(c))).toBe(bitsOf(x.data));
        expect(sparseErrorBound(c)).toEqual({ maxAbs: 0, l2: 0 });
        expect(stored(c)).toEqual(c);
        expect(bitsOf(x.data)).toBe(before);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps N of M and packs their places, and is exact about what it left out', () => {
    fc.assert(
      fc.property(
        fc.constantFrom([2, 4], [1, 4], [4, 8], [3, 5], [1, 2], [1, 256]),
        fc.nat(2 ** 31),
        ([keep, of], seed) => {
          const data = Float32Array.from(normals(seed, 3 * 2 * of));
          const x = { data, shape: [3, 2 * of] };
          const c = pruneMagnitude(x, { keep, of });
          expect(c.values.length).toBe(6 * keep);
          const decoded = decodeSparse(c);
          const off = data.map((v, i) => Math.abs(v - decoded[i]));
          expect(sparseErrorBound(c).maxAbs).toBe(Math.max(...off));
          expect(stored(c)).toEqual(c);
          const specs = prunedArraySpecs(x.shape, { keep, of });
          expect(specs).toEqual(
            sparseToArrays(c).arrays.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('stores exactly what a fraction leaves, so that sizes follow from the shape', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom('bitmask' as const, 'csr' as const, 'csc' as const, 'coo' as const),
        fc.nat(2 ** 31),
        (rows, columns, sparsity, format, seed) => {
          const data = Float32Array.from(normals(seed, rows * columns), (v) => Math.fround(Math.max(v, 0)));
          const c = pruneMagnitude({ data, shape: [rows, columns] }, { sparsity, format });
          const specs = prunedArraySpecs([rows, columns], { sparsity, format });
          expect(sparseToArrays(c).arrays.map(({ name, dtype, shape }) => ({ name, dtype, shape }))).toEqual(
            specs,
          );
          const decoded = decodeSparse(c);
          const off = Array.from(data, (v, i) => Math.abs(v - decoded[i]));
          const bound = sparseErrorBound(c);
          expect(bound.maxAbs).toBe(Math.max(0, ...off));
          expect(Math.sqrt(off.reduce((a, b) => a + b * b, 0))).toBeLessThanOrEqual(bound.l2);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('chooses index widths by the shape', () => {
    const widths = (columns: number): number => {
      const c = encodeSparse({ data: new Float32Array(columns), shape: [1, columns] }, { format: 'csr' });
      return 'indices' in c ? c.indices.BYTES_PER_ELEMENT : 0;
    };
    expect([256, 257, 65536, 65537].map(widths)).toEqual([1, 2, 2, 4]);
  });

  it('says what float64 lost on the way to float32', () => {
    const c = encodeSparse(Float64Array.of(0.1, 0, 1e-60));
    expect(sparseErrorBound(c).maxAbs).toBe(Math.abs(0.1 - Math.fround(0.1)));
    expect(encodeSparse(Float64Array.of(1e300)).dropped).toBe(Infinity);
    expect(stored(encodeSparse(Float64Array.of(1e300))).dropped).toBe(Infinity);
  });

  it.each<[object, RegExp]>([
    [{ format: 'cs' }, /did you mean 'csr'/],
    [{ format: 'bsr' }, /"blockShape"/],
    [{ format: 'bsr', blockShape: [0, 1] }, /"blockShape\[0\]"/],
    [{ format: 'csr', keep: 2 }, /"keep" expected format 'nm' beside it/],
    [{ format: 'nm', keep: 2, of: 3 }, /"of" expected a divisor of 4/],
    [{ format: 'nm', keep: 3, of: 2 }, /"keep"/],
    [{ format: 'nm', keep: 2, of: 4 }, /"x" expected at most 2 values in elements 0 to 3/],
    [{ mask: new Uint8Array(3) }, /"mask"/],
  ])('refuses %j', (options, message) => {
    expect(() => encodeSparse({ data: Float32Array.of(1, 2, 3, 0), shape: [1, 4] }, options)).toThrow(
      message,
    );
  });

  it.each(NOT_TENSORS)('refuses %s', (_, value) => {
    expect(() => encodeSparse(value as TensorLike)).toThrow(/^encodeSparse: "x/);
    expect(() => decodeSparse(value as SparseTensor)).toThrow(/^decodeSparse: "c/);
    expect(() => sparseLinear(value as TensorLike, encodeSparse(new Float32Array(3)))).toThrow(
      /^sparseLinear: "x/,
    );
  });

  it('takes no damaged array for another tensor', () => {
    fc.assert(
      fc.property(
        anySparse,
        anyFormat,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (x, options, place, flip) => {
          const { header, arrays } = sparseToArrays(encodeSparse(x, options));
          const damaged = arrays.map((array) => ({ ...array, data: array.data.slice() }));
          const places = damaged
            .slice(1)
            .flatMap(({ data }) =>
              Array.from({ length: data.byteLength }, (_, i) => new Uint8Array(data.buffer, i, 1)),
            );
          if (places.length === 0) return;
          places[place % places.length][0] ^= flip;
          let c: SparseTensor;
          try {
            c = sparseFromArrays(header, damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
            return;
          }
          expect(decodeSparse(c).length).toBe(x.data.length);
          expect(stored(c)).toEqual(c);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('sparseLinear()', () => {
  it('gives the dense product summed in the same order, in every format', () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 31),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (seed, columns, rows) => {
          const drop = normals(seed + 1, rows * columns);
          const data = Float32Array.from(normals(seed, rows * columns), (v, i) => (drop[i] > 0.5 ? v : 0));
          const x = Float32Array.from(normals(seed + 2, 2 * columns));
          for (const options of FORMATS.slice(1, 7)) {
            if (options.format === 'csc' || options.format === 'coo') continue;
            const c = encodeSparse({ data, shape: [rows, columns] }, options);
            const y = sparseLinear({ data: x, shape: [2, columns] }, c).data as Float32Array;
            for (let i = 0; i < 2 * rows; i++) {
              const p = new Float32Array(4);
              let at = 0;
              for (let k = 0; k < columns; k++) {
                const value = data[(i % rows) * columns + k];
                const inBlock = options.format === 'bsr' && options.blockShape?.[1] === 4;
                const isOne = options.format === 'bsr' && !inBlock;
                if (value === 0) continue;
                p[isOne ? 0 : inBlock ? k % 4 : at % 4] += Math.fround(
                  value * x[Math.floor(i / rows) * columns + k],
                );
                at++;
              }
              expect(y[i]).toBe(Math.fround(Math.fround(p[0] + p[2]) + Math.fround(p[1] + p[3])));
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('refuses other formats and lengths', () => {
    const x = { data: Float32Array.of(1, 0), shape: [1, 2] };
    expect(() => sparseLinear(x, encodeSparse(x, { format: 'coo' }))).toThrow(/"c.format"/);
    expect(() => sparseLinear(new Float32Array(3), encodeSparse(x))).toThrow(
      /"x.shape" expected a last axis of 2/,
    );
  });
});

describe('the encodings of other tools', () => {
  it.each([
    [830, 545],
    [511, 350],
    [1, 1],
    [3, 0],
  ])('writes and reads the sparse-bitmask of [%i, %i]', (rows, columns) => {
    const data = Float32Array.from(normals(rows, rows * columns), (v) => (v > 0.3 ? v : 0));
    const parts = toSparseBitmask({ data, shape: [rows, columns] }, 'sparse-bitmask');
    expect(parts.bitmask.shape).toEqual([rows, Math.ceil(columns / 8)]);
    expect(parts.shape.data).toEqual(BigInt64Array.of(BigInt(rows), BigInt(columns)));
    expect(bitsOf(decodeSparse(fromSparseBitmask(parts)))).toBe(bitsOf(data));
    let count = 0;
    const counts = Array.from({ length: rows }, (_, r) => {
      const before = count;
      for (let k = 0; k < columns; k++) count += data[r * columns + k] === 0 ? 0 : 1;
      return before;
    });
    expect(Array.from(parts.row_offsets?.data as BigInt64Array, Number)).toEqual(counts);
  });

  it.each([
    [830, 544],
    [511, 352],
  ])('writes and reads the sparse-24-bitmask of [%i, %i], two of every four', (rows, columns) => {
    const data = Float32Array.from(normals(rows, rows * columns));
    const parts = toSparseBitmask({ data, shape: [rows, columns] }, 'sparse-24-bitmask');
    expect(parts.compressed.shape).toEqual([rows, columns / 2]);
    expect(parts.shape.shape).toEqual([2, 1]);
    const mask = maskNM({ data, shape: [rows, columns] }, { keep: 2, of: 4, order: 'magnitude' });
    const kept = data.map((v, i) => (mask[i] === 1 ? v : 0));
    expect(bitsOf(decodeSparse(fromSparseBitmask(parts)))).toBe(bitsOf(kept));
  });

  it('refuses 2:4 of columns that 4 does not divide, and bits that do not fit', () => {
    const x = { data: new Float32Array(10), shape: [2, 5] };
    expect(() => toSparseBitmask(x, 'sparse-24-bitmask')).toThrow(RangeError);
    const parts = toSparseBitmask(x, 'sparse-bitmask');
    parts.bitmask.data.fill(0x80 as never);
    expect(() => fromSparseBitmask(parts)).toThrow(/"c.bits\[0\]" expected zeros behind the last column/);
  });

  it.each([16, 32] as const)('reorders 2:4 places as CUTLASS does, with %i bits, and back', (bits) => {
    const shape = [128, 4 * bits];
    const x = { data: Float32Array.from(normals(bits, 128 * 4 * bits)), shape };
    const c = pruneMagnitude(x, { keep: 2, of: 4 });
    const metadata = cutlassMetadata(c, bits);
    expect(metadata.length).toBe((128 * 4 * bits) / bits);
    const back = placesFromCutlass({ data: c.values, shape: [128, 2 * bits] }, metadata);
    expect(bitsOf(decodeSparse(back))).toBe(bitsOf(decodeSparse(c)));
    expect(metadata.includes(0)).toBe(false);
  });

  it('fills pairs with fewer than two values as CUTLASS does', () => {
    const patterns: [number[], number][] = [
      [[0, 0, 0, 0], 0b1110],
      [[0, 0, 0, 1], 0b1110],
      [[0, 0, 1, 0], 0b1110],
      [[0, 1, 0, 0], 0b1001],
      [[1, 0, 0, 0], 0b1000],
      [[1, 1, 0, 0], 0b0100],
      [[1, 0, 1, 0], 0b1000],
      [[0, 1, 1, 0], 0b1001],
      [[1, 0, 0, 1], 0b1100],
      [[0, 1, 0, 1], 0b1101],
      [[0, 0, 1, 1], 0b1110],
    ];
    for (const [group, nibble] of patterns) {
      const c = encodeSparse(
        { data: Float32Array.from(group), shape: [1, 4] },
        { format: 'nm', keep: 2, of: 4 },
      );
      expect('positions' in c && c.positions[0]).toBe(nibble);
    }
  });
});

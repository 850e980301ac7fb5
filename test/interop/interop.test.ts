import fc from 'fast-check';
import { Matrix, MatrixTransposeView } from 'ml-matrix';
import ndarray from 'ndarray';
import { describe, expect, it } from 'vitest';
import { NumericError } from '../../src/core/errors.js';
import type { StridedView } from '../../src/core/tensor.js';
import { tensor } from '../../src/core/tensor.js';
import { fromMatrix, fromNdarray, toMatrix, toNdarray } from '../../src/interop/index.js';
import { NOT_TENSORS } from '../support/wrong-types.js';

describe('toNdarray', () => {
  it('shares memory and indexes as the tensor does', () => {
    const t = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
    const view = toNdarray(t);
    expect(view.data).toBe(t.data);
    expect([view.get(1, 0), view.shape, view.stride, view.dtype]).toEqual([4, [2, 3], [3, 1], 'float32']);
    expect(toNdarray(tensor([7], [])).get()).toBe(7);
    expect(toNdarray(tensor(BigInt64Array.of(5n), [1])).get(0)).toBe(5n);
    expect(toNdarray(tensor(new Float32Array(0), [0, 3])).size).toBe(0);
  });

  it('decodes small floats', () => {
    expect(toNdarray(tensor(Uint16Array.of(0x3c00), [1], 'float16')).get(0)).toBe(1);
  });

  it.each([
    [null],
    [1],
    ['a'],
    [[1]],
    [new Float32Array(1)],
    [{}],
    [{ data: [1], shape: [2], dtype: 'float32' }],
  ])('refuses %s', (value) => {
    expect(() => toNdarray(value as never)).toThrow(/expected/);
  });
});

describe('fromNdarray', () => {
  it('is the inverse of toNdarray for every element type', () => {
    const arrays = [
      Float64Array.of(1, 2),
      Float32Array.of(1, 2),
      Int32Array.of(-1, 2),
      Uint32Array.of(1, 2 ** 32 - 1),
      Int16Array.of(-1, 2),
      Uint16Array.of(1, 2),
      Int8Array.of(-1, 2),
      Uint8Array.of(1, 2),
      BigInt64Array.of(-1n, 2n),
      BigUint64Array.of(1n, 2n),
    ];
    for (const data of arrays) {
      const t = tensor(data, [2, 1]);
      expect(fromNdarray(toNdarray(t) as StridedView)).toEqual(t);
    }
  });

  it('makes any view row-major and plain numbers float64', () => {
    const base = ndarray(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    expect(fromNdarray(base.transpose(1, 0).step(-1, 1) as StridedView)).toEqual(
      tensor(Float32Array.of(3, 6, 2, 5, 1, 4), [3, 2]),
    );
    expect(fromNdarray(ndarray([0.1, 2]) as StridedView)).toEqual(tensor(Float64Array.of(0.1, 2), [2]));
    expect(fromNdarray(base.pick(0, 1) as StridedView)).toEqual(tensor(Float32Array.of(2), []));
    expect(fromNdarray(ndarray(new Uint8ClampedArray([1, 300]) as never) as StridedView).data).toEqual(
      Float32Array.of(1, 255),
    );
  });

  it('decodes a tensor of a small float', () => {
    expect(fromNdarray(tensor(Uint16Array.of(0x3c00), [1], 'float16'))).toEqual(
      tensor(Float32Array.of(1), [1]),
    );
  });

  it.each([[null], [1], [[1]], [new Float32Array(1)], [{ shape: [1] }], [new Matrix(1, 1)]])(
    'refuses %s',
    (value) => {
      expect(() => fromNdarray(value as never)).toThrow(/^fromNdarray: "view[^"]*" expected/);
    },
  );
});

describe('toMatrix and fromMatrix', () => {
  it('are inverse for every finite float64 matrix', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 5 }),
        fc.infiniteStream(fc.double({ noNaN: true, noDefaultInfinity: true })),
        (rows, columns, stream) => {
          const data = Float64Array.from({ length: rows * columns }, () => stream.next().value as number);
          const t = tensor(data, [rows, columns]);
          expect(fromMatrix(toMatrix(t))).toEqual(t);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('take views of both sides', () => {
    const m = toMatrix({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2], stride: [1, 3] });
    expect(m.to2DArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(fromMatrix(new MatrixTransposeView(m))).toEqual(tensor(Float64Array.of(1, 2, 3, 4, 5, 6), [2, 3]));
    expect(toMatrix(m).to2DArray()).toEqual(m.to2DArray());
  });

  it.each([[NaN], [Infinity], [-Infinity]])('toMatrix refuses %s and says where', (value) => {
    const x = { data: Float32Array.of(1, 2, 3, value), shape: [2, 2] };
    expect(() => toMatrix(x)).toThrow(NumericError);
    expect(() => toMatrix(x)).toThrow(`toMatrix: "x[1, 1]" expected a finite number, got ${value}`);
    expect(fromMatrix(new Matrix([[value]])).data).toEqual(Float64Array.of(value));
  });

  it('toMatrix wants two axes', () => {
    expect(() => toMatrix(Float32Array.of(1))).toThrow('toMatrix: "x" expected two axes');
    expect(() => toMatrix({ data: [1], shape: [1, 1, 1] })).toThrow('expected two axes');
  });

  it.each(NOT_TENSORS)('both refuse %s', (_, value) => {
    expect(() => toMatrix(value as never)).toThrow(/^toMatrix: "x[^"]*" expected/);
    expect(() => fromMatrix(value as never)).toThrow(/^fromMatrix: "matrix[^"]*" expected/);
  });
});

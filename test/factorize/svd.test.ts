import { Matrix } from 'ml-matrix';
import ndarray from 'ndarray';
import { NumericError } from 'tensorslim';
import { svd } from 'tensorslim/factorize';
import { describe, expect, it } from 'vitest';
import { normalMatrix, transposeOf } from '../support/matrices.js';
import { NOT_TENSORS } from '../support/wrong-types.js';

const f64 = (shape: number[], ...values: number[]): { data: Float64Array; shape: number[] } => ({
  data: Float64Array.from(values),
  shape,
});

describe('svd()', () => {
  it('decomposes a diagonal matrix exactly', () => {
    const { s, u, v, residual, orthogonality, algorithm } = svd(f64([2, 2], 3, 0, 0, -4));
    expect(Array.from(s)).toEqual([4, 3]);
    expect(Array.from(u?.data ?? [], (x) => x + 0)).toEqual([0, 1, 1, 0]);
    expect(Array.from(v?.data ?? [], (x) => x + 0)).toEqual([0, 1, -1, 0]);
    expect([residual, orthogonality, algorithm]).toEqual([0, 0, 'jacobi']);
  });

  it('takes rows, columns, zeros and single numbers', () => {
    expect(Array.from(svd(f64([1, 2], 3, 4)).s)).toEqual([5]);
    expect(Array.from(svd(f64([2, 1], 3, 4)).s)).toEqual([5]);
    expect(Array.from(svd(f64([1, 1], -2)).s)).toEqual([2]);
    const zero = svd(f64([2, 3], 0, 0, 0, 0, 0, 0), { kind: 'full' });
    expect([Array.from(zero.s), zero.residual, zero.orthogonality]).toEqual([[0, 0], 0, 0]);
  });

  it('gives empty results for empty matrices, and a basis where all of it is asked for', () => {
    const empty = svd({ data: new Float32Array(0), shape: [0, 3] });
    expect([empty.s.length, empty.u?.shape, empty.v?.shape]).toEqual([0, [0, 0], [3, 0]]);
    const full = svd({ data: new Float32Array(0), shape: [2, 0] }, { kind: 'full' });
    expect([full.u?.shape, Array.from(full.u?.data ?? []), full.v?.shape]).toEqual([
      [2, 2],
      [1, 0, 0, 1],
      [0, 0],
    ]);
    expect(svd({ data: new Float32Array(0), shape: [0, 3] }, { kind: 'values' }).u).toBe(null);
  });

  it('takes matrices of 1e300, of 1e-300 and of subnormal numbers', () => {
    for (const size of [1e300, 1e-300, 5e-324 * 2 ** 20]) {
      const { s, residual } = svd(f64([2, 2], 3 * size, 0, 4 * size, 0));
      expect(Math.abs(s[0] / size - 5)).toBeLessThan(1e-5);
      expect([s[1], residual]).toEqual([0, expect.toSatisfy((r: number) => r < 1e-5)]);
    }
  });

  it('keeps repeated and clustered values', () => {
    const ones = Float64Array.from({ length: 49 }, (_, i) => (i % 8 === 0 ? 1 + (i % 3) * 2 ** -50 : 0));
    const { s, orthogonality } = svd({ data: ones, shape: [7, 7] });
    expect(Array.from(s).every((value) => Math.abs(value - 1) <= 2 ** -48)).toBe(true);
    expect(orthogonality).toBeLessThan(1e-14);
  });

  it('takes an ml-matrix Matrix, an ndarray and plain numbers', () => {
    const expected = Array.from(svd(f64([2, 2], 1, 2, 3, 4)).s);
    expect(
      Array.from(
        svd(
          new Matrix([
            [1, 2],
            [3, 4],
          ]),
        ).s,
      ),
    ).toEqual(expected);
    expect(Array.from(svd(ndarray(Float64Array.of(1, 3, 2, 4), [2, 2], [1, 2])).s)).toEqual(expected);
    expect(Array.from(svd({ data: [1, 2, 3, 4], shape: [2, 2] }).s)).toEqual(expected);
  });

  it('takes tall and wide float32 matrices by their Gram matrix where that is proved good enough', () => {
    const tall = normalMatrix(8192, 32);
    const narrow = { data: Float32Array.from(tall.data), shape: [8192, 32] as const };
    const exact = svd({ data: Float64Array.from(narrow.data), shape: narrow.shape });
    const found = svd(narrow);
    expect([found.algorithm, exact.algorithm]).toEqual(['gram', 'jacobi']);
    exact.s.forEach((value, i) => expect(Math.abs(found.s[i] - value)).toBeLessThan(1e-12 * exact.s[0]));
    expect(found.orthogonality).toBeLessThan(2 ** -24);
    const wide = transposeOf(tall);
    const turned = svd({ data: Float32Array.from(wide.data), shape: wide.shape });
    expect([turned.algorithm, turned.u?.shape, turned.v?.shape]).toEqual(['gram', [32, 32], [8192, 32]]);
    expect(Array.from(turned.s)).toEqual(Array.from(found.s));
    const values = svd(narrow, { kind: 'values' });
    expect([values.algorithm, Array.from(values.s)]).toEqual(['gram', Array.from(found.s)]);
    const close = narrow.data.map((x, i) => (i % 32 === 0 ? narrow.data[i + 1] + x * 1e-6 : x));
    expect(svd({ data: close, shape: narrow.shape }, { kind: 'values' }).algorithm).toBe('jacobi');
  });

  it('leaves its input as it was', () => {
    const a = normalMatrix(5, 4);
    const before = Array.from(a.data);
    svd(a);
    expect(Array.from(a.data)).toEqual(before);
  });

  it('refuses what is no finite matrix', () => {
    for (const [, wrong] of NOT_TENSORS) expect(() => svd(wrong as Float32Array)).toThrow(TypeError);
    expect(() => svd(Float64Array.of(1, 2))).toThrow(
      'svd: "a.shape" expected two axes, got an array of 1: [2] - ',
    );
    for (const [bad, index] of [
      [NaN, 0],
      [Infinity, 3],
    ]) {
      const a = f64([2, 2], 1, 2, 3, 4);
      a.data[index] = bad;
      expect(() => svd(a)).toThrow(NumericError);
      expect(() => svd(a)).toThrow(`expected finite numbers, got ${bad} at index ${index}`);
    }
    const { MAX_VALUE } = Number;
    expect(() => svd(f64([2, 2], MAX_VALUE, MAX_VALUE, MAX_VALUE, MAX_VALUE))).toThrow('[OVERFLOW]');
  });

  it('refuses unknown kinds and options', () => {
    const a = f64([1, 1], 1);
    expect(() => svd(a, { kind: 'thinn' as 'thin' })).toThrow("did you mean 'thin'?");
    expect(() => svd(a, { kinds: 'thin' } as object)).toThrow(RangeError);
    expect(() => svd(a, 3 as unknown as object)).toThrow(TypeError);
  });
});

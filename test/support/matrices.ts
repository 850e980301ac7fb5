/** Matrices for the tests of factorizations, and what holds of their decompositions. */
import fc from 'fast-check';
import { createRandom } from 'tensorslim';
import type { FloatMatrix } from 'tensorslim/factorize';

export interface TestMatrix {
  readonly data: Float64Array;
  readonly shape: readonly [rows: number, columns: number];
}

export function normalMatrix(rows: number, columns: number, seed = 1): TestMatrix {
  const random = createRandom(seed);
  return {
    data: Float64Array.from({ length: rows * columns }, () => random.normal()),
    shape: [rows, columns],
  };
}

export const transposeOf = ({ data, shape: [rows, columns] }: TestMatrix): TestMatrix => ({
  data: Float64Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]),
  shape: [columns, rows],
});

export function productOf(a: TestMatrix, b: TestMatrix): TestMatrix {
  const [rows, depth] = a.shape;
  const columns = b.shape[1];
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < depth; k++) {
      for (let j = 0; j < columns; j++)
        data[i * columns + j] += a.data[i * depth + k] * b.data[k * columns + j];
    }
  }
  return { data, shape: [rows, columns] };
}

export const normOf = (x: ArrayLike<number>): number => Math.hypot(...Array.from(x));

/** Largest |element| of q^T q - I. */
export function spreadOf({ data, shape: [rows, columns] }: FloatMatrix): number {
  let most = 0;
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = i === j ? -1 : 0;
      for (let k = 0; k < rows; k++) sum += data[k * columns + i] * data[k * columns + j];
      most = Math.max(most, Math.abs(sum));
    }
  }
  return most;
}

/** a - u diag(s) v^T. */
export function differenceOf(
  a: TestMatrix,
  u: FloatMatrix,
  s: ArrayLike<number>,
  v: FloatMatrix,
): Float64Array {
  const [rows, columns] = a.shape;
  const out = Float64Array.from(a.data);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < s.length; k++) {
        out[i * columns + j] -= u.data[i * u.shape[1] + k] * s[k] * v.data[j * v.shape[1] + k];
      }
    }
  }
  return out;
}

const element = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: -3, max: 3, noNaN: true }) },
  { weight: 3, arbitrary: fc.integer({ min: -2, max: 2 }) },
  { weight: 1, arbitrary: fc.double({ min: -1e-9, max: 1e-9, noNaN: true }) },
);

/** Matrices up to 9 x 9: of any numbers, of few whole ones (dependent, equal and zero columns), of low rank. */
export const anyMatrix: fc.Arbitrary<TestMatrix> = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([rows, columns]) => {
    const of = (n: number, m: number, values: fc.Arbitrary<number>): fc.Arbitrary<TestMatrix> =>
      fc
        .array(values, { minLength: n * m, maxLength: n * m, size: 'max' })
        .map((list) => ({ data: Float64Array.from(list), shape: [n, m] }));
    const rank = fc.integer({ min: 1, max: 3 });
    return fc.oneof(
      of(rows, columns, element),
      of(rows, columns, fc.integer({ min: -1, max: 1 })),
      rank.chain((r) =>
        fc.tuple(of(rows, r, element), of(r, columns, element)).map(([a, b]) => productOf(a, b)),
      ),
    );
  });

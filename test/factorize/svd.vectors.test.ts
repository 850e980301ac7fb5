import { svd } from 'tensorslim/factorize';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../support/golden.js';

const matrixOf = (
  golden: ReturnType<typeof readGolden>,
  name: string,
): { data: Float64Array; shape: number[] } => {
  const { data, shape } = golden.get(`${name}/a`) ?? { data: new Float64Array(0), shape: [] };
  return { data: data as Float64Array, shape };
};

describe('the singular values of torch (LAPACK)', () => {
  const golden = readGolden('torch-svd.safetensors');
  const names = [...golden.keys()].filter((key) => key.endsWith('/s')).map((key) => key.slice(0, -2));

  it.each(names)('of %s come out within 1e-12 of the largest, in float32 within 2e-6', (name) => {
    const a = matrixOf(golden, name);
    const expected = golden.get(`${name}/s`)?.data as Float64Array;
    for (const kind of ['values', 'thin'] as const) {
      const { s } = svd(a, { kind });
      const { s: narrow } = svd({ data: Float32Array.from(a.data), shape: a.shape }, { kind });
      expect(s.length).toBe(expected.length);
      expected.forEach((value, i) => {
        expect(Math.abs(s[i] - value)).toBeLessThanOrEqual(1e-12 * expected[0]);
        expect(Math.abs(narrow[i] - value)).toBeLessThanOrEqual(2e-6 * expected[0]);
      });
    }
  });
});

describe('matrices whose rows or columns span 18 decades', () => {
  const golden = readGolden('svd-graded.safetensors');
  const names = [...golden.keys()].filter((key) => key.endsWith('/s')).map((key) => key.slice(0, -2));

  it('come in both kinds, three orders and two sizes', () => {
    expect(names).toHaveLength(12);
  });

  it.each(names)('keep every singular value of %s to 1e-13 of itself', (name) => {
    const a = matrixOf(golden, name);
    const truth = golden.get(`${name}/s`)?.data as Float64Array;
    for (const kind of ['values', 'thin'] as const) {
      const { s } = svd(a, { kind });
      const worst = truth.reduce((most, value, i) => Math.max(most, Math.abs(s[i] - value) / value), 0);
      expect(worst).toBeLessThanOrEqual(1e-13);
    }
  });
});

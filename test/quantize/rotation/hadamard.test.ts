import { describe, expect, it } from 'vitest';
import { hadamardFactors } from '../../../src/quantize/rotation/hadamard-matrix.js';
import { hadamard, hadamardMatrix } from '../../../src/quantize/index.js';
import { setBackend } from '../../../src/kernels/dispatch.js';
import { createRandom } from '../../../src/core/random.js';

const random = createRandom(11);
const normals = (length: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length }, () => random.normal());

describe('hadamardMatrix', () => {
  it('has orthogonal rows of 1 and -1 for every base and several multiples', () => {
    const bases = [12, 20, 28, 36, 44, 52, 60, 68, 76, 84, 100, 108, 124];
    const found = Array.from({ length: 128 }, (_, i) => i + 1).filter(
      (n) => n % 8 === 4 && n > 4 && hadamardFactors(n),
    );
    expect(found).toEqual(bases);
    for (const n of [1, 2, 4, 8, 64, 24, 40, 48, 56, 80, 96, 104, 120, ...bases]) {
      const { data } = hadamardMatrix(n);
      expect(data.every((v) => v === 1 || v === -1)).toBe(true);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j <= i; j++) {
          let sum = 0;
          for (let k = 0; k < n; k++) sum += data[i * n + k] * data[j * n + k];
          expect(sum).toBe(i === j ? n : 0);
        }
      }
    }
  });

  it('names the nearest sizes for one that is not known', () => {
    expect(() => hadamardMatrix(92)).toThrow(
      /"n" expected a size .* got 92 - the nearest sizes are 88 and 96/,
    );
    expect(() => hadamardMatrix(30)).toThrow(RangeError);
    expect(() => hadamardMatrix(0)).toThrow(RangeError);
    expect(() => hadamardMatrix('8' as unknown as number)).toThrow(TypeError);
  });
});

describe('hadamard', () => {
  it('is the product with the matrix, and its inverse with the transposed', () => {
    for (const n of [1, 2, 4, 8, 16, 32, 12, 24, 48, 20, 28, 52, 100, 192]) {
      const { data: h } = hadamardMatrix(n);
      const x = Float32Array.from({ length: n }, (_, i) => ((i * 37) % 23) - 11);
      const product = (isTransposed: boolean): number[] =>
        Array.from({ length: n }, (_, i) => {
          let sum = 0;
          for (let j = 0; j < n; j++) sum += (isTransposed ? h[j * n + i] : h[i * n + j]) * x[j];
          return sum;
        });
      const { data } = hadamard(x, { normalize: false });
      expect(Array.from(data, (v) => v + 0)).toEqual(product(false));
      const back = hadamard(x, { inverse: true, normalize: false });
      expect(Array.from(back.data, (v) => v + 0)).toEqual(product(true).map((v) => Math.fround(v / n) + 0));
    }
  });

  it('is exact there and back for integers while sums stay below 2^24', () => {
    for (const n of [4096, 12 * 256, 20, 14336 / 8]) {
      const most = Math.floor(2 ** 24 / n);
      const x = Float32Array.from({ length: n }, () => (random.uint32() % (2 * most + 1)) - most);
      const there = hadamard(x, { normalize: false, seed: 3 });
      expect(there.data.every((v) => Number.isInteger(v))).toBe(true);
      expect(hadamard(there, { normalize: false, seed: 3, inverse: true }).data).toEqual(x);
    }
  });

  it('is exact on multiples of a power of two where n is a power of four', () => {
    const x = Float32Array.from({ length: 1024 }, (_, i) => ((i * 31) % 64) - 32);
    expect(hadamard(hadamard(x), { inverse: true }).data).toEqual(x);
  });

  it('takes 1/sqrt(n) rounded to the nearest float32', () => {
    for (const n of [2, 8, 12, 20, 24, 28, 32, 128, 768, 1536, 14336]) {
      const one = new Float32Array(n);
      one[0] = 1;
      const scale = Math.abs(hadamard(one).data[0]);
      // n * s^2 = 1 lies between the squares of the midpoints to both neighbours, in exact integers.
      const square = (s: number): bigint => BigInt(s * 2 ** 60) ** 2n * BigInt(n);
      const ulp = 2 ** (Math.floor(Math.log2(scale)) - 23);
      expect(square(scale - ulp / 2) < 2n ** 120n && 2n ** 120n < square(scale + ulp / 2)).toBe(true);
    }
  });

  it('transforms blocks of a row by themselves', () => {
    const x = normals(3 * 40);
    const whole = hadamard({ data: x, shape: [3, 40] }, { blockSize: 8, seed: 5 });
    expect(whole.shape).toEqual([3, 40]);
    expect(whole.data).toEqual(hadamard({ data: x, shape: [15, 8] }, { seed: 5 }).data);
  });

  it('has the same bits from every backend', () => {
    const x = { data: normals(6 * 768), shape: [6, 768] };
    const simd = hadamard(x, { seed: 1 }).data;
    setBackend('scalar');
    expect(hadamard(x, { seed: 1 }).data).toEqual(simd);
    setBackend('auto');
  });

  it('takes empty tensors, scalars, float64 and an output array', () => {
    expect(hadamard({ data: new Float32Array(0), shape: [3, 0] }).shape).toEqual([3, 0]);
    expect(hadamard({ data: new Float32Array(0), shape: [0, 30] }).data.length).toBe(0);
    expect(hadamard({ data: Float32Array.of(2), shape: [] }).data).toEqual(Float32Array.of(2));
    const out = new Float32Array(4);
    expect(hadamard(Float64Array.of(1, 1, 1, 1), { out }).data).toBe(out);
    expect(out).toEqual(Float32Array.of(2, 0, 0, 0));
  });

  it('spreads NaN and infinities over their block only', () => {
    const x = Float32Array.of(NaN, 1, 1, 1, 1, 1, 1, 1);
    const { data } = hadamard(x, { blockSize: 4 });
    expect(Array.from(data)).toEqual([NaN, NaN, NaN, NaN, 2, 0, 0, 0]);
    expect(Array.from(hadamard(Float32Array.of(Infinity, 1)).data)).toEqual([Infinity, Infinity]);
  });

  it('refuses wrong arguments by name', () => {
    const x = new Float32Array(8);
    expect(() => hadamard(new Float32Array(30))).toThrow(
      /"x.shape" expected a size .*nearest sizes are 28 and 32/,
    );
    expect(() => hadamard(x, { blockSize: 3 })).toThrow(/"blockSize" expected a divisor/);
    expect(() => hadamard(new Float32Array(60), { blockSize: 30 })).toThrow(/"blockSize" expected a size/);
    expect(() => hadamard(x, { blockSize: 0 })).toThrow(RangeError);
    expect(() => hadamard(x, { seed: -1 })).toThrow(RangeError);
    expect(() => hadamard(x, { seed: '1' as unknown as number })).toThrow(TypeError);
    expect(() => hadamard(x, { inverse: 1 as unknown as boolean })).toThrow(TypeError);
    expect(() => hadamard(x, { normalise: true } as object)).toThrow(/did you mean "normalize"/);
    expect(() => hadamard(x, { out: x })).toThrow(/"out" expected memory apart from x/);
    expect(() => hadamard(x, { out: new Float32Array(7) })).toThrow(RangeError);
    expect(() => hadamard('x' as unknown as Float32Array)).toThrow(TypeError);
  });
});

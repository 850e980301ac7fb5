import { describe, expect, it } from 'vitest';
import { createRandom, hash32, hashAt, hashInto, hashKey, hashTweak, mix32 } from '../../src/core/random.js';

/** The definition in BigInt, written from its text. */
function hashByDefinition(seed: number, position: number): number {
  const mask = 0xffffffffn;
  const mix = (value: bigint): bigint => {
    let x = value & mask;
    x ^= x >> 16n;
    x = (x * 0x21f0aaadn) & mask;
    x ^= x >> 15n;
    x = (x * 0x735a2d97n) & mask;
    return x ^ (x >> 15n);
  };
  const low = (n: number): bigint => BigInt(n) & mask;
  const high = (n: number): bigint => BigInt(n) >> 32n;
  const key = mix(mix(mix(low(seed) + 0x9e3779b9n) ^ high(seed)) + high(position));
  const tweak = mix(key ^ 0x85ebca6bn);
  return Number(mix(mix(low(position) + key) ^ tweak));
}

describe('hash32', () => {
  it('has these values for ever: kernels in other languages repeat them', () => {
    expect([
      hash32(0, 0),
      hash32(1, 0),
      hash32(0, 1),
      hash32(0, 2 ** 32),
      hash32(2 ** 32, 0),
      hash32(2 ** 53 - 1, 2 ** 53 - 1),
    ]).toEqual([1044906280, 2990643009, 1596783973, 2039128311, 4254142807, 1378449774]);
  });

  it('equals its definition at the edges of 32 bits', () => {
    const edges = [
      0,
      1,
      2,
      0x7fffffff,
      0x80000000,
      0xffffffff,
      2 ** 32,
      2 ** 32 + 1,
      2 ** 52 + 5,
      2 ** 53 - 1,
    ];
    for (const seed of edges) {
      for (const position of edges) expect(hash32(seed, position)).toBe(hashByDefinition(seed, position));
    }
  });

  it('can be taken apart for loops', () => {
    const key = hashKey(77, 3);
    expect(hashAt(key, hashTweak(key), 5)).toBe(hash32(77, 3 * 2 ** 32 + 5));
    expect(mix32(-1)).toBe(mix32(0xffffffff));
  });

  it('fills arrays, across 2^32 too', () => {
    for (const position of [0, 1000, 2 ** 32 - 3, 2 ** 32, 2 ** 40 - 1]) {
      const out = new Uint32Array(7);
      hashInto(out, 2 ** 33 + 1, position);
      expect(Array.from(out)).toEqual(Array.from(out, (_, i) => hash32(2 ** 33 + 1, position + i)));
    }
  });

  it('flips each of 32 output bits for about half of the single-bit changes of seed and position', () => {
    const trials = 4096;
    for (let bit = 0; bit < 53; bit++) {
      const flips = new Array<number>(32).fill(0);
      for (let i = 0; i < trials; i++) {
        const n = hash32(99, i) * 2 ** 21 + (hash32(98, i) >>> 11);
        const flipped = Math.floor(n / 2 ** bit) % 2 === 0 ? n + 2 ** bit : n - 2 ** bit;
        const change = bit % 2 === 0 ? hash32(5, n) ^ hash32(5, flipped) : hash32(n, 5) ^ hash32(flipped, 5);
        for (let out = 0; out < 32; out++) flips[out] += (change >>> out) & 1;
      }
      // Six standard deviations of a fair coin: 6 * sqrt(4096) / 2.
      for (const count of flips) expect(Math.abs(count - trials / 2)).toBeLessThan(192);
    }
  });

  it('fills 256 bins evenly for neighbouring positions and for neighbouring seeds', () => {
    const draws = 1 << 16;
    for (const draw of [(i: number): number => hash32(3, i), (i: number): number => hash32(i, 3)]) {
      for (const shift of [0, 24]) {
        const bins = new Array<number>(256).fill(0);
        for (let i = 0; i < draws; i++) bins[(draw(i) >>> shift) & 255]++;
        const chiSquare = bins.reduce((sum, n) => sum + (n - draws / 256) ** 2 / (draws / 256), 0);
        // 255 degrees of freedom: mean 255, standard deviation 22.6; six of them either way.
        expect(chiSquare).toBeGreaterThan(255 - 136);
        expect(chiSquare).toBeLessThan(255 + 136);
      }
    }
  });

  it('draws no two numbers of two seeds from the same short set', () => {
    const block = (seed: number): Set<number> =>
      new Set(Array.from({ length: 4096 }, (_, i) => hash32(seed, i)));
    const first = block(1);
    const common = [...block(2)].filter((value) => first.has(value));
    expect(first.size).toBe(4096);
    expect(common.length).toBeLessThan(3);
  });
});

describe('createRandom', () => {
  it('repeats itself for a seed and differs for another', () => {
    const draw = (seed: number): number[] => {
      const random = createRandom(seed);
      return [random.uint32(), random.float(), random.normal(), random.normal(), random.normal()];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(0)[0]).toBe(hash32(0, 0));
  });

  it('gives floats in [0, 1) that are even in 64 bins and use all 53 bits', () => {
    const random = createRandom(1);
    const bins = new Array<number>(64).fill(0);
    let lowBits = 0;
    for (let i = 0; i < 64000; i++) {
      const x = random.float();
      if (!(x >= 0 && x < 1)) throw new Error(`out of range: ${x}`);
      bins[Math.floor(x * 64)]++;
      lowBits += (x * 2 ** 53) % 2;
    }
    const chiSquare = bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeGreaterThan(63 - 60);
    expect(chiSquare).toBeLessThan(63 + 68);
    expect(Math.abs(lowBits - 32000)).toBeLessThan(6 * 127);
  });

  it('gives normal numbers with the moments and the tail of a standard normal', () => {
    const random = createRandom(2);
    const count = 200_000;
    const sums = [0, 0, 0, 0];
    let beyondTwo = 0;
    for (let i = 0; i < count; i++) {
      const x = random.normal();
      for (let power = 1; power <= 4; power++) sums[power - 1] += x ** power;
      if (Math.abs(x) > 1.959963985) beyondTwo++;
    }
    const root = Math.sqrt(count);
    expect(Math.abs(sums[0] / count)).toBeLessThan(5 / root);
    expect(Math.abs(sums[1] / count - 1)).toBeLessThan((5 * Math.sqrt(2)) / root);
    expect(Math.abs(sums[2] / count)).toBeLessThan((5 * Math.sqrt(15)) / root);
    expect(Math.abs(sums[3] / count - 3)).toBeLessThan((5 * Math.sqrt(96)) / root);
    expect(Math.abs(beyondTwo / count - 0.05)).toBeLessThan((5 * Math.sqrt(0.05 * 0.95)) / root);
  });

  it('computes the polar method to within a few units in the last place', () => {
    const random = createRandom(3);
    const uniform = createRandom(3);
    for (let i = 0; i < 1000; i++) {
      let a, b, square;
      do {
        a = 2 * uniform.float() - 1;
        b = 2 * uniform.float() - 1;
        square = a * a + b * b;
      } while (!(square > 0 && square < 1));
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      for (const want of [a * factor, b * factor]) {
        expect(Math.abs(random.normal() - want)).toBeLessThanOrEqual(8 * 2 ** -52 * Math.abs(want));
      }
    }
  });

  it.each([[-1], [0.5], [2 ** 53], [NaN], [Infinity], ['1'], [null], [undefined], [1n]])(
    'refuses the seed %s',
    (seed) => {
      expect(() => createRandom(seed as number)).toThrow(
        'createRandom: "seed" expected a whole number from 0 to 2^53 - 1',
      );
    },
  );
});

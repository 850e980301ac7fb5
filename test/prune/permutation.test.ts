import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskNM, permutationNM } from '../../src/prune/index.js';

/** numpy.random.seed(seed); numpy.random.rand(count): MT19937, 53 bits of two draws. */
function legacyRand(seed: number, count: number): Float64Array {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  let at = 624;
  const draw = (): number => {
    if (at === 624) {
      for (let i = 0; i < 624; i++) {
        const y = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
        state[i] = state[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      at = 0;
    }
    let y = state[at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
  return Float64Array.from({ length: count }, () => ((draw() >>> 5) * 67108864 + (draw() >>> 6)) / 2 ** 53);
}

/** Sum of |x| under a 2:4 mask of the permuted columns. */
function keptUnder(x: Float64Array, rows: number, order: ArrayLike<number>): number {
  const width = order.length;
  const permuted = Float32Array.from(x, (_, i) => x[Math.floor(i / width) * width + order[i % width]]);
  const shape = [rows, width];
  const mask = maskNM({ data: permuted, shape }, { keep: 2, of: 4, order: 'magnitude' });
  return permuted.reduce((sum, value, i) => sum + (mask[i] === 1 ? Math.abs(value) : 0), 0);
}

describe('permutationNM', () => {
  it('reaches 35.5 % efficacy on the 64 columns and 128 rows of the apex benchmark', () => {
    const data = legacyRand(1, 128 * 64);
    const x = { data, shape: [128, 64] };
    const found = permutationNM(x, { keep: 2, of: 4 });
    // The figures of apex's README for this matrix.
    expect(data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(4083.2, 1);
    expect(found.keptBefore).toBeCloseTo(2852.4, 1);
    expect(found.efficacy).toBeGreaterThanOrEqual(0.355);
    expect(found.kept).toBeGreaterThanOrEqual(2919.8);
    expect(keptUnder(data, 128, found.permutation)).toBeCloseTo(found.kept, 2);
    expect(permutationNM(x, { keep: 2, of: 4 })).toEqual(found);
  });

  it('is a permutation that never keeps less than the identity, nor more than rows alone', () => {
    const shape = fc.record({
      rows: fc.integer({ min: 0, max: 6 }),
      groups: fc.integer({ min: 0, max: 4 }),
      of: fc.integer({ min: 1, max: 5 }),
    });
    const options = fc.record({
      keep: fc.nat(5),
      trials: fc.constantFrom(0, 50),
      maxWork: fc.constantFrom(0, 100, 1e9),
      method: fc.constantFrom('stripes' as const, 'swaps' as const),
    });
    fc.assert(
      fc.property(shape, options, fc.infiniteStream(fc.integer({ min: -9, max: 9 })), (s, o, stream) => {
        const width = s.groups * s.of;
        const x = {
          data: Float32Array.from({ length: s.rows * width }, () => stream.next().value),
          shape: [s.rows, width],
        };
        const method = s.of > 4 ? 'swaps' : o.method;
        const found = permutationNM(x, { ...o, method, of: s.of, keep: Math.min(o.keep, s.of) });
        expect([...found.permutation].sort((a, b) => a - b)).toEqual([...Array(width).keys()]);
        expect(found.kept).toBeGreaterThanOrEqual(found.keptBefore);
        expect(found.kept).toBeLessThanOrEqual(found.keptByRows + 1e-9);
      }),
      { numRuns: 500 },
    );
  });

  it('finds the best of two groups', () => {
    const x = { data: Float32Array.of(9, 8, 7, 6, 1, 1, 1, 1), shape: [1, 8] };
    for (const method of ['stripes', 'swaps'] as const) {
      expect(permutationNM(x, { keep: 2, of: 4, method, trials: 0 }).efficacy).toBe(1);
    }
  });

  it('refuses what it cannot permute', () => {
    const x = { data: new Float32Array(16), shape: [2, 8] };
    expect(() => permutationNM(x, { keep: 5, of: 4 })).toThrow(
      /^permutationNM: "keep" expected at most of, 4, got 5/,
    );
    expect(() => permutationNM(x, { keep: 1, of: 3 })).toThrow(
      /"of" expected a divisor of the columns, 8, got 3/,
    );
    expect(() => permutationNM(x, { keep: 1, of: 8, method: 'stripes' })).toThrow(
      /"of" expected at most 4 for stripes/,
    );
    expect(() => permutationNM(x.data, { keep: 2, of: 4 })).toThrow(/"x" expected a matrix, got "1 axes"/);
    x.data[5] = Infinity;
    expect(() => permutationNM(x, { keep: 2, of: 4 })).toThrow(
      /"x\[5\]" expected a finite number.*NON_FINITE/,
    );
  });
});

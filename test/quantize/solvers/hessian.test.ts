import fc from 'fast-check';
import { hessianAccumulator, NumericError } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { anyLayer } from '../../support/gptq.js';
import { NOT_TENSORS } from '../../support/wrong-types.js';

const bytesOf = (data: Float64Array): Uint8Array => new Uint8Array(data.buffer);

describe('hessianAccumulator()', () => {
  it('sums x^T x in the order of the rows', () => {
    fc.assert(
      fc.property(anyLayer, ({ x }) => {
        const [tokens, n] = x.shape;
        const sums = hessianAccumulator(n);
        sums.add(x);
        const expected = new Float64Array(n * n);
        for (let t = 0; t < tokens; t++)
          for (let i = 0; i < n; i++)
            for (let j = 0; j < n; j++) expected[i * n + j] += x.data[t * n + i] * x.data[t * n + j];
        expect(Array.from(sums.matrix.data, (v) => v + 0)).toEqual(Array.from(expected, (v) => v + 0));
        expect(sums.matrix.shape).toEqual([n, n]);
        expect(sums.count).toBe(tokens);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the same bytes however the rows are cut into batches', () => {
    fc.assert(
      fc.property(anyLayer, fc.integer({ min: 1, max: 7 }), ({ x }, batch) => {
        const [tokens, n] = x.shape;
        const [whole, parts] = [hessianAccumulator(n), hessianAccumulator(n)];
        whole.add(x);
        for (let t = 0; t < tokens; t += batch) {
          const rows = Math.min(batch, tokens - t);
          parts.add({ data: x.data.slice(t * n, (t + rows) * n), shape: [1, rows, n] });
        }
        expect(bytesOf(parts.matrix.data)).toEqual(bytesOf(whole.matrix.data));
        expect(parts.count).toBe(whole.count);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives out copies', () => {
    const sums = hessianAccumulator(1);
    sums.add(Float32Array.of(3));
    sums.matrix.data[0] = 0;
    expect(sums.matrix.data).toEqual(Float64Array.of(9));
  });

  it('counts rows of zeros, which change nothing, and takes no rows at all', () => {
    const sums = hessianAccumulator(2);
    sums.add({ data: new Float32Array(0), shape: [0, 2] });
    expect(sums.count).toBe(0);
    sums.add({ data: Float32Array.of(0, 0, 1, 2, 0, -0), shape: [3, 2] });
    expect(sums.count).toBe(3);
    expect(sums.matrix.data).toEqual(Float64Array.of(1, 2, 2, 4));
  });

  it('adds nothing of a batch with a value that is not finite', () => {
    const sums = hessianAccumulator(2);
    const batch = { data: Float32Array.of(1, 1, 1, NaN), shape: [2, 2] };
    expect(() => sums.add(batch)).toThrow(
      new NumericError(
        'NON_FINITE',
        'hessianAccumulator: "activations" expected finite numbers, got NaN at index 3 - leave such samples out',
        3,
      ),
    );
    expect(sums.count).toBe(0);
    expect(sums.matrix.data).toEqual(new Float64Array(4));
  });

  it('names what is wrong with rows and features', () => {
    const sums = hessianAccumulator(3);
    expect(() => sums.add({ data: new Float32Array(4), shape: [2, 2] })).toThrow(
      'hessianAccumulator: "activations.shape" expected a last axis of 3, got an array of 2: [2, 2]',
    );
    expect(() => hessianAccumulator(0)).toThrow(/^hessianAccumulator: "features" expected a whole number/);
    expect(() => hessianAccumulator(100_000)).toThrow(RangeError);
  });

  it.each(NOT_TENSORS)('refuses %s', (_, value) => {
    expect(() => hessianAccumulator(2).add(value as Float32Array)).toThrow(/"activations/);
  });
});

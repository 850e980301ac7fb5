import { describe, expect, it } from 'vitest';
import { NumericError } from '../../../src/core/errors.js';
import {
  binarize,
  hadamard,
  hamming,
  hammingTopK,
  productQuantizer,
  rescore,
  rotatedQuantizer,
  scalarQuantizer,
  searchVectors,
  vectorQuantizer,
} from '../../../src/quantize/index.js';
import { NOT_TENSORS } from '../../support/wrong-types.js';

const vectors = { data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), shape: [4, 2] };
const empty = { data: new Float32Array(0), shape: [0, 2] };
const withNaN = { data: Float32Array.of(0, NaN), shape: [1, 2] };
const query = { data: Float32Array.of(1, 1), shape: [1, 2] };
const wide = { data: Float32Array.of(1, 1, 1), shape: [1, 3] };
const quantizer = scalarQuantizer(vectors);
const codes = quantizer.encode(vectors);
const binary = binarize(vectors);
const any = <T>(value: unknown): T => value as T;

describe('vector quantizers', () => {
  it('refuse empty sets, but encode them', () => {
    expect(() => scalarQuantizer(empty)).toThrow(/"vectors" expected at least one vector/);
    expect(() => productQuantizer(empty, { subspaces: 1, centroids: 2 })).toThrow(RangeError);
    const none = quantizer.encode(empty);
    expect(none.byteSize).toBe(0);
    expect(quantizer.decode(none).shape).toEqual([0, 2]);
    expect(binarize(empty).codes.length).toBe(0);
    expect(searchVectors(empty, vectors, { k: 1, quantizer, codes }).indices.length).toBe(0);
  });

  it('count their bytes', () => {
    expect(codes.byteSize).toBe(4 * 2 + 4 * 4);
    const rotated = rotatedQuantizer({ dimensions: 2, bits: 4 }).encode(vectors);
    expect(rotated.byteSize).toBe(4 + 4 * 4 + 4 * 4);
  });

  it('name the first value that is not finite', () => {
    for (const call of [
      () => scalarQuantizer(withNaN),
      () => quantizer.encode(withNaN),
      () => binarize(withNaN),
      () => searchVectors(withNaN, vectors, { k: 1, quantizer, codes }),
      () => quantizer.distances(Float32Array.of(0, Infinity), codes),
      () => rescore(withNaN, vectors, hammingTopK(binarize(query), binary, { k: 1 }), { k: 1 }),
    ]) {
      expect(call).toThrow(NumericError);
      expect(call).toThrow(/at index 1 .*\[NON_FINITE\]/);
    }
    const huge = { data: Float32Array.of(0, 1e30), shape: [2, 1] };
    expect(() => productQuantizer(huge, { subspaces: 1, centroids: 2 })).toThrow(/\[OVERFLOW\]/);
  });

  it('refuse other dimensions', () => {
    const fix = /2 dimensions, got 3/;
    expect(() => quantizer.encode(wide)).toThrow(fix);
    expect(() => quantizer.distances(Float32Array.of(1, 2, 3), codes)).toThrow(fix);
    expect(() => searchVectors(wide, vectors, { k: 1, quantizer, codes })).toThrow(fix);
    expect(() => searchVectors(query, wide, { k: 1, quantizer, codes })).toThrow(fix);
    expect(() => hammingTopK(binarize(wide), binary, { k: 1 })).toThrow(fix);
    expect(() => quantizer.encode(Float32Array.of(1, 2))).toThrow(/\[count, dimensions\]/);
    expect(() => quantizer.distances(vectors, codes)).toThrow(/one query at a time/);
    const none = { data: new Float32Array(0), shape: [3, 0] };
    expect(() => binarize(none)).toThrow(/at least one dimension/);
  });

  it('refuse more results than vectors and more centroids than vectors', () => {
    expect(() => searchVectors(query, vectors, { k: 5, quantizer, codes })).toThrow(
      /"k" expected at most .* 4, got 5/,
    );
    expect(() => searchVectors(query, vectors, { k: 0, quantizer, codes })).toThrow(RangeError);
    expect(() => hammingTopK(binarize(query), binary, { k: 5 })).toThrow(/"k" expected at most/);
    expect(() => productQuantizer(vectors, { subspaces: 1, centroids: 5 })).toThrow(
      /"centroids" expected at most .* 4/,
    );
    expect(() => productQuantizer(vectors, { subspaces: 1 })).toThrow(/"centroids"/);
    const rough = hammingTopK(binarize(query), binary, { k: 2 });
    expect(() => rescore(query, vectors, rough, { k: 3 })).toThrow(/"k"/);
  });

  it('refuse wrong options by name', () => {
    expect(() => scalarQuantizer(vectors, { bits: any(5) })).toThrow(/"bits" expected 4, 6 or 8/);
    expect(() => scalarQuantizer(vectors, { bits: any('8') })).toThrow(TypeError);
    expect(() => scalarQuantizer(vectors, { range: any('max') })).toThrow(RangeError);
    expect(() => scalarQuantizer(vectors, { quantile: 0 })).toThrow(RangeError);
    expect(() => scalarQuantizer(vectors, { sigma: any('3') })).toThrow(TypeError);
    expect(() => productQuantizer(vectors, { subspaces: 3, centroids: 2 })).toThrow(RangeError);
    expect(() =>
      productQuantizer({ data: new Float32Array(8), shape: [2, 4] }, { subspaces: 3, centroids: 2 }),
    ).toThrow(/"subspaces" expected a divisor/);
    expect(() => productQuantizer(vectors, any(undefined))).toThrow(TypeError);
    expect(() => rotatedQuantizer({ dimensions: 0 })).toThrow(RangeError);
    expect(() => rotatedQuantizer({ dimensions: 2, bits: any(5) })).toThrow(RangeError);
    expect(() => rotatedQuantizer(any({ dimension: 2 }))).toThrow(/did you mean "dimensions"/);
    expect(() => binarize(vectors, { precision: any('int8') })).toThrow(/precision/);
    expect(() => quantizer.distances(Float32Array.of(1, 2), codes, { metric: any('cosine') })).toThrow(
      /metric/,
    );
    expect(() => searchVectors(query, vectors, { k: 1, quantizer, codes, oversample: 0 })).toThrow(
      RangeError,
    );
    expect(() => searchVectors(query, vectors, { k: 1, quantizer, codes, oversample: any('all') })).toThrow(
      TypeError,
    );
    expect(() => searchVectors(query, vectors, any({ k: 1, codes }))).toThrow(/"quantizer"/);
    expect(() => searchVectors(query, vectors, any({ k: 1, quantizer }))).toThrow(/"codes"/);
  });

  it.each(NOT_TENSORS)('refuse %s in place of vectors', (_, value) => {
    const wrong = any<Float32Array>(value);
    for (const call of [
      () => hadamard(wrong),
      () => scalarQuantizer(wrong),
      () => productQuantizer(wrong, { subspaces: 1, centroids: 2 }),
      () => quantizer.encode(wrong),
      () => quantizer.distances(wrong, codes),
      () => binarize(wrong),
      () => searchVectors(wrong, vectors, { k: 1, quantizer, codes }),
      () => searchVectors(query, wrong, { k: 1, quantizer, codes }),
      () => rescore(query, wrong, hammingTopK(binarize(query), binary, { k: 1 }), { k: 1 }),
    ]) {
      expect(call).toThrow(/^[a-zA-Z]+: "[^"]+" expected/);
    }
  });

  it('refuse records that are not theirs', () => {
    const other = rotatedQuantizer({ dimensions: 2 });
    expect(() => quantizer.decode(any({}))).toThrow(TypeError);
    expect(() => quantizer.decode(other.encode(vectors))).toThrow(/4 rows of 2 bytes/);
    expect(() => other.decode(codes)).toThrow(/4 rows of 1 bytes .* and scales/);
    expect(() => searchVectors(query, vectors, { k: 1, quantizer: other, codes })).toThrow(RangeError);
    const fewer = quantizer.encode(query);
    expect(() => searchVectors(query, vectors, { k: 1, quantizer, codes: fewer })).toThrow(
      /codes of 4 vectors/,
    );
    expect(() => vectorQuantizer(any({ kind: 'other' }))).toThrow(TypeError);
    expect(() => vectorQuantizer({ ...quantizer.params, low: new Float32Array(1) })).toThrow(RangeError);
    expect(() => hamming(Uint8Array.of(1), Uint8Array.of(1, 2))).toThrow(/1 bytes, as a has/);
    expect(() => hamming(any([1]), Uint8Array.of(1))).toThrow(TypeError);
    expect(() => hammingTopK(any({}), binary, { k: 1 })).toThrow(TypeError);
    expect(() => hammingTopK(binarize(query, { precision: 'binary' }), binary, { k: 1 })).toThrow(
      /precision/,
    );
    expect(() => rescore(query, vectors, any({}), { k: 1 })).toThrow(TypeError);
    const rough = hammingTopK(binarize(query), binary, { k: 1 });
    expect(() => rescore(query, any({ quantizer }), rough, { k: 1 })).toThrow(/"codes" expected a record/);
    expect(() => rescore(query, any({ quantizer: 1, codes }), rough, { k: 1 })).toThrow(
      /"vectors.quantizer"/,
    );
    expect(() => rescore(query, { quantizer: other, codes }, rough, { k: 1 })).toThrow(RangeError);
    expect(() => rescore(vectors, vectors, rough, { k: 1 })).toThrow(/1 indices for each of 4 queries/);
    const indices = Int32Array.of(9);
    expect(() => rescore(query, vectors, { indices, scores: new Float32Array(1), k: 1 }, { k: 1 })).toThrow(
      /indices/,
    );
  });
});

import fc from 'fast-check';
import {
  decodeTfjsWeight,
  dequantizeTfjs,
  encodeTfjsWeight,
  quantizeTfjs,
  type TfjsTensor,
} from 'tensorslim/tfjs';
import { describe, expect, it } from 'vitest';
import { decompress, errorBound, fromArrays, toArrays } from '../../../src/compressed/compressed.js';
import { fromBytes, toBytes } from '../../../src/compressed/bytes.js';
import { roundHalfEven } from '../../../src/core/rounding.js';

const DTYPES = ['uint8', 'uint16'] as const;
const TOP = { uint8: 255, uint16: 65535 } as const;
const NUM_RUNS = 1000;

const anyDType = fc.constantFrom(...DTYPES);

/** Finite weights of every size, with and without 0 in their range, up to the largest whose codes stay finite. */
const anyWeight: fc.Arbitrary<Float32Array> = fc
  .record({
    values: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 }),
    exponent: fc.integer({ min: -150, max: 120 }),
    offset: fc.constantFrom(0, 0, 0, 1, -1, 1.5, 40, -1000, 1e6),
  })
  .map(({ values, exponent, offset }) =>
    Float32Array.from(values, (v) => (v + offset) * 2 ** (exponent - 21)),
  );

/** quantization.py, operation by operation. */
function published(x: Float32Array, top: number): { codes: number[]; scale: number; min: number } {
  const low = x.reduce((a, b) => Math.min(a, b));
  const high = x.reduce((a, b) => Math.max(a, b));
  if (low === high) return { codes: Array.from(x, () => 0), scale: 1, min: low + 0 };
  const scale = (high - low) / top;
  let [min, max] = [low, high];
  if (low <= 0 && high >= 0) {
    min = -roundHalfEven((0 - low) / scale) * scale;
    max = top * scale + min;
  }
  const codes = Array.from(x, (v) => roundHalfEven((Math.min(Math.max(v, min), max) - min) / scale));
  return { codes, scale, min: min + 0 };
}

describe('quantizeTfjs', () => {
  it('is quantization.py, operation by operation', () => {
    fc.assert(
      fc.property(anyWeight, anyDType, (x, dtype) => {
        const before = x.slice();
        const { codes, scale, min } = quantizeTfjs(x, { dtype });
        expect({ codes: Array.from(codes), scale, min }).toEqual(published(x, TOP[dtype]));
        expect(x).toEqual(before);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it('does so for lengths around the size of its scratch arrays', () => {
    for (const length of [2047, 2048, 2049, 4096, 5000]) {
      const x = Float32Array.from({ length }, (_, i) => ((i * 7919) % 1009) / 500 - 1);
      for (const dtype of DTYPES) {
        expect(Array.from(quantizeTfjs(x, { dtype }).codes)).toEqual(published(x, TOP[dtype]).codes);
      }
    }
  });

  it('keeps 0 exactly 0 where it lies in the range, and the order of values', () => {
    fc.assert(
      fc.property(anyWeight, anyDType, (x, dtype) => {
        const withZero = Float32Array.of(...x, 0);
        const values = dequantizeTfjs(quantizeTfjs(withZero, { dtype }));
        expect(values[x.length]).toBe(0);
        const order = Array.from(withZero.keys()).sort((a, b) => withZero[a] - withZero[b]);
        for (let i = 1; i < order.length; i++) {
          expect(values[order[i]]).toBeGreaterThanOrEqual(values[order[i - 1]]);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it('scales with powers of two', () => {
    fc.assert(
      fc.property(anyWeight, anyDType, fc.integer({ min: 1, max: 20 }), (x, dtype, power) => {
        const larger = x.map((v) => v * 2 ** power);
        // Only while nothing was rounded on the way.
        fc.pre(larger.every((v, i) => Math.fround(v / 2 ** power) === x[i] && Number.isFinite(v)));
        const a = quantizeTfjs(x, { dtype });
        const b = quantizeTfjs(larger, { dtype });
        expect(b.codes).toEqual(a.codes);
        if (a.codes.some((code) => code > 0)) expect(b.scale).toBe(a.scale * 2 ** power);
        expect(b.min).toBe(a.min * 2 ** power);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it('rounds float64 input to float32 first', () => {
    const x = Float64Array.of(0.1, -0.7, 1 / 3, 1e-50);
    expect(quantizeTfjs(x, { dtype: 'uint16' })).toEqual(
      quantizeTfjs(Float32Array.from(x), { dtype: 'uint16' }),
    );
  });

  it('keeps shapes, and gives empty and constant tensors scale 1', () => {
    const q = quantizeTfjs({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] }, { dtype: 'uint8' });
    expect(q.shape).toEqual([2, 3]);
    expect(quantizeTfjs({ data: new Float32Array(0), shape: [2, 0] }, { dtype: 'uint16' })).toEqual({
      kind: 'tfjs',
      codes: new Uint16Array(0),
      dtype: 'uint16',
      scale: 1,
      min: 0,
      shape: [2, 0],
    });
    const constant = quantizeTfjs(
      { data: Float32Array.of(3.4028234663852886e38), shape: [] },
      { dtype: 'uint8' },
    );
    expect(constant.scale).toBe(1);
    expect(dequantizeTfjs(constant)).toEqual(Float32Array.of(3.4028234663852886e38));
  });
});

describe('dequantizeTfjs', () => {
  it('is the double product and sum, rounded once, for short and long tensors', () => {
    const parts = {
      dtype: anyDType,
      scale: fc.double({ min: 1e-30, max: 1e30, noNaN: true }),
      min: fc.double({ min: -1e30, max: 1e30, noNaN: true }).map((v) => v + 0),
      length: fc.constantFrom(0, 1, 5, 1023, 1024, 1030),
    };
    fc.assert(
      fc.property(fc.record(parts), ({ dtype, scale, min, length }) => {
        const numbers = Array.from({ length }, (_, i) => (i * 40503) % (TOP[dtype] + 1));
        const codes = dtype === 'uint8' ? Uint8Array.from(numbers) : Uint16Array.from(numbers);
        const expected = Float32Array.from(numbers, (code) => code * scale + min);
        const q: TfjsTensor = { kind: 'tfjs', codes, dtype, scale, min, shape: [length] };
        const out = new Float32Array(length);
        expect(dequantizeTfjs(q)).toEqual(expected);
        expect(dequantizeTfjs(q, { out })).toBe(out);
        expect(out).toEqual(expected);
        expect(decodeTfjsWeight(codes, { dtype, scale, min }, 'float32')).toEqual(expected);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it('stays within the bound when its values are quantized again', () => {
    fc.assert(
      fc.property(anyWeight, anyDType, (x, dtype) => {
        const q = quantizeTfjs(x, { dtype });
        const values = dequantizeTfjs(q);
        const again = dequantizeTfjs(quantizeTfjs(values, { dtype }));
        const bound = errorBound(q).maxAbs * (1 + 1e-6);
        for (let i = 0; i < x.length; i++) expect(Math.abs(again[i] - values[i])).toBeLessThanOrEqual(bound);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe('the error bound of a TfjsTensor', () => {
  it('is never exceeded', () => {
    fc.assert(
      fc.property(anyWeight, anyDType, (x, dtype) => {
        const q = quantizeTfjs(x, { dtype });
        const { maxAbs, l2 } = errorBound(q);
        let squares = 0;
        const values = dequantizeTfjs(q);
        for (let i = 0; i < x.length; i++) {
          const error = Math.abs(x[i] - values[i]);
          expect(error).toBeLessThanOrEqual(maxAbs);
          squares += error ** 2;
        }
        expect(Math.sqrt(squares)).toBeLessThanOrEqual(l2);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it('is not exceeded by values beside every tie, at both ends of a range and between them', () => {
    const neighbours = (v: number): number[] => {
      const bits = new Int32Array(Float32Array.of(v).buffer);
      return [-2, -1, 0, 1, 2].map((step) => new Float32Array(Int32Array.of(bits[0] + step).buffer)[0]);
    };
    fc.assert(
      fc.property(anyWeight, anyDType, fc.double({ min: 0, max: 1, noNaN: true }), (x, dtype, where) => {
        const { scale, min, codes } = quantizeTfjs(x, { dtype });
        fc.pre(codes.some((code) => code > 0));
        const [low, high] = [Math.min(...x), Math.max(...x)];
        const ties = [0, 1, Math.floor(where * TOP[dtype]), TOP[dtype] - 1].map(
          (c) => (c + 0.5) * scale + min,
        );
        const inside = ties
          .map(Math.fround)
          .flatMap(neighbours)
          .filter((v) => v > low && v < high);
        const harder = Float32Array.of(low, high, ...inside);
        const q = quantizeTfjs(harder, { dtype });
        expect([q.scale, q.min]).toEqual([scale, min]);
        const { maxAbs } = errorBound(q);
        const values = dequantizeTfjs(q);
        for (let i = 0; i < harder.length; i++)
          expect(Math.abs(harder[i] - values[i])).toBeLessThanOrEqual(maxAbs);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it.each(DTYPES)('is reached within 1 %% by some %s input', (dtype) => {
    // One step is 1, so that halves are ties; with 0 inside, and far enough from it that the decoder rounds too.
    const halves = Array.from({ length: 512 }, (_, i) => TOP[dtype] - 256 + i / 2);
    const x = Float32Array.of(0, TOP[dtype], ...halves.filter((v) => v < TOP[dtype]));
    const q = quantizeTfjs(x, { dtype });
    const values = dequantizeTfjs(q);
    const worst = x.reduce((most, v, i) => Math.max(most, Math.abs(v - values[i])), 0);
    expect(worst).toBeGreaterThan(errorBound(q).maxAbs * 0.99);
  });

  it('is 0 for constant and empty tensors', () => {
    for (const x of [new Float32Array(0), new Float32Array(5), Float32Array.of(0.3, 0.3)]) {
      expect(errorBound(quantizeTfjs(x, { dtype: 'uint8' }))).toEqual({ maxAbs: 0, l2: 0 });
    }
  });
});

describe('a TfjsTensor', () => {
  it('comes back equal from bytes and from arrays', () => {
    fc.assert(
      fc.property(anyWeight, anyDType, (x, dtype) => {
        const q = quantizeTfjs({ data: x, shape: [1, x.length] }, { dtype });
        expect(fromBytes(toBytes(q))).toEqual(q);
        const { header, arrays } = toArrays(q);
        expect(fromArrays(JSON.parse(JSON.stringify(header)), arrays)).toEqual(q);
        expect(decompress(q).data).toEqual(dequantizeTfjs(q));
      }),
      { numRuns: 300 },
    );
  });
});

describe('int32 weights', () => {
  it('are rounded with ties up and cut to 32 bits, as tfjs does', () => {
    const quantization = { dtype: 'uint8', scale: 0.5, min: -1.5 } as const;
    const codes = Uint8Array.of(0, 1, 2, 3, 4, 5);
    expect(decodeTfjsWeight(codes, quantization, 'int32')).toEqual(Int32Array.of(-1, -1, 0, 0, 1, 1));
    const beyond = { dtype: 'uint16', scale: 2 ** 31, min: 7 } as const;
    expect(decodeTfjsWeight(Uint16Array.of(0, 1, 2), beyond, 'int32')).toEqual(
      Int32Array.of(7, -(2 ** 31) + 7, 7),
    );
  });
});

describe('float16 weights', () => {
  it('come back exactly when they are float16 numbers', () => {
    const codes = Uint16Array.from({ length: 0x7c00 }, (_, i) => i);
    const x = decodeTfjsWeight(codes, { dtype: 'float16' }, 'float32');
    expect(encodeTfjsWeight(x, 'float16')).toEqual({ data: codes, quantization: { dtype: 'float16' } });
  });
});

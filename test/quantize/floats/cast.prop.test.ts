import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLOAT_FORMATS, maxFinite, SMALL_FLOATS } from '../../../src/core/float-formats.js';
import { ROUNDINGS } from '../../../src/core/rounding.js';
import { castFloat, decodeFloat, dequantizeFloat, quantizeFloat } from '../../../src/quantize/floats/cast.js';
import { floatErrorBound } from '../../../src/quantize/floats/float-tensor.js';

const roundings = fc.constantFrom(...ROUNDINGS);
const numbers = fc.oneof(
  fc
    .array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 30 })
    .map((x) => Float32Array.from(x)),
  fc
    .array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 30 })
    .map((x) => Float64Array.from(x)),
  fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { maxLength: 30 }).map((x) => Float64Array.from(x)),
);

describe.each(SMALL_FLOATS)('%s', (dtype) => {
  const format = FLOAT_FORMATS[dtype];
  const inputs = format.signed
    ? numbers
    : numbers.map((x) => x.map((value) => Math.abs(value) + 1e-40) as typeof x);

  it('no error exceeds the bound, whatever the rounding, clamped values included', () => {
    fc.assert(
      fc.property(inputs, roundings, fc.nat(1000), (x, rounding, seed) => {
        const c = quantizeFloat(x, { dtype, rounding, seed, overflow: 'saturate' });
        const decoded = dequantizeFloat(c);
        const { maxAbs, l2 } = floatErrorBound(c);
        let squares = 0;
        for (let i = 0; i < x.length; i++) {
          const error = Math.abs(x[i] - decoded[i]);
          if (!(error <= maxAbs)) throw new Error(`${x[i]} became ${decoded[i]}: ${error} exceeds ${maxAbs}`);
          squares += error * error;
        }
        expect(Math.sqrt(squares)).toBeLessThanOrEqual(l2);
      }),
      { numRuns: 1000 },
    );
  });

  it('the bound is reached within 1 % by some input', () => {
    const directions = {
      halfEven: 0.4999,
      halfUp: 0.4999,
      halfAwayFromZero: 0.4999,
      truncate: 0.9999,
      stochastic: 0,
    };
    const value = 4;
    const gap = format.signed ? 4 * 2 ** -format.mantissaBits : 4;
    for (const rounding of ROUNDINGS) {
      const share = directions[rounding];
      const x = Float32Array.of(value + gap * share);
      if (rounding === 'stochastic') x[0] = value + gap * 0.999;
      for (let seed = 0; seed < 20000; seed++) {
        const c = quantizeFloat(x, { dtype, rounding, seed });
        const error = Math.abs(x[0] - dequantizeFloat(c)[0]);
        const { maxAbs } = floatErrorBound(c);
        if (error >= 0.99 * maxAbs) break;
        if (rounding !== 'stochastic' || seed === 19999)
          throw new Error(`${rounding}: ${error} of ${maxAbs}`);
      }
    }
    const clamped = quantizeFloat(Float32Array.of(Math.min(maxFinite(format) * 3, 3.4e38)), {
      dtype,
      overflow: 'saturate',
    });
    const error = Math.min(maxFinite(format) * 3, Math.fround(3.4e38)) - maxFinite(format);
    expect(floatErrorBound(clamped).maxAbs).toBeGreaterThanOrEqual(error);
    // In bfloat16 nothing in float32 lies beyond the covered range.
    if (dtype !== 'bfloat16') expect(floatErrorBound(clamped).maxAbs).toBeLessThan(error * 1.01);
  });

  it('compressing what was decompressed changes nothing', () => {
    fc.assert(
      fc.property(inputs, roundings, (x, rounding) => {
        const options = { dtype, rounding, overflow: 'saturate' } as const;
        const once = quantizeFloat(x, options);
        expect(quantizeFloat(dequantizeFloat(once), options).codes).toEqual(once.codes);
      }),
      { numRuns: 1000 },
    );
  });

  it('inputs and what lies around them stay as they were, at odd offsets', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 64, maxLength: 256 }),
        fc.integer({ min: 0, max: 8 }),
        (bytes, begin) => {
          const buffer = bytes.slice(0, bytes.length - (bytes.length % 4)).buffer;
          const words = new Uint32Array(buffer);
          // No NaN and no infinity: the lowest bit of the exponent is never set.
          for (let i = 0; i < words.length; i++) words[i] &= 0xff7fffff;
          const expected = new Uint8Array(buffer.slice(0));
          const x = new Float32Array(buffer, begin * 4, words.length - begin - 1);
          const codes = castFloat(x, dtype, { overflow: format.nanCode === null ? 'saturate' : 'infinity' });
          const kept = codes.slice();
          decodeFloat(codes, dtype);
          expect(new Uint8Array(buffer)).toEqual(expected);
          expect(codes).toEqual(kept);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a view of any stride casts as its contiguous copy', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        (rows, columns, flip) => {
          const data = Float32Array.from({ length: rows * columns }, (_, i) => (i + 1) / 7);
          const stride = [flip ? -1 : 1, rows];
          const offset = flip ? rows - 1 : 0;
          const copy = new Float32Array(rows * columns);
          for (let r = 0; r < rows; r++) {
            for (let c = 0; c < columns; c++) copy[r * columns + c] = data[offset + r * stride[0] + c * rows];
          }
          expect(castFloat({ data, shape: [rows, columns], stride, offset }, dtype)).toEqual(
            castFloat(copy, dtype),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

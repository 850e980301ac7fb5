import fc from 'fast-check';
import {
  byteSize,
  decompress,
  errorBound,
  FormatError,
  fromBytes,
  quantizeAffine,
  quantizeFloat,
  quantizeFloat8,
  quantizeMx,
  quantizeNvfp4,
  quantizeWith,
  toBytes,
  type Compressed,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { toArrays } from '../../src/compressed/compressed.js';
import { schemeArraySpecs } from '../../src/compressed/schemes.js';
import { crc32c } from '../../src/core/checksum.js';
import { SMALL_FLOATS } from '../../src/core/float-formats.js';
import { anyCase, anyQParams, anySample, anyValues } from '../support/affine.js';
import { anyTensor, MX_CASES } from '../support/blocks.js';
import { bitsOf } from '../support/kernels.js';

const anyAffine: fc.Arbitrary<Compressed> = anyCase.map(({ data, shape, options }) =>
  quantizeAffine({ data, shape }, options),
);
const anyForeign: fc.Arbitrary<Compressed> = fc
  .tuple(fc.nat(40).chain(anyValues), anyQParams)
  .map(([list, qparams]) => quantizeWith(Float32Array.from(list), qparams));
const anyFloat: fc.Arbitrary<Compressed> = fc
  .tuple(anySample, fc.constantFrom(...SMALL_FLOATS))
  .map(([x, dtype]) =>
    quantizeFloat(x, { dtype, overflow: dtype === 'float8_e8m0fnu' ? 'infinity' : 'saturate' }),
  );
const anyBlocks: fc.Arbitrary<Compressed> = fc
  .tuple(anyTensor, fc.constantFrom(...MX_CASES), fc.nat(3))
  .map(([x, [element, scaleMode], which]) => {
    if (which === 0) return quantizeNvfp4(x);
    if (which === 1) return quantizeFloat8(x, { granularity: { kind: 'token' } });
    return quantizeMx(x, { element, scaleMode });
  });
const anyCompressed = fc.oneof(anyBlocks, anyAffine, anyForeign, anyFloat);

/** The bytes with their checksum made right, as one who tampers would. */
function resealed(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(12, crc32c(bytes.subarray(16), crc32c(bytes.subarray(0, 12))), true);
  return bytes;
}

describe('toBytes and fromBytes', () => {
  it('lose nothing', () => {
    fc.assert(
      fc.property(anyCompressed, (c) => {
        const bytes = toBytes(c);
        const back = fromBytes(bytes);
        expect(back).toEqual(c);
        expect(bitsOf(toBytes(back))).toBe(bitsOf(bytes));
        expect(decompress(back)).toEqual(decompress(c));
        expect(errorBound(back)).toEqual(errorBound(c));
      }),
      { numRuns: 2000 },
    );
  });

  it('read bytes at any offset, of any kind of Uint8Array, and leave them alone', () => {
    fc.assert(
      fc.property(anyCompressed, fc.nat(17), fc.boolean(), (c, shift, asBuffer) => {
        const bytes = toBytes(c);
        const room = asBuffer
          ? Buffer.allocUnsafe(bytes.length + shift)
          : new Uint8Array(bytes.length + shift);
        room.set(bytes, shift);
        const part = room.subarray(shift);
        const back = fromBytes(part as Uint8Array<ArrayBuffer>);
        expect(bitsOf(part)).toBe(bitsOf(bytes));
        room.fill(0xff);
        expect(back).toEqual(c);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['affine, 4 bits', quantizeAffine(Float32Array.of(1, -2, 3), { bits: 4, mapping: 'asymmetric' })],
    ['mx', quantizeMx(Float32Array.of(1, -2, 3), { element: 'float4_e2m1fn' })],
    ['nvfp4', quantizeNvfp4(Float32Array.of(1, -2, 3))],
    ['float', quantizeFloat(Float32Array.of(1, -2, 3), { dtype: 'float6_e2m3fn' })],
  ])('notice every change of one byte: %s, all bytes, all values', (_, c) => {
    const bytes = toBytes(c);
    for (let i = 0; i < bytes.length; i++) {
      const right = bytes[i];
      for (let value = 0; value < 256; value++) {
        if (value === right) continue;
        bytes[i] = value;
        try {
          fromBytes(bytes);
        } catch (error) {
          if (error instanceof FormatError) continue;
          throw error;
        }
        throw new Error(`byte ${i} as ${value} instead of ${right} passes`);
      }
      bytes[i] = right;
    }
    expect(fromBytes(bytes)).toEqual(c);
  });

  it('notice every cut and every addition', () => {
    fc.assert(
      fc.property(anyCompressed, fc.nat(), (c, at) => {
        const bytes = toBytes(c);
        expect(() => fromBytes(bytes.slice(0, at % bytes.length))).toThrow(FormatError);
        const longer = new Uint8Array(bytes.length + 1 + (at % 9));
        longer.set(bytes);
        expect(() => fromBytes(longer)).toThrow(FormatError);
        expect(() => fromBytes(resealed(longer))).toThrow(FormatError);
      }),
      { numRuns: 500 },
    );
  });

  it('bytes that were changed and sealed anew are refused by name or are a sound tensor', () => {
    fc.assert(
      fc.property(
        anyCompressed,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (c, edits) => {
          const bytes = toBytes(c);
          for (const [at, value] of edits) bytes[16 + (at % (bytes.length - 16))] = value;
          let back: Compressed;
          try {
            back = fromBytes(resealed(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
            return;
          }
          expect(decompress(back).data.length).toBe(back.shape.reduce((a, b) => a * b, 1));
          expect(errorBound(back).maxAbs).toBeGreaterThanOrEqual(0);
          expect(fromBytes(toBytes(back))).toEqual(back);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('bytes of chance are refused by name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(() => fromBytes(bytes as Uint8Array<ArrayBuffer>)).toThrow(FormatError);
      }),
      { numRuns: 500 },
    );
  });
});

describe('over every kind', () => {
  it('byteSize is the sum of the arrays that are stored', () => {
    fc.assert(
      fc.property(anyCompressed, (c) => {
        const stored = toArrays(c).arrays.reduce((sum, { data }) => sum + data.byteLength, 0);
        expect(byteSize(c)).toBe(stored);
        expect(toBytes(c).length).toBeGreaterThanOrEqual(stored + 16);
      }),
      { numRuns: 500 },
    );
  });

  it('decompress writes to out what it returns without', () => {
    fc.assert(
      fc.property(anyCompressed, (c) => {
        const { data, shape, dtype } = decompress(c);
        const out = new Float32Array(data.length).fill(7);
        expect(decompress(c, { out }).data).toBe(out);
        expect(out).toEqual(data);
        expect([dtype, shape]).toEqual(['float32', c.shape]);
      }),
      { numRuns: 500 },
    );
  });

  it('the arrays of a result are known before it is made', () => {
    fc.assert(
      fc.property(
        anyCase,
        fc.constantFrom(...SMALL_FLOATS.slice(0, 7)),
        ({ data, shape, options }, dtype) => {
          const specs = (c: Compressed): object[] =>
            toArrays(c).arrays.map(({ name, dtype: type, shape: axes }) => ({
              name,
              dtype: type,
              shape: axes,
            }));
          const x = { data, shape };
          expect(schemeArraySpecs(shape, { scheme: 'affine', ...options })).toEqual(
            specs(quantizeAffine(x, options)),
          );
          expect(schemeArraySpecs(shape, { scheme: 'float', dtype })).toEqual(
            specs(quantizeFloat(x, { dtype })),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { I8, U8 } from '../../src/core/arrays.js';
import { referenceKernels } from '../../src/kernels/reference/index.js';
import type { Guarded, Where } from '../support/kernels.js';
import { TWIN_RUNS, anyPlace, bitsOf, clearArena, guarded, guardedCopy, twins } from '../support/kernels.js';

const twin = fc.constantFrom(...twins().map(({ kernels }) => kernels));
const ALL = [referenceKernels, ...twins().map(({ kernels }) => kernels)];

const bits = fc.integer({ min: 1, max: 8 });
const bytes = fc.uint8Array({ maxLength: 400, size: 'max' });
const isSigned = fc.boolean();

/** The least code of a signed or unsigned type of this many bits. */
const leastCode = (signed: boolean, width: number): number => (signed ? -(2 ** (width - 1)) : 0);

const newCodes = (signed: boolean, count: number): I8 | U8 =>
  signed ? new Int8Array(count) : new Uint8Array(count);

const guardedCodes = (signed: boolean, count: number, where: Where): Guarded<I8 | U8> =>
  signed ? guarded(Int8Array, count, where) : guarded(Uint8Array, count, where);

/** Codes of this width, one from each byte. */
function codesFrom(raw: U8, width: number, signed: boolean): I8 | U8 {
  const codes = newCodes(signed, raw.length);
  raw.forEach((byte, i) => (codes[i] = (byte % 2 ** width) + leastCode(signed, width)));
  return codes;
}

describe('packBits and unpackBits', () => {
  it('packs the same bytes in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(
        twin,
        bytes,
        bits,
        isSigned,
        anyPlace,
        anyPlace,
        (kernels, raw, width, signed, from, to) => {
          clearArena();
          const codeMin = leastCode(signed, width);
          const values = codesFrom(raw, width, signed);
          const length = Math.ceil((values.length * width) / 8);
          const expected = new Uint8Array(length);
          referenceKernels.packBits(expected, values, values.length, width, codeMin);
          const codes = guardedCodes(signed, values.length, from);
          codes.array.set(values);
          const packed = guarded(Uint8Array, length, to);
          packed.array.fill(0xff);
          kernels.packBits(packed.array, codes.array, values.length, width, codeMin);
          expect(bitsOf(packed.array)).toBe(bitsOf(expected));
          expect(packed.intact() && codes.intact()).toBe(true);
          expect(bitsOf(codes.array)).toBe(bitsOf(values));
        },
      ),
      { numRuns: TWIN_RUNS },
    );
  });

  it('unpacks the same codes in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(
        twin,
        bytes,
        bits,
        isSigned,
        anyPlace,
        anyPlace,
        (kernels, stream, width, signed, from, to) => {
          clearArena();
          const codeMin = leastCode(signed, width);
          const count = Math.floor((stream.length * 8) / width);
          const used = stream.subarray(0, Math.ceil((count * width) / 8));
          const expected = newCodes(signed, count);
          referenceKernels.unpackBits(expected, used, count, width, codeMin);
          const packed = guardedCopy(Uint8Array, used, from);
          const codes = guardedCodes(signed, count, to);
          kernels.unpackBits(codes.array, packed.array, count, width, codeMin);
          expect(bitsOf(codes.array)).toBe(bitsOf(expected));
          expect(codes.intact() && packed.intact()).toBe(true);
          expect(bitsOf(packed.array)).toBe(bitsOf(used));
        },
      ),
      { numRuns: TWIN_RUNS },
    );
  });

  it('unpacking what was packed gives the codes back', () => {
    fc.assert(
      fc.property(twin, bytes, bits, isSigned, (kernels, raw, width, signed) => {
        clearArena();
        const codeMin = leastCode(signed, width);
        const codes = codesFrom(raw, width, signed);
        const packed = new Uint8Array(Math.ceil((codes.length * width) / 8));
        kernels.packBits(packed, codes, codes.length, width, codeMin);
        const back = newCodes(signed, codes.length);
        kernels.unpackBits(back, packed, codes.length, width, codeMin);
        expect(bitsOf(back)).toBe(bitsOf(codes));
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps every code of every width at every anyPlace of a byte', () => {
    for (const kernels of ALL) {
      for (let width = 1; width <= 8; width++) {
        const codes = Uint8Array.from(
          { length: 8 * 2 ** width + 7 },
          (_, i) => (i * 5 + (i >> 3)) % 2 ** width,
        );
        const packed = new Uint8Array(Math.ceil((codes.length * width) / 8));
        kernels.packBits(packed, codes, codes.length, width, 0);
        const back = new Uint8Array(codes.length);
        kernels.unpackBits(back, packed, codes.length, width, 0);
        expect(back).toEqual(codes);
      }
    }
  });

  it('puts the first code into the lowest bits', () => {
    for (const kernels of ALL) {
      const nibbles = new Uint8Array(2);
      kernels.packBits(nibbles, Int8Array.of(-8, 7, -7), 3, 4, -8);
      expect([...nibbles]).toEqual([0xf0, 0x01]);
      const threes = new Uint8Array(2);
      kernels.packBits(threes, Uint8Array.of(1, 2, 7, 5), 4, 3, 0);
      // 101 111 010 001 from the highest bit down.
      expect([...threes]).toEqual([0b11010001, 0b1011]);
    }
  });
});

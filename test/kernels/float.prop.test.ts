import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { F32 } from '../../src/core/arrays.js';
import { referenceKernels } from '../../src/kernels/reference/index.js';
import {
  TWIN_RUNS,
  anyFloat,
  anyPlace,
  bitsOf,
  clearArena,
  guarded,
  guardedCopy,
  twins,
} from '../support/kernels.js';

const twin = fc.constantFrom(...twins().map(({ kernels }) => kernels));

/** Halfway between neighbours, below an even and below an odd code, and where the ranges of the formats end. */
const EDGES = [
  ...[
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
    1 + 2 ** -11 + 2 ** -23,
    1 + 2 ** -8,
    1 + 3 * 2 ** -8,
    1 + 2 ** -8 + 2 ** -23,
  ],
  ...[65504, 65519.99609375, 65520, 65536, 3.3961775292304601e38, 3.3895313892515355e38],
  ...[
    2 ** -14,
    2 ** -14 - 2 ** -25,
    2 ** -24,
    2 ** -25,
    3 * 2 ** -25,
    2 ** -133,
    2 ** -134,
    3 * 2 ** -134,
    2 ** -149,
  ],
].flatMap((x) => [x, -x]);

const someFloat = fc.oneof(
  { weight: 3, arbitrary: anyFloat },
  { weight: 1, arbitrary: fc.constantFrom(...EDGES) },
  { weight: 1, arbitrary: fc.integer({ min: -(2 ** 24), max: 2 ** 24 }).map((n) => n / 2 ** 26) },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ minLength: 4, maxLength: 4 })
      .map((b) => new Float32Array(b.slice().buffer)[0]),
  },
);

const floats = (maxLength: number): fc.Arbitrary<F32> =>
  fc.array(someFloat, { maxLength, size: 'max' }).map((values) => Float32Array.from(values));

const FORMATS = [
  { name: 'float16', encode: 'encodeFloat16', decode: 'decodeFloat16' },
  { name: 'bfloat16', encode: 'encodeBfloat16', decode: 'decodeBfloat16' },
] as const;

const codes = fc.uint16Array({ maxLength: 300, size: 'max' });

describe.each(FORMATS)('$name kernels', ({ encode, decode }) => {
  it('encodes the same codes in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, floats(300), anyPlace, anyPlace, (kernels, values, from, to) => {
        clearArena();
        const expected = new Uint16Array(values.length);
        referenceKernels[encode](expected, values);
        const x = guardedCopy(Float32Array, values, from);
        const out = guarded(Uint16Array, values.length, to);
        kernels[encode](out.array, x.array);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(out.intact() && x.intact()).toBe(true);
        expect(bitsOf(x.array)).toBe(bitsOf(values));
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('decodes the same values in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, codes, anyPlace, anyPlace, (kernels, values, from, to) => {
        clearArena();
        const expected = new Float32Array(values.length);
        referenceKernels[decode](expected, values);
        const input = guardedCopy(Uint16Array, values, from);
        const out = guarded(Float32Array, values.length, to);
        kernels[decode](out.array, input.array);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(out.intact() && input.intact()).toBe(true);
        expect(bitsOf(input.array)).toBe(bitsOf(values));
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('encoding a decoded code gives the code back, unless it is a NaN', () => {
    fc.assert(
      fc.property(twin, codes, (kernels, values) => {
        const decoded = new Float32Array(values.length);
        kernels[decode](decoded, values);
        const back = new Uint16Array(values.length);
        kernels[encode](back, decoded);
        const expected = values.map((code, i) => (Number.isNaN(decoded[i]) ? back[i] : code));
        expect(bitsOf(back)).toBe(bitsOf(expected));
        expect(decoded.every((x, i) => !Number.isNaN(x) || isNaNCode(back[i], decode))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('encoding is monotone and symmetric', () => {
    fc.assert(
      fc.property(twin, floats(100), (kernels, values) => {
        const sorted = values.filter((x) => !Number.isNaN(x)).sort();
        const up = new Uint16Array(sorted.length);
        const down = new Uint16Array(sorted.length);
        kernels[encode](up, sorted);
        kernels[encode](
          down,
          sorted.map((x) => -x),
        );
        const order = Array.from(up, (code) => (code & 0x8000 ? -(code & 0x7fff) : code));
        for (let i = 0; i < sorted.length; i++) {
          if (i > 0) expect(order[i]).toBeGreaterThanOrEqual(order[i - 1]);
          expect(down[i]).toBe(up[i] ^ 0x8000);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function isNaNCode(code: number, decode: 'decodeFloat16' | 'decodeBfloat16'): boolean {
  return (code & 0x7fff) > (decode === 'decodeFloat16' ? 0x7c00 : 0x7f80);
}

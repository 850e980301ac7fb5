import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { powerCode, powerRule, SCALE_MODES, topOf } from '../../src/core/block-scale.js';
import { decodeCode, FLOAT_FORMATS } from '../../src/core/float-formats.js';
import { referenceKernels } from '../../src/kernels/reference/index.js';
import type { ElementFloat, Kernels } from '../../src/kernels/types.js';
import {
  TWIN_RUNS,
  anyFloat,
  anyFloats,
  anyLayout,
  anyPlace,
  bitsOf,
  clearArena,
  guarded,
  guardedCopy,
  list,
  runCount,
  twins,
} from '../support/kernels.js';

const twin = fc.constantFrom(...twins().map(({ kernels }) => kernels));
const anyKernels: fc.Arbitrary<Kernels> = fc.oneof(twin, fc.constant(referenceKernels));

const element = fc.constantFrom<ElementFloat>(
  'float8_e4m3fn',
  'float8_e5m2',
  'float6_e2m3fn',
  'float6_e3m2fn',
  'float4_e2m1fn',
);

/** Ordinary scales, powers of two to the ends of float32, and everything else. */
const anyScale = fc.oneof(
  { weight: 4, arbitrary: fc.float({ min: Math.fround(1e-3), max: 1e3, noNaN: true }) },
  { weight: 3, arbitrary: fc.integer({ min: -149, max: 127 }).map((e) => 2 ** e) },
  { weight: 2, arbitrary: fc.constantFrom(0, NaN, Infinity, 1, 0.25) },
  { weight: 1, arbitrary: anyFloat },
);

/** Halves of steps, and their float32 neighbours, around every value of the element: where rounding decides. */
const tiesOf = (type: ElementFloat): fc.Arbitrary<number> => {
  const format = FLOAT_FORMATS[type];
  return fc
    .tuple(fc.nat(format.maxFiniteCode), fc.integer({ min: -1, max: 1 }), fc.boolean())
    .map(([code, ulps, isNegative]) => {
      const low = decodeCode(code, format);
      const high = code === format.maxFiniteCode ? low * 1.125 : decodeCode(code + 1, format);
      const bits = new Int32Array(Float32Array.of((low + high) / 2).buffer);
      bits[0] += ulps;
      const [value] = new Float32Array(bits.buffer);
      return isNegative ? -value : value;
    });
};

const anyTensor = fc.tuple(anyLayout, element).chain(([layout, type]) =>
  fc.record({
    layout: fc.constant(layout),
    type: fc.constant(type),
    x: fc.oneof(anyFloats(layout.rows * layout.width), list(tiesOf(type), layout.rows * layout.width)),
    scale: fc.oneof(list(anyScale, runCount(layout)), list(fc.constantFrom(1, 1, 2, 0.5), runCount(layout))),
  }),
);

describe('encodeFloatRuns', () => {
  it('gives the same codes in the reference and in every twin', () => {
    fc.assert(
      fc.property(
        twin,
        anyTensor,
        fc.constantFrom('product' as const, 'quotient' as const),
        anyPlace,
        anyPlace,
        (kernels, { layout: { rows, width, run }, type, x, scale }, arithmetic, p, q) => {
          clearArena();
          const scales = Float32Array.from(scale);
          const expected = new Uint8Array(x.length);
          const input = guardedCopy(Float32Array, x, p);
          referenceKernels.encodeFloatRuns(
            expected,
            Float32Array.from(x),
            scales,
            rows,
            width,
            run,
            type,
            arithmetic,
          );
          const codes = guarded(Uint8Array, x.length, q);
          kernels.encodeFloatRuns(codes.array, input.array, scales, rows, width, run, type, arithmetic);
          expect(bitsOf(codes.array)).toBe(bitsOf(expected));
          expect(codes.intact() && input.intact()).toBe(true);
          expect(bitsOf(input.array)).toBe(bitsOf(Float32Array.from(x)));
        },
      ),
      { numRuns: TWIN_RUNS },
    );
  });

  it('counts NaN as 0, and gives zeros under a scale of NaN', () => {
    for (const { kernels } of twins()) {
      const codes = new Uint8Array(40).fill(0xff);
      const x = new Float32Array(40).fill(-3);
      kernels.encodeFloatRuns(codes, x, Float32Array.of(NaN, 1), 1, 40, 20, 'float4_e2m1fn', 'product');
      expect(Array.from(codes)).toEqual([
        ...new Array<number>(20).fill(0),
        ...new Array<number>(20).fill(13),
      ]);
      kernels.encodeFloatRuns(codes, x.fill(NaN), Float32Array.of(1), 1, 40, 40, 'float8_e4m3fn', 'quotient');
      expect(codes.every((code) => code === 0)).toBe(true);
    }
  });
});

describe('decodeFloatRuns', () => {
  it('gives the same values for all codes in the reference and in every twin', () => {
    const anyCodes = fc.tuple(anyLayout, element).chain(([layout, type]) =>
      fc.record({
        layout: fc.constant(layout),
        type: fc.constant(type),
        codes: list(
          fc.nat(
            FLOAT_FORMATS[type].exponentBits + FLOAT_FORMATS[type].mantissaBits === 7
              ? 255
              : type.startsWith('float6')
                ? 63
                : 15,
          ),
          layout.rows * layout.width,
        ),
        scale: list(anyScale, runCount(layout)),
      }),
    );
    fc.assert(
      fc.property(twin, anyCodes, anyPlace, anyPlace, (kernels, t, p, q) => {
        clearArena();
        const { rows, width, run } = t.layout;
        const scales = Float32Array.from(t.scale);
        const expected = new Float32Array(t.codes.length);
        const codes = guardedCopy(Uint8Array, t.codes, p);
        referenceKernels.decodeFloatRuns(expected, codes.array, scales, rows, width, run, t.type);
        const out = guarded(Float32Array, t.codes.length, q);
        kernels.decodeFloatRuns(out.array, codes.array, scales, rows, width, run, t.type);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(out.intact() && codes.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

/** Whole blocks of an even length, most of them of 32, in every range of float32. */
const blocks = fc
  .record({
    runs: fc.nat({ max: 8 }),
    half: fc.oneof(
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(16, 16, 8, 32),
      fc.integer({ min: 12, max: 70 }),
    ),
    exponent: fc.constantFrom(0, 0, 0, -30, -125, -148, 100, 120),
  })
  .chain(({ runs, half, exponent }) =>
    fc.oneof(anyFloats(2 * runs * half), list(tiesOf('float4_e2m1fn'), 2 * runs * half)).map((values) => ({
      runs,
      run: 2 * half,
      x: Float32Array.from(values, (v) => v * 2 ** exponent),
    })),
  );

const rule = fc.constantFrom(...SCALE_MODES.map((mode) => powerRule(mode, topOf('float4_e2m1fn'))));

describe('quantizePackMx4', () => {
  it('equals absmax, scale, codes and packing one after another, in the reference and in every twin', () => {
    fc.assert(
      fc.property(
        anyKernels,
        twin,
        blocks,
        rule,
        anyPlace,
        anyPlace,
        anyPlace,
        (one, other, t, r, p, q, s) => {
          clearArena();
          const divisor = new Float32Array(t.runs);
          other.absmaxRuns(divisor, t.x, t.runs, t.run, t.run);
          const expectedScale = Uint8Array.from(divisor, (absmax) => powerCode(absmax, r));
          divisor.forEach(
            (_, j) => (divisor[j] = decodeCode(expectedScale[j], FLOAT_FORMATS.float8_e8m0fnu)),
          );
          const codes = new Uint8Array(t.x.length);
          other.encodeFloatRuns(codes, t.x, divisor, t.runs, t.run, t.run, 'float4_e2m1fn', 'quotient');
          const expected = new Uint8Array(t.x.length / 2);
          other.packBits(expected, codes, codes.length, 4, 0);

          const x = guardedCopy(Float32Array, t.x, p);
          const packed = guarded(Uint8Array, t.x.length / 2, q);
          const scale = guarded(Uint8Array, t.runs, s);
          one.quantizePackMx4(packed.array, scale.array, x.array, t.runs, t.run, r);
          expect(bitsOf(scale.array)).toBe(bitsOf(expectedScale));
          expect(bitsOf(packed.array)).toBe(bitsOf(expected));
          expect(x.intact() && packed.intact() && scale.intact()).toBe(true);
          expect(bitsOf(x.array)).toBe(bitsOf(t.x));
        },
      ),
      { numRuns: TWIN_RUNS },
    );
  });
});

describe('decodePackedFloatRuns4', () => {
  it('equals unpacking and decoding one after another, in the reference and in every twin', () => {
    const packedRuns = fc
      .record({
        runs: fc.nat({ max: 8 }),
        half: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 8, max: 70 })),
      })
      .chain(({ runs, half }) =>
        fc.record({
          runs: fc.constant(runs),
          run: fc.constant(2 * half),
          packed: fc.uint8Array({ minLength: runs * half, maxLength: runs * half }),
          scale: list(anyScale, runs),
        }),
      );
    fc.assert(
      fc.property(anyKernels, packedRuns, anyPlace, anyPlace, (kernels, t, p, q) => {
        clearArena();
        const count = t.runs * t.run;
        const scale = Float32Array.from(t.scale);
        const codes = new Uint8Array(count);
        referenceKernels.unpackBits(codes, t.packed, count, 4, 0);
        const expected = new Float32Array(count);
        referenceKernels.decodeFloatRuns(expected, codes, scale, t.runs, t.run, t.run, 'float4_e2m1fn');
        const packed = guardedCopy(Uint8Array, t.packed, p);
        const out = guarded(Float32Array, count, q);
        kernels.decodePackedFloatRuns4(out.array, packed.array, scale, t.runs, t.run);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(out.intact() && packed.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

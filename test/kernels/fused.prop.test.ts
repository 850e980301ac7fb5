import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { F32, I32, U8 } from '../../src/core/arrays.js';
import { referenceKernels } from '../../src/kernels/reference/index.js';
import type { CodeRule, Kernels } from '../../src/kernels/types.js';
import {
  TWIN_RUNS,
  anyFloat,
  anyFloats,
  anyPlace,
  bitsOf,
  clearArena,
  guarded,
  guardedCopy,
  twins,
} from '../support/kernels.js';

const twin = fc.constantFrom(...twins().map(({ kernels }) => kernels));

type ScaleDtype = 'float32' | 'float16' | 'bfloat16';

/** Whole runs of an even length; one run in three holds only small numbers, so that scales underflow. */
const runsOfFloats = fc
  .record({
    runs: fc.nat({ max: 8 }),
    half: fc.oneof(
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(16, 32, 40),
      fc.integer({ min: 12, max: 70 }),
    ),
    shrink: fc.constantFrom(0, 0, 0, 30, 120, 140, -100),
  })
  .chain(({ runs, half, shrink }) =>
    anyFloats(2 * runs * half).map((values) => ({
      runs,
      run: 2 * half,
      x: Float32Array.from(values, (v) => v * 2 ** -shrink),
    })),
  );

const scaleDtype = fc.constantFrom<ScaleDtype>('float32', 'float16', 'bfloat16');

/** Limits and divisor as symmetric, full-range and unsigned schemes have them, and some of no use. */
const limits = fc.constantFrom(
  { codeMin: -7, codeMax: 7, divisor: 7 },
  { codeMin: -8, codeMax: 7, divisor: 8 },
  { codeMin: -8, codeMax: 7, divisor: 7.5 },
  { codeMin: 0, codeMax: 15, divisor: 15 },
  { codeMin: -8, codeMax: 7, divisor: 1 / 3 },
  { codeMin: -8, codeMax: 7, divisor: 1e6 },
  { codeMin: -8, codeMax: 7, divisor: 1e-3 },
);

/** What the fused kernel stands for: the kernels it names, one after another. */
function composed(
  kernels: Kernels,
  x: F32,
  runs: number,
  run: number,
  divisor: number,
  dtype: ScaleDtype,
  codeMin: number,
  codeMax: number,
): { packed: U8; scale: F32 } {
  const scale = new Float32Array(runs);
  kernels.absmaxRuns(scale, x, runs, run, run);
  scale.forEach((absmax, j) => (scale[j] = absmax / divisor));
  const half = new Uint16Array(runs);
  if (dtype === 'float16') {
    kernels.encodeFloat16(half, scale);
    kernels.decodeFloat16(scale, half);
  } else if (dtype === 'bfloat16') {
    kernels.encodeBfloat16(half, scale);
    kernels.decodeBfloat16(scale, half);
  }
  const rule: CodeRule = {
    codeMin,
    codeMax,
    rounding: 'halfEven',
    arithmetic: 'reciprocal',
    seed: 0,
    position: 0,
  };
  const codes = new Int8Array(x.length);
  kernels.quantizeRuns(codes, x, scale, null, runs, run, run, rule);
  const packed = new Uint8Array(x.length / 2);
  kernels.packBits(packed, codes, codes.length, 4, codeMin);
  return { packed, scale };
}

describe('quantizePackRuns4', () => {
  it('equals absmax, scale rounding, quantization and packing one after another', () => {
    fc.assert(
      fc.property(
        twin,
        twin,
        runsOfFloats,
        limits,
        scaleDtype,
        anyPlace,
        anyPlace,
        anyPlace,
        (one, other, t, l, dtype, p, q, r) => {
          clearArena();
          const expected = composed(other, t.x, t.runs, t.run, l.divisor, dtype, l.codeMin, l.codeMax);
          const x = guardedCopy(Float32Array, t.x, p);
          const packed = guarded(Uint8Array, t.x.length / 2, q);
          const scale = guarded(Float32Array, t.runs, r);
          one.quantizePackRuns4(
            packed.array,
            scale.array,
            x.array,
            t.runs,
            t.run,
            l.divisor,
            dtype,
            l.codeMin,
            l.codeMax,
          );
          expect(bitsOf(scale.array)).toBe(bitsOf(expected.scale));
          expect(bitsOf(packed.array)).toBe(bitsOf(expected.packed));
          expect(packed.intact() && scale.intact() && x.intact()).toBe(true);
          expect(bitsOf(x.array)).toBe(bitsOf(t.x));
        },
      ),
      { numRuns: TWIN_RUNS },
    );
  });

  it('gives the same bytes in the reference and in every twin', () => {
    fc.assert(
      fc.property(twin, runsOfFloats, limits, scaleDtype, (kernels, { x, runs, run }, l, dtype) => {
        const results = [referenceKernels, kernels].map((k) => {
          const packed = new Uint8Array(x.length / 2);
          const scale = new Float32Array(runs);
          k.quantizePackRuns4(packed, scale, x, runs, run, l.divisor, dtype, l.codeMin, l.codeMax);
          return { packed, scale };
        });
        expect(bitsOf(results[1].scale)).toBe(bitsOf(results[0].scale));
        expect(bitsOf(results[1].packed)).toBe(bitsOf(results[0].packed));
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

describe('dequantizePackedRuns4', () => {
  const zeroPoint = fc.oneof(
    { arbitrary: fc.integer({ min: -16, max: 16 }), weight: 4 },
    { arbitrary: fc.constantFrom(2 ** 22, -(2 ** 22), 2 ** 24 + 1, 2 ** 31 - 1, -(2 ** 31)), weight: 1 },
  );
  const packedRuns = fc
    .record({
      runs: fc.nat({ max: 8 }),
      half: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 12, max: 70 })),
    })
    .chain(({ runs, half }) =>
      fc.record({
        runs: fc.constant(runs),
        run: fc.constant(2 * half),
        packed: fc.uint8Array({ minLength: runs * half, maxLength: runs * half }),
        scale: fc.array(anyFloat, { minLength: runs, maxLength: runs }),
        zeroPoint: fc.option(fc.array(zeroPoint, { minLength: runs, maxLength: runs })),
      }),
    );

  it('equals unpacking and dequantization one after another', () => {
    fc.assert(
      fc.property(
        fc.oneof(twin, fc.constant(referenceKernels)),
        packedRuns,
        fc.constantFrom(-8, -7, 0),
        anyPlace,
        anyPlace,
        (kernels, t, codeMin, p, q) => {
          clearArena();
          const count = t.runs * t.run;
          const scale: F32 = Float32Array.from(t.scale);
          const zeroPoints: I32 | null = t.zeroPoint === null ? null : Int32Array.from(t.zeroPoint);
          const codes = new Int8Array(count);
          referenceKernels.unpackBits(codes, t.packed, count, 4, codeMin);
          const expected = new Float32Array(count);
          referenceKernels.dequantizeRuns(expected, codes, scale, zeroPoints, t.runs, t.run, t.run);

          const packed = guardedCopy(Uint8Array, t.packed, p);
          const out = guarded(Float32Array, count, q);
          kernels.dequantizePackedRuns4(out.array, packed.array, scale, zeroPoints, t.runs, t.run, codeMin);
          expect(bitsOf(out.array)).toBe(bitsOf(expected));
          expect(out.intact() && packed.intact()).toBe(true);
          expect(bitsOf(packed.array)).toBe(bitsOf(t.packed));
        },
      ),
      { numRuns: 2 * TWIN_RUNS },
    );
  });
});

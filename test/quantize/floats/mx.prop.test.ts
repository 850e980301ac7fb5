import fc from 'fast-check';
import {
  createRandom,
  dequantizeMx,
  dequantizeNvfp4,
  errorBound,
  measureError,
  mxRelativeBound,
  quantizeMx,
  quantizeNvfp4,
  type MxElement,
  type ScaleMode,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { anyTensor, checkBound, MX_CASES, MX_ELEMENTS, SCALE_MODES } from '../../support/blocks.js';

const anyCase = fc.constantFrom(...MX_CASES);

describe('the bound from the codes', () => {
  it('is never exceeded: any element, mode, block size, tail, float32 or float64', () => {
    fc.assert(
      fc.property(
        anyTensor,
        anyCase,
        fc.constantFrom(32, 32, 16, 1, 7),
        (x, [element, scaleMode], blockSize) => {
          const c = quantizeMx(x, { element, scaleMode, blockSize });
          checkBound(x, dequantizeMx(c), errorBound(c));
        },
      ),
      { numRuns: 10000 },
    );
  });

  it('is finite for finite input, up to the largest numbers of float32', () => {
    const huge = fc.array(
      fc.oneof(
        fc.double({ min: -3.4028234663852886e38, max: 3.4028234663852886e38, noNaN: true }),
        fc.constantFrom(3.4028234663852886e38, 2 ** 127, -1.5 * 2 ** 127),
      ),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(huge, anyCase, (list, [element, scaleMode]) => {
        const x = { data: Float32Array.from(list), shape: [list.length] };
        const c = quantizeMx(x, { element, scaleMode });
        const bound = errorBound(c);
        expect(bound.maxAbs).toBeLessThan(Infinity);
        checkBound(x, dequantizeMx(c), bound);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(MX_CASES)('%s, %s: is reached within one percent by a tie', (element, scaleMode) => {
    const best = Math.max(...extremes(element).map((x) => shareOfBound(x, element, scaleMode)));
    expect(best).toBeGreaterThan(0.99);
  });
});

function shareOfBound(x: Float32Array, element: MxElement, scaleMode: ScaleMode): number {
  const c = quantizeMx(x, { element, scaleMode });
  return measureError(x, c).maxAbs / errorBound(c).maxAbs;
}

const MANTISSA: Record<MxElement, number> = {
  float8_e4m3fn: 3,
  float8_e5m2: 2,
  float6_e2m3fn: 3,
  float6_e3m2fn: 2,
  float4_e2m1fn: 1,
  int8: 6,
};

const LARGEST: Record<MxElement, number> = {
  float8_e4m3fn: 448,
  float8_e5m2: 57344,
  float6_e2m3fn: 7.5,
  float6_e3m2fn: 28,
  float4_e2m1fn: 6,
  int8: 127 / 64,
};

/** Blocks whose largest magnitude, or one beside it, lies at a tie or just below the end of a mode's range. */
function extremes(element: MxElement): Float32Array[] {
  const m = MANTISSA[element];
  const tops = [1, LARGEST[element] / 2 ** Math.floor(Math.log2(LARGEST[element])), 2 - 2 ** (-m - 1), 2];
  const blocks: Float32Array[] = [];
  for (const top of tops) {
    for (const ulp of [-1, 0, 1]) {
      const A = Math.fround(top * (1 + ulp * 2 ** -22));
      blocks.push(Float32Array.of(A));
      // Ties of both binades below A.
      for (let n = Math.floor(2 ** (m - 2)); n < 2 ** (m + 2); n++) {
        for (const step of [2 ** (1 - m), 2 ** -m, 2 ** (-m - 1)]) {
          const tie = (n + 0.5) * step;
          if (tie <= A) blocks.push(Float32Array.of(A, tie), Float32Array.of(tie));
        }
      }
    }
  }
  return blocks;
}

describe('mxRelativeBound', () => {
  /** Magnitudes between 2^-60 and 2^60: the scale is at no end of its range. */
  const block = fc
    .tuple(
      fc.array(
        fc.oneof(
          fc.double({ min: -1, max: 1, noNaN: true }),
          fc.integer({ min: -128, max: 128 }).map((n) => n / 128),
        ),
        {
          minLength: 1,
          maxLength: 32,
        },
      ),
      fc.integer({ min: -60, max: 60 }),
      fc.double({ min: 1, max: 2, noNaN: true }),
    )
    .map(([list, e, f]) => Float32Array.from(list, (v) => v * f * 2 ** e))
    .filter((x) => Math.max(...x.map(Math.abs)) > 2 ** -80);

  it('is never exceeded by a block of any element and mode', () => {
    fc.assert(
      fc.property(block, anyCase, (x, [element, scaleMode]) => {
        const { maxAbs } = measureError(x, quantizeMx(x, { element, scaleMode }));
        expect(maxAbs).toBeLessThanOrEqual(
          mxRelativeBound(element, scaleMode) * Math.max(...x.map(Math.abs)),
        );
      }),
      { numRuns: 10000 },
    );
  });

  it.each(MX_CASES)('%s, %s: is reached within one percent', (element, scaleMode) => {
    const shares = extremes(element).map((x) => {
      const error = measureError(x, quantizeMx(x, { element, scaleMode })).maxAbs;
      return error / Math.max(...x.map(Math.abs)) / mxRelativeBound(element, scaleMode);
    });
    expect(Math.max(...shares)).toBeGreaterThan(0.99);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1);
  });

  it('is a quarter for MXFP4, piecewise', () => {
    expect(mxRelativeBound('float4_e2m1fn')).toBe(0.25);
    fc.assert(
      fc.property(block, (x) => {
        const A = Math.max(...x.map(Math.abs));
        const c = quantizeMx(x, { element: 'float4_e2m1fn' });
        const X = 2 ** (c.scales[0] - 127);
        expect(X * 4 <= A && A < X * 8).toBe(true);
        dequantizeMx(c).forEach((value, i) => {
          const magnitude = Math.abs(x[i]);
          const error = Math.abs(value - x[i]);
          const bound = magnitude <= 2 * X ? X / 4 : magnitude <= 4 * X ? X / 2 : X;
          expect(magnitude <= 7 * X ? error <= bound : error < 2 * X).toBe(true);
        });
      }),
      { numRuns: 10000 },
    );
  });

  it.each([
    ['float4_e2m1fn', [1 / 4, 1 / 5, 1 / 5, 1 / 5]],
    ['float6_e2m3fn', [1 / 16, 1 / 17, 1 / 17, 1 / 17]],
    ['float6_e3m2fn', [1 / 8, 1 / 9, 1 / 9, 1 / 9]],
    ['float8_e4m3fn', [1 / 8, 1 / 17, 3 / 31, 1 / 17]],
    ['float8_e5m2', [1 / 8, 1 / 9, 1 / 9, 1 / 9]],
    ['int8', [1 / 128, 1 / 64, 2 / 255, 1 / 127]],
  ] as const)('%s: the constants', (element, expected) => {
    SCALE_MODES.forEach((mode, i) => expect(mxRelativeBound(element, mode)).toBeCloseTo(expected[i], 12));
  });

  it('refuses unknown names', () => {
    expect(() => mxRelativeBound('float4' as never)).toThrow('mxRelativeBound: "element" expected one of');
    expect(() => mxRelativeBound('int8', 'up' as never)).toThrow(
      'mxRelativeBound: "scaleMode" expected one of',
    );
  });
});

describe('quantizeMx', () => {
  it('gives values that it would give again', () => {
    fc.assert(
      fc.property(anyTensor, anyCase, (x, [element, scaleMode]) => {
        const once = dequantizeMx(quantizeMx(x, { element, scaleMode }));
        const twice = dequantizeMx(quantizeMx({ data: once, shape: x.shape }, { element, scaleMode }));
        expect(twice).toEqual(once);
      }),
      { numRuns: 2000 },
    );
  });

  it('treats signs alike, and powers of two', () => {
    fc.assert(
      fc.property(anyTensor, anyCase, fc.integer({ min: -8, max: 8 }), (x, [element, scaleMode], k) => {
        const data = Float32Array.from(x.data, (v) =>
          Math.abs(v) < 2 ** -80 || Math.abs(v) > 2 ** 90 ? 0 : v,
        );
        const values = dequantizeMx(quantizeMx({ data, shape: x.shape }, { element, scaleMode }));
        const moved = { data: data.map((v) => -v * 2 ** k), shape: x.shape };
        const other = dequantizeMx(quantizeMx(moved, { element, scaleMode }));
        expect(other.every((value, i) => value === -values[i] * 2 ** k)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps the order of the values of a block', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 32 }),
        anyCase,
        (list, [element, scaleMode]) => {
          const x = Float32Array.from(list).sort();
          const values = dequantizeMx(quantizeMx(x, { element, scaleMode }));
          expect(values.every((value, i) => i === 0 || value >= values[i - 1])).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('on 4,194,304 normal numbers', () => {
  const random = createRandom(1);
  const x = Float32Array.from({ length: 2 ** 22 }, () => random.normal());

  it('MXFP4 reaches 18.8 dB', () => {
    const c = quantizeMx(x, { element: 'float4_e2m1fn' });
    expect(Math.abs(measureError(x, c).sqnrDb - 18.8)).toBeLessThan(0.1);
  });

  it.each([1, 2] as const)('NVFP4 with %i level(s) reaches 20.4 dB', (levels) => {
    const c = quantizeNvfp4(x, { levels });
    expect(Math.abs(measureError(x, c).sqnrDb - 20.4)).toBeLessThan(0.1);
    expect(dequantizeNvfp4(c)[0]).toBeCloseTo(x[0], 0);
  });

  it('the other elements reach 25 to 42 dB', () => {
    const db = MX_ELEMENTS.map((element) => measureError(x, quantizeMx(x, { element })).sqnrDb);
    expect(db.map((value) => value.toFixed(1))).toEqual(['30.6', '25.4', '30.9', '25.4', '18.8', '41.7']);
  });
});

import { describe, expect, it } from 'vitest';
import type { F32 } from '../../src/core/arrays.js';
import { kernelsOf } from '../../src/kernels/dispatch.js';
import type { CodeRule } from '../../src/kernels/types.js';
import { readGolden } from '../support/golden.js';

const golden = readGolden('torch-affine.safetensors');
const read = (name: string): ArrayLike<number> => {
  const found = golden.get(name);
  if (found === undefined) throw new Error(`no ${name} in the golden data`);
  return found.data;
};
const x = read('affine/x') as F32;
const [rows, width] = [64, 96];

const rule = (codeMin: number, codeMax: number, more: Partial<CodeRule> = {}): CodeRule => ({
  codeMin,
  codeMax,
  rounding: 'halfEven',
  arithmetic: 'reciprocal',
  seed: 0,
  position: 0,
  ...more,
});

for (const backend of ['reference', 'scalar', 'simd'] as const) {
  const kernels = kernelsOf(backend);

  describe(`${backend} against torch 2.13`, () => {
    for (const name of golden.keys()) {
      const parts = /^affine\/(q?u?int8)\/scale=([\d.]+)\/zp=(\d+)\/codes$/.exec(name);
      if (parts === null) continue;
      it(`quantize_per_tensor and dequantize: ${parts.slice(1).join(' ')}`, () => {
        const signed = parts[1] === 'qint8';
        const scale = Float32Array.of(Number(parts[2]));
        const zeroPoint = Int32Array.of(Number(parts[3]));
        const codes = signed ? new Int8Array(x.length) : new Uint8Array(x.length);
        const limits = signed ? rule(-128, 127) : rule(0, 255);
        kernels.quantizeRuns(codes, x, scale, zeroPoint, 1, x.length, x.length, limits);
        expect(Array.from<number>(codes)).toEqual(Array.from(read(name)));
        const values = new Float32Array(x.length);
        kernels.dequantizeRuns(values, codes, scale, zeroPoint, 1, x.length, x.length);
        expect(values).toEqual(read(name.replace('codes', 'dequantized')));
      });
    }

    it('quantize_per_channel', () => {
      const scale = Float32Array.from(read('affine/per_channel/scales'));
      const codes = new Int8Array(x.length);
      kernels.quantizeRuns(codes, x, scale, null, rows, width, width, rule(-128, 127));
      expect(Array.from(codes)).toEqual(Array.from(read('affine/per_channel/codes')));
      const values = new Float32Array(x.length);
      kernels.dequantizeRuns(values, codes, scale, null, rows, width, width);
      // torch keeps these scales in float64; the first, 0.02, is no float32, and torch multiplies by it unrounded.
      expect(values.subarray(width)).toEqual((read('affine/per_channel/dequantized') as F32).subarray(width));
    });
  });

  describe(`${backend} on chosen values`, () => {
    const quantize = (
      values: number[],
      scale: number,
      zeroPoint: number | null,
      limits: CodeRule,
    ): number[] => {
      const codes = new Int8Array(values.length);
      const zeroPoints = zeroPoint === null ? null : Int32Array.of(zeroPoint);
      const x = Float32Array.from(values);
      kernels.quantizeRuns(codes, x, Float32Array.of(scale), zeroPoints, 1, x.length, x.length, limits);
      return [...codes];
    };
    const ties = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.25, -0.75];

    it('rounds ties as named', () => {
      const round = (rounding: CodeRule['rounding']): number[] =>
        quantize(ties, 1, null, rule(-128, 127, { rounding }));
      expect(round('halfEven')).toEqual([-2, -2, 0, 0, 2, 2, 0, -1]);
      expect(round('halfAwayFromZero')).toEqual([-3, -2, -1, 1, 2, 3, 0, -1]);
      expect(round('halfUp')).toEqual([-2, -1, 0, 1, 2, 3, 0, -1]);
      expect(round('truncate')).toEqual([-2, -1, 0, 0, 1, 2, 0, 0]);
    });

    it('rounds the quotient, not the quotient plus zero point', () => {
      expect(quantize(ties, 1, 1, rule(-128, 127))).toEqual([-1, -1, 1, 1, 3, 3, 1, 0]);
    });

    it('stochastic: whole numbers stay, fractions go up about as often as they should', () => {
      const stochastic = rule(-128, 127, { rounding: 'stochastic', seed: 11 });
      expect(quantize([-3, 0, 5], 1, null, stochastic)).toEqual([-3, 0, 5]);
      const codes = quantize(new Array<number>(10_000).fill(0.25), 1, null, stochastic);
      const ups = codes.filter((code) => code === 1).length;
      expect(codes.every((code) => code === 0 || code === 1)).toBe(true);
      // Binomial: standard deviation 43.
      expect(Math.abs(ups - 2500)).toBeLessThan(250);
    });

    it('NaN, infinities and zero scales', () => {
      const values = [NaN, Infinity, -Infinity, 7, -0];
      expect(quantize(values, 0.5, 3, rule(-100, 100))).toEqual([3, 100, -100, 17, 3]);
      expect(quantize(values, 0, 3, rule(-100, 100))).toEqual([3, 3, 3, 3, 3]);
      expect(quantize(values, NaN, 3, rule(-100, 100))).toEqual([3, 3, 3, 3, 3]);
      expect(quantize(values, 0.5, 120, rule(-100, 100))).toEqual([100, 100, -100, 100, 100]);
    });

    it('divides where the reciprocal of a subnormal scale would be infinite', () => {
      const tiny = 2 ** -149;
      expect(quantize([0, 3 * tiny, -5 * tiny], tiny, null, rule(-128, 127))).toEqual([0, 3, -5]);
    });

    it('reciprocal and division differ where they should', () => {
      // 2.5 * scale is exact, and so is its quotient 2.5, which rounds to 2; the product may lie just above.
      const scales = Array.from({ length: 400 }, (_, i) => i + 1);
      const above = scales.filter((s) => Math.fround(2.5 * s * Math.fround(1 / s)) > 2.5);
      expect(above.length).toBeGreaterThan(0);
      for (const arithmetic of ['reciprocal', 'division'] as const) {
        const up = scales.filter(
          (s) => quantize([2.5 * s], s, null, rule(-128, 127, { arithmetic }))[0] === 3,
        );
        expect(up).toEqual(arithmetic === 'reciprocal' ? above : []);
      }
    });

    it('reductions of nothing, of signed zeros, and of NaN', () => {
      const out = Float32Array.of(9, 9);
      kernels.absmaxRuns(out, new Float32Array(0), 0, 5, 2);
      kernels.absmaxRuns(out, new Float32Array(0), 3, 0, 2);
      expect([...out]).toEqual([9, 9]);
      const [min, max] = [new Float32Array(2), new Float32Array(2)];
      kernels.minmaxRuns(min, max, Float32Array.of(0, -0, 2, NaN), 2, 2, 2);
      expect([...min]).toEqual([-0, NaN]);
      expect([...max]).toEqual([0, NaN]);
      const sums = new Float64Array(2);
      kernels.momentsRuns(sums, Float32Array.of(1, 2, 3), 1, 3, 3);
      expect([...sums]).toEqual([6, 14]);
    });
  });
}

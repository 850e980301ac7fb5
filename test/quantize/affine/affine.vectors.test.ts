import { describe, expect, it } from 'vitest';
import { dequantizeAffine, fakeQuantize, quantizeWith } from '../../../src/quantize/affine/affine.js';
import type { QParams } from '../../../src/quantize/affine/affine-types.js';
import { readGolden } from '../../support/golden.js';

const golden = readGolden('torch-affine.safetensors');
const x = golden.get('affine/x') as { data: Float32Array<ArrayBuffer>; shape: number[] };

const tensorParams = (scale: number, zero: number, codeMin: number, codeMax: number): QParams => ({
  scale: Float32Array.of(scale),
  zeroPoint: Int32Array.of(zero),
  bits: 8,
  codeMin,
  codeMax,
  mapping: 'asymmetric',
  granularity: { kind: 'tensor' },
  scaleDtype: 'float32',
  rounding: 'halfEven',
  arithmetic: 'reciprocal',
  seed: 0,
});

const numbers = (data: ArrayLike<number>): number[] => Array.from(data);

describe('affine quantization against torch 2.13', () => {
  const cases = [...golden.keys()].filter((name) => /^affine\/qu?int8\/.*\/codes$/.test(name));

  it('has the six per-tensor cases, and reads all 18 arrays', () => {
    expect(cases).toHaveLength(6);
    // x; codes and values of the six; scales, codes and values per channel; values and mask of fake_quant.
    expect(golden.size).toBe(1 + 12 + 3 + 2);
  });

  for (const name of cases) {
    it(`${name}: codes and values`, () => {
      const [, kind, scale, zero] = /affine\/(qu?int8)\/scale=([\d.]+)\/zp=(\d+)\//.exec(
        name,
      ) as unknown as string[];
      const [low, high] = kind === 'qint8' ? [-128, 127] : [0, 255];
      const q = quantizeWith(x, tensorParams(Number(scale), Number(zero), low, high), {
        nonFinite: 'saturate',
      });
      expect(numbers(q.codes)).toEqual(numbers(golden.get(name)?.data as Int32Array));
      const values = golden.get(name.replace('/codes', '/dequantized'))?.data as Float32Array;
      expect(numbers(dequantizeAffine(q))).toEqual(numbers(values));
    });
  }

  it('affine/per_channel: codes and values', () => {
    const scales = golden.get('affine/per_channel/scales')?.data as Float64Array<ArrayBuffer>;
    const q = quantizeWith(x, {
      ...tensorParams(1, 0, -128, 127),
      mapping: 'symmetricFull',
      scale: scales,
      scaleDtype: 'float64',
      zeroPoint: null,
      granularity: { kind: 'axis', axis: 0 },
    });
    expect(numbers(q.codes)).toEqual(numbers(golden.get('affine/per_channel/codes')?.data as Int32Array));
    const values = golden.get('affine/per_channel/dequantized')?.data as Float32Array;
    expect(numbers(dequantizeAffine(q))).toEqual(numbers(values));
  });

  it('affine/fake_quant: values and gradient mask', () => {
    const { values, gradMask } = fakeQuantize(x, tensorParams(0.05, 3, -128, 127));
    expect(numbers(values)).toEqual(numbers(golden.get('affine/fake_quant/y')?.data as Float32Array));
    expect(numbers(gradMask)).toEqual(
      numbers(golden.get('affine/fake_quant/grad_mask')?.data as Float32Array),
    );
  });
});

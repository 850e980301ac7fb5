import { describe, expect, it } from 'vitest';
import { fakeQuantize } from '../../../src/quantize/affine/affine.js';
import type { QParams } from '../../../src/quantize/affine/affine-types.js';
import { fakeQuantizeBackward } from '../../../src/quantize/training/qat.js';
import { readGolden } from '../../support/golden.js';

const golden = readGolden('torch-qat.safetensors');

function floats(name: string): { data: Float32Array<ArrayBuffer>; shape: number[] } {
  return golden.get(name) as { data: Float32Array<ArrayBuffer>; shape: number[] };
}

const x = floats('x');
const gradient = floats('gradient');
const numbers = (data: ArrayLike<number>): number[] => Array.from(data);

const common = { rounding: 'halfEven', arithmetic: 'reciprocal', seed: 0, scaleDtype: 'float32' } as const;

const perTensor = (scale: number, zero: number, codeMin: number, codeMax: number): QParams => ({
  ...common,
  scale: Float32Array.of(scale),
  zeroPoint: Int32Array.of(zero),
  bits: codeMax - codeMin < 16 ? 4 : 8,
  codeMin,
  codeMax,
  mapping: 'asymmetric',
  granularity: { kind: 'tensor' },
});

/** The numbers of scripts/make-torch-qat-fixtures.py. */
const CASES: readonly [name: string, qparams: QParams, factor: number][] = [
  ['signed', perTensor(0.05, 0, -128, 127), 1],
  ['unsigned', perTensor(0.0471, 114, 0, 255), 0.125],
  ['four', perTensor(0.37, -2, -8, 7), 0.0625],
  ...[0, 1].map((axis): [string, QParams, number] => [
    `axis${axis}`,
    {
      ...common,
      scale: floats(`axis${axis}/scale`).data,
      zeroPoint: golden.get(`axis${axis}/zero`)?.data as Int32Array<ArrayBuffer>,
      bits: 4,
      codeMin: -8,
      codeMax: 7,
      mapping: 'asymmetric',
      granularity: { kind: 'axis', axis },
    },
    0.5,
  ]),
];

describe('gradients of fake quantization against torch 2.13', () => {
  it('reads all 34 arrays', () => {
    // x and the gradient; dx of the plain and four results of the learnable function in five cases; two parameters of two axes; ties.
    expect(golden.size).toBe(2 + 5 * 5 + 2 * 2 + 3);
  });

  for (const [name, qparams, gradientScale] of CASES) {
    it(`${name}: values of the learnable function, and the gradient of x of both, to the bit`, () => {
      const gradients = fakeQuantizeBackward(x, qparams, gradient, { gradientScale });
      expect(numbers(fakeQuantize(x, qparams).values)).toEqual(numbers(floats(`${name}/learnable/y`).data));
      expect(numbers(gradients.x)).toEqual(numbers(floats(`${name}/plain/dx`).data));
      const learnable = fakeQuantizeBackward(x, asLearnable(name, qparams), gradient);
      expect(numbers(learnable.x)).toEqual(numbers(floats(`${name}/learnable/dx`).data));
    });

    it(`${name}: gradients of scale and zero point, to the rounding of torch's float32 sums`, () => {
      const { scale, zeroPoint } = fakeQuantizeBackward(x, asLearnable(name, qparams), gradient, {
        gradientScale,
      });
      // torch forms k * scale - x in float32, at magnitudes up to 2^20 here, and divides by the scale.
      expectNear(scale, floats(`${name}/learnable/dscale`).data, 2e-5);
      expectNear(zeroPoint as Float64Array, floats(`${name}/learnable/dzero`).data, 2e-6);
    });
  }
});

describe('ties with an odd zero point', () => {
  it('give the same values, but backward torch rounds the other way', () => {
    const ties = floats('odd/x').data;
    const qparams = perTensor(0.5, 1, 0, 255);
    expect(numbers(fakeQuantize(ties, qparams).values)).toEqual(numbers(floats('odd/y').data));
    const { scale } = fakeQuantizeBackward(ties, qparams, new Float32Array(4).fill(1));
    // Half a step each: down, up, down, down here and the other way there.
    expect(scale[0]).toBe(-1);
    expect(numbers(floats('odd/dscale').data)).toEqual([1]);
  });
});

/**
 * The parameters that torch's learnable function uses backward: per tensor it makes the zero point whole as trunc(zero + 0.5), which turns -2
 * into -1, although forward, and per channel, it rounds to nearest.
 */
const asLearnable = (name: string, qparams: QParams): QParams =>
  name === 'four' ? { ...qparams, zeroPoint: Int32Array.of(-1) } : qparams;

function expectNear(ours: ArrayLike<number>, theirs: ArrayLike<number>, relative: number): void {
  expect(ours.length).toBe(theirs.length);
  const largest = Math.max(...Array.from(theirs, Math.abs));
  expect(largest).toBeGreaterThan(0);
  for (let r = 0; r < ours.length; r++) {
    expect(Math.abs(ours[r] - theirs[r])).toBeLessThanOrEqual(relative * largest);
  }
}

import fc from 'fast-check';
import {
  chooseLsqQParams,
  chooseQParams,
  fakeQuantize,
  fakeQuantizeBackward,
  fakeQuantizePact,
  fakeQuantizePactBackward,
  quantizeAffine,
  quantizeWith,
  setBackend,
  type FakeQuantizeBackwardOptions,
  type LsqOptions,
  type PactOptions,
  type TensorLike,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { granularityFor, regionOfElements } from '../../support/affine.js';
import { NOT_TENSORS } from '../../support/wrong-types.js';

const ones = (n: number): Float32Array => new Float32Array(n).fill(1);

describe('PACT', () => {
  const cases = fc.constantFrom<number[][]>([], [9], [4, 6], [2, 3, 5], [0]).chain((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const list = fc.array(fc.double({ min: -4, max: 8, noNaN: true }), { minLength: size, maxLength: size });
    return fc.record({
      shape: fc.constant(shape),
      x: list.map((v) => Float32Array.from(v)),
      gradient: list.map((v) => Float32Array.from(v)),
      clip: fc.double({ min: 0.1, max: 6, noNaN: true }).map(Math.fround),
      bits: fc.constantFrom<PactOptions['bits'][]>(1, 2, 4, 8, 16),
      granularity: granularityFor(shape),
    });
  });

  it('gives the codes of round(clip(x, 0, clip) / step), and clip itself for what is clipped', () => {
    fc.assert(
      fc.property(cases, ({ shape, x, gradient: _, ...options }) => {
        const { values, qparams } = fakeQuantizePact({ data: x, shape }, options);
        const { clip } = options;
        const step = clip / qparams.codeMax;
        values.forEach((value, i) => {
          const clipped = Math.min(Math.max(x[i], 0), clip);
          expect(Math.abs(value - clipped)).toBeLessThanOrEqual(step / 2 + clip * 2 ** -22);
        });
        expect(fakeQuantize({ data: x, shape }, qparams).values).toEqual(values);
      }),
      { numRuns: 1000 },
    );
  });

  it('has the gradients of equation 3, which are the differences of clip(x, 0, clip)', () => {
    fc.assert(
      fc.property(cases, ({ shape, x, gradient, bits, granularity, clip }) => {
        const regions = regionOfElements(shape, granularity);
        const count = chooseQParams({ data: x, shape }, { bits: 8, granularity }).scale.length;
        const clips = Float32Array.from({ length: count }, (_, r) => clip * (1 + r / 8));
        const options = { bits, granularity, clip: clips };
        const ours = fakeQuantizePactBackward({ data: x, shape }, options, { data: gradient, shape });
        const loss = (by: number): Float64Array => {
          const sums = new Float64Array(count);
          regions.forEach((r, i) => {
            sums[r] += gradient[i] * Math.min(Math.max(x[i], 0), clips[r] + by);
          });
          return sums;
        };
        // No element lies so near its clip that the step crosses it.
        fc.pre(x.every((v, i) => Math.abs(v - clips[regions[i]]) > 2 ** -12 && v !== 0));
        const [above, below] = [loss(2 ** -13), loss(-(2 ** -13))];
        ours.clip.forEach((g, r) => {
          expect(Math.abs(g - (above[r] - below[r]) * 2 ** 12)).toBeLessThan(1e-8);
        });
        ours.x.forEach((g, i) => {
          expect(g + 0).toBe(x[i] > 0 && x[i] < clips[regions[i]] ? gradient[i] + 0 : 0);
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('passes 0, and gives clip itself to the clip', () => {
    const gradients = fakeQuantizePactBackward(Float32Array.of(0, -0, 3), { bits: 4, clip: 3 }, ones(3));
    expect(Array.from(gradients.x)).toEqual([1, 1, 0]);
    expect(Array.from(gradients.clip)).toEqual([1]);
  });
});

describe('gradients at the edges', () => {
  const qparams = chooseQParams(Float32Array.of(-1, 1), { bits: 4, mapping: 'asymmetric' });
  const backward = (x: number[], g: number[], options?: FakeQuantizeBackwardOptions): unknown => {
    const {
      x: ofX,
      scale,
      zeroPoint,
    } = fakeQuantizeBackward(Float32Array.from(x), qparams, Float32Array.from(g), options);
    return { x: Array.from(ofX), scale: Array.from(scale), zeroPoint: Array.from(zeroPoint ?? []) };
  };

  it('empty tensors have no gradients, and regions without elements 0', () => {
    expect(backward([], [])).toEqual({ x: [], scale: [0], zeroPoint: [0] });
    expect(backward([], [], { gradientScale: 'lsq' })).toEqual({ x: [], scale: [0], zeroPoint: [0] });
  });

  it('a gradient that is not finite stays visible, whether its element was clamped or not', () => {
    const { x, scale } = backward([0.5, 9], [NaN, Infinity]) as { x: number[]; scale: number[] };
    expect(x).toEqual([NaN, NaN]);
    expect(scale).toEqual([NaN]);
  });

  it('a region of scale 0 passes x and asks nothing of its parameters', () => {
    const zeros = chooseQParams(new Float32Array(2), { bits: 4, mapping: 'asymmetric' });
    const { x, scale, zeroPoint } = fakeQuantizeBackward(Float32Array.of(0, 5), zeros, Float32Array.of(2, 3));
    expect([x, scale, zeroPoint]).toEqual([Float32Array.of(2, 3), Float64Array.of(0), Float64Array.of(0)]);
  });

  it('without zero points there is no gradient for them', () => {
    const symmetric = chooseQParams(ones(3), { bits: 4 });
    expect(fakeQuantizeBackward(ones(3), symmetric, ones(3)).zeroPoint).toBeNull();
  });

  it('between the last code and half a step beyond it the two rules differ', () => {
    const grid = {
      ...quantizeAffine(Float32Array.of(7), { bits: 4 }),
      arithmetic: 'reciprocal',
      seed: 0,
    } as const;
    const at = (clampBy: 'code' | 'value'): [number, number] => {
      const { x, scale } = fakeQuantizeBackward(Float32Array.of(7.25), grid, ones(1), { clampBy });
      return [x[0], scale[0]];
    };
    expect(at('code')).toEqual([1, -0.25]);
    expect(at('value')).toEqual([0, 7]);
    // At the ends themselves the value is a level: clamped by 'value', as in the paper's equation 3, and not by 'code'.
    for (const end of [7, -7]) {
      const atEnd = (clampBy: 'code' | 'value'): number[] => {
        const { x, scale } = fakeQuantizeBackward(Float32Array.of(end), grid, ones(1), { clampBy });
        return [x[0], scale[0]];
      };
      expect(atEnd('code')).toEqual([1, 0]);
      expect(atEnd('value')).toEqual([0, end]);
    }
  });

  it('scalar and simd backends agree to the bit, and inputs are unchanged', () => {
    const x = Float32Array.from({ length: 99 }, (_, i) => Math.cbrt(i - 40));
    const g = x.map((v, i) => v * (i % 7));
    const copies = [x.slice(), g.slice()];
    const run = (): unknown =>
      fakeQuantizeBackward({ data: x, shape: [9, 11] }, qparams, { data: g, shape: [9, 11] });
    setBackend('scalar');
    const scalar = run();
    setBackend('auto');
    expect(run()).toEqual(scalar);
    expect([x, g]).toEqual(copies);
  });

  it('takes strided views and float64', () => {
    const view = { data: Float64Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2], stride: [1, 3], offset: 0 };
    const plain = { data: Float32Array.of(1, 4, 2, 5, 3, 6), shape: [3, 2] };
    expect(fakeQuantizeBackward(view, qparams, view)).toEqual(fakeQuantizeBackward(plain, qparams, plain));
  });
});

describe('learned step sizes at the edges', () => {
  it('a region of zeros has scale 0', () => {
    expect(chooseLsqQParams(new Float32Array(4), { bits: 4 }).scale).toEqual(Float32Array.of(0));
  });

  it('the mean of the largest numbers does not overflow where the scale does not', () => {
    const q = chooseLsqQParams(new Float32Array(9).fill(3e38), { bits: 8 });
    expect(q.scale[0]).toBeCloseTo((2 * 3e38) / Math.sqrt(127), -33);
  });
});

describe('wrong arguments of quantization-aware training', () => {
  const x = ones(4);
  const qparams = chooseQParams(x, { bits: 4 });
  const at = { bits: 4, clip: 1 } as const;

  it.each(NOT_TENSORS)('%s is no tensor', (_, value) => {
    const wrong = value as TensorLike;
    const calls = [
      () => fakeQuantizeBackward(wrong, qparams, x),
      () => fakeQuantizeBackward(x, qparams, wrong),
      () => chooseLsqQParams(wrong, { bits: 4 }),
      () => fakeQuantizePact(wrong, at),
      () => fakeQuantizePactBackward(wrong, at, x),
      () => fakeQuantizePactBackward(x, at, wrong),
    ];
    for (const call of calls) expect(call).toThrow(/^\w+: "(x|outputGradient)[^"]*" expected/);
  });

  it.each([NaN, Infinity, -Infinity])('%s in x is found, and its index named', (bad) => {
    const wrong = Float32Array.of(1, bad, bad, 1);
    const error = expect.objectContaining({ code: 'NON_FINITE', index: 1 }) as Error;
    expect(() => fakeQuantizeBackward(wrong, qparams, x)).toThrow(error);
    expect(() => chooseLsqQParams(wrong, { bits: 4 })).toThrow(error);
    expect(() => fakeQuantizePact(wrong, at)).toThrow(error);
    expect(() => fakeQuantizePactBackward(wrong, at, x)).toThrow(error);
    expect(() => chooseLsqQParams(wrong, { bits: 4 })).toThrow(/ - repair the tensor \[NON_FINITE\]$/);
  });

  const pact =
    (options: object): (() => unknown) =>
    () =>
      fakeQuantizePact(x, options as PactOptions);
  const lsq =
    (options: object): (() => unknown) =>
    () =>
      chooseLsqQParams(x, options as LsqOptions);
  const back =
    (options: object): (() => unknown) =>
    () =>
      fakeQuantizeBackward(x, qparams, x, options as FakeQuantizeBackwardOptions);

  it.each<[string, () => unknown, ErrorConstructor, RegExp]>([
    [
      'a gradient of another shape',
      () => fakeQuantizeBackward(x, qparams, ones(3)),
      RangeError,
      /"outputGradient" expected the shape of x/,
    ],
    ['no parameters', () => fakeQuantizeBackward(x, undefined as never, x), TypeError, /"qparams"/],
    ['an unknown rule', back({ clampBy: 'codes' }), RangeError, /did you mean 'code'/],
    ['a rule that is no text', back({ clampBy: 1 }), TypeError, /"clampBy"/],
    ['a factor that is NaN', back({ gradientScale: NaN }), RangeError, /"gradientScale"/],
    ['a factor that is text', back({ gradientScale: '1' }), TypeError, /"gradientScale"/],
    ['an unknown option', back({ clampBye: 'code' }), RangeError, /did you mean "clampBy"/],
    ['no bits', lsq({}), TypeError, /"bits"/],
    [
      'an option of quantizeAffine that LSQ decides',
      lsq({ bits: 4, scaleMethod: 'mse' }),
      RangeError,
      /known keys/,
    ],
    ['one bit without positive codes', lsq({ bits: 1 }), RangeError, /"codeMax" expected at least 1/],
    ['no clip', pact({ bits: 4 }), TypeError, /"clip"/],
    [
      'a clip of 0',
      pact({ bits: 4, clip: 0 }),
      RangeError,
      /"clip" expected a number from 2\^-110 to 2\^127, got 0/,
    ],
    ['a negative clip', pact({ bits: 4, clip: -1 }), RangeError, /"clip"/],
    ['a clip that is NaN', pact({ bits: 4, clip: NaN }), RangeError, /"clip"/],
    ['a clip beyond float32', pact({ bits: 4, clip: 1e39 }), RangeError, /"clip"/],
    ['a clip below float32', pact({ bits: 4, clip: 1e-60 }), RangeError, /"clip" .* got 1e-60/],
    ['too many clips', pact({ bits: 4, clip: Float32Array.of(1, 2) }), RangeError, /"clip" expected 1 clips/],
    [
      'a bad clip among others',
      pact({ bits: 4, clip: Float32Array.of(1, NaN, 1, 1), granularity: { kind: 'group', groupSize: 1 } }),
      RangeError,
      /"clip\[1\]"/,
    ],
    ['nine bits', pact({ bits: 9, clip: 1 }), RangeError, /"bits"/],
  ])('%s', (_, call, kind, message) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });

  it('LSQ needs a positive code for its factor', () => {
    const half = {
      ...quantizeAffine(ones(4), { bits: 1, mapping: 'symmetricFull' }),
      arithmetic: 'reciprocal',
      seed: 0,
    } as const;
    expect(() => quantizeWith(x, half)).not.toThrow();
    expect(() => fakeQuantizeBackward(x, half, x, { gradientScale: 'lsq' })).toThrow(
      /"codeMax" expected at least 1/,
    );
  });
});

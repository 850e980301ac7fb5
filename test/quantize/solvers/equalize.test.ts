import { equalizeLayers, NumericError, type EqualizeLayer } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { NOT_TENSORS } from '../../support/wrong-types.js';

const first = {
  weight: { data: Float32Array.of(8, 4, 0.5, 0.25), shape: [2, 2] },
  bias: Float32Array.of(4, 1),
};
const second = { weight: { data: Float32Array.of(0.5, 2), shape: [1, 2] }, bias: Float32Array.of(3) };

describe('equalizeLayers()', () => {
  it('gives channels the geometric mean of their ranges, and reports it', () => {
    const { layers, scales, report } = equalizeLayers([first, second]);
    expect(scales).toEqual([Float64Array.of(4, 0.5)]);
    expect(layers[0].weight.data).toEqual(Float32Array.of(2, 1, 1, 0.5));
    expect(layers[0].bias).toEqual(Float32Array.of(1, 2));
    expect(layers[1].weight.data).toEqual(Float32Array.of(2, 1));
    expect(layers[1].bias).toEqual(Float32Array.of(3));
    expect(report).toEqual({
      pairs: [
        {
          channels: 2,
          deadChannels: 0,
          precisionBefore: (0.25 + 1 / 16) / 2,
          precisionAfter: (1 + 0.25) / 2,
        },
      ],
      rangesBefore: [8, 2],
      rangesAfter: [2, 2],
      kept: 'equalized',
      rounds: 2,
      converged: true,
      exact: true,
    });
  });

  it('leaves dead channels alone', () => {
    const dead = {
      weight: { data: Float32Array.of(8, 4, 0, 0, 1, 2), shape: [3, 2] },
      bias: Float32Array.of(1, 2, 3),
    };
    const next = { weight: { data: Float32Array.of(0.5, 5, 0, 0.5, 5, 0), shape: [2, 3] } };
    const { scales, layers, report } = equalizeLayers([dead, next]);
    expect(scales[0]).toEqual(Float64Array.of(4, 1, 1));
    expect(layers[0].bias).toEqual(Float32Array.of(0.25, 2, 3));
    expect(layers[1].bias).toBeNull();
    expect(report.pairs[0].deadChannels).toBe(2);
  });

  it('goes on round a chain until the scales of the middle layer settle', () => {
    const middle = { weight: { data: Float32Array.of(9, 0.1, 0.3, 5), shape: [2, 2] } };
    const last = { weight: { data: Float32Array.of(1, 100), shape: [1, 2] } };
    const chain = [{ weight: first.weight }, middle, last];
    const { report } = equalizeLayers(chain);
    expect(report.rounds).toBeGreaterThan(2);
    expect(report.converged).toBe(true);
    expect(equalizeLayers(chain, { maxRounds: 1 }).report).toMatchObject({ rounds: 1, converged: false });
  });

  it('takes the axes of TensorFlow, convolutions and depthwise ones between them', () => {
    const turned = {
      weight: { data: Float32Array.of(8, 0.5, 4, 0.25), shape: [2, 2] },
      outputAxis: -1,
      inputAxis: -2,
    };
    const next = { weight: { data: second.weight.data, shape: [2, 1] }, outputAxis: -1, inputAxis: -2 };
    const { layers, scales } = equalizeLayers([turned, next]);
    expect(scales).toEqual([Float64Array.of(4, 0.5)]);
    expect(layers[0].weight.data).toEqual(Float32Array.of(2, 1, 1, 0.5));
    const depthwise = {
      weight: { data: Float32Array.of(1, 2, 0.01, 0.02), shape: [2, 1, 1, 2] },
      inputAxis: 0,
    };
    const pointwise = { weight: { data: Float32Array.of(1, 1), shape: [1, 2, 1, 1] } };
    const chain = equalizeLayers([{ weight: first.weight }, depthwise, pointwise]);
    expect(chain.scales.map((s) => s.length)).toEqual([2, 2]);
    // Through channel c: first / s0, depthwise * s0 / s1, pointwise * s1.
    const at = (l: number, i: number): number => chain.layers[l].weight.data[i];
    expect(at(0, 0) * at(1, 1) * at(2, 0)).toBeCloseTo(8 * 2 * 1, 5);
    expect(at(0, 3) * at(1, 3) * at(2, 1)).toBeCloseTo(0.25 * 0.02 * 1, 8);
  });

  it('chooses the power of two at the least ratio', () => {
    const layer = { weight: { data: Float32Array.of(3, 0.1), shape: [2, 1] } };
    const next = { weight: { data: Float32Array.of(1, 8), shape: [1, 2] } };
    expect(equalizeLayers([layer, next], { powerOfTwo: true }).scales[0]).toEqual(Float64Array.of(2, 0.125));
  });

  it('takes layers without channels or inputs', () => {
    const none = { weight: { data: new Float32Array(0), shape: [0, 3] } };
    const after = { weight: { data: new Float32Array(0), shape: [2, 0] } };
    expect(equalizeLayers([none, after]).report.kept).toBe('original');
  });
});

describe('wrong arguments of equalizeLayers()', () => {
  const run =
    (layers: unknown, options?: unknown): (() => unknown) =>
    () =>
      equalizeLayers(layers as EqualizeLayer[], options as { powerOfTwo?: boolean });

  it.each(NOT_TENSORS)('refuses %s in the place of a weight', (_, weight) => {
    expect(run([first, { weight }])).toThrow(/^equalizeLayers: "layers\[1\].weight/);
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ['no array', first, undefined, /"layers" expected an array of layers/],
    ['one layer', [first], undefined, /"layers" expected at least two layers, got 1/],
    ['a hole', [first, undefined], undefined, /"layers\[1\].weight" expected/],
    ['null', [null, first], undefined, /"layers\[0\]" expected a plain object, got null/],
    ['layers that do not meet', [second, first], undefined, /"layers\[1\]" expected 1 inputs.*got 2/],
    [
      'a bias of another length',
      [first, { ...second, bias: first.bias }],
      undefined,
      /"layers\[1\].bias" expected 1 numbers, got 2/,
    ],
    [
      'a scalar',
      [first, { weight: { data: Float32Array.of(1), shape: [] } }],
      undefined,
      /at least one axis, got "a scalar"/,
    ],
    [
      'an unknown key of a layer',
      [first, { ...second, weigth: 1 }],
      undefined,
      /known keys, got "weigth" - did you mean "weight"/,
    ],
    ['an unknown option', [first, second], { rounds: 1 }, /"options" expected known keys, got "rounds"/],
    [
      'powerOfTwo as a number',
      [first, second],
      { powerOfTwo: 1 },
      /"powerOfTwo" expected true or false, got 1/,
    ],
    ['no rounds', [first, second], { maxRounds: 0 }, /"maxRounds" expected/],
    [
      'a tolerance of NaN',
      [first, second],
      { tolerance: NaN },
      /"tolerance" expected a number from 0 to 1, got NaN/,
    ],
    ['a tolerance in text', [first, second], { tolerance: '0' }, /"tolerance" expected a number from 0 to 1/],
    ['an axis that is none', [first, { ...second, outputAxis: 5 }], undefined, /^equalizeLayers: "axis"/],
  ])('refuses %s', (_, layers, options, message) => {
    expect(run(layers, options)).toThrow(message);
  });

  it('names what is not finite, and a bias that leaves float32', () => {
    const bad = { weight: { data: Float32Array.of(1, Infinity), shape: [1, 2] } };
    const faint = {
      weight: { data: Float32Array.of(1e-30, 1), shape: [2, 1] },
      bias: Float32Array.of(1e38, 1),
    };
    const cases: [() => unknown, string, number][] = [
      [run([first, bad]), 'NON_FINITE', 1],
      [run([{ ...first, bias: Float32Array.of(NaN, 0) }, second]), 'NON_FINITE', 0],
      [run([faint, second]), 'OVERFLOW', 0],
    ];
    for (const [act, code, index] of cases)
      try {
        act();
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(NumericError);
        expect([(error as NumericError).code, (error as NumericError).index]).toEqual([code, index]);
      }
  });
});

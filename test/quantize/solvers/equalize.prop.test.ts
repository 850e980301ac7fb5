import fc from 'fast-check';
import {
  dequantizeAffine,
  equalizeLayers,
  measureError,
  quantizeAffine,
  type EqualizeLayer,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';

interface Chain {
  readonly layers: readonly { weight: { data: Float32Array; shape: number[] }; bias: Float32Array }[];
  readonly x: Float32Array;
}

/** Numbers of moderate size: none that scales could carry out of the normal range. */
const anyList = (n: number): fc.Arbitrary<Float32Array> =>
  fc
    .array(fc.oneof({ weight: 5, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }) }, fc.constant(0)), {
      minLength: n,
      maxLength: n,
    })
    .map((list) => Float32Array.from(list, (v) => (Math.abs(v) < 1e-9 ? 0 : v)));

/** Channels whose ranges differ by powers of ten; some of them dead. */
const anyChain: fc.Arbitrary<Chain> = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 5 })
  .chain((sizes) => {
    const layers = sizes.slice(1).map((outputs, l) =>
      fc
        .tuple(
          anyList(outputs * sizes[l]),
          anyList(outputs),
          fc.array(fc.constantFrom(0, 0.001, 0.1, 1, 1, 30), { minLength: outputs, maxLength: outputs }),
        )
        .map(([data, bias, ranges]) => ({
          weight: {
            data: data.map((v, i) => v * ranges[Math.floor(i / sizes[l])]),
            shape: [outputs, sizes[l]],
          },
          bias,
        })),
    );
    return fc.record({ layers: fc.tuple(...layers), x: anyList(sizes[0]) });
  });

/** The chain with ReLU between its layers, in float32 if `round` is Math.fround; and the same of magnitudes, for what rounding may do. */
function run(layers: readonly EqualizeLayer[], x: ArrayLike<number>, round: (v: number) => number): number[] {
  return layers.reduce<number[]>((inputs, layer, l) => {
    const { data, shape } = layer.weight as { data: Float32Array; shape: number[] };
    return Array.from({ length: shape[0] }, (_, o) => {
      let sum = (layer.bias as Float32Array)[o];
      for (let i = 0; i < shape[1]; i++) sum = round(sum + round(data[o * shape[1] + i] * inputs[i]));
      return l === layers.length - 1 ? sum : Math.max(sum, 0);
    });
  }, Array.from(x));
}

const magnitudes = (layers: Chain['layers']): Chain['layers'] =>
  layers.map(({ weight, bias }) => ({
    weight: { data: weight.data.map(Math.abs), shape: weight.shape },
    bias: bias.map(Math.abs),
  }));

const same = (v: number): number => v;
const asLayers = (result: ReturnType<typeof equalizeLayers>): EqualizeLayer[] =>
  result.layers.map(({ weight, bias }) => ({ weight, bias: bias as Float32Array }));

describe('equalizeLayers()', () => {
  it('preserves the function of the chain to the rounding of its weights', () => {
    fc.assert(
      fc.property(anyChain, ({ layers, x }) => {
        const result = equalizeLayers(layers);
        const before = run(layers, x, same);
        const after = run(asLayers(result), x, same);
        const most = run(magnitudes(layers), x.map(Math.abs), same);
        before.forEach((v, i) =>
          expect(Math.abs(v - after[i])).toBeLessThanOrEqual(layers.length * 2 ** -22 * most[i] + 1e-30),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('with powers of two preserves it to the bit, computed in float32 and in float64', () => {
    fc.assert(
      fc.property(anyChain, ({ layers, x }) => {
        const result = equalizeLayers(layers, { powerOfTwo: true });
        expect(result.report.exact).toBe(true);
        for (const round of [same, Math.fround])
          expect(run(asLayers(result), x, round)).toEqual(run(layers, x, round));
        for (const s of result.scales.flatMap((list) => Array.from(list)))
          expect(Number.isInteger(Math.log2(s))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('never lowers the precision of the pairs in sum, and returns the layers as they were where it would not rise', () => {
    fc.assert(
      fc.property(anyChain, fc.boolean(), ({ layers }, powerOfTwo) => {
        const { layers: own, report, scales } = equalizeLayers(layers, { powerOfTwo });
        const total = (key: 'precisionBefore' | 'precisionAfter'): number =>
          report.pairs.reduce((sum, pair) => sum + pair[key], 0);
        expect(total('precisionAfter')).toBeGreaterThanOrEqual(total('precisionBefore'));
        if (report.kept === 'equalized') return;
        own.forEach(({ weight, bias }, l) => {
          expect(weight.data).toEqual(layers[l].weight.data);
          expect(bias).toEqual(layers[l].bias);
        });
        for (const s of scales) expect(s.every((v) => v === 1)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives both layers of every live channel the same range once it has converged', () => {
    fc.assert(
      fc.property(anyChain, ({ layers }) => {
        const { layers: own, report } = equalizeLayers(layers, { maxRounds: 1000, tolerance: 1e-9 });
        fc.pre(report.converged && report.kept === 'equalized');
        for (let p = 0; p + 1 < own.length; p++) {
          const [outputs, inputs] = own[p].weight.shape;
          const next = own[p + 1].weight;
          for (let c = 0; c < outputs; c++) {
            const first = Math.max(...own[p].weight.data.slice(c * inputs, (c + 1) * inputs).map(Math.abs));
            const second = Math.max(...next.data.filter((_, i) => i % outputs === c).map(Math.abs));
            if (first > 0 && second > 0) expect(Math.abs(first / second - 1)).toBeLessThan(1e-6);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('changes nothing the second time but by rounding, and never its input', () => {
    fc.assert(
      fc.property(anyChain, ({ layers }) => {
        const copies = layers.map(({ weight, bias }) => [weight.data.slice(), bias.slice()]);
        const once = equalizeLayers(layers, { maxRounds: 1000 });
        layers.forEach(({ weight, bias }, l) => expect([weight.data, bias]).toEqual(copies[l]));
        fc.pre(once.report.converged && once.report.kept === 'equalized');
        const twice = equalizeLayers(asLayers(once), { maxRounds: 1000 });
        for (const s of twice.scales.flatMap((list) => Array.from(list)))
          expect(Math.abs(s - 1)).toBeLessThan(1e-3);
      }),
      { numRuns: 300 },
    );
  });

  it('makes 8-bit codes with one scale per tensor better where ranges differ', () => {
    const ranges = [1, 0.02, 30, 0.5];
    const first = {
      data: Float32Array.from({ length: 32 }, (_, i) => ranges[i >> 3] * Math.sin(i + 1)),
      shape: [4, 8],
    };
    const second = {
      data: Float32Array.from({ length: 16 }, (_, i) => Math.cos(i) / ranges[i % 4]),
      shape: [4, 4],
    };
    const { layers, report } = equalizeLayers([{ weight: first }, { weight: second }]);
    const lost = (w: { data: Float32Array; shape: readonly number[] }): number => {
      const q = quantizeAffine(w, { bits: 8 });
      expect(dequantizeAffine(q).length).toBe(w.data.length);
      return measureError(w, q).relativeL2;
    };
    expect(report.pairs[0].precisionAfter).toBeGreaterThan(3 * report.pairs[0].precisionBefore);
    // What both lose together of their own size, channel by channel.
    expect(lost(layers[0].weight) + lost(layers[1].weight)).toBeLessThan(lost(first) + lost(second));
  });
});

import fc from 'fast-check';
import {
  allocate,
  createRandom,
  dequantizeAffine,
  free,
  quantizeAffine,
  quantizedLayer,
  quantizedLinear,
  quantizedLinearBound,
  setBackend,
  type Activations,
  type AffineOptions,
  type AffineTensor,
  type Granularity,
} from 'tensorslim';
import { afterEach, describe, expect, it } from 'vitest';
import { NOT_TENSORS } from '../../support/wrong-types.js';

afterEach(() => setBackend('auto'));

const KINDS = ['float32', 'int16', 'int8'] as const;

/** Exact products of scale * (code - zeroPoint), and of other weights, with x: float64 sums, good to 2^-40 of their terms. */
function exactly(weights: ArrayLike<number>, x: Float32Array, rows: number): number[] {
  const k = weights.length / rows;
  const out: number[] = [];
  for (let t = 0; t < x.length / k; t++) {
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let c = 0; c < k; c++) sum += weights[r * k + c] * x[t * k + c];
      out.push(sum);
    }
  }
  return out;
}

/** scale * (code - zeroPoint) without rounding: float64 holds the product of 24 and 9 bits. */
function levels(q: AffineTensor): Float64Array {
  const exact = { ...q, scale: Float64Array.from(q.scale), scaleDtype: 'float64' as const };
  const rounded = dequantizeAffine(exact);
  const [rows, columns] = q.shape;
  const regions = q.scale.length;
  return Float64Array.from(rounded, (value, i) => {
    const perRow = Math.max(regions / rows, 1);
    const row = Math.floor(i / columns);
    const region = regions === 1 ? 0 : row * perRow + Math.floor(((i % columns) * perRow) / columns);
    const scale = q.scale[region];
    return scale === 0 ? 0 : scale * Math.floor(value / scale + 0.5);
  });
}

const grouping = fc.constantFrom<Granularity>(
  { kind: 'tensor' },
  { kind: 'axis', axis: 0 },
  { kind: 'token' },
  { kind: 'group', groupSize: 32 },
  { kind: 'group', groupSize: 64, axis: 1 },
);
const layer = fc
  .record({
    rows: fc.integer({ min: 1, max: 6 }),
    columns: fc.constantFrom(64, 128, 192),
    tokens: fc.integer({ min: 0, max: 3 }),
    bits: fc.constantFrom(4 as const, 8 as const),
    mapping: fc.constantFrom('symmetric' as const, 'symmetricFull' as const, 'asymmetric' as const),
    granularity: grouping,
    activations: fc.constantFrom(...KINDS),
    seed: fc.nat(),
    exponent: fc.integer({ min: -60, max: 60 }),
  })
  .map(({ rows, columns, tokens, seed, exponent, ...how }) => {
    const random = createRandom(seed);
    const shift = random.normal();
    const w = Float32Array.from({ length: rows * columns }, () => random.normal() + shift);
    const x = Float32Array.from({ length: tokens * columns }, () => random.normal() * 2 ** exponent);
    return { rows, columns, tokens, w, x, ...how };
  });

const near = 1 + 2 ** -30;

describe('quantizedLinear()', () => {
  it('stays within its bounds, of the codes and of the weights before them', () => {
    fc.assert(
      fc.property(layer, ({ rows, columns, tokens, w, x, activations, ...how }) => {
        const q = quantizeAffine({ data: w, shape: [rows, columns] }, how);
        const input = { data: x, shape: [tokens, columns] };
        const y = quantizedLinear(q, input, { activations });
        expect(y.length).toBe(tokens * rows);
        const ofCodes = quantizedLinearBound(q, input, { activations });
        const ofWeights = quantizedLinearBound(q, input, { activations, against: 'original' });
        const [codes, original] = [exactly(levels(q), x, rows), exactly(w, x, rows)];
        y.forEach((value, i) => {
          expect(Math.abs(value - codes[i])).toBeLessThanOrEqual(ofCodes[i] * near);
          expect(Math.abs(value - original[i])).toBeLessThanOrEqual(ofWeights[i] * near);
        });
      }),
      { numRuns: 3000 },
    );
  });

  it('reaches the bound of whole numbers within 1 %, with every activation half a step off', () => {
    const columns = 1024;
    const w = quantizeAffine({ data: new Float32Array(columns).fill(1), shape: [1, columns] }, { bits: 8 });
    const x = new Float32Array(columns).fill(2.4999);
    x[0] = 127;
    const [y] = quantizedLinear(w, x, { activations: 'int8' });
    const exact = exactly(levels(w), x, 1)[0];
    const [bound] = quantizedLinearBound(w, x, { activations: 'int8' });
    expect(Math.abs(y - exact) / bound).toBeGreaterThan(0.99);
    expect(Math.abs(y - exact)).toBeLessThanOrEqual(bound);
  });

  it('gives the same bits in either backend and wherever the codes lie', () => {
    fc.assert(
      fc.property(layer, ({ rows, columns, tokens, w, x, activations, ...how }) => {
        const q = quantizeAffine({ data: w, shape: [rows, columns] }, how);
        const input = { data: x, shape: [tokens, columns] };
        setBackend('scalar');
        const scalar = quantizedLinear(q, input, { activations });
        setBackend('simd');
        const layer = quantizedLayer(q);
        expect([layer.outputs, layer.inputs]).toEqual([rows, columns]);
        for (let call = 0; call < 2; call++) expect(layer.multiply(input, { activations })).toEqual(scalar);
        const codes = allocate(q.codes.length, q.codes instanceof Int8Array ? 'int8' : 'uint8');
        codes.set(q.codes);
        expect(quantizedLinear({ ...q, codes }, input, { activations })).toEqual(scalar);
        free(codes);
      }),
      { numRuns: 500 },
    );
  });

  it('comes 100 times closer with int16 than with int8, and closer than with bfloat16', () => {
    const random = createRandom(1);
    const normals = (length: number) => Float32Array.from({ length }, () => random.normal());
    const q = quantizeAffine(
      { data: normals(64 * 512), shape: [64, 512] },
      { bits: 4, granularity: { kind: 'group', groupSize: 32 } },
    );
    const x = normals(512);
    const exact = exactly(levels(q), x, 64);
    const error = (y: Float32Array): number =>
      Math.sqrt(y.reduce((sum, v, i) => sum + (v - exact[i]) ** 2, 0));
    const bfloat16 = x.map((v) => dequantizeBfloat16(v));
    const [real, int16, int8] = KINDS.map((activations) => error(quantizedLinear(q, x, { activations })));
    expect(int8 / int16).toBeGreaterThan(100);
    expect(error(quantizedLinear(q, bfloat16)) / int16).toBeGreaterThan(20);
    expect(real).toBeLessThan(int16);
  });

  it.each<[string, AffineOptions, number]>([
    ['3 bits', { bits: 3 }, 64],
    ['groups along the outputs', { bits: 8, granularity: { kind: 'group', axis: 0, groupSize: 2 } }, 64],
    ['one scale per input', { bits: 8, granularity: { kind: 'axis', axis: 1 } }, 64],
    ['blocks', { bits: 8, granularity: { kind: 'block', blockShape: [2, 16] } }, 64],
    ['16 bits', { bits: 16 }, 64],
    ['a group that is cut', { bits: 4, granularity: { kind: 'group', groupSize: 32 } }, 80],
    ['an odd number of inputs', { bits: 4 }, 33],
  ])('restores weights in %s, within the bound', (_, options, columns) => {
    const random = createRandom(2);
    const w = Float32Array.from({ length: 4 * columns }, () => random.normal());
    const x = Float32Array.from({ length: columns }, () => random.normal());
    const q = quantizeAffine({ data: w, shape: [4, columns] }, options);
    const y = quantizedLinear(q, x);
    const bounds = quantizedLinearBound(q, x);
    const original = quantizedLinearBound(q, x, { against: 'original' });
    const layer = quantizedLayer(q);
    expect([layer.multiply(x), layer.multiply(x)]).toEqual([y, y]);
    exactly(dequantizeAffine(q), x, 4).forEach((v, r) =>
      expect(Math.abs(y[r] - v)).toBeLessThanOrEqual(bounds[r]),
    );
    exactly(w, x, 4).forEach((v, r) => expect(Math.abs(y[r] - v)).toBeLessThanOrEqual(original[r]));
    expect(() => quantizedLinear(q, x, { activations: 'int8' })).toThrow(
      /^quantizedLinear: "activations" expected 'float32' for weights/,
    );
  });

  it.each(KINDS)('takes zeros, nothing and one input (%s)', (activations) => {
    const of = (shape: number[], x: number[]) =>
      quantizedLinear(
        quantizeAffine({ data: new Float32Array(shape[0] * shape[1]), shape }, { bits: 8 }),
        { data: Float32Array.from({ length: x[0] * x[1] }, () => 0), shape: x },
        { activations },
      );
    expect(of([2, 32], [1, 32])).toEqual(new Float32Array(2));
    expect(of([0, 32], [1, 32])).toEqual(new Float32Array(0));
    expect(of([2, 0], [3, 0])).toEqual(new Float32Array(6));
    expect(of([2, 32], [0, 32])).toEqual(new Float32Array(0));
  });

  it('keeps subnormal activations apart from zero', () => {
    const q = quantizeAffine({ data: new Float32Array(32).fill(127), shape: [1, 32] }, { bits: 8 });
    const x = new Float32Array(32).fill(2 ** -140);
    for (const activations of KINDS) {
      const [y] = quantizedLinear(q, x, { activations });
      const [bound] = quantizedLinearBound(q, x, { activations });
      expect(Math.abs(y - 32 * 127 * 2 ** -140)).toBeLessThanOrEqual(bound);
    }
    expect(quantizedLinear(q, x, { activations: 'int8' })[0]).toBeGreaterThan(0);
  });

  it('has no bound where float32 overflows', () => {
    const q = quantizeAffine({ data: new Float32Array(32).fill(127), shape: [1, 32] }, { bits: 8 });
    const x = new Float32Array(32).fill(1e38);
    expect(quantizedLinear(q, x)[0]).toBe(Infinity);
    expect(quantizedLinearBound(q, x)[0]).toBe(Infinity);
  });

  it('writes to out', () => {
    const q = quantizeAffine({ data: new Float32Array(32).fill(1), shape: [1, 32] }, { bits: 8 });
    const out = new Float32Array(1);
    expect(quantizedLinear(q, new Float32Array(32).fill(1), { out })).toBe(out);
    expect(out[0]).toBeCloseTo(32, 4);
    expect(() => quantizedLinear(q, new Float32Array(32), { out: new Float32Array(2) })).toThrow('"out"');
  });

  const q = quantizeAffine({ data: new Float32Array(64).fill(1), shape: [2, 32] }, { bits: 8 });
  it.each(NOT_TENSORS)('refuses %s as activations', (_, x) => {
    expect(() => quantizedLinear(q, x as Float32Array)).toThrow(/^quantizedLinear: "x/);
  });

  it('names what is wrong', () => {
    const x = new Float32Array(32);
    expect(() => quantizedLinear({} as AffineTensor, x)).toThrow(TypeError);
    expect(() => quantizedLayer({} as AffineTensor)).toThrow(/^quantizedLayer: "q"/);
    expect(() => quantizedLayer(q).multiply(new Float32Array(2))).toThrow(/^quantizedLayer: "x.shape"/);
    expect(() => quantizedLinear(q, new Float32Array(31))).toThrow(
      /^quantizedLinear: "x.shape" expected a last axis of 32/,
    );
    expect(() => quantizedLinear(quantizeAffine(x, { bits: 8 }), x)).toThrow(
      /"w.shape" expected \[outputs, inputs\]/,
    );
    expect(() => quantizedLinear(q, x, { activations: 'int4' as Activations })).toThrow(RangeError);
    expect(() => quantizedLinearBound(q, x, { against: 'weights' as never })).toThrow('"against"');
    expect(() =>
      quantizedLinear(
        q,
        x.map((_, i) => (i === 3 ? NaN : 0)),
      ),
    ).toThrow(/NaN at index 3 .*\[NON_FINITE\]/);
  });
});

/** x rounded to bfloat16, half to even. */
function dequantizeBfloat16(x: number): number {
  const split = Math.fround(x * 65537);
  return split - Math.fround(split - x);
}

import {
  apply,
  decompressModel,
  planRecipe,
  presetRecipe,
  profile,
  sourceOfTensors,
  verify,
  type LossyScheme,
  type Report,
  type TensorSource,
} from 'tensorslim/model';
import { describe, expect, it } from 'vitest';
import { castFloat } from '../../src/quantize/floats/cast.js';
import { tensor } from '../../src/core/tensor.js';
import { comparable, compareTensors } from '../../src/model/compare.js';
import { bell } from '../support/models.js';

const SPECIAL = [NaN, Infinity, -Infinity];

function withSpecial(): Float32Array<ArrayBuffer> {
  const data = Float32Array.from(bell(2048, 1));
  SPECIAL.forEach((value, i) => (data[100 * i + 7] = value));
  return data;
}

const modelOf = (data: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>): TensorSource =>
  sourceOfTensors(new Map([['w', tensor(data, [32, 64])]]));

function verified(model: TensorSource, scheme: LossyScheme): Promise<Report> {
  const goals = [{ figure: 'sqnrDb', atLeast: 20 }];
  return verify(model, apply(model, planRecipe(model, { scheme })), { goals });
}

const half = { scheme: 'float', dtype: 'float16', overflow: 'throw' } as const;

describe('verify() of tensors that are not finite everywhere', () => {
  it.each(['float16', 'bfloat16'] as const)(
    '%s keeps NaN and infinities, and that is no error',
    async (name) => {
      const model = modelOf(withSpecial());
      const { scheme } = presetRecipe(name, 'safetensors');
      const report = await verified(model, scheme as LossyScheme);
      const finite = withSpecial().map((v) => (Number.isFinite(v) ? v : 0));
      const expected = await verified(modelOf(finite), scheme as LossyScheme);
      expect(report.isWithinBound && report.isReached).toBe(true);
      expect(report.measures).toEqual(expected.measures);
      expect(report.measures.maxAbs).toBeGreaterThan(0);
    },
  );

  it('float64 originals too', async () => {
    const report = await verified(modelOf(Float64Array.from(withSpecial())), half);
    expect(report.isReached).toBe(true);
  });

  it('what saturates is no breach of the bound, but no measure hides it', async () => {
    const model = modelOf(withSpecial());
    const report = await verified(model, { scheme: 'affine', bits: 8, nonFinite: 'saturate' });
    expect(report.isWithinBound).toBe(true);
    expect(report.measures.maxAbs).toBeNaN();
    expect(report.isReached).toBe(false);
    const infinite = withSpecial().map((v) => (Number.isNaN(v) ? 0 : v));
    const saturated = await verified(modelOf(infinite), { scheme: 'affine', bits: 8, nonFinite: 'saturate' });
    expect(saturated.measures.maxAbs).toBe(Infinity);
  });

  it('a finite element that comes back as NaN is off by Infinity', async () => {
    const scheme = { scheme: 'mx', element: 'float4_e2m1fn', nonFinite: 'propagate' } as const;
    const report = await verified(modelOf(withSpecial()), scheme);
    expect(report.isWithinBound).toBe(true);
    expect(report.tensors[0].bound.maxAbs).toBe(Infinity);
    const { finite } = compareTensors(Float32Array.of(1, 2), Float32Array.of(1, NaN));
    expect(finite.maxAbs).toBe(Infinity);
  });

  it('profile() measures the same', async () => {
    const rows = await profile(modelOf(withSpecial()), {
      candidates: { half, saturate: { scheme: 'affine', bits: 8, nonFinite: 'saturate' } },
    });
    const report = await verified(modelOf(withSpecial()), half);
    expect(rows[0].measures).toEqual(report.tensors[0].measures);
    expect(rows[1].measures.maxAbs).toBeNaN();
  });
});

describe('comparable()', () => {
  it('gives finite arrays back as they are', () => {
    const [a, b] = [Float32Array.of(1, 2), Float32Array.of(3, 4)];
    const pair = comparable(a, b);
    expect(pair.original).toBe(a);
    expect(pair.restored).toBe(b);
    expect(pair.isChanged).toBe(false);
  });

  it('tells every pair of special numbers apart, and changes no input', () => {
    for (const from of SPECIAL) {
      for (const to of [...SPECIAL, 0, 1]) {
        const [a, b] = [Float32Array.of(from, 5), Float32Array.of(to, 6)];
        const pair = comparable(a, b);
        expect(pair.isChanged).toBe(!Object.is(from, to));
        expect([pair.original, pair.restored]).toEqual([Float32Array.of(0, 5), Float32Array.of(0, 6)]);
        expect([a, b]).toEqual([Float32Array.of(from, 5), Float32Array.of(to, 6)]);
      }
    }
  });
});

describe('decompressModel() of 16-bit originals', () => {
  it.each(['float16', 'bfloat16'] as const)(
    '%s infinities come back as infinities, NaN as NaN',
    async (dtype) => {
      const codes = castFloat(withSpecial(), dtype);
      const model = sourceOfTensors(new Map([['w', tensor(codes, [32, 64], dtype)]]));
      const small = apply(model, planRecipe(model, { scheme: { ...half, dtype } }));
      const { data } = await decompressModel(small).read('w');
      expect(data).toEqual(codes);
    },
  );

  it('finite values beyond float16 saturate', async () => {
    const codes = castFloat(new Float32Array(2048).fill(65504), 'float16');
    const model = sourceOfTensors(new Map([['w', tensor(codes, [32, 64], 'float16')]]));
    // Levels of a bfloat16 reach 65536 here.
    const small = apply(model, planRecipe(model, { scheme: { scheme: 'float', dtype: 'bfloat16' } }));
    const { data } = await decompressModel(small).read('w');
    expect(data).toEqual(codes);
  });
});

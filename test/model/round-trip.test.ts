import {
  apply,
  decompressModel,
  planRecipe,
  PRESET_NAMES,
  presetRecipe,
  readCompressed,
  sourceOfSafetensors,
  sourceOfTensors,
  writeCompressed,
  type CompressedModel,
  type Recipe,
  type TensorSource,
} from 'tensorslim/model';
import { buildHeader, readSafetensors } from 'tensorslim/safetensors';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../src/compressed/compressed.js';
import { FormatError, NumericError } from '../../src/core/errors.js';
import { tensor } from '../../src/core/tensor.js';
import { packModel } from '../../src/model/pack.js';
import { decodeFloat } from '../../src/quantize/floats/cast.js';
import { bell, smallModel, smallTensors } from '../support/models.js';

const MIXED: Recipe = {
  scheme: { scheme: 'affine', bits: 8, granularity: { kind: 'axis', axis: -1 } },
  rules: [
    {
      match: 'embed*',
      scheme: {
        scheme: 'affine',
        bits: 4,
        mapping: 'asymmetric',
        granularity: { kind: 'group', groupSize: 32 },
        scaleDtype: 'float16',
      },
    },
    { match: '__proto__', scheme: { scheme: 'float', dtype: 'float8_e4m3fn' } },
    { match: 'layer/1/*', scheme: { scheme: 'float', dtype: 'float6_e2m3fn' } },
  ],
};

const compressed = (recipe = MIXED, model: TensorSource = smallModel()): CompressedModel =>
  apply(model, planRecipe(model, recipe));

const reopened = async (model: CompressedModel): Promise<CompressedModel> =>
  readCompressed(sourceOfSafetensors(readSafetensors(await writeCompressed(model))));

describe('a compressed model in a safetensors file', () => {
  it('gives every tensor back, to the bit, under its name and in its order', async () => {
    const model = compressed();
    const again = await reopened(model);
    expect(Array.from(again.entries.keys())).toEqual(Array.from(model.entries.keys()));
    for (const name of model.entries.keys()) expect(await again.read(name)).toEqual(await model.read(name));
  });

  it.each(PRESET_NAMES)('holds what the preset %s makes', async (name) => {
    const model = compressed(presetRecipe(name, 'safetensors'));
    const again = await reopened(model);
    for (const entry of model.entries.keys())
      expect(await again.read(entry)).toEqual(await model.read(entry));
  });

  it('takes as many bytes for each tensor as the plan says', async () => {
    const model = smallModel();
    const plan = planRecipe(model, MIXED);
    const again = await reopened(apply(model, plan));
    for (const [name, { compressedBytes, originalBytes, dtype, shape }] of plan.entries) {
      expect(again.entries.get(name)).toMatchObject({ compressedBytes, originalBytes, dtype, shape });
    }
  });

  it('keeps the metadata and the model.json of the original', async () => {
    const model: TensorSource = {
      ...smallModel(),
      format: 'tfjs',
      metadata: new Map([['author', 'somebody']]),
      modelJson: { format: 'graph-model', modelTopology: { node: ['"\\é'] } },
    };
    const again = await reopened(compressed(MIXED, model));
    expect(again.format).toBe('tfjs');
    expect(again.metadata).toEqual(model.metadata);
    expect(again.modelJson).toEqual(model.modelJson);
  });

  it('restores types and shapes, kept tensors to the bit', async () => {
    const restored = decompressModel(await reopened(compressed()));
    for (const [name, original] of smallTensors()) {
      const { dtype, shape, data } = await restored.read(name);
      expect({ name, dtype, shape }).toEqual({ name, dtype: original.dtype, shape: original.shape });
      expect(data.constructor).toBe(original.data.constructor);
      if (!/kernel|embed|head|__proto__/.test(name)) expect(data).toEqual(original.data);
    }
  });

  it('restores half floats by rounding what decompress gives', async () => {
    const model = compressed();
    const c = await model.read('head');
    const values = 'kind' in c ? decompress(c).data : [];
    const { data } = await decompressModel(model).read('head');
    const halves = decodeFloat(data as Uint16Array, 'float16');
    for (let i = 0; i < values.length; i++) {
      // Half a unit in the last place of eleven bits.
      expect(Math.abs(halves[i] - Number(values[i]))).toBeLessThanOrEqual(
        Math.abs(Number(values[i])) * 2 ** -11,
      );
    }
  });

  it.each([
    {
      scheme: 'affine',
      bits: 16,
      mapping: 'symmetricFull',
      granularity: { kind: 'block', blockShape: [100_000, 100_000] },
      scaleMethod: 'percentile',
      percentile: 60,
      scaleDtype: 'bfloat16',
      rounding: 'halfAwayFromZero',
    },
    { scheme: 'float', dtype: 'float8_e4m3fn', rounding: 'halfAwayFromZero', overflow: 'saturate' },
    { scheme: 'tfjs', dtype: 'uint16' },
  ] as const)('has room for the longest header of kind $scheme', async (scheme) => {
    const shape = [...Array<number>(14).fill(1), 64, 64];
    const tiny = bell(4096, 1).map((x) => x * 1.2345e-21);
    const packed = packModel(compressed({ scheme }, sourceOfTensors({ w: tensor(tiny, shape) })));
    const room = buildHeader(packed.specs, packed.metadata).bytes.length;
    for (const spec of packed.specs) await packed.produce(spec);
    const final = buildHeader(packed.specs, new Map([...packed.metadata, ...packed.finalMetadata()]));
    expect(final.bytes.length).toBeLessThanOrEqual(room);
  });

  it('notices every changed byte of the data and of the records', async () => {
    const model = sourceOfTensors({
      w: tensor(
        Float32Array.from({ length: 64 }, (_, i) => i - 20),
        [8, 8],
      ),
      b: tensor(Float32Array.of(1, 2), [2]),
    });
    const bytes = await writeCompressed(
      compressed({ scheme: { scheme: 'affine', bits: 4 }, skip: { minElements: 0 } }, model),
    );
    const original = await everything(bytes);
    for (let i = 0; i < bytes.length; i++) {
      const damaged = bytes.slice();
      damaged[i] ^= 1;
      await expect(
        everything(damaged).then((text) => text === original),
        `byte ${i}`,
      ).rejects.toBeInstanceOf(FormatError);
    }
  });
});

/** Everything that a file holds, as text. */
async function everything(bytes: Uint8Array): Promise<string> {
  const model = readCompressed(sourceOfSafetensors(readSafetensors(bytes)));
  const tensors: unknown[] = [];
  for (const name of model.entries.keys()) tensors.push(name, await model.read(name));
  return JSON.stringify([model.format, [...model.metadata], model.modelJson, tensors]);
}

describe('apply()', () => {
  it('names tensor and element for a value that is not finite', async () => {
    const data = new Float32Array(4096);
    data[77] = NaN;
    const model = compressed(
      MIXED,
      sourceOfTensors(new Map([...smallTensors(), ['bad', tensor(data, [64, 64])]])),
    );
    await expect(model.read('bad')).rejects.toThrow(/^tensor "bad": quantizeAffine: .*NaN at index 77/);
    await expect(model.read('bad')).rejects.toBeInstanceOf(NumericError);
    await expect(writeCompressed(model)).rejects.toBeInstanceOf(NumericError);
  });

  it.each(['float16', 'bfloat16'] as const)('names a value that preset %s cannot hold', async (preset) => {
    const data = new Float32Array(4096);
    data[9] = 3.4028235e38;
    const model = sourceOfTensors({ big: tensor(data, [64, 64]) });
    await expect(compressed(presetRecipe(preset, 'safetensors'), model).read('big')).rejects.toThrow(
      /^tensor "big": quantizeFloat: "x\[9\]" expected values in the range/,
    );
  });

  it('refuses a plan of another model, and names that are not there', async () => {
    const plan = planRecipe(smallModel(), MIXED);
    expect(() => apply(sourceOfTensors({ other: tensor(new Float32Array(1), [1]) }), plan)).toThrow(
      /"plan" expected .*got "other"/,
    );
    await expect(compressed().read('nothing')).rejects.toThrow(
      /"name" expected a tensor of this model, got "nothing"/,
    );
    await expect((await reopened(compressed())).read('nothing')).rejects.toThrow(/"name" expected/);
    await expect(smallModel().read('nothing')).rejects.toThrow(/"name" expected/);
  });

  it('leaves the original alone', async () => {
    const tensors = smallTensors();
    const model = compressed(MIXED, sourceOfTensors(tensors));
    for (const name of tensors.keys()) await model.read(name);
    expect(tensors).toEqual(smallTensors());
  });

  it('closes the original with the result', async () => {
    let closed = 0;
    const model: TensorSource = { ...smallModel(), close: () => Promise.resolve(void closed++) };
    await decompressModel(compressed(MIXED, model)).close();
    expect(closed).toBe(1);
  });
});

describe('writing', () => {
  it('reports progress up to the size of the model, and stops at a signal', async () => {
    const seen: number[] = [];
    const model = compressed();
    const total = Array.from(model.entries.values()).reduce(
      (sum, { originalBytes }) => sum + originalBytes,
      0,
    );
    await writeCompressed(model, {
      onProgress: ({ doneBytes, totalBytes }) => void seen.push(doneBytes, totalBytes - total),
    });
    expect(seen.at(-2)).toBe(total);
    expect(seen.filter((_, i) => i % 2 === 1)).toEqual(Array(model.entries.size).fill(0));
    await expect(writeCompressed(model, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
  });
});

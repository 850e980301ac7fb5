import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  apply,
  decompressModel,
  planRecipe,
  presetRecipe,
  sourceOfTensors,
  verify,
  type PresetName,
} from 'tensorslim/model';
import { openCompressed, openModel, openTfjs, saveCompressed, saveModel } from 'tensorslim/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IoError } from '../../src/core/errors.js';
import type { TensorSource } from '../../src/core/source.js';
import { tensor } from '../../src/core/tensor.js';
import { bell, smallModel, smallTensors } from '../support/models.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tensorslim-model-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A tfjs model with a float matrix, a bias and integers. */
const tfjsModel = (): TensorSource => ({
  ...sourceOfTensors({
    'dense/kernel': tensor(bell(4096, 1), [64, 64]),
    'dense/bias': tensor(bell(64, 2), [64]),
    shape: tensor(Int32Array.of(64, 64), [2]),
  }),
  format: 'tfjs',
  modelJson: { format: 'graph-model', modelTopology: { node: [] } },
});

const compress = (model: TensorSource, preset: PresetName): ReturnType<typeof apply> =>
  apply(model, planRecipe(model, presetRecipe(preset, model.format)));

describe('saveCompressed() and openCompressed()', () => {
  it('bring a model to disk and back, with the size that was promised', async () => {
    const path = join(folder, 'small.safetensors');
    const model = smallModel();
    const { bytes } = await saveCompressed(path, compress(model, 'int8'));
    expect(readFileSync(path)).toHaveLength(bytes);
    const again = await openCompressed(path);
    const report = await verify(smallModel(), again);
    await again.close();
    expect(report).toMatchObject({ isWithinBound: true, isReached: true, tensorCount: 11 });
    expect(readdirSync(folder)).toEqual(['small.safetensors']);
  });

  it('write the same bytes for the same model', async () => {
    const paths = ['a', 'b'].map((name) => join(folder, `${name}.safetensors`));
    for (const path of paths) await saveCompressed(path, compress(smallModel(), 'int4-g32'));
    expect(readFileSync(paths[0])).toEqual(readFileSync(paths[1]));
  });

  it('leave the old file alone when a tensor cannot be compressed or the signal comes', async () => {
    const path = join(folder, 'small.safetensors');
    writeFileSync(path, 'old');
    const bad = bell(4096, 1);
    bad[5] = Infinity;
    const model = sourceOfTensors({ good: tensor(bell(4096, 1), [64, 64]), bad: tensor(bad, [64, 64]) });
    await expect(saveCompressed(path, compress(model, 'int8'))).rejects.toThrow(/tensor "bad".*index 5/);
    const stop = new AbortController();
    const options = { signal: stop.signal, onProgress: () => stop.abort('enough') };
    await expect(saveCompressed(path, compress(smallModel(), 'int8'), options)).rejects.toBe('enough');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['small.safetensors']);
  });

  it('keep a tfjs model whole in a safetensors file', async () => {
    const path = join(folder, 'small.safetensors');
    await saveCompressed(path, compress(tfjsModel(), 'int8'));
    const small = await openCompressed(path);
    await saveModel(join(folder, 'restored'), decompressModel(small));
    await small.close();
    const restored = await openTfjs(join(folder, 'restored'));
    expect(restored.modelJson).toEqual(tfjsModel().modelJson);
    expect(Array.from(restored.entries.keys())).toEqual(['dense/kernel', 'dense/bias', 'shape']);
    expect((await restored.read('dense/bias')).data).toEqual(bell(64, 2));
    await restored.close();
  });

  it.each(['tfjs-uint8', 'tfjs-uint16', 'float16'] as const)(
    'write %s as a tfjs model and read it as a compressed one',
    async (preset) => {
      const path = join(folder, 'out', 'deep');
      const model = tfjsModel();
      const plan = planRecipe(model, presetRecipe(preset, 'tfjs'));
      const seen: number[] = [];
      await saveCompressed(path, apply(model, plan), {
        onProgress: ({ doneBytes }) => void seen.push(doneBytes),
      });
      expect(seen).toEqual([16384, 16640, 16648]);
      const small = await openCompressed(path);
      expect(await small.read('dense/kernel')).toEqual(await apply(model, plan).read('dense/kernel'));
      const report = await verify(model, small);
      expect(report.isWithinBound).toBe(true);
      expect(report.compressedBytes).toBe(plan.compressedBytes);
      await small.close();
    },
  );

  it('refuse for tfjs what tfjs cannot load, before anything is made', async () => {
    const path = join(folder, 'out');
    await expect(saveCompressed(path, compress(tfjsModel(), 'int8'))).rejects.toThrow(
      /tensor "dense\/kernel" in a type that tfjs loads, got "float32 stored as int8 and float32" - use the schemes/,
    );
    await expect(saveCompressed(path, compress(tfjsModel(), 'bfloat16'))).rejects.toThrow(
      /stored as bfloat16/,
    );
    const matrix = sourceOfTensors({ w: tensor(bell(4096, 1), [64, 64]) });
    await expect(saveCompressed(path, compress(matrix, 'float16'))).rejects.toThrow(
      /"path" expected a \*\.safetensors file/,
    );
    await expect(saveModel(path, smallModel())).rejects.toThrow(/layer\/1\/kernel.*float64/);
    expect(existsSync(path)).toBe(false);
  });

  it('remove a folder that was made for nothing', async () => {
    const bad = bell(4096, 1);
    bad[5] = NaN;
    const model = {
      ...tfjsModel(),
      ...sourceOfTensors({ bad: tensor(bad, [64, 64]) }),
      modelJson: {},
      format: 'tfjs' as const,
    };
    await expect(saveCompressed(join(folder, 'out'), compress(model, 'tfjs-uint8'))).rejects.toThrow(
      /index 5/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuse a file that is not compressed, and close it', async () => {
    const path = join(folder, 'plain.safetensors');
    await saveModel(path, smallModel());
    await expect(openCompressed(path)).rejects.toMatchObject({ code: 'COMPRESSED_NOT_COMPRESSED' });
    await expect(openCompressed('')).rejects.toBeInstanceOf(RangeError);
    await expect(saveCompressed('', compress(smallModel(), 'int8'))).rejects.toBeInstanceOf(RangeError);
  });
});

describe('saveModel() and openModel()', () => {
  it('bring a safetensors model to disk and back, to the bit', async () => {
    const path = join(folder, 'plain.safetensors');
    let last = 0;
    await saveModel(path, smallModel(), {
      onProgress: ({ doneBytes, totalBytes }) => void (last = doneBytes / totalBytes),
    });
    expect(last).toBe(1);
    const model = await openModel(path);
    for (const [name, expected] of smallTensors()) expect(await model.read(name)).toEqual(expected);
    await model.close();
  });

  it('tell the format from the path and the folder', async () => {
    mkdirSync(join(folder, 'a'), { recursive: true });
    await saveModel(join(folder, 'a', 'model.safetensors'), smallModel());
    await saveModel(join(folder, 'b'), tfjsModel());
    for (const [path, format] of [
      ['a', 'safetensors'],
      ['a/model.safetensors', 'safetensors'],
      ['b', 'tfjs'],
      ['b/model.json', 'tfjs'],
    ]) {
      const model = await openModel(join(folder, path));
      expect(model.format).toBe(format);
      await model.close();
    }
  });

  it('refuse a folder with both formats, a missing path and none', async () => {
    await saveModel(join(folder, 'b'), tfjsModel());
    await saveModel(join(folder, 'b', 'model.safetensors'), smallModel());
    await expect(openModel(join(folder, 'b'))).rejects.toMatchObject({ code: 'SEVERAL_MODELS' });
    await expect(openModel(join(folder, 'nothing'))).rejects.toBeInstanceOf(IoError);
    await expect(openModel(7 as never)).rejects.toBeInstanceOf(TypeError);
  });
});

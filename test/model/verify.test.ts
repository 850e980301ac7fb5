import {
  apply,
  planRecipe,
  profile,
  sourceOfTensors,
  verify,
  type CompressedModel,
  type Goal,
  type Recipe,
  type TensorSource,
} from 'tensorslim/model';
import { describe, expect, it } from 'vitest';
import { errorBound, measureError } from '../../src/compressed/compressed.js';
import { tensor } from '../../src/core/tensor.js';
import { quantizeAffine } from '../../src/quantize/affine/affine.js';
import { bell, smallModel, smallTensors } from '../support/models.js';

const INT8: Recipe = { scheme: { scheme: 'affine', bits: 8, granularity: { kind: 'axis', axis: -1 } } };
const compressed = (recipe = INT8, model = smallModel()): CompressedModel =>
  apply(model, planRecipe(model, recipe));

describe('verify()', () => {
  it('measures what measureError measures, and holds it against what errorBound proves', async () => {
    const report = await verify(smallModel(), compressed());
    const row = report.tensors.find(({ name }) => name === 'layer/0/kernel');
    const x = smallTensors().get('layer/0/kernel');
    if (row === undefined || x === undefined) throw new Error('the model has a kernel');
    const q = quantizeAffine(x as never, { bits: 8, granularity: { kind: 'axis', axis: -1 } });
    expect(row.measures).toEqual(measureError(x as never, q));
    expect(row.bound).toEqual(errorBound(q));
    expect(row.isWithinBound).toBe(true);
    expect(row.label).toBe('int8 symmetric, per axis 1, float32 scales');
    expect(row.levels).toHaveLength(255);
    expect(row.histogram?.counts.reduce((a, b) => a + b)).toBe(48 * 40);
  });

  it('finds kept tensors unchanged, also those with infinities and without elements', async () => {
    const report = await verify(smallModel(), compressed());
    const kept = report.tensors.filter(({ isLossy }) => !isLossy);
    expect(kept.map(({ name }) => name)).toEqual([
      'layer/0/bias',
      'layer/0/norm/scale',
      'ids',
      'mask',
      'empty',
      'step',
    ]);
    for (const row of kept) {
      expect(row).toMatchObject({
        label: 'kept',
        isWithinBound: true,
        bound: { maxAbs: 0, l2: 0 },
        histogram: null,
      });
      expect(row.compressedBytes).toBe(row.originalBytes);
      expect(row.measures.l2).toBe(0);
    }
  });

  it('adds up sizes and errors over the whole model', async () => {
    const report = await verify(smallModel(), compressed());
    const rows = report.tensors;
    expect(report.originalBytes).toBe(rows.reduce((sum, row) => sum + row.originalBytes, 0));
    expect(report.compressedBytes).toBe(rows.reduce((sum, row) => sum + row.compressedBytes, 0));
    expect(report.ratio).toBe(report.originalBytes / report.compressedBytes);
    const squares = rows.reduce((sum, row) => sum + row.measures.l2 ** 2, 0);
    expect(report.measures.l2 ** 2).toBeCloseTo(squares, 12);
    expect(report.measures.maxAbs).toBe(Math.max(...rows.map((row) => row.measures.maxAbs)));
    expect(report.isWithinBound).toBe(true);
    expect(report.tensorCount).toBe(11);
  });

  it('sees a compressed tensor that is not that of the original', async () => {
    const model = compressed();
    const wrong = quantizeAffine({ data: bell(48 * 40, 99), shape: [48, 40] }, { bits: 8 });
    const forged: CompressedModel = {
      ...model,
      read: (name) => (name === 'layer/0/kernel' ? Promise.resolve(wrong) : model.read(name)),
    };
    const report = await verify(smallModel(), forged);
    expect(report.tensors.find(({ name }) => name === 'layer/0/kernel')?.isWithinBound).toBe(false);
    expect(report).toMatchObject({ isWithinBound: false, isReached: false });
  });

  it.each([
    ['layer/0/bias', tensor(bell(40, 100), [40])],
    ['ids', tensor(new Int32Array(2000), [2, 1000])],
  ])('sees that the kept tensor %s was changed', async (changed, value) => {
    const model = compressed();
    const forged: CompressedModel = {
      ...model,
      read: (name) => (name === changed ? Promise.resolve(value) : model.read(name)),
    };
    const report = await verify(smallModel(), forged);
    expect(report.tensors.filter((row) => !row.isWithinBound).map(({ name }) => name)).toEqual([changed]);
  });

  it('says which goals are reached', async () => {
    const goals: Goal[] = [
      { figure: 'ratio', atLeast: 2 },
      { figure: 'sqnrDb', atLeast: 200 },
      { figure: 'relativeL2', atMost: 0.01 },
      { figure: 'accuracy', atLeast: 0.5, atMost: 0.7 },
      { figure: 'broken', atLeast: -Infinity },
    ];
    const evaluate = async (before: TensorSource, after: TensorSource): Promise<Record<string, number>> => {
      expect((await after.read('head')).dtype).toBe('float16');
      expect(before.entries.size).toBe(after.entries.size);
      return { accuracy: 0.6, broken: NaN };
    };
    const report = await verify(smallModel(), compressed(), { goals, evaluate });
    expect(report.goals.map(({ isReached }) => isReached)).toEqual([true, false, true, true, false]);
    expect(report.isReached).toBe(false);
    expect(report.evaluation).toEqual({ accuracy: 0.6, broken: NaN });
  });

  it.each([
    [{ goals: 3 }, /"goals" expected an array/],
    [{ goals: [{ figure: 'sqnrDB', atLeast: 1 }] }, /did you mean "sqnrDb"/],
    [{ goals: [{ figure: 1, atLeast: 1 }] }, /"goals\[0\]\.figure" expected the name/],
    [{ goals: [{ figure: 'ratio' }] }, /"goals\[0\]" expected atLeast, atMost or both/],
    [{ goals: [{ figure: 'ratio', atLeast: NaN }] }, /expected numbers, got NaN/],
    [{ goals: [{ figure: 'x', atLeast: 1 }], evaluate: () => ({ y: 1 }) }, /got "x"/],
    [{ goal: [] }, /did you mean "goals"/],
  ])('refuses options %j', async (options, message) => {
    await expect(verify(smallModel(), compressed(), options as never)).rejects.toThrow(message);
  });

  it('refuses models with other tensors', async () => {
    const fewer = smallTensors();
    fewer.delete('head');
    await expect(verify(sourceOfTensors(fewer), compressed())).rejects.toThrow(
      /expected tensor "head" as float16 \[40, 50\], got "none"/,
    );
    await expect(verify(smallModel(), compressed(INT8, sourceOfTensors(fewer)))).rejects.toThrow(
      /"compressed" expected tensor "head"/,
    );
    const other = smallTensors().set('step', tensor(Float32Array.of(1), [1]));
    await expect(verify(sourceOfTensors(other), compressed())).rejects.toThrow(/got "float32 \[1\]"/);
  });

  it('stops at a signal and tells how far it came', async () => {
    await expect(verify(smallModel(), compressed(), { signal: AbortSignal.abort('enough') })).rejects.toBe(
      'enough',
    );
    let last = 0;
    await verify(smallModel(), compressed(), {
      onProgress: ({ doneBytes, totalBytes }) => void (last = doneBytes / totalBytes),
    });
    expect(last).toBe(1);
  });
});

describe('profile()', () => {
  const candidates = {
    int8: INT8.scheme,
    int4: { scheme: 'affine', bits: 4, granularity: { kind: 'group', groupSize: 16 } },
    half: { scheme: 'float', dtype: 'float16' },
  } as const;

  it('has a row for every compressible tensor and candidate, in order', async () => {
    const rows = await profile(smallModel(), { candidates });
    expect(rows.map(({ name, candidate }) => `${name} ${candidate}`)).toEqual(
      ['embed/table', 'layer/0/kernel', 'layer/1/kernel', 'head', '__proto__'].flatMap((name) =>
        ['int8', 'int4', 'half'].map((candidate) => `${name} ${candidate}`),
      ),
    );
  });

  it('gives the bytes and errors that verify finds after compressing', async () => {
    const rows = await profile(smallModel(), { candidates });
    const report = await verify(smallModel(), compressed());
    for (const row of rows.filter(({ candidate }) => candidate === 'int8')) {
      const found = report.tensors.find(({ name }) => name === row.name);
      expect(row.measures).toEqual(found?.measures);
      expect(row.bound).toEqual(found?.bound);
      expect(row.compressedBytes).toBe(found?.compressedBytes);
      expect(row.bitsPerWeight).toBe(found?.bitsPerWeight);
    }
  });

  it.each([
    [{}, /"candidates" expected an object/],
    [{ candidates: {} }, /at least one scheme/],
    [{ candidates: { a: { scheme: 'keep' } } }, /"candidates\.a" expected a scheme that compresses/],
    [{ candidates: { a: { scheme: 'affine', bits: 9 } } }, /tensor "embed\/table": .*bits/],
    [{ candidates, skip: { minRank: 'x' } }, /minRank/],
  ])('refuses options %j before reading', async (options, message) => {
    const model: TensorSource = { ...smallModel(), read: () => Promise.reject(new Error('nothing is read')) };
    await expect(profile(model, options as never)).rejects.toThrow(message);
  });

  it('stops at a signal and tells how far it came', async () => {
    await expect(profile(smallModel(), { candidates, signal: AbortSignal.abort('enough') })).rejects.toBe(
      'enough',
    );
    let last = 0;
    await profile(smallModel(), {
      candidates,
      onProgress: ({ doneBytes, totalBytes }) => void (last = doneBytes / totalBytes),
    });
    expect(last).toBe(1);
  });
});

/** A model of 8-bit weights from one of 32 bits: decide, compress, save, open, verify. */
import { createRandom, tensor } from 'tensorslim';
import { apply, planRecipe, profile, sourceOfTensors, verify, type Recipe } from 'tensorslim/model';
import { openCompressed, openModel, saveCompressed, saveModel } from 'tensorslim/node';

// A model to start from; yours is a file already.
const random = createRandom(1);
const weights = (rows: number, columns: number): ReturnType<typeof tensor> =>
  tensor(
    Float32Array.from({ length: rows * columns }, () => 0.05 * random.normal()),
    [rows, columns],
  );
const made = sourceOfTensors({
  'embeddings.weight': weights(512, 64),
  'layers.0.attention.weight': weights(64, 64),
  'layers.0.norm.weight': tensor(new Float32Array(64).fill(1), [64]),
  'head.weight': weights(64, 64),
});
await saveModel('model.safetensors', made);

// What would each way cost? Rows by tensor and candidate.
const model = await openModel('model.safetensors');
const rows = await profile(model, {
  candidates: {
    int8: { scheme: 'affine', bits: 8, granularity: { kind: 'axis', axis: 0 } },
    int4: { scheme: 'affine', bits: 4, granularity: { kind: 'group', groupSize: 32 }, scaleDtype: 'float16' },
  },
});
console.log(rows);

// Four bits for most, eight for the head; vectors such as the norm are kept by themselves.
const recipe: Recipe = {
  scheme: { scheme: 'affine', bits: 4, granularity: { kind: 'group', groupSize: 32 }, scaleDtype: 'float16' },
  rules: [{ match: 'head.*', scheme: { scheme: 'affine', bits: 8, granularity: { kind: 'axis', axis: 0 } } }],
};
await saveCompressed('small.safetensors', apply(model, planRecipe(model, recipe)));

const small = await openCompressed('small.safetensors');
const report = await verify(model, small, { goals: [{ figure: 'sqnrDb', atLeast: 18 }] });
console.log(report);
await small.close();
await model.close();

/**
 * The whole encoder at 4 bits (or 3) in groups of 32 with float16 scales, by round to nearest, by clip search and by GPTQ with calibration on real
 * activations: `npm run demo -- --scheme best4`. `--scheme layers` compares more methods matrix by matrix. Every figure is measured by this run, on
 * sentences that no setting was chosen by.
 */
import { join } from 'node:path';
import type { Compressed } from 'tensorslim';
import {
  apply,
  decompressModel,
  planRecipe,
  verify,
  type CompressedModel,
  type Recipe,
  type TensorSource,
} from 'tensorslim/model';
import { openCompressed, openModel, saveCompressed, saveModel } from 'tensorslim/node';
import { agreement, type Agreement } from './compare.js';
import { EMBEDDINGS } from './curvature.js';
import { embed, loadEncoder, MODEL_FOLDER } from './embedder.js';
import { METHODS, outputError, quantized, USUAL_GROUP_SIZE, type Method } from './layers.js';
import { CALIBRATION, checkCalibration, hessianOf, rowsOf, type Rows } from './rows.js';
import { FRESH_SENTENCES, SENTENCES } from './sentences.js';
import { GROUP_SIZE, realTensor, solveModel, weightsOfNodes, type Bits } from './solve.js';
import { megabytes, shortened, table } from './text.js';

interface BestRow extends Agreement {
  readonly name: string;
  readonly bytes: number;
  readonly sqnrDb: number;
  readonly isWithinBound: boolean;
  /** On the sentences that settings were chosen in view of. */
  readonly developed: Agreement;
}

type Say = (text: string) => void;

export async function runBest(work: string, bits: Bits, say: Say, isJson: boolean): Promise<void> {
  const begin = performance.now();
  const seconds = (): string => `${((performance.now() - begin) / 1000).toFixed(0)} s`;
  const model = await openModel(MODEL_FOLDER);
  const before = await judged(MODEL_FOLDER);
  const { original, fresh } = await inputsOf(model);
  say(`Captured activations of the real model (${seconds()}).\n`);
  const improvement = await compareLayers(model, original, fresh, bits, ['round to nearest', 'GPTQ'], say);

  const solved = await solveModel(model, original, bits);
  say(`\nSolved every matrix and the embedding table (${seconds()}).`);
  const rows: BestRow[] = [];
  const models: [string, CompressedModel][] = [
    ['round to nearest', apply(model, planRecipe(model, recipeOf(bits, 'symmetric', 'absmax')))],
    ['clip search', apply(model, planRecipe(model, recipeOf(bits, 'symmetricFull', 'mse')))],
    ['best: GPTQ', withSolved(model, bits, solved)],
  ];
  for (const [name, compressed] of models) {
    const path = join(work, `${name.replace(/\W+/g, '-')}.safetensors`);
    const { bytes } = await saveCompressed(path, compressed);
    const stored = await openCompressed(path);
    const folder = join(work, `${name.replace(/\W+/g, '-')}-restored`);
    await saveModel(folder, decompressModel(stored));
    const { measures, isWithinBound } = await verify(model, stored);
    await stored.close();
    const after = await judged(folder);
    rows.push({
      name,
      bytes,
      sqnrDb: measures.sqnrDb,
      isWithinBound,
      ...agreement(before.fresh, after.fresh),
      developed: agreement(before.developed, after.developed),
    });
  }
  await model.close();
  printRows(rows, bits, say);
  say(`\nDone in ${seconds()}.`);
  if (isJson) process.stdout.write(`${JSON.stringify({ bits, improvement, rows }, null, 2)}\n`);
}

/** Every method on every matrix: `npm run demo -- --scheme layers`. */
export async function runLayers(bits: Bits, say: Say): Promise<void> {
  const model = await openModel(MODEL_FOLDER);
  const { original, fresh } = await inputsOf(model);
  await compareLayers(model, original, fresh, bits, METHODS, say);
  await model.close();
}

type Vectors = readonly (readonly number[])[];

async function judged(folder: string): Promise<{ readonly fresh: Vectors; readonly developed: Vectors }> {
  const { vectors: fresh } = await embed(folder, FRESH_SENTENCES);
  const { vectors: developed } = await embed(folder, SENTENCES);
  return { fresh, developed };
}

type Inputs = ReadonlyMap<string, Rows>;

/** Inputs of the original model's matrices, by node, on what it is calibrated on and on what it is judged by. */
async function inputsOf(model: TensorSource): Promise<{ readonly original: Inputs; readonly fresh: Inputs }> {
  checkCalibration(
    CALIBRATION.map(([sentence]) => sentence),
    [...FRESH_SENTENCES, ...SENTENCES],
  );
  const nodes = Array.from(weightsOfNodes(model).keys());
  const encoder = await loadEncoder(MODEL_FOLDER);
  const fresh = FRESH_SENTENCES.map((sentence) => [sentence, 1] as const);
  return {
    original: await rowsOf(encoder, nodes, CALIBRATION),
    fresh: await rowsOf(encoder, nodes, fresh, false),
  };
}

/** Every matrix along its inputs, [in, out]; the table along a token's vector. */
function recipeOf(bits: Bits, mapping: 'symmetric' | 'symmetricFull', scaleMethod: 'absmax' | 'mse'): Recipe {
  const scheme = (axis: number) =>
    ({
      scheme: 'affine',
      bits,
      mapping,
      scaleMethod,
      scaleDtype: 'float16',
      granularity: { kind: 'group', axis, groupSize: GROUP_SIZE },
    }) as const;
  return { scheme: scheme(-2), rules: [{ match: EMBEDDINGS, scheme: scheme(-1) }] };
}

/** The model with the solver's tensors in the place of those that the recipe would make. */
function withSolved(
  model: TensorSource,
  bits: Bits,
  solved: ReadonlyMap<string, Compressed>,
): CompressedModel {
  const usual = apply(model, planRecipe(model, recipeOf(bits, 'symmetricFull', 'absmax')));
  return { ...usual, read: async (name) => solved.get(name) ?? usual.read(name) };
}

/**
 * Prints what each matrix adds to its outputs' error on the fresh sentences, by method; returns how far the last one is below round to nearest, on
 * average.
 */
async function compareLayers(
  model: TensorSource,
  original: Inputs,
  fresh: Inputs,
  bits: Bits,
  methods: readonly Method[],
  say: Say,
): Promise<number> {
  const lines: string[][] = [];
  const less = methods.map(() => 0);
  const names = Array.from(weightsOfNodes(model)).flatMap(([node, list]) => list.map((name) => [node, name]));
  for (const [node, name] of names) {
    const w = realTensor(await model.read(name));
    const hessian = hessianOf(original.get(node) as Rows);
    const judge = hessianOf(fresh.get(node) as Rows);
    const errors = methods.map((method) => outputError(w, quantized(method, w, hessian, bits), judge));
    errors.forEach((error, i) => (less[i] += (1 - error / errors[0]) / names.length));
    lines.push([shortened(name, 60), ...errors.map((error) => `${(100 * error).toFixed(2)} %`)]);
  }
  const count = FRESH_SENTENCES.length;
  say(
    `Relative error of a layer's outputs on ${count} sentences, ${bits} bits, groups of ${USUAL_GROUP_SIZE}:`,
  );
  const means = less.map((part, i) => (i === 0 ? '' : `-${(100 * part).toFixed(1)} %`));
  say(table([['matrix', ...methods], ...lines, ['on average', ...means]]));
  return less[less.length - 1];
}

function printRows(rows: readonly BestRow[], bits: Bits, say: Say): void {
  say(
    `\nThe whole model at ${bits} bits, groups of ${GROUP_SIZE}, float16 scales: size on disk and embeddings after reloading`,
  );
  const lines = rows.map((row) => [
    row.name,
    megabytes(row.bytes),
    `${row.sqnrDb.toFixed(1)} dB`,
    row.isWithinBound ? 'yes' : 'NO',
    row.meanCosine.toFixed(5),
    row.minCosine.toFixed(5),
    `${(100 * row.sameNeighbour).toFixed(1)} %`,
    row.developed.meanCosine.toFixed(5),
    `${(100 * row.developed.sameNeighbour).toFixed(1)} %`,
  ]);
  const head = [
    '',
    'size',
    'SQNR',
    'in bound',
    'cosine',
    'min',
    'neighbours',
    '(developed with:',
    'neighbours)',
  ];
  say(table([head, ...lines]));
}

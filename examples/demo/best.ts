/**
 * The whole encoder at 4 bits (or 3) in groups of 32 with float16 scales, by round to nearest, by clip search and by GPTQ with calibration on real
 * activations: `npm run demo -- --scheme best4`. Every figure is measured by this run.
 */
import { join } from 'node:path';
import type { Compressed, Tensor } from 'tensorslim';
import { dequantizeAffine, gptq, quantizeAffine, type GptqOptions } from 'tensorslim/quantize';
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
import { curvatures, embeddingHessian, EMBEDDINGS, type Curvature } from './curvature.js';
import { embed, MODEL_FOLDER } from './embedder.js';
import { SENTENCES } from './sentences.js';
import { megabytes, shortened, table } from './text.js';

type Bits = 2 | 3 | 4;
const GROUP_SIZE = 32;
/** The group size at which GPTQ's papers and tools compare. */
const USUAL_GROUP_SIZE = 128;
const DAMPINGS = [0.01, 0.1] as const;
const PASSES = 4;

interface BestRow extends Agreement {
  readonly name: string;
  readonly bytes: number;
  readonly sqnrDb: number;
  readonly isWithinBound: boolean;
}

type Say = (text: string) => void;

export async function runBest(work: string, bits: Bits, say: Say, isJson: boolean): Promise<void> {
  const begin = performance.now();
  const seconds = (): string => `${((performance.now() - begin) / 1000).toFixed(0)} s`;
  const model = await openModel(MODEL_FOLDER);
  const before = await embed(MODEL_FOLDER, SENTENCES);
  const curvature = await curvatures(model);
  say(`Calibrated on activations of the real model (${seconds()}).\n`);
  const improvement = await compareLayers(model, curvature, bits, say);

  const solved = await solveModel(model, curvature, bits);
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
    const after = await embed(folder, SENTENCES);
    rows.push({
      name,
      bytes,
      sqnrDb: measures.sqnrDb,
      isWithinBound,
      ...agreement(before.vectors, after.vectors),
    });
  }
  await model.close();
  printRows(rows, bits, say);
  say(`\nDone in ${seconds()}.`);
  if (isJson) process.stdout.write(`${JSON.stringify({ bits, improvement, rows }, null, 2)}\n`);
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

async function solveModel(
  model: TensorSource,
  curvature: ReadonlyMap<string, Curvature>,
  bits: Bits,
): Promise<Map<string, Compressed>> {
  const solved = new Map<string, Compressed>();
  const options = {
    bits,
    mapping: 'symmetricFull',
    scaleDtype: 'float16',
    granularity: { kind: 'group', groupSize: GROUP_SIZE },
  } as const;
  for (const [name, hessians] of curvature) {
    const w = realTensor(await model.read(name));
    const damping = bestDamping(w, hessians, { ...options, inputAxis: -2 });
    const { tensor } = gptq(w, {
      ...options,
      inputAxis: -2,
      hessian: realTensor(hessians.both),
      damping,
      refinePasses: PASSES,
    });
    solved.set(name, tensor);
  }
  const w = realTensor(await model.read(EMBEDDINGS));
  const hessian = realTensor(await embeddingHessian(model));
  solved.set(EMBEDDINGS, gptq(w, { ...options, hessian, refinePasses: PASSES }).tensor);
  return solved;
}

/** The damping that is best for the held-out half of the calibration sentences when the other half finds the codes. */
function bestDamping(w: RealTensor, { fit, held }: Curvature, options: Omit<GptqOptions, 'damping'>): number {
  const losses = DAMPINGS.map((damping) => {
    const { tensor } = gptq(w, { ...options, hessian: realTensor(fit), damping });
    return outputError(w, dequantizeAffine(tensor), held);
  });
  return DAMPINGS[losses.indexOf(Math.min(...losses))];
}

/** Prints what each matrix adds to its outputs' error on the sentences that the model is judged by; returns the mean improvement. */
async function compareLayers(
  model: TensorSource,
  curvature: ReadonlyMap<string, Curvature>,
  bits: Bits,
  say: Say,
): Promise<number> {
  const lines: string[][] = [];
  let improvement = 0;
  for (const [name, { both, judged }] of curvature) {
    const w = realTensor(await model.read(name));
    const group = { kind: 'group', axis: -2, groupSize: USUAL_GROUP_SIZE } as const;
    const nearest = outputError(w, dequantizeAffine(quantizeAffine(w, { bits, granularity: group })), judged);
    const { tensor } = gptq(w, { bits, granularity: group, inputAxis: -2, hessian: realTensor(both) });
    const best = outputError(w, dequantizeAffine(tensor), judged);
    improvement += (1 - best / nearest) / curvature.size;
    const percent = (x: number): string => `${(100 * x).toFixed(2)} %`;
    lines.push([
      shortened(name, 60),
      percent(nearest),
      percent(best),
      `${(100 * (1 - best / nearest)).toFixed(0)} %`,
    ]);
  }
  say(
    `Relative error of a layer's outputs on the ${SENTENCES.length} sentences, ${bits} bits, groups of ${USUAL_GROUP_SIZE}:`,
  );
  say(table([['matrix', 'round to nearest', 'GPTQ', 'less by'], ...lines]));
  say(`On average ${(100 * improvement).toFixed(1)} % below round to nearest.`);
  return improvement;
}

interface RealTensor {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly number[];
}

function realTensor({ data, shape }: Tensor): RealTensor {
  if (data instanceof Float32Array || data instanceof Float64Array) return { data, shape };
  throw new TypeError('demo: expected a tensor of float32 or float64 numbers');
}

/** |x (w - v)| / |x w| over the rows x whose sum of x^T x is the Hessian; w [..., inputs, outputs]. */
function outputError({ data: w, shape }: RealTensor, v: Float32Array, hessian: Tensor): number {
  const errors = Float64Array.from(w, (value, i) => value - v[i]);
  return Math.sqrt(energyOf(errors, shape, hessian) / energyOf(w, shape, hessian));
}

/** Sum over outputs of m^T H m. */
function energyOf(m: ArrayLike<number>, shape: readonly number[], { data: h }: Tensor): number {
  const outputs = shape.at(-1) as number;
  const inputs = shape.at(-2) as number;
  const product = new Float64Array(outputs);
  let energy = 0;
  for (let i = 0; i < inputs; i++) {
    product.fill(0);
    for (let j = 0; j < inputs; j++) {
      const weight = Number(h[i * inputs + j]);
      for (let o = 0; weight !== 0 && o < outputs; o++) product[o] += weight * m[j * outputs + o];
    }
    for (let o = 0; o < outputs; o++) energy += m[i * outputs + o] * product[o];
  }
  return energy;
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
  ]);
  say(table([['', 'size', 'SQNR', 'in bound', 'cosine', 'min', 'neighbours'], ...lines]));
}

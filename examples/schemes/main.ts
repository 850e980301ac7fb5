/**
 * Compares schemes on a matrix of the demo's sentence encoder: `node scripts/run.mjs examples/schemes/main.ts`. Prints the table of
 * docs/guides/choose-a-scheme.md: bits per weight, error of the weights, error of the layer's outputs on 120 sentences that nothing was
 * chosen by, and the time that compressing took.
 */
import { openModel } from 'tensorslim/node';
import { loadEncoder, MODEL_FOLDER } from '../demo/embedder.js';
import { inputsOfMatrices } from '../demo/capture.js';
import { CALIBRATION, hessianOf, rowsOf, type Rows } from '../demo/rows.js';
import { FRESH_SENTENCES } from '../demo/sentences.js';
import { table } from '../demo/text.js';
import { LAYER, readLayer, type Matrix } from './layer.js';
import { SCHEMES } from './schemes.js';

const model = await openModel(MODEL_FOLDER);
const node = inputsOfMatrices(model.modelJson ?? {}).get(LAYER) as string;
await model.close();
const encoder = await loadEncoder(MODEL_FOLDER);
const fresh = FRESH_SENTENCES.map((sentence) => [sentence, 1] as const);
const hessian = hessianOf((await rowsOf(encoder, [node], CALIBRATION)).get(node) as Rows);
const judge = hessianOf((await rowsOf(encoder, [node], fresh, false)).get(node) as Rows);

const w = await readLayer();
const energy = outputEnergy(w.data, w);
const norm = Math.sqrt(w.data.reduce((sum, v) => sum + v * v, 0));
const lines = SCHEMES.map(({ name, run }) => {
  run(w, hessian); // the first run compiles
  const begin = performance.now();
  const { bytes, values } = run(w, hessian);
  const milliseconds = performance.now() - begin;
  const errors = w.data.map((v, i) => v - values[i]);
  const relative = Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0)) / norm;
  const output = Math.sqrt(outputEnergy(errors, w) / energy);
  return [
    name,
    ((8 * bytes) / w.data.length).toFixed(2),
    `${(100 * relative).toPrecision(3)} %`,
    `${(100 * output).toPrecision(3)} %`,
    `${milliseconds.toFixed(0)} ms`,
  ];
});
process.stdout.write(`${w.shape.join(' x ')} weights of a sentence encoder\n\n`);
process.stdout.write(`${table([['', 'bits', 'weights', 'outputs', 'there and back'], ...lines])}\n`);

/** Sum over rows m of m H m^T, H being the second moments of the judging inputs. */
function outputEnergy(m: Float32Array, { shape: [rows, n] }: Matrix): number {
  let energy = 0;
  for (let row = 0; row < rows; row++) {
    const line = m.subarray(row * n, (row + 1) * n);
    for (let i = 0; i < n; i++) {
      let product = 0;
      for (let j = 0; j < n; j++) product += judge[i * n + j] * line[j];
      energy += line[i] * product;
    }
  }
  return energy;
}

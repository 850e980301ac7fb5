/**
 * What GPTQ costs and gains on a layer of 1536 inputs and 512 outputs, with inputs that share 64 directions: by scale search, group size and
 * passes of refinement. `node scripts/run.mjs bench/lab/006-gptq.ts`
 */
import { createRandom } from 'tensorslim';
import { gptq, hessianAccumulator, type GptqOptions } from 'tensorslim/quantize';

const INPUTS = 1536;
const OUTPUTS = 512;
const SHARED = 64;
const TOKENS = 3072;

const random = createRandom(1);
const normals = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());

const directions = normals(SHARED * INPUTS);
const hessian = hessianAccumulator(INPUTS);
for (let t = 0; t < TOKENS; t++) {
  const x = normals(INPUTS);
  for (let s = 0; s < SHARED; s++) {
    const weight = random.normal() / 4;
    for (let i = 0; i < INPUTS; i++) x[i] += weight * directions[s * INPUTS + i];
  }
  hessian.add(x);
}
const w = { data: normals(OUTPUTS * INPUTS), shape: [OUTPUTS, INPUTS] };
const { matrix } = hessian;

const cases: readonly (readonly [string, Omit<GptqOptions, 'bits'>])[] = [
  ['groups of 128', {}],
  ['groups of 128, absmax', { scaleMethod: 'absmax' }],
  ['groups of 32', { granularity: { kind: 'group', groupSize: 32 } }],
  ['groups of 32, 4 passes', { granularity: { kind: 'group', groupSize: 32 }, refinePasses: 4 }],
];
for (const [name, options] of cases) {
  const begin = performance.now();
  const { report } = gptq(w, { bits: 4, hessian: matrix, ...options });
  const seconds = (performance.now() - begin) / 1000;
  const loss = report.loss / report.roundToNearestLoss;
  process.stdout.write(
    `${name.padEnd(24)} ${seconds.toFixed(2)} s, loss ${loss.toFixed(4)} of round to nearest\n`,
  );
}

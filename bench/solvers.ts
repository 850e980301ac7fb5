/** Whole solvers, which take seconds: each checks that it solved something, and is held against a time. */
import { createRandom, quantizeCodebook } from 'tensorslim';
import { gptq, hessianAccumulator } from 'tensorslim/quantize';
import type { Verdict } from './targets.js';

export interface Solver {
  readonly name: string;
  /** Seconds that are promised, one thread. */
  readonly limit: number;
  /** Makes the data at 1 / `shrink` of the promised size and gives the work; the work throws when its result is no good. */
  prepare(shrink: number): () => void;
}

const normals = (length: number): Float32Array => {
  const random = createRandom(length);
  return Float32Array.from({ length }, () => random.normal());
};

export const SOLVERS: readonly Solver[] = [
  {
    name: 'k-means, 16 centroids of 1 M values',
    limit: 1.5,
    prepare(shrink) {
      const x = normals(1e6 / shrink);
      return () => {
        const { fit } = quantizeCodebook(x, { codebook: { kmeans: 16 }, blockSize: null });
        if (fit === null || fit.inertia >= fit.startInertia) throw new Error('no better than its start');
      };
    },
  },
  {
    name: 'GPTQ of a layer of 1536 inputs and 512 outputs, 4 bits, groups of 128',
    limit: 4,
    prepare(shrink) {
      const [inputs, outputs] = [1536 / shrink, 512 / shrink];
      const hessian = hessianAccumulator(inputs);
      hessian.add({ data: normals(2 * inputs * inputs), shape: [2 * inputs, inputs] });
      const w = { data: normals(outputs * inputs), shape: [outputs, inputs] };
      const granularity = { kind: 'group', groupSize: Math.min(128, inputs) } as const;
      return () => {
        const { report } = gptq(w, { bits: 4, hessian: hessian.matrix, granularity });
        if (!(report.loss < report.roundToNearestLoss)) throw new Error('no better than round to nearest');
      };
    },
  },
];

/** One verdict per solver: the best of three runs, or one small run for a smoke test, whose time means nothing. */
export function judgeSolvers(solvers: readonly Solver[], isSmoke: boolean): Verdict[] {
  return solvers.map(({ name, limit, prepare }) => {
    const work = prepare(isSmoke ? 32 : 1);
    let best = Infinity;
    for (let run = 0; run < (isSmoke ? 1 : 3); run++) {
      const begin = performance.now();
      work();
      best = Math.min(best, (performance.now() - begin) / 1000);
    }
    const verdict = isSmoke ? 'not measured' : best < limit ? 'pass' : 'below';
    return { target: name, wanted: `< ${limit} s`, measured: `${best.toFixed(2)} s`, verdict };
  });
}

/** Ranges that leave outliers out: by percentile, and by the least error over a grid of shrunken ranges. */
import type { F32, F64 } from '../../core/arrays.js';
import type { AffineSettings, Mapping } from './affine-types.js';
import { gather, gatherObjective, lossOfRegion, startsOf, type Objective } from './objective.js';
import type { RegionPlan } from './regions.js';
import { chooseParameters, type Ranges } from './scale-rule.js';

/** The value below which `fraction` of the sorted values lie, between neighbours linearly: numpy's default percentile. */
function quantileOf(sorted: F32, fraction: number): number {
  const position = fraction * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/**
 * Symmetric mappings: the percentile of |x|. Asymmetric: the middle `percentile` percent, (100 - percentile) / 2 cut at each end.
 * Cost: one sort per region.
 */
export function percentileRange(x: F32, plan: RegionPlan, percentile: number, mapping: Mapping): Ranges {
  const start = startsOf(plan);
  const values = gather(
    new Float32Array(x.length),
    mapping === 'asymmetric' ? x : x.map(Math.abs),
    plan,
    start,
  );
  const min = new Float32Array(plan.regions);
  const max = new Float32Array(plan.regions);
  for (let r = 0; r < plan.regions; r++) {
    const sorted = values.subarray(start[r], start[r + 1]).sort();
    if (sorted.length === 0) continue;
    if (mapping === 'asymmetric') {
      const cut = (100 - percentile) / 200;
      min[r] = quantileOf(sorted, cut);
      max[r] = quantileOf(sorted, 1 - cut);
    } else {
      max[r] = quantileOf(sorted, percentile / 100);
      min[r] = -max[r];
    }
  }
  return { min, max };
}

/** Steps of the grid: the range times 1, 0.99 ... 0.2; the first of equally good ones wins, so the whole range wins ties. */
const GRID_STEPS = 80;

/**
 * The range among the grid with the least sum of importance * |error|^norm after quantization, region by region, never worse than the whole
 * range. For stochastic rounding, whose draws belong to positions, the error is that of half to even. Cost: 81 passes over the tensor.
 */
export function bestRange(x: F32, plan: RegionPlan, settings: AffineSettings, own: Ranges): Ranges {
  return searchGrid(gatherObjective(x, plan, settings), settings, own).ranges;
}

export interface GridSearch {
  readonly ranges: Ranges;
  /** By region: the least sum, and that of the whole range. */
  readonly losses: F64;
  readonly wholeLosses: F64;
}

export function searchGrid(objective: Objective, settings: AffineSettings, own: Ranges): GridSearch {
  const regions = own.min.length;
  const ranges: Ranges = { min: own.min.slice(), max: own.max.slice() };
  const losses = new Float64Array(regions).fill(Infinity);
  const wholeLosses = new Float64Array(regions);
  for (let step = 0; step <= GRID_STEPS; step++) {
    const factor = (100 - step) / 100;
    const candidate: Ranges = { min: own.min.map((v) => v * factor), max: own.max.map((v) => v * factor) };
    const { scale, zeroPoint } = chooseParameters(candidate, settings);
    for (let r = 0; r < regions; r++) {
      const zero = zeroPoint === null ? 0 : zeroPoint[r];
      const loss = lossOfRegion(objective, r, scale[r], zero, settings, losses[r]);
      if (step === 0) wholeLosses[r] = loss;
      if (loss < losses[r]) {
        losses[r] = loss;
        ranges.min[r] = candidate.min[r];
        ranges.max[r] = candidate.max[r];
      }
    }
  }
  return { ranges, losses, wholeLosses };
}

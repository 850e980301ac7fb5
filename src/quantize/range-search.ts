/** Ranges that leave outliers out: by percentile, and by the least squared error over a grid of shrunken ranges. */
import type { F32, F64 } from '../core/arrays.js';
import { roundTo } from '../core/rounding.js';
import type { AffineSettings, Mapping } from './affine-types.js';
import { regionSizes, type RegionPlan } from './regions.js';
import { chooseParameters, isUsableReciprocal, type Ranges } from './scale-rule.js';

const f = Math.fround;

/** The values of every region side by side: values[start[r] .. start[r + 1]) belong to region r, in the tensor's order. */
interface Gathered {
  readonly values: F32;
  readonly start: F64;
}

function gather(x: F32, plan: RegionPlan): Gathered {
  const sizes = regionSizes(plan);
  const start = new Float64Array(plan.regions + 1);
  for (let r = 0; r < plan.regions; r++) start[r + 1] = start[r] + sizes[r];
  const values = new Float32Array(x.length);
  const next = start.slice();
  for (const span of plan.spans()) {
    const perRow = span.run > 0 ? Math.ceil(span.width / span.run) : 0;
    for (let row = 0; row < span.rows; row++) {
      const from = span.begin + row * span.width;
      for (let c = 0; c < span.width; c++) {
        const place = span.run > 0 ? row * perRow + Math.floor(c / span.run) : Math.floor(c / span.repeat);
        values[next[span.firstRegion + place]++] = x[from + c];
      }
    }
  }
  return { values, start };
}

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
  const { values, start } = gather(mapping === 'asymmetric' ? x : x.map(Math.abs), plan);
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
 * The range among the grid with the least squared error after quantization, region by region. Errors are those of the codes that
 * the kernels would make, summed in float64 in the order of the region's values, so that the choice is the same everywhere and never
 * worse than the whole range. For stochastic rounding, whose draws belong to positions, the error is that of half to even.
 * Cost: 81 passes over the tensor.
 */
export function bestRange(x: F32, plan: RegionPlan, settings: AffineSettings, own: Ranges): Ranges {
  const { values, start } = gather(x, plan);
  const best: Ranges = { min: own.min.slice(), max: own.max.slice() };
  const least = new Float64Array(plan.regions).fill(Infinity);
  for (let step = 0; step <= GRID_STEPS; step++) {
    const factor = (100 - step) / 100;
    const candidate: Ranges = { min: own.min.map((v) => v * factor), max: own.max.map((v) => v * factor) };
    const { scale, zeroPoint } = chooseParameters(candidate, settings);
    for (let r = 0; r < plan.regions; r++) {
      const zero = zeroPoint === null ? 0 : zeroPoint[r];
      const error = squaredError(values, start[r], start[r + 1], scale[r], zero, settings, least[r]);
      if (error < least[r]) {
        least[r] = error;
        best.min[r] = candidate.min[r];
        best.max[r] = candidate.max[r];
      }
    }
  }
  return best;
}

/** Sum of squared errors of a region, given up once it exceeds `limit`. */
function squaredError(
  values: F32,
  begin: number,
  end: number,
  scale: number,
  zero: number,
  { codeMin, codeMax, rounding, arithmetic }: AffineSettings,
  limit: number,
): number {
  const nearest = rounding === 'stochastic' ? 'halfEven' : rounding;
  const reciprocal = f(1 / scale);
  const divides = arithmetic === 'division' || !isUsableReciprocal(reciprocal);
  const low = codeMin - zero;
  const high = codeMax - zero;
  let sum = 0;
  for (let i = begin; i < end && sum <= limit; i++) {
    const x = values[i];
    const quotient = scale === 0 ? 0 : f(divides ? x / scale : x * reciprocal);
    const error = x - f(scale * Math.min(Math.max(roundTo(quotient, nearest), low), high));
    sum += error * error;
  }
  return sum;
}

/** Searches for scales on some of a tensor's regions at a time. */
import type { F32, F64, I32 } from '../../core/arrays.js';
import type { AffineSettings, Granularity } from '../affine/affine-types.js';
import { gatherObjective, type Objective } from '../affine/objective.js';
import { planRegions } from '../affine/regions.js';
import type { Parameters, Ranges } from '../affine/scale-rule.js';
import type { ScaleSearchReport } from './hqq-types.js';
import type { Work } from './memory-limit.js';

/** What a search finds for some regions. */
export interface Searched extends Parameters {
  /** By region: the sum under these parameters, and under those of the whole range. */
  readonly losses: F64;
  readonly wholeLosses: F64;
}

/** Entries of axis 0 that belong together, so that no region is cut: all of them where regions reach across axis 0. */
function entriesPerUnit(shape: readonly number[], granularity: Granularity): number {
  const all = Math.max(shape[0] ?? 1, 1);
  switch (granularity.kind) {
    case 'tensor':
      return all;
    case 'token':
      return shape.length > 1 ? 1 : all;
    case 'axis':
      return granularity.axis === 0 ? 1 : all;
    case 'group':
      return granularity.axis === 0 ? Math.min(granularity.groupSize, all) : 1;
    case 'block':
      return shape.length > 2 ? 1 : Math.min(granularity.blockShape[0], all);
  }
}

/**
 * What a search takes beyond its input and its result, in bytes.
 *
 * Fixed: 24 per region, 1 per value whose code is packed later, 4 per value that is not float32, 8 per value that importances are repeated for. In work:
 * 4 per value, 8 more with importances, and 128 per region. Regions that reach across axis 0 are all in work at once.
 */
export function workOfSearch(
  shape: readonly number[],
  { granularity, bits }: AffineSettings,
  hasImportance: boolean,
  isFloat32: boolean,
): Work {
  const size = shape.reduce((a, b) => a * b, 1);
  const { regions } = planRegions(shape, granularity);
  const entries = entriesPerUnit(shape, granularity);
  const units = Math.max(1, Math.ceil((shape[0] ?? 1) / entries));
  const perValue = (bits < 8 ? 1 : 0) + (isFloat32 ? 0 : 4) + (hasImportance ? 8 : 0);
  const valuesPerUnit = (size / Math.max(shape[0] ?? 1, 1)) * entries;
  return {
    fixed: perValue * size + 24 * regions,
    perLine: (hasImportance ? 12 : 4) * valuesPerUnit + 128 * Math.ceil(regions / units),
    lines: units,
    step: 1,
  };
}

interface Task {
  readonly x: F32;
  readonly shape: readonly number[];
  readonly settings: AffineSettings;
  /** Ranges of the regions. */
  readonly own: Ranges;
}

/** Scales and zero points of all regions, searched for `unitsAtOnce` cuts at a time, and a report without memory; they depend on nothing else. */
export function searchInSlabs(
  { x, shape, settings, own }: Task,
  unitsAtOnce: number,
  search: (objective: Objective, own: Ranges) => Searched,
): Parameters & { readonly report: Omit<ScaleSearchReport, 'workingBytes'> } {
  const { granularity, importance, norm, mapping } = settings;
  const regions = own.min.length;
  const scale = new Float32Array(regions);
  const zeroPoint: I32 | null = mapping === 'asymmetric' ? new Int32Array(regions) : null;
  const tally = { loss: 0, wholeLoss: 0, weight: 0, kept: 0, unweighted: 0 };
  const all = shape[0] ?? 1;
  const inner = shape.slice(1);
  const perEntry = inner.reduce((a, b) => a * b, 1);
  const entries = entriesPerUnit(shape, granularity) * Math.max(unitsAtOnce, 1);
  // Once even where there are no values: regions without values are regions.
  for (let begin = 0, region = 0; begin === 0 || begin < all; begin += entries) {
    const end = Math.min(all, begin + entries);
    const plan = planRegions(shape.length === 0 ? [] : [end - begin, ...inner], granularity);
    const part = [begin * perEntry, end * perEntry] as const;
    const prices = importance === null ? null : importance.subarray(...part);
    const objective = gatherObjective(x.subarray(...part), plan, { importance: prices, norm });
    const next = region + plan.regions;
    const ranges = { min: own.min.subarray(region, next), max: own.max.subarray(region, next) };
    const found = search(objective, ranges);
    scale.set(found.scale, region);
    if (zeroPoint !== null && found.zeroPoint !== null) zeroPoint.set(found.zeroPoint, region);
    count(tally, found, objective);
    region = next;
  }
  const { kept, weight } = tally;
  return {
    scale,
    zeroPoint,
    report: {
      norm,
      objective: weight === 0 ? 0 : tally.loss / weight,
      roundToNearestObjective: weight === 0 ? 0 : tally.wholeLoss / weight,
      kept: kept === regions ? 'roundToNearest' : kept === 0 ? 'search' : 'mixed',
      roundToNearestRegions: kept,
      regions,
      unweightedRegions: tally.unweighted,
    },
  };
}

/** Adds up sums over regions, in their order and so alike however they are cut; regions whose importances are all 0 add nothing. */
function count(
  tally: { loss: number; wholeLoss: number; weight: number; kept: number; unweighted: number },
  { losses, wholeLosses }: Searched,
  { start, importance, isUnweighted }: Objective,
): void {
  for (let r = 0; r < losses.length; r++) {
    if (losses[r] >= wholeLosses[r]) tally.kept++;
    if (isUnweighted[r] === 1) {
      tally.unweighted++;
      continue;
    }
    tally.loss += losses[r];
    tally.wholeLoss += wholeLosses[r];
    if (importance === null) tally.weight += start[r + 1] - start[r];
    else for (let i = start[r]; i < start[r + 1]; i++) tally.weight += importance[i];
  }
}

/** Ranges that quantizeAffine is given instead of finding them: a number for all regions, or one per region. */
import { arrayTag } from '../../core/array-tag.js';
import type { F32 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import type { AffineOptions } from './affine-types.js';
import type { Ranges } from './scale-rule.js';

/** The bounds as they were given; null leaves a bound to each region's own values. */
export interface GivenRange {
  readonly rangeMin: number | F32 | null;
  readonly rangeMax: number | F32 | null;
}

/** The bounds, finite and in order, checked against the number of regions. */
export function checkGivenRange(fn: string, given: Partial<AffineOptions>, regions: number): GivenRange {
  const rangeMin = checkBounds(fn, 'rangeMin', given.rangeMin, regions);
  const rangeMax = checkBounds(fn, 'rangeMax', given.rangeMax, regions);
  if (rangeMin === null || rangeMax === null) return { rangeMin, rangeMax };
  for (let r = 0; r < regions; r++) {
    const [low, high] = [boundAt(rangeMin, r), boundAt(rangeMax, r)];
    if (low <= high) continue;
    const place = typeof rangeMin === 'number' && typeof rangeMax === 'number' ? '' : `[${r}]`;
    throw rangeError(fn, `rangeMin${place}`, `at most rangeMax${place} (${high})`, low, 'swap the two');
  }
  return { rangeMin, rangeMax };
}

function checkBounds(fn: string, name: string, bound: unknown, regions: number): number | F32 | null {
  if (bound === undefined) return null;
  const tag = arrayTag(bound);
  if (tag !== 'Float32Array' && tag !== 'Float64Array' && !Array.isArray(bound)) {
    return checkBound(fn, name, bound);
  }
  const bounds = Array.from(bound as ArrayLike<unknown>, (b, r) => checkBound(fn, `${name}[${r}]`, b));
  if (bounds.length === 1) return bounds[0];
  if (bounds.length !== regions) {
    const fix = 'check shape and granularity';
    throw rangeError(fn, name, `one number, or ${regions}, one per region`, bounds.length, fix);
  }
  return Float32Array.from(bounds);
}

function checkBound(fn: string, name: string, bound: unknown): number {
  if (typeof bound !== 'number')
    throw typeError(fn, name, 'a finite number', bound, 'leave it out for the own range');
  if (!Number.isFinite(Math.fround(bound))) {
    throw rangeError(fn, name, 'a finite float32', bound, 'leave it out for the own range');
  }
  return bound;
}

function boundAt(bounds: number | F32, region: number): number {
  return typeof bounds === 'number' ? bounds : bounds[region];
}

/** The ranges with their bounds replaced by those given. */
export function withGivenRange(own: Ranges, { rangeMin, rangeMax }: GivenRange): Ranges {
  return {
    min: rangeMin === null ? own.min : own.min.map((_, r) => boundAt(rangeMin, r)),
    max: rangeMax === null ? own.max : own.max.map((_, r) => boundAt(rangeMax, r)),
  };
}

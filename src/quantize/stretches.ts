/** Plain loops over the regions of a tensor, where no kernel does the work. */
import type { RegionPlan, Span } from './affine/regions.js';

/** Visits every stretch of neighbouring elements that share a region, in row-major order inside each region. */
export function forEachStretch(
  plan: RegionPlan,
  visit: (region: number, begin: number, end: number) => void,
): void {
  for (const span of plan.spans()) {
    if (span.width === 0) continue;
    if (span.run > 0) visitRuns(span, visit);
    else visitColumns(span, visit);
  }
}

type Visit = Parameters<typeof forEachStretch>[1];

function visitRuns({ begin, rows, width, run, firstRegion }: Span, visit: Visit): void {
  let region = firstRegion;
  for (let row = 0; row < rows; row++) {
    const end = begin + (row + 1) * width;
    for (let at = begin + row * width; at < end; at += run) visit(region++, at, Math.min(at + run, end));
  }
}

function visitColumns({ begin, rows, width, firstRegion, repeat }: Span, visit: Visit): void {
  for (let row = 0; row < rows; row++) {
    const start = begin + row * width;
    for (let c = 0; c < width; c += repeat) {
      visit(firstRegion + c / repeat, start + c, start + Math.min(c + repeat, width));
    }
  }
}

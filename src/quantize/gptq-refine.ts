/** Coordinate descent on a line that GPTQ has rounded: one code, then one scale at a time, each to where the loss is least. */
import type { F64, I16 } from '../core/arrays.js';
import type { Factor } from './gptq-factor.js';
import { valueOf, type Fit, type FitRule } from './gptq-fit.js';
import type { Lines } from './gptq-lines.js';
import { roundScales } from './scale-rule.js';

/** What of a block of lines is refined: errors, codes and fits of line i begin at i * n. */
interface Refined {
  readonly e: F64;
  readonly codes: I16;
  readonly fits: Fit[];
}

/**
 * Refines line `i` of a block in place. With g = H e, moving one value by d changes the loss by d (d H[k, k] - 2 g[k]), so the best code is that
 * nearest to v + g[k] / H[k, k]; for a scale with codes c in its group the same holds along c. Only changes that lower the loss are made.
 */
export function refineLine(
  { e, codes, fits }: Refined,
  i: number,
  { hessian, n, columns }: Factor,
  rule: FitRule,
  passes: number,
  { groupOf, isShared }: Lines,
): void {
  const at = i * n;
  const g = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += hessian[k * n + j] * e[at + j];
    g[k] = sum;
  }
  /** Moves the value in place k by d. */
  const move = (k: number, d: number): void => {
    e[at + k] -= d;
    for (let j = 0; j < n; j++) g[j] -= d * hessian[k * n + j];
  };
  const places = groupPlaces(groupOf, columns, n);
  for (let pass = 0; pass < passes; pass++) {
    let changes = 0;
    for (let k = 0; k < n; k++) {
      const fit = fits[at + k];
      if (fit.scale === 0) continue;
      const wish = codes[at + k] + g[k] / (hessian[k * n + k] * fit.scale);
      const code = Math.min(rule.codeMax, Math.max(rule.codeMin, Math.floor(wish + 0.5)));
      const d = valueOf(code, fit) - valueOf(codes[at + k], fit);
      if (d === 0 || !(d * (d * hessian[k * n + k] - 2 * g[k]) < 0)) continue;
      codes[at + k] = code;
      move(k, d);
      changes++;
    }
    for (const group of isShared ? [] : places) {
      const fit = fits[at + group[0]];
      let along = 0;
      let curvature = 0;
      for (const k of group) {
        const c = codes[at + k] - fit.zero;
        if (c === 0) continue;
        along += c * g[k];
        for (const j of group) curvature += c * hessian[k * n + j] * (codes[at + j] - fit.zero);
      }
      if (!(curvature > 0)) continue;
      const wish = Float32Array.of(Math.max(0, fit.scale + along / curvature));
      roundScales(wish, rule.scaleDtype);
      const d = wish[0] - fit.scale;
      if (wish[0] === 0 || d === 0 || !(d * (d * curvature - 2 * along) < 0)) continue;
      const next = { scale: wish[0], zero: fit.zero };
      for (const k of group) {
        const moved = valueOf(codes[at + k], next) - valueOf(codes[at + k], fit);
        if (moved !== 0) move(k, moved);
        fits[at + k] = next;
      }
      changes++;
    }
    if (changes === 0) return;
  }
}

/** The places of each group. */
function groupPlaces(groupOf: Lines['groupOf'], columns: Factor['columns'], n: number): number[][] {
  const places: number[][] = [];
  for (let k = 0; k < n; k++) (places[groupOf[columns[k]]] ??= []).push(k);
  return places.filter((group) => group !== undefined);
}

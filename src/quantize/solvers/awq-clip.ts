/** AWQ's second search: ranges of regions cut as far as the outputs gain by it. */
import type { F32, F64, I32 } from '../../core/arrays.js';
import type { AffineSettings, AffineTensor } from '../affine/affine-types.js';
import {
  addChange,
  changeOf,
  gradients,
  LINES_AT_ONCE,
  readErrors,
  type Curvature,
} from './awq-objective.js';
import { codeOf, valueOf, type Fit } from './gptq-fit.js';
import type { Lines } from './gptq-lines.js';
import { chooseParameters } from '../affine/scale-rule.js';

/** The range times 0.95, 0.9 ... 0.55: AutoAWQ's grid of 20 with a largest shrinkage of 0.5. */
const FACTORS: readonly number[] = Array.from({ length: 9 }, (_, i) => (19 - i) / 20);

export interface Clipped {
  readonly scale: F32;
  readonly zeroPoint: I32 | null;
  readonly clippedRegions: number;
}

interface Line {
  /** The line's weights divided by the input scales. */
  readonly t: F64;
  /** w - inputScale * values. */
  readonly e: F64;
  readonly gradient: F64;
}

/**
 * Scales and zero points of cut ranges: region by region the cut that lowers e H e^T most, given the errors of the line's other regions at that time.
 *
 * The loss falls with every cut. AutoAWQ looks at each region's own output error, without what other regions add to it.
 */
export function clipRegions(
  w: F32,
  scaled: F32,
  values: F32,
  inputScale: F32,
  tensor: AffineTensor,
  settings: AffineSettings,
  lines: Lines,
  curvature: Curvature,
): Clipped {
  const { n, stride, starts } = lines;
  const scale = Float32Array.from(tensor.scale);
  const zeroPoint = tensor.zeroPoint === null ? null : tensor.zeroPoint.slice();
  const e = new Float64Array(LINES_AT_ONCE * n);
  const gradient = new Float64Array(LINES_AT_ONCE * n);
  const t = new Float64Array(n);
  let clippedRegions = 0;
  for (let first = 0; first < starts.length; first += LINES_AT_ONCE) {
    const count = readErrors(e, w, values, inputScale, lines, first);
    gradients(gradient, e, curvature);
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < n; c++) t[c] = scaled[starts[first + i] + c * stride];
      const line = { t, e: e.subarray(i * n, i * n + n), gradient: gradient.subarray(i * n, i * n + n) };
      for (let begin = 0; begin < n; begin += lines.groupSize) {
        const end = Math.min(n, begin + lines.groupSize);
        const fit = bestCut(line, inputScale, begin, end, settings, curvature);
        if (fit === null) continue;
        const region = lines.regionOfLine[first + i] + lines.groupOf[begin] * lines.regionStep;
        scale[region] = fit.scale;
        if (zeroPoint !== null) zeroPoint[region] = fit.zero;
        clippedRegions++;
      }
    }
  }
  return { scale, zeroPoint, clippedRegions };
}

/** The best cut of a region, whose errors and gradient it then brings up to date; null where none lowers the loss. */
function bestCut(
  { t, e, gradient }: Line,
  inputScale: F32,
  begin: number,
  end: number,
  settings: AffineSettings,
  curvature: Curvature,
): Fit | null {
  let best: Fit | null = null;
  let least = 0;
  let kept: F64 | null = null;
  for (const fit of cutsOf(t, begin, end, settings)) {
    const d = new Float64Array(end - begin);
    for (let k = begin; k < end; k++) {
      const value = valueOf(codeOf(t[k], fit, settings), fit);
      // w = inputScale * t but for a rounding, which the errors of the whole range have as well.
      d[k - begin] = inputScale[k] * (t[k] - value) - e[k];
    }
    const change = changeOf(d, gradient, begin, curvature);
    if (change < least) [least, best, kept] = [change, fit, d];
  }
  if (kept !== null) addChange(gradient, kept, begin, curvature);
  return best;
}

/** Parameters of the cut ranges of t[begin .. end). */
function cutsOf(t: F64, begin: number, end: number, settings: AffineSettings): Fit[] {
  let low = 0;
  let high = 0;
  for (let k = begin; k < end; k++) {
    low = Math.min(low, t[k]);
    high = Math.max(high, t[k]);
  }
  if (low === high) return [];
  const { scale, zeroPoint } = chooseParameters(
    {
      min: Float32Array.from(FACTORS, (factor) => low * factor),
      max: Float32Array.from(FACTORS, (factor) => high * factor),
    },
    settings,
  );
  return Array.from(scale, (s, i) => ({ scale: s, zero: zeroPoint === null ? 0 : zeroPoint[i] }));
}

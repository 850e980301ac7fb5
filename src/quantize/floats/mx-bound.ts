/** The proved error bounds of MX formats. */
import { FLOAT_FORMATS, powerOfTwo } from '../../core/float-formats.js';
import { NAN_SCALE, SCALE_MODES, type ScaleMode } from '../../core/block-scale.js';
import { DTYPES } from '../../core/dtype.js';
import { checkChoice } from '../../core/options.js';
import { BoundSum, reachesOf, type Reach } from '../affine/code-reach.js';
import { checkMxTensor, INT8_STEP, MX_ELEMENTS, topOfElement, unpackBytes } from './mx-tensor.js';
import type { MxElement, MxTensor } from './mx-types.js';

/** Unit roundoff of float32, half to even. */
const U = 2 ** -24;

/** Beyond this a float32 is infinite. */
const LARGEST = 3.4028234663852886e38;

/**
 * Returns the largest error that a block of an MX format can have, as a share of its largest magnitude A: proved, and reached.
 *
 * Formula: the larger of two shares. To nearest: 1 / (2^(m + 1) + 1) with m mantissa bits; for 'int8' 2^-7 / a, where a is the least A in
 * units of the scale: 1 (floor), 1/2 (ceil), 255/256 (even), 127/128 (rceil). Clamped: 1 - largest / top, where top is the supremum of A in
 * units of the scale: 2^(emax + 1) for 'floor', (2 - 2^(-m - 1)) * 2^emax for 'even'; 'ceil' and 'rceil' clamp nothing.
 *
 * Proof. Scaling by X = 2^k is exact, so let X = 1. (1) An element |x| <= largest is rounded to nearest. With 2^e <= |x| < 2^(e + 1) and
 * 2^e normal, values are 2^(e - m) apart and the error is at most h = 2^(e - m - 1); it is h only at ties, the least of which is 2^e + h, so
 * error / A <= error / |x| <= h / (2^e + h) = 1 / (2^(m + 1) + 1). Where x is subnormal the error is at most half of the least normal
 * number's step, and A is beyond it by the whole range of the element. (2) |x| > largest: the error is |x| - largest <= A - largest, and
 * 1 - largest / A grows with A. (3) 'int8' has one step, 2^-6, so that half of it over the least A is the worst.
 *
 * Numerics: holds where the scale is not at an end of its range, that is for 2^(emax - 126) <= A <= 2^127: below, errors are at most
 * those of X = 2^-127. For MXFP4 with 'floor', X = 2^(floor(log2 A) - 2), this says: |x| <= 2X: X/4; <= 4X: X/2; <= 7X: X; else less than
 * 2X; in all A/4.
 *
 * @param element type of the codes
 * @param scaleMode as for quantizeMx, default 'floor'
 * @throws TypeError or RangeError for unknown names.
 * @example
 * mxRelativeBound('float4_e2m1fn'); // 0.25
 * mxRelativeBound('float4_e2m1fn', 'rceil'); // 0.2
 * @see quantizeMx
 */
export function mxRelativeBound(element: MxElement, scaleMode: ScaleMode = 'floor'): number {
  const fn = 'mxRelativeBound';
  checkChoice(fn, 'element', element, MX_ELEMENTS);
  checkChoice(fn, 'scaleMode', scaleMode, SCALE_MODES);
  const { mantissaBits, largest } = topOfElement(element);
  const nearest =
    element === 'int8' ? INT8_STEP / 2 / LEAST_INT8[scaleMode] : 1 / (2 ** (mantissaBits + 1) + 1);
  return Math.max(nearest, 1 - largest / (largest + clampOf(element, scaleMode)));
}

const LEAST_INT8: Readonly<Record<ScaleMode, number>> = {
  floor: 1,
  ceil: 1 / 2,
  even: 255 / 256,
  rceil: 127 / 128,
};

/** How far beyond the largest value a block's magnitudes can reach, in units of its scale. */
function clampOf(element: MxElement, scaleMode: ScaleMode): number {
  const { mantissaBits, emax, largest } = topOfElement(element);
  switch (scaleMode) {
    case 'floor':
      return 2 ** (emax + 1) - largest;
    case 'even':
      return Math.max(0, (2 - 2 ** (-mantissaBits - 1)) * 2 ** emax - largest);
    case 'ceil':
    case 'rceil':
      return 0;
  }
}

/**
 * Returns a bound of the error of `c` that holds for every finite float32 or float64 input that quantizeMx turns into `c`.
 *
 * Formula: per element X * (reach + (|value| + reach) * 2^-24), with X the block's scale, value that of the code, and reach half the larger
 * distance to a neighbour, or at the largest value how far magnitudes can lie beyond it (see mxRelativeBound) if that is more.
 *
 * Proof. x / X is exact or so small that its code is 0, and it is rounded to nearest: |x / X - value| <= reach. What was clamped lies at most
 * the mode's clamp beyond the largest value; for 'rceil' that is 2^-23 of it, from its float32 product, and within reach. A block whose
 * scale is the largest allowed was perhaps cut there, and is counted as one of 'floor'. Decoding is exact. Float64 input is rounded to
 * float32 once, which moves it by 2^-24 of itself, or by 2^-150.
 *
 * Numerics: Infinity for blocks whose scale is NaN, for codes that are not finite and for values beyond float32; quantizeMx makes none from
 * finite input. Tight: ties reach it.
 *
 * @returns maxAbs: largest |error| of an element; l2: root of the sum of squares over the tensor
 */
export function mxErrorBound(c: MxTensor): { maxAbs: number; l2: number } {
  const { size, rows, width } = checkMxTensor('errorBound', c);
  const { bits } = DTYPES[c.element];
  const codes = unpackBytes(new Uint8Array(c.codes.buffer, c.codes.byteOffset, c.codes.length), size, bits);
  const magnitudes = c.element === 'int8' ? 256 : 2 ** (bits - 1);
  const counts = new Float64Array(256 * magnitudes);
  const isUsed = new Uint8Array(256);
  const perRow = Math.ceil(width / c.blockSize);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < perRow; j++) {
      const scale = c.scales[r * perRow + j];
      const base = scale * magnitudes;
      isUsed[scale] = 1;
      const end = r * width + Math.min((j + 1) * c.blockSize, width);
      for (let i = r * width + j * c.blockSize; i < end; i++) counts[base + (codes[i] & (magnitudes - 1))]++;
    }
  }
  const most = 254 - topOfElement(c.element).emax;
  const usual = reachTable(c.element, clampOf(c.element, c.scaleMode));
  const cut = reachTable(c.element, clampOf(c.element, 'floor'));
  const sum = new BoundSum();
  for (let s = 0; s < 256; s++) {
    if (isUsed[s] === 0) continue;
    const table = s >= most ? cut : usual;
    const scale = powerOfTwo(s - 127);
    for (let code = 0; code < magnitudes; code++) {
      const { value, reach } = table[code];
      const isFinite = s !== NAN_SCALE && value * scale <= LARGEST;
      const bound = isFinite ? scale * (reach + (value + reach) * U) + 2 ** -150 : Infinity;
      sum.add(bound, counts[s * magnitudes + code]);
    }
  }
  return sum.bound();
}

function reachTable(element: MxElement, clamp: number): Reach[] {
  if (element !== 'int8') return reachesOf(FLOAT_FORMATS[element], clamp);
  return Array.from({ length: 256 }, (_, byte) => {
    const magnitude = byte < 128 ? byte : 256 - byte;
    const reach = INT8_STEP / 2;
    return { value: magnitude * INT8_STEP, reach: magnitude >= 127 ? Math.max(reach, clamp) : reach };
  });
}

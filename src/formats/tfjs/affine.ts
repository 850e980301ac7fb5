/**
 * The affine codes of tfjs: one scale and one minimum per weight, real = code * scale + min, 0 a code where the range holds
 * it. All arithmetic is float64, as tfjs-converter's is under numpy 2 and tfjs' own decoder's is everywhere.
 */
import type { F32, I32, U16, U8 } from '../../core/arrays.js';
import { NumericError } from '../../core/errors.js';
import { roundHalfEven, roundTo } from '../../core/rounding.js';
import { kernels } from '../../kernels/dispatch.js';
import type { TfjsAffineType } from './types.js';

/** The largest code. */
export const TOP: Readonly<Record<TfjsAffineType, number>> = { uint8: 255, uint16: 65535 };

export interface AffineRange {
  readonly scale: number;
  readonly min: number;
  /** What the largest code stands for; null for a weight whose values are all the same, which has code 0 only. */
  readonly max: number | null;
}

/**
 * Scale and range for finite values.
 *
 * Formula: scale = (max - min) / top. Where 0 lies in [min, max], min becomes -round(-min / scale) * scale (half to even) and max
 * top * scale + min: each moves by at most half a step. A constant weight has scale 1, an empty one min 0 as well.
 *
 * @throws NumericError OVERFLOW where an outermost code would decode to infinity: within half a step of float32's largest.
 */
export function rangeOf(fn: string, x: F32, top: number): AffineRange {
  if (x.length === 0) return { scale: 1, min: 0, max: null };
  const lows = new Float32Array(1);
  const highs = new Float32Array(1);
  kernels().minmaxRuns(lows, highs, x, 1, x.length, x.length);
  // Adding 0 makes -0, which JSON cannot hold, to 0.
  const low = lows[0] + 0;
  const high = highs[0];
  if (low === high) return { scale: 1, min: low, max: null };
  const scale = (high - low) / top;
  const isZeroInside = low <= 0 && high >= 0;
  const min = isZeroInside ? 0 - roundHalfEven((0 - low) / scale) * scale : low;
  const max = isZeroInside ? top * scale + min : high;
  if (!decodesFinite(scale, min, top)) {
    const message = `${fn}: "x" expected values that decode to finite float32 numbers, got the range [${low}, ${high}], whose outermost codes do not - keep the weight as float32`;
    throw new NumericError('OVERFLOW', message);
  }
  return { scale, min, max };
}

/** Whether every code from 0 to `top` decodes to a finite float32. */
export function decodesFinite(scale: number, min: number, top: number): boolean {
  return Number.isFinite(Math.fround(min)) && Number.isFinite(Math.fround(top * scale + min));
}

const CHUNK = 2048;
const values = new Float32Array(CHUNK);
const bytes = new Uint8Array(CHUNK);
const shorts = new Uint16Array(CHUNK);

/** Adding 1.5 * 2^52 and taking it away rounds a double below 2^51 half to even. */
const MAGIC = 6755399441055744;

/**
 * codes = round((clip(x, min, max) - min) / scale), half to even.
 *
 * The loop works on scratch arrays whose addresses the engine knows: 1.5 ns per element, against 2.7 on the arrays themselves and
 * 14.6 with roundHalfEven (Node 20, 7 M elements). The kernels' affine loops are float32 and give other codes near ties.
 */
export function encodeAffine(codes: U8 | U16, x: F32, { scale, min, max }: AffineRange): void {
  if (max === null) {
    codes.fill(0);
    return;
  }
  const staged = codes.BYTES_PER_ELEMENT === 1 ? bytes : shorts;
  for (let at = 0; at < x.length; at += CHUNK) {
    const count = Math.min(CHUNK, x.length - at);
    values.set(x.subarray(at, at + count));
    if (staged === bytes) encodeBytes(count, scale, min, max);
    else encodeShorts(count, scale, min, max);
    codes.set(count === CHUNK ? staged : staged.subarray(0, count), at);
  }
}

// Two loops, since one loop over both kinds of array is compiled for neither.

function encodeBytes(count: number, scale: number, min: number, max: number): void {
  for (let i = 0; i < count; i++) {
    const value = values[i];
    const clipped = value < min ? min : value > max ? max : value;
    bytes[i] = (clipped - min) / scale + MAGIC - MAGIC;
  }
}

function encodeShorts(count: number, scale: number, min: number, max: number): void {
  for (let i = 0; i < count; i++) {
    const value = values[i];
    const clipped = value < min ? min : value > max ? max : value;
    shorts[i] = (clipped - min) / scale + MAGIC - MAGIC;
  }
}

/** From this length on 8-bit codes are looked up. */
const TABLE_FROM = 1024;
const table = new Float32Array(256);

/** out = fround(code * scale + min), the sum in float64: 0.9 ns per element for bytes, 1.5 for 16 bits. */
export function decodeAffine(out: F32, codes: U8 | U16, scale: number, min: number): void {
  if (codes.BYTES_PER_ELEMENT === 1 && codes.length >= TABLE_FROM) {
    for (let code = 0; code < table.length; code++) table[code] = code * scale + min;
    lookUp(out, codes as U8);
  } else for (let i = 0; i < codes.length; i++) out[i] = codes[i] * scale + min;
}

function lookUp(out: F32, codes: U8): void {
  for (let i = 0; i < codes.length; i++) out[i] = table[codes[i]];
}

/** Whole numbers: rounded half up, as JavaScript's own rounding does, then cut to 32 bits. */
export function decodeAffineIntegers(out: I32, codes: U8 | U16, scale: number, min: number): void {
  for (let i = 0; i < codes.length; i++) out[i] = roundTo(codes[i] * scale + min, 'halfUp');
}

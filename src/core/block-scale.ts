/** The shared power of two of a block of small floats (OCP microscaling formats 1.0), from the block's largest magnitude. */
import { FLOAT_FORMATS, maxFinite, type SmallFloat } from './float-formats.js';

/**
 * With A the largest magnitude, emax the exponent of the element's largest value and m its mantissa bits:
 *
 * - `floor`: the exponent of A, less emax (the specification): magnitudes beyond the largest value are clamped.
 * - `ceil`: one more unless A is a power of two: nothing is clamped.
 * - `even`: the exponent of A rounded half up to m mantissa bits, less emax.
 * - `rceil`: the exponent of A / (largest value), a float32 product with the rounded reciprocal, rounded up.
 */
export type ScaleMode = 'floor' | 'ceil' | 'even' | 'rceil';

export const SCALE_MODES: readonly ScaleMode[] = ['floor', 'ceil', 'even', 'rceil'];

/** Code of a block that holds NaN or an infinity: its scale is NaN. */
export const NAN_SCALE = 255;

/** What a mode needs to know of an element type. */
export interface ElementTop {
  readonly mantissaBits: number;
  /** Exponent of the largest value. */
  readonly emax: number;
  readonly largest: number;
}

export function topOf(dtype: SmallFloat): ElementTop {
  const format = FLOAT_FORMATS[dtype];
  const { mantissaBits, bias, maxFiniteCode } = format;
  return { mantissaBits, emax: (maxFiniteCode >>> mantissaBits) - bias, largest: maxFinite(format) };
}

/** A mode and an element as five numbers, the same for every block: code = clamp(((bits(A * factor) + add) >>> 23) - offset, 0, most). */
export interface PowerRule {
  readonly factor: number;
  /** Added to the bits of normal numbers, whose carry rounds the exponent up ... */
  readonly add: number;
  /** ... and to those of subnormal ones: code 0 stands for 2^-127, half of the least normal float32. */
  readonly addSubnormal: number;
  readonly offset: number;
  /** A larger scale would let codes stand for values beyond float32: blocks that reach it are clamped as with 'floor'. */
  readonly most: number;
}

export function powerRule(mode: ScaleMode, { mantissaBits, emax, largest }: ElementTop): PowerRule {
  const most = 254 - emax;
  const plain = (add: number): PowerRule => ({ factor: 1, add, addSubnormal: add, offset: emax, most });
  switch (mode) {
    case 'floor':
      return plain(0);
    case 'ceil':
      return plain(0x7fffff);
    case 'even':
      return plain(1 << (22 - mantissaBits));
    case 'rceil':
      return { factor: Math.fround(1 / largest), add: 0x7fffff, addSubnormal: 0x3fffff, offset: 0, most };
  }
}

const scratch = new Float32Array(1);
const scratchBits = new Int32Array(scratch.buffer);

/** The float8_e8m0fnu code of a block's scale; `absmax` is a float32 >= 0 or NaN. */
export function powerCode(absmax: number, { factor, add, addSubnormal, offset, most }: PowerRule): number {
  if (!(absmax < Infinity)) return NAN_SCALE;
  scratch[0] = absmax * factor;
  const bits = scratchBits[0];
  const exponent = (bits + (bits < 0x800000 ? addSubnormal : add)) >> 23;
  return Math.min(Math.max(exponent - offset, 0), most);
}

/**
 * The kernels: one interface, three implementations (reference, scalar, simd) that give the same bits.
 *
 * Letters, the same everywhere: a tensor is seen as `rows` x `width`, row-major.
 *   Runs:    every row is cut into runs of `run` elements, the last of a row may be shorter; run j of row r has the
 *            parameters at index r * ceil(width / run) + j.
 *   Columns: column c of every row has the parameters at index c.
 * Output first, then inputs, counts, numbers. No validation, no allocation, no options. `out` may not overlap inputs.
 * Arrays may start at any byte offset their type allows, lie anywhere (a user's array or the kernels' own memory), and
 * have any length from 0 on. NaN, infinities, -0 and subnormals have the result that each docstring states.
 */
import type { F32, F64, I16, I32, I8, U16, U8 } from '../core/arrays.js';
import type { PowerRule } from '../core/block-scale.js';
import type { Rounding } from '../core/rounding.js';

/** Codes of at most 8 bits, one per byte, or of 16 bits. */
export type Codes = I8 | U8 | I16 | U16;

/** How the quotient x / scale is formed in float32: ggml and torch multiply by the reciprocal, ONNX Runtime divides. */
export type Arithmetic = 'reciprocal' | 'division';

/** What turns real numbers into integer codes, apart from scale and zero point. */
export interface CodeRule {
  readonly codeMin: number;
  readonly codeMax: number;
  readonly rounding: Rounding;
  readonly arithmetic: Arithmetic;
  /** Stochastic rounding only: the seed, and the position of x[0] in the whole tensor, so that tiles and workers agree. */
  readonly seed: number;
  readonly position: number;
}

/** The small floats that the kernels code with a scale per run. */
export type ElementFloat =
  'float8_e4m3fn' | 'float8_e5m2' | 'float6_e2m3fn' | 'float6_e3m2fn' | 'float4_e2m1fn';

/** Sums over pairs (a, b), all in float64, fixed order. */
export interface ErrorSums {
  readonly maxAbs: number;
  readonly sumSquaredError: number;
  readonly sumSquaredA: number;
  readonly sumSquaredB: number;
  readonly dot: number;
}

export interface Kernels {
  readonly name: 'reference' | 'scalar' | 'simd';

  /** out[run] = max |x| over the run; NaN if the run holds a NaN; 0 for an empty run. */
  absmaxRuns(out: F32, x: F32, rows: number, width: number, run: number): void;
  /** out[c] = max(out[c], max over rows |x[r, c]|), NaN wins: accumulates, so that tiles can follow each other. */
  absmaxColumns(out: F32, x: F32, rows: number, width: number): void;
  /** min[run], max[run]; NaN in both if the run holds a NaN; of -0 and +0 the minimum is -0 and the maximum +0. */
  minmaxRuns(min: F32, max: F32, x: F32, rows: number, width: number, run: number): void;
  /** Accumulates as absmaxColumns does. */
  minmaxColumns(min: F32, max: F32, x: F32, rows: number, width: number): void;
  /** out[2 * run] = sum of x, out[2 * run + 1] = sum of x * x: float64, in the fixed order that docs/numerics.md gives. */
  momentsRuns(out: F64, x: F32, rows: number, width: number, run: number): void;
  /** Index of the first NaN or infinity, -1 if there is none. */
  firstNonFinite(x: F32): number;

  /**
   * codes = clamp(round(x / scale) + zeroPoint, codeMin, codeMax). x / scale is one float32 operation: a product with
   * fround(1 / scale) or a division, as rule.arithmetic says; where fround(1 / scale) is no normal float32 (|scale| above
   * 2^126 or below 2^-128) 'reciprocal' divides too, so that each operation's error stays within one rounding. NaN counts
   * as 0, so it gives the zero point (clamped); +Infinity gives codeMax, -Infinity codeMin for a finite positive scale. A
   * scale of 0, or of NaN, gives the zero point everywhere, one of Infinity too. zeroPoint null means 0.
   */
  quantizeRuns(
    codes: Codes,
    x: F32,
    scale: F32,
    zeroPoint: I32 | null,
    rows: number,
    width: number,
    run: number,
    rule: CodeRule,
  ): void;
  quantizeColumns(
    codes: Codes,
    x: F32,
    scale: F32,
    zeroPoint: I32 | null,
    rows: number,
    width: number,
    rule: CodeRule,
  ): void;
  /**
   * out = fround(scale * (code - zeroPoint)); the difference is an exact integer and the product is taken in float64,
   * which is exact while |code - zeroPoint| <= 2^29: one rounding in all.
   */
  dequantizeRuns(
    out: F32,
    codes: Codes,
    scale: F32,
    zeroPoint: I32 | null,
    rows: number,
    width: number,
    run: number,
  ): void;
  dequantizeColumns(
    out: F32,
    codes: Codes,
    scale: F32,
    zeroPoint: I32 | null,
    rows: number,
    width: number,
  ): void;

  /**
   * Fused path for 4 bits in runs of a whole, even number of elements: absmax, scale = absmax / divisor rounded to float32, float16 or
   * bfloat16, codes (half to even, reciprocal) offset by -codeMin and packed low nibble first. Equal, bit for bit, to
   * absmaxRuns, scale rounding, quantizeRuns and packBits one after another.
   */
  quantizePackRuns4(
    packed: U8,
    scale: F32,
    x: F32,
    runs: number,
    run: number,
    divisor: number,
    scaleDtype: 'float32' | 'float16' | 'bfloat16',
    codeMin: number,
    codeMax: number,
  ): void;
  /** Fused inverse: unpackBits then dequantizeRuns for 4 bits and runs of a whole, even number of elements. */
  dequantizePackedRuns4(
    out: F32,
    packed: U8,
    scale: F32,
    zeroPoint: I32 | null,
    runs: number,
    run: number,
    codeMin: number,
  ): void;

  /**
   * Codebooks: codes[i] = order[n] with n the number of thresholds below q, over the flat array in runs of `run`. q = x / scale is
   * formed as quantizeRuns forms it with 'reciprocal': NaN counts as 0, and so does everything under a scale of 0, NaN or
   * Infinity. `thresholds` are 255 ascending numbers, filled up with Infinity; `order` has 256 entries.
   */
  quantizeLevels(codes: U8, x: F32, scale: F32, run: number, thresholds: F32, order: U8): void;
  /** out = fround(levels[code] * scale): one float32 product. `levels` has 256 entries. */
  dequantizeLevels(out: F32, codes: U8, scale: F32, run: number, levels: F32): void;
  /**
   * The same for codes of 4 bits, two to a byte, the first in the high nibble: 15 thresholds, 16 entries. A run has an even number of
   * elements or holds all of them; the nibble behind the last element of an odd number is the code of q = 0.
   */
  quantizeLevels4(packed: U8, x: F32, scale: F32, run: number, thresholds: F32, order: U8): void;
  /** absmaxRuns into `scale`, then quantizeLevels4, while the elements are at hand. */
  quantizeBlocks4(packed: U8, scale: F32, x: F32, run: number, thresholds: F32, order: U8): void;
  dequantizeLevels4(out: F32, packed: U8, scale: F32, run: number, levels: F32): void;

  /** Little-endian bit stream: code i, minus codeMin, takes bits [i * bits, (i + 1) * bits) counted from the lowest bit of byte 0. */
  packBits(packed: U8, codes: I8 | U8, count: number, bits: number, codeMin: number): void;
  unpackBits(codes: I8 | U8, packed: U8, count: number, bits: number, codeMin: number): void;

  /** float32 to float16 bits, half to even; overflow to infinity; NaN to 0x7e00 with the sign kept. */
  encodeFloat16(out: U16, x: F32): void;
  decodeFloat16(out: F32, codes: U16): void;
  /** float32 to bfloat16 bits, half to even; NaN to a quiet NaN with the sign and the high bits kept. */
  encodeBfloat16(out: U16, x: F32): void;
  decodeBfloat16(out: F32, codes: U16): void;

  /**
   * codes = the code of x * scale ('product') or x / scale ('quotient'), rounded to float32 first, then to the element, half to even;
   * beyond its largest finite value that value; NaN counts as 0, so that a scale of NaN gives zeros. One code per byte.
   */
  encodeFloatRuns(
    codes: U8,
    x: F32,
    scale: F32,
    rows: number,
    width: number,
    run: number,
    element: ElementFloat,
    arithmetic: 'product' | 'quotient',
  ): void;
  /** out = fround(value of the code * scale); codes, one per byte, have no bits beyond those of the element. */
  decodeFloatRuns(
    out: F32,
    codes: U8,
    scale: F32,
    rows: number,
    width: number,
    run: number,
    element: ElementFloat,
  ): void;
  /**
   * Fused path for blocks of float4_e2m1fn of a whole, even number of elements: the float8_e8m0fnu code of each run's scale under `rule`,
   * and the codes of x / scale packed low nibble first. A run with NaN or an infinity has the scale NaN and codes 0. Equal to
   * absmaxRuns, powerCode, encodeFloatRuns and packBits one after another.
   */
  quantizePackMx4(packed: U8, scale: U8, x: F32, runs: number, run: number, rule: PowerRule): void;
  /** Fused inverse for float4_e2m1fn and runs of a whole, even number of elements: unpackBits, then decodeFloatRuns. */
  decodePackedFloatRuns4(out: F32, packed: U8, scale: F32, runs: number, run: number): void;

  errorSums(a: F32, b: F32): ErrorSums;
}

/**
 * Integer inference: a family of its own. One interface, three implementations (reference, scalar, simd) that give the same bits.
 *
 * Outputs first, then inputs, counts, numbers. No validation, no allocation of results. Arrays lie anywhere. int32 sums wrap modulo 2^32:
 * they are exact whenever the true sum is an int32, whatever the order.
 */
import type { F32, I16, I32, I8, U8 } from '../../core/arrays.js';

/** A matrix of `rows` x `columns` codes whose rows are cut into groups: value = scale * (code - offset). */
export interface GroupedCodes {
  /** 4 bits: two codes per byte, the low half first, each 0 .. 15. Else one per byte. */
  readonly bits: 4 | 8;
  readonly codes: I8 | U8;
  /** One per group, row-major. */
  readonly scale: F32;
  /** One per group, or null: all are `offset`. */
  readonly offsets: I32 | null;
  readonly offset: number;
  readonly rows: number;
  /** A multiple of `group`. */
  readonly columns: number;
  /** Elements of a group: a multiple of 32. */
  readonly group: number;
}

/** How int32 accumulators become output codes; arrays hold one entry per channel. */
export interface RequantizeRule {
  readonly bias: I32 | null;
  readonly multiplier: I32;
  /** -31 .. 30: positive to the left. */
  readonly shift: I32;
  readonly zeroPoint: number;
  readonly codeMin: number;
  readonly codeMax: number;
  /** One rounding, half up, in place of gemmlowp's two. */
  readonly isSingle: boolean;
}

export interface IntegerKernels {
  readonly name: 'reference' | 'scalar' | 'simd';

  /** out[i * n + j] = sum over c of a[i * k + c] * b[j * k + c]: a is m x k, b n x k, both row-major. */
  products(out: I32, a: I16, b: I8 | U8, m: number, n: number, k: number): void;

  /**
   * out[r * channels + c] = clamp(scaled(saturate(acc + bias[c])) + zeroPoint, codeMin, codeMax). scaled(x) is, with m = multiplier[c],
   * e = shift[c] and saturate the clamp to int32:
   *   two roundings: h = saturate(floor((saturate(x * 2^max(e, 0)) * m + 2^30) / 2^31)), then h / 2^max(-e, 0) rounded half away from 0;
   *   one rounding: saturate(floor(x * m / 2^(31 - e) + 1/2)).
   */
  requantize(out: I8 | U8 | I16 | I32, acc: I32, rows: number, channels: number, rule: RequantizeRule): void;

  /**
   * y = W x for whole x. Groups are cut into parts of `part` elements (a divisor of the group, a multiple of 32); `sums` holds the sum of x
   * of every part. In a part, columns go to four int32 sums: with 8 bits column k to sum floor((k mod 8) / 2), with 4 bits to
   * floor((k mod 32) / 8); sum 0 begins at -offset * sums[part], the others at 0. Each becomes float32 (half to even), is multiplied by the
   * group's scale and added to one of four float32 totals; y is (t0 + t2) + (t1 + t3).
   */
  groupDots(y: F32, w: GroupedCodes, x: I16, sums: I32, part: number): void;

  /**
   * y = W x for float32 x; `sums` holds float32 sums of x of every group. Every operation is rounded to float32. Unsigned 8-bit codes and
   * their offsets count 128 less. In a group, columns go in ascending order to four sums: with 8 bits column k to sum
   * floor((k mod 16) / 4), with 4 bits to floor((k mod 32) / 8); sum 0 begins at offset * -sums[group], the others at 0. A product is
   * (code * 2^s) * (x * 2^-s), s = 24 for 8 bits and 4 (k mod 4) for 4: x * 2^-s is exact unless it is subnormal. Then as in groupDots.
   */
  weightDots(y: F32, w: GroupedCodes, x: F32, sums: F32): void;
}

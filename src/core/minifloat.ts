/** Encoding of small floats: readable for one number, fast for many, the same bits from both. */
import type { F64, U16, U32, U8 } from './arrays.js';
import { codeBits, powerOfTwo, type FloatFormat, type Overflow } from './float-formats.js';
import { hashInto } from './random.js';
import { THRESHOLD_UNIT, type Rounding } from './rounding.js';

/** The bits of float32 +Infinity; larger magnitudes are NaN. */
const INFINITY32 = 0x7f800000;
const MAGNITUDE32 = 0x7fffffff;
const MANTISSA32 = 0x7fffff;
/** The bit that a normal float32 leaves out. */
const IMPLICIT32 = 0x800000;

/** How a conversion rounds and what it does with what does not fit. */
export interface EncodeRule {
  readonly rounding: Rounding;
  readonly overflow: Overflow;
  /** Stochastic rounding only: element i of a call is at `position + i` of the tensor. */
  readonly seed: number;
  readonly position: number;
}

/** What encodeBits returns for a number that has no code under the rule. */
export const NO_CODE = -1;

/**
 * The code of the float32 whose bits are `bits`, or NO_CODE.
 *
 * Formula: unit = 2^(exponent of x - mantissaBits), at least the distance of subnormals; code = round(|x| / unit), the
 * rounding as in rounding.ts applied to x / unit; a carry walks into the exponent field by itself.
 *
 * Numerics: exact. Zero keeps its sign, and so does NaN. NaN has no code where the format has no NaN. A finite x rounded
 * beyond the largest finite value, and Infinity itself, become that value ('saturate'), Infinity or else NaN ('infinity'),
 * no code ('throw', which leaves an Infinity alone that the format can hold).
 */
export function encodeBits(
  bits: number,
  format: FloatFormat,
  rounding: Rounding,
  overflow: Overflow,
  threshold = 0,
): number {
  const magnitude = bits & MAGNITUDE32;
  if (!format.signed) return encodePower(bits, format, rounding, overflow, threshold);
  const sign = (bits >>> 31) << (codeBits(format) - 1);
  if (magnitude > INFINITY32) return withSign(nanCode(magnitude, format), sign);
  if (magnitude === INFINITY32) return withSign(infinityCode(format, overflow), sign);

  const { mantissaBits, bias } = format;
  const exponent = Math.max(magnitude >>> 23, 1);
  const significand = magnitude < IMPLICIT32 ? magnitude : (magnitude & MANTISSA32) | IMPLICIT32;
  // Exponent field of the result; 1 also for subnormals, whose unit is that of the first normal numbers.
  const field = Math.max(exponent - 127 + bias, 1);
  const shift = 23 - mantissaBits + (field - bias + 127 - exponent);
  const scaled = significand * powerOfTwo(-shift);
  const down = Math.floor(scaled);
  const up = roundsUp(down, scaled - down, sign !== 0, rounding, threshold) ? 1 : 0;
  const code = ((field - 1) << mantissaBits) + down + up;
  return withSign(code > format.maxFiniteCode ? overflowCode(format, overflow) : code, sign);
}

/** Unsigned powers of two: zero and negative numbers are NaN, as in ml_dtypes; 'saturate' makes zero the least power. */
function encodePower(
  bits: number,
  format: FloatFormat,
  rounding: Rounding,
  overflow: Overflow,
  threshold: number,
): number {
  const magnitude = bits & MAGNITUDE32;
  if (magnitude === 0 && overflow === 'saturate') return 0;
  if (magnitude > INFINITY32) return nanCode(magnitude, format);
  if (magnitude === 0 || bits >>> 31 !== 0) {
    return overflow === 'throw' ? NO_CODE : nanCode(magnitude, format);
  }
  if (magnitude === INFINITY32) return infinityCode(format, overflow);
  // Code 0 stands for 2^-127, half of the least normal float32; what is smaller still becomes it.
  const subnormal = magnitude < IMPLICIT32;
  const mantissa = subnormal ? Math.max(magnitude - IMPLICIT32 / 2, 0) : magnitude & MANTISSA32;
  const fraction = mantissa / (subnormal ? IMPLICIT32 / 2 : IMPLICIT32);
  // The significand is 1, which is odd: half to even goes up to 2, as torch and ml_dtypes do.
  const code = (magnitude >>> 23) + (roundsUp(1, fraction, false, rounding, threshold) ? 1 : 0);
  return code > format.maxFiniteCode ? overflowCode(format, overflow) : code;
}

/** Whether the magnitude down + fraction becomes down + 1. */
function roundsUp(
  down: number,
  fraction: number,
  negative: boolean,
  rounding: Rounding,
  threshold: number,
): boolean {
  switch (rounding) {
    case 'halfEven':
      return fraction > 0.5 || (fraction === 0.5 && down % 2 === 1);
    case 'halfAwayFromZero':
      return fraction >= 0.5;
    case 'halfUp':
      return fraction > 0.5 || (fraction === 0.5 && !negative);
    case 'truncate':
      return false;
    case 'stochastic':
      // Up means toward +Infinity: for a negative number the magnitude grows when the threshold is not met.
      return negative ? fraction > 0 && threshold >= 1 - fraction : threshold < fraction;
  }
}

function withSign(code: number, sign: number): number {
  return code === NO_CODE ? NO_CODE : code | sign;
}

function nanCode(magnitude: number, format: FloatFormat): number {
  // bfloat16 is the upper half of a float32 and keeps what it can of a NaN's payload.
  if (format.dtype === 'bfloat16') return (magnitude >>> 16) | 0x40;
  return format.nanCode ?? NO_CODE;
}

function infinityCode(format: FloatFormat, overflow: Overflow): number {
  if (overflow === 'throw') return format.infinityCode ?? NO_CODE;
  return overflowCode(format, overflow);
}

function overflowCode(format: FloatFormat, overflow: Overflow): number {
  if (overflow === 'saturate') return format.maxFiniteCode;
  return overflow === 'infinity' ? (format.infinityCode ?? format.nanCode ?? NO_CODE) : NO_CODE;
}

/**
 * out[i] = code of the float32 with bits[i], as encodeBits gives it. Returns the index of the first element without a
 * code (out is then unspecified from there on), or -1.
 */
export function encodeInto(out: U16 | U8, bits: U32, format: FloatFormat, rule: EncodeRule): number {
  const { rounding, overflow } = rule;
  if (rounding === 'stochastic') return encodeStochastic(out, bits, format, rule);
  if (codeBits(format) <= 8) return encodeByTable(out, bits, encodeTable(format, rounding, overflow));
  for (let i = 0; i < bits.length; i++) {
    const code = encodeBits(bits[i], format, rounding, overflow);
    if (code === NO_CODE) return i;
    out[i] = code;
  }
  return -1;
}

/** Random numbers that are drawn at a time: 4 KiB stay in the first-level cache. */
const DRAWS = 1024;

function encodeStochastic(out: U16 | U8, bits: U32, format: FloatFormat, rule: EncodeRule): number {
  const draws = new Uint32Array(Math.min(DRAWS, bits.length));
  for (let i = 0; i < bits.length; i++) {
    if (i % DRAWS === 0) hashInto(draws, rule.seed, rule.position + i);
    const threshold = draws[i % DRAWS] * THRESHOLD_UNIT;
    const code = encodeBits(bits[i], format, 'stochastic', rule.overflow, threshold);
    if (code === NO_CODE) return i;
    out[i] = code;
  }
  return -1;
}

/** Bits of a float32 that are not looked up one by one: below sign, exponent, three mantissa bits and the half unit. */
const STICKY_BITS = 19;
const STICKY_MASK = 0x7ffff;

/** Codes (or NO_CODE) by the upper 13 bits of a float32 and one bit that says whether any lower bit is set. */
export type EncodeTable = ReturnType<typeof Int16Array.of>;

const encodeTables = new Map<string, EncodeTable>();

/**
 * A format of at most 8 bits keeps at most 3 mantissa bits, so a rounding that decides at halves of a unit sees only
 * those, the bit below, and whether anything is left: 2^14 cases, 32 KiB, made at the first use in about 1 ms.
 */
export function encodeTable(format: FloatFormat, rounding: Rounding, overflow: Overflow): EncodeTable {
  const key = `${format.dtype} ${rounding} ${overflow}`;
  let table = encodeTables.get(key);
  if (table === undefined) {
    table = Int16Array.from({ length: 1 << (33 - STICKY_BITS) }, (_, index) => {
      const bits = ((index >>> 1) << STICKY_BITS) | (index & 1);
      return encodeBits(bits >>> 0, format, rounding, overflow);
    });
    encodeTables.set(key, table);
  }
  return table;
}

/** Where the table holds the code of the float32 with these bits. */
export function tableIndex(bits: number): number {
  const sticky = ((bits & STICKY_MASK) + STICKY_MASK) >>> STICKY_BITS;
  return ((bits >>> STICKY_BITS) << 1) | sticky;
}

function encodeByTable(out: U16 | U8, bits: U32, table: EncodeTable): number {
  for (let i = 0; i < bits.length; i++) {
    const code = table[tableIndex(bits[i])];
    if (code === NO_CODE) return i;
    out[i] = code;
  }
  return -1;
}

const scratch32 = new Float32Array(1);
const scratchBits = new Uint32Array(scratch32.buffer);

/**
 * bits[i] = bits of x[i] in float32, rounded to odd: what is not a float32 becomes the neighbour with an odd last bit.
 * Rounding that to a format of at most 22 significant bits gives what rounding x itself would give, by any rule that
 * decides at multiples of half a unit; two roundings to nearest would not. For stochastic rounding the fraction moves
 * by less than 2^-12 units.
 */
export function roundToOddInto(bits: U32, x: F64): void {
  for (let i = 0; i < x.length; i++) {
    const value = x[i];
    scratch32[0] = value;
    const rounded = scratch32[0];
    let word = scratchBits[0];
    if (rounded !== value && value === value) {
      if (Math.abs(rounded) > Math.abs(value)) word -= 1;
      word |= 1;
    }
    bits[i] = word;
  }
}

/** The codebooks that have names, as bitsandbytes has them, and what turns numbers into codes of any codebook. */
import type { F32, U8 } from '../../core/arrays.js';

export type CodebookName = 'nf4' | 'fp4' | 'af4' | 'dynamic8';

export const CODEBOOK_NAMES: readonly CodebookName[] = ['nf4', 'fp4', 'af4', 'dynamic8'];

/** A codebook and its rule: the code of q is order[n], with n the number of thresholds below q. */
export interface Codebook {
  /** What each code stands for. */
  readonly levels: F32;
  /** Ascending, one fewer than levels. */
  readonly thresholds: F32;
  /** The codes in the order of their levels. */
  readonly order: U8;
}

/** Quantiles of the normal distribution, 8 of them on either side of 0 or at it: QLoRA's NormalFloat. */
// prettier-ignore
const NF4 = [
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
  -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
];

/**
 * What q must exceed for the next of NF4's levels: the literals of bitsandbytes' csrc/kernels.cu, as a C compiler rounds them to
 * float32. Four of them are not the float32 nearest to the float64 nearest to the literal.
 */
// prettier-ignore
const NF4_LIMITS = [
  -0.8480964303016663, -0.6106328964233398, -0.4599952697753906, -0.33967941999435425, -0.23460739850997925,
  -0.13791173696517944, -0.045525018125772476, 0.03979014977812767, 0.1202552542090416, 0.2035212516784668,
  0.2920137643814087, 0.3893125355243683, 0.5016633868217468, 0.6427869200706482, 0.8614783883094788,
];

/** AbnormalFloat for blocks of 64. bitsandbytes lists it from the largest level to the least. */
// prettier-ignore
const AF4 = [
  -1, -0.69441008, -0.51243739, -0.3736951, -0.25607552, -0.14982478, -0.04934812, 0,
  0.04273164, 0.12934483, 0.21961274, 0.31675666, 0.42563882, 0.55496234, 0.72424863, 1,
];

/** Magnitudes of FP4 codes 0 to 7; bit 3 is the sign. A float of 2 exponent bits and 1 mantissa bit, the exponents in odd order. */
const FP4 = [0, 0.0625, 8, 12, 4, 6, 2, 3].map((n) => n / 12);

/** FP4's codes from the least magnitude to the largest, and what a magnitude must exceed for the next: literals of csrc/kernels.cu. */
const FP4_ORDER = [0, 1, 6, 7, 4, 5, 2, 3];
const FP4_LIMITS = [0.00260417, 0.0859375, 0.20833333, 0.29166667, 0.4166667, 0.583333, 0.8333333];

/** The named codebook. */
export function namedCodebook(name: CodebookName): Codebook {
  switch (name) {
    case 'nf4':
      return { ...nearestCodebook(Float32Array.from(NF4)), thresholds: Float32Array.from(NF4_LIMITS) };
    case 'fp4':
      return fp4();
    case 'af4': {
      const { levels, thresholds, order } = nearestCodebook(Float32Array.from(AF4));
      return { levels: levels.reverse(), thresholds, order: order.reverse() };
    }
    case 'dynamic8':
      return dynamic8(dynamicMap());
  }
}

/** The codebook of ascending levels; what lies exactly between two goes to the lower one. */
export function nearestCodebook(levels: F32): Codebook {
  return ascendingCodebook(levels, midpointBelow);
}

function ascendingCodebook(levels: F32, between: (a: number, b: number) => number): Codebook {
  const thresholds = Float32Array.from({ length: levels.length - 1 }, (_, i) =>
    between(levels[i], levels[i + 1]),
  );
  return { levels, thresholds, order: Uint8Array.from(levels, (_, i) => i) };
}

/** As bitsandbytes computes it: the sum, then its half, each in float32. */
function roundedMidpoint(a: number, b: number): number {
  return Math.fround(Math.fround(a + b) / 2);
}

/**
 * The largest float32 that is not above the midpoint: a float32 exceeds the one exactly when it exceeds the other. The float64 sum is off
 * where the exponents of a and b are far apart; then its error, which is exact, decides.
 */
function midpointBelow(a: number, b: number): number {
  const sum = a + b;
  const ofB = sum - a;
  const error = a - (sum - ofB) + (b - ofB);
  const rounded = Math.fround(sum / 2);
  const isAbove = 2 * rounded > sum || (2 * rounded === sum && error < 0);
  return isAbove ? before(rounded) : rounded;
}

/** The float32 just below a finite v; 0 counts as positive. */
export function before(v: number): number {
  if (v === 0) return -(2 ** -149);
  scratch[0] = v;
  bits[0] += v > 0 ? -1 : 1;
  return scratch[0];
}

const scratch = new Float32Array(1);
const bits = new Int32Array(scratch.buffer);

/** A magnitude must exceed its limit, so a negative number its limit's opposite or equal it; -0 counts as 0. */
function fp4(): Codebook {
  const levels = Float32Array.from({ length: 16 }, (_, code) => (code < 8 ? FP4[code] : -FP4[code - 8]));
  const limits = Float32Array.from(FP4_LIMITS);
  const negative = Array.from(limits, (limit) => before(-limit)).reverse();
  return {
    levels,
    thresholds: Float32Array.from([...negative, before(0), ...limits]),
    order: Uint8Array.from([...FP4_ORDER.map((code) => code + 8).reverse(), ...FP4_ORDER]),
  };
}

/**
 * The rule of bitsandbytes' CUDA kernel for 256 levels: its search ends at an even code and compares with the midpoints on either
 * side, so what lies exactly on one goes to the even code.
 */
export function dynamic8(levels: F32): Codebook {
  const nearest = ascendingCodebook(levels, roundedMidpoint);
  return { ...nearest, thresholds: nearest.thresholds.map((t, i) => (i % 2 === 0 ? t : before(t))) };
}

/**
 * create_dynamic_map(signed, 7 exponent bits, 8 bits): for each exponent the midpoints of 2^i equal parts of [0.1, 1], times
 * 10^(i - 6), of either sign; 0; and 1. Every step in float32.
 */
function dynamicMap(): F32 {
  const levels = [0, 1];
  for (let i = 0; i < 7; i++) {
    const bounds = linspace(2 ** i + 1);
    const power = Math.fround(POWERS_OF_TEN[i]);
    for (let j = 0; j < 2 ** i; j++) {
      const level = Math.fround(power * roundedMidpoint(bounds[j], bounds[j + 1]));
      levels.push(level, -level);
    }
  }
  return Float32Array.from(levels).sort();
}

const POWERS_OF_TEN = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1];

/**
 * `count` numbers from 0.1 to 1 as torch.linspace has them: counted from both ends in fused multiply-adds. In float64 product and sum are
 * exact, so that one rounding is left here too.
 */
function linspace(count: number): F32 {
  const first = Math.fround(0.1);
  const step = Math.fround(1 - first) / (count - 1);
  return Float32Array.from({ length: count }, (_, i) =>
    i < Math.floor(count / 2) ? first + step * i : 1 - step * (count - 1 - i),
  );
}

/** Fewest bits that hold the codes of so many levels. */
export function bitsFor(levels: number): number {
  let bits = 1;
  while (2 ** bits < levels) bits++;
  return bits;
}

/** The tables as the kernels take them: 15 thresholds and 16 entries for codes of 4 bits, else 255 and 256. */
export function encodeTables({ thresholds, order }: Codebook, bits: number): { thresholds: F32; order: U8 } {
  const size = bits === 4 ? 16 : 256;
  const limits = new Float32Array(size - 1).fill(Infinity);
  limits.set(thresholds);
  const codes = new Uint8Array(size);
  codes.set(order);
  return { thresholds: limits, order: codes };
}

/** The same for decoding; codes that the codebook does not have become NaN. */
export function decodeTable(levels: F32, bits: number): F32 {
  const table = new Float32Array(bits === 4 ? 16 : 256).fill(NaN);
  table.set(levels);
  return table;
}

/**
 * exp, expm1, log and log1p whose bits no engine chooses: float64 sums, products and quotients in a fixed order, no Math.exp, no Math.log.
 * Worst errors, measured against a BigInt reference by test/core/elementary.test.ts and, for every float32 of the range,
 * by test/core/elementary.slow.test.ts; all below 2 ulp. `naturalLog` of logarithm.ts stays beside them: seeded random numbers have its bits.
 */

/** ln 2 in two parts: the first has 32 bits, so that its products with exponents are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const INVERSE_LN2 = 1.4426950408889634;
/** Adding and subtracting it rounds to a whole number, half to even, below 2^51. */
const ROUND = 6755399441055744;
const SQRT_HALF = 0.7071067811865476;

/** e^x is 0 below and infinite above. */
const LOWEST = -745.14;
const HIGHEST = 709.79;

/** Below it the series of e^d - 1 - d itself, not the difference. */
const SERIES_BELOW = 0.5;

const SMALLEST_POWER = -1074;
/** 2^-1074 ... 2^1023, made by doubling. */
const POWERS = /* @__PURE__ */ powersOfTwo();

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2098);
  powers[0] = 5e-324;
  for (let i = 1; i < powers.length; i++) powers[i] = 2 * powers[i - 1];
  return powers;
}

/** y * 2^n, rounded once, for y in [0.7, 1.5] and n from -1075 to 1024. */
function scaled(y: number, n: number): number {
  if (n >= -1021 && n <= 1023) return y * POWERS[n - SMALLEST_POWER];
  const half = n >> 1;
  return y * POWERS[half - SMALLEST_POWER] * POWERS[n - half - SMALLEST_POWER];
}

/** (e^r - 1 - r) / r^2 for |r| <= 0.5: Taylor to r^14, remainder below 2^-60. */
function secondSeries(r: number): number {
  let series = 1 / 20922789888000;
  series = series * r + 1 / 1307674368000;
  series = series * r + 1 / 87178291200;
  series = series * r + 1 / 6227020800;
  series = series * r + 1 / 479001600;
  series = series * r + 1 / 39916800;
  series = series * r + 1 / 3628800;
  series = series * r + 1 / 362880;
  series = series * r + 1 / 40320;
  series = series * r + 1 / 5040;
  series = series * r + 1 / 720;
  series = series * r + 1 / 120;
  series = series * r + 1 / 24;
  series = series * r + 1 / 6;
  return series * r + 0.5;
}

/** e^x: below 1 ulp, subnormal results too. NaN gives NaN, -Infinity 0, x > 709.78 Infinity. */
export function exponential(x: number): number {
  if (!(x >= LOWEST)) return x === x ? 0 : NaN;
  if (x > HIGHEST) return Infinity;
  const n = x * INVERSE_LN2 + ROUND - ROUND;
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  return scaled(1 + (r + r * r * secondSeries(r)), n);
}

/** e^x - 1: below 2 ulp. NaN gives NaN, -Infinity -1, -0 itself. */
export function exponentialMinusOne(x: number): number {
  if (x > -SERIES_BELOW && x < SERIES_BELOW) return x === 0 ? x : x + x * x * secondSeries(x);
  if (!(x > -40)) return x === x ? -1 : NaN;
  if (x > 40) return exponential(x);
  const n = x * INVERSE_LN2 + ROUND - ROUND;
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  const power = POWERS[n - SMALLEST_POWER];
  return power * (r + r * r * secondSeries(r)) + (power - 1);
}

/**
 * e^d - 1 - d, never negative and 0 at 0 alone among numbers that have a square: below 3 ulp. It is what a class adds to a
 * divergence, d being the difference of two log-probabilities. -Infinity and Infinity give Infinity, NaN NaN.
 */
export function exponentialExcess(d: number): number {
  if (d > -SERIES_BELOW && d < SERIES_BELOW) return d * d * secondSeries(d);
  if (d > HIGHEST) return Infinity;
  return exponentialMinusOne(d) - d;
}

const bits = /* @__PURE__ */ new Float64Array(1);
const words = /* @__PURE__ */ new Int32Array(bits.buffer);
/** Which of the two words has the exponent. */
const HIGH = /* @__PURE__ */ highWord();

function highWord(): number {
  bits[0] = 1;
  return words[1] === 0 ? 0 : 1;
}

/** log(1 + f) - (f - f^2 / 2), and k ln 2 added, small parts first; f in [sqrt(1/2) - 1, sqrt(2) - 1]. */
function logOf(f: number, k: number, correction: number): number {
  const s = f / (2 + f);
  const z = s * s;
  let series = 2 / 25;
  series = series * z + 2 / 23;
  series = series * z + 2 / 21;
  series = series * z + 2 / 19;
  series = series * z + 2 / 17;
  series = series * z + 2 / 15;
  series = series * z + 2 / 13;
  series = series * z + 2 / 11;
  series = series * z + 2 / 9;
  series = series * z + 2 / 7;
  series = series * z + 2 / 5;
  series = series * z + 2 / 3;
  const half = 0.5 * f * f;
  const rest = s * (half + series * z) + (k * LN2_LOW + correction);
  return k * LN2_HIGH - (half - rest - f);
}

/** ln x: below 1 ulp. 0 gives -Infinity, negative numbers and NaN NaN, Infinity itself. */
export function logarithm(x: number): number {
  return logWith(x, 0);
}

/** ln(1 + x): below 2 ulp. -1 gives -Infinity, less than -1 and NaN NaN, -0 itself. */
export function logarithmOnePlus(x: number): number {
  if (x > SQRT_HALF - 1 && x < 0.41421356237309503) return x === 0 ? x : logOf(x, 0, 0);
  const sum = 1 + x;
  if (!(x > -1 && x < 2 ** 54)) return logWith(sum, 0);
  // What the sum lost, over the sum: the first term of log(1 + lost / sum).
  const lost = x < 1 ? x - (sum - 1) : 1 - (sum - x);
  return logWith(sum, lost / sum);
}

function logWith(x: number, correction: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  let k = -1023;
  if (x < 2 ** -1022) {
    x *= 2 ** 54;
    k -= 54;
  }
  bits[0] = x;
  k += words[HIGH] >>> 20;
  words[HIGH] = (words[HIGH] & 0xfffff) | 0x3ff00000;
  let m = bits[0];
  if (m > 1.4142135623730951) {
    m *= 0.5;
    k++;
  }
  return logOf(m - 1, k, correction);
}

/** 2^-75 ... 2^65 in float32. */
const HALF_POWERS = /* @__PURE__ */ Float32Array.from(
  { length: 141 },
  (_, i) => POWERS[i - 75 - SMALLEST_POWER],
);

const f = Math.fround;
const F32_INVERSE_LN2 = /* @__PURE__ */ f(INVERSE_LN2);
const F32_ROUND = 12582912;
/** 355 / 512: its product with a whole number below 2^15 is exact. */
const F32_LN2_HIGH = 0.693359375;
const F32_LN2_LOW = /* @__PURE__ */ f(-2.1219444005469057e-4);

/**
 * e^x in float32 arithmetic alone, every operation rounded, as the SIMD kernels do it four at a time: below 1 ulp for every float32 x, subnormal
 * results too. x above 88.72 gives Infinity, below -103.98 0, NaN NaN.
 */
export function exponentialFloat32(x: number): number {
  const c = x < -104 ? -104 : x > 89 ? 89 : x;
  const n = f(f(f(c * F32_INVERSE_LN2) + F32_ROUND) - F32_ROUND);
  const r = f(f(c - f(n * F32_LN2_HIGH)) - f(n * F32_LN2_LOW));
  // Minimax of degree 6 in all, 3.7e-9 off: degree 7 would be 0.04 ulp better at worst, and a tenth slower.
  let p = f(f(0.0013864635257050395 * r) + 0.008367592468857765);
  p = f(f(p * r) + 0.04166723042726517);
  p = f(f(p * r) + 0.16666533052921295);
  p = f(f(p * r) + 0.5);
  const y = f(1 + f(r + f(f(r * r) * p)));
  const whole = n | 0;
  const half = whole >> 1;
  return f(f(y * HALF_POWERS[75 + half]) * HALF_POWERS[75 + whole - half]);
}

/** (e^d - 1 - d) / d^2 in float32 arithmetic alone, for |d| < 0.5: below 2 ulp. */
export function excessSeriesFloat32(d: number): number {
  let p = f(f(0.000024939674403867684 * d) + 0.00019962186343036592);
  p = f(f(p * d) + 0.001388867269270122);
  p = f(f(p * d) + 0.008333181962370872);
  p = f(f(p * d) + 0.0416666679084301);
  p = f(f(p * d) + 0.1666666716337204);
  return f(f(p * d) + 0.5);
}

/** The others in float32: the float64 result rounded once more, within 0.501 ulp. */
export const logarithmFloat32 = (x: number): number => f(logarithm(x));
export const exponentialMinusOneFloat32 = (x: number): number => f(exponentialMinusOne(x));
export const logarithmOnePlusFloat32 = (x: number): number => f(logarithmOnePlus(x));

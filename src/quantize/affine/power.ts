/** Powers of magnitudes whose bits no engine chooses: in float64 only +, -, *, / and sqrt. */

const LN2 = 0.6931471805599453;

/** Cells that the mantissa's interval [1, 2) is cut into; inside a cell the power is a short series. */
const CELLS = 256;

const MIN_EXPONENT = -1022;
const MAX_EXPONENT = 1023;

const scratch = new Float64Array(1);
/** The high word is 1: every engine runs on little-endian machines. */
const words = new Uint32Array(scratch.buffer);

/**
 * x^p for 0 < p <= 4 and x that is 0 or a normal float64 above it, with relative error below 2^-42; exact for p = 1, one rounding for 2, and
 * for 1/2.
 *
 * The mantissa m lies in a cell with middle c, and m^p = c^p (1 + r)^p with |r| <= 2^-9: six terms of the binomial series leave 2^-57.
 */
export function powerFunction(p: number): (x: number) => number {
  if (p === 1) return (x) => x;
  if (p === 2) return (x) => x * x;
  if (p === 0.5) return (x) => Math.sqrt(x);
  const middles = Float64Array.from({ length: CELLS }, (_, i) => 1 + (i + 0.5) / CELLS);
  const ofMiddle = middles.map((c) => expOf(p * logOf(c)));
  const ofExponent = Float64Array.from({ length: MAX_EXPONENT - MIN_EXPONENT + 1 }, (_, i) =>
    exp2Of(p * (i + MIN_EXPONENT)),
  );
  const a2 = (p * (p - 1)) / 2;
  const a3 = (a2 * (p - 2)) / 3;
  const a4 = (a3 * (p - 3)) / 4;
  const a5 = (a4 * (p - 4)) / 5;
  return (x) => {
    if (x === 0) return 0;
    scratch[0] = x;
    const high = words[1];
    const cell = (high >>> 12) & (CELLS - 1);
    words[1] = (high & 0xfffff) | 0x3ff00000;
    const c = middles[cell];
    const r = (scratch[0] - c) / c;
    const series = 1 + r * (p + r * (a2 + r * (a3 + r * (a4 + r * a5))));
    return ofExponent[(high >>> 20) - MAX_EXPONENT - MIN_EXPONENT] * ofMiddle[cell] * series;
  };
}

/** ln c for 1 <= c < 2: 2 artanh t with t = (c - 1) / (c + 1) below 1/3; 18 terms leave 2^-60. */
function logOf(c: number): number {
  const t = (c - 1) / (c + 1);
  let sum = 0;
  for (let k = 37; k >= 1; k -= 2) sum = sum * t * t + 1 / k;
  return 2 * t * sum;
}

/** e^y for |y| < 3: the series of y / 8, squared three times. */
function expOf(y: number): number {
  let sum = 1;
  for (let k = 16; k >= 1; k--) sum = 1 + ((y / 8) * sum) / k;
  const square = sum * sum;
  const fourth = square * square;
  return fourth * fourth;
}

/** 2^y; 0 below the normal numbers, Infinity beyond them. */
function exp2Of(y: number): number {
  const whole = Math.floor(y + 0.5);
  if (whole < MIN_EXPONENT) return 0;
  if (whole > MAX_EXPONENT) return Infinity;
  scratch[0] = 0;
  words[1] = (whole + MAX_EXPONENT) << 20;
  return scratch[0] * expOf((y - whole) * LN2);
}

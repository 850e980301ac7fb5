/** Errors of exp, expm1, log and log1p in units in the last place, against integers of 300 binary places. */

const PLACES = 300n;
const ONE = 1n << PLACES;

/** ln 2 = the sum of 1 / (k 2^k). */
const LN2 = Array.from({ length: 330 }, (_, k) => ONE / (BigInt(k + 1) << BigInt(k + 1))).reduce(
  (sum, term) => sum + term,
  0n,
);

/** The double as a whole number of 2^-PLACES; exact for magnitudes above 2^-240. */
export function fixed(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(x));
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n);
  const mantissa = (bits & ((1n << 52n) - 1n)) | (exponent === 0 ? 0n : 1n << 52n);
  const shift = BigInt(Math.max(1, exponent) - 1075) + PLACES;
  const size = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return x < 0 ? -size : size;
}

/** e^x = m 2^n with m between 0.7 and 1.5; both x and m in units of 2^-PLACES. */
function exact(x: bigint): { m: bigint; n: bigint } {
  let n = (2n * x + LN2) / (2n * LN2);
  if (2n * x + LN2 < 0n) n -= 1n;
  const r = x - n * LN2;
  let [term, sum] = [ONE, ONE];
  for (let k = 1n; term !== 0n && k < 80n; k++) {
    term = (term * r) / (k << PLACES);
    sum += term;
  }
  return { m: sum, n };
}

const shifted = (m: bigint, n: bigint): bigint => (n >= 0n ? m << n : m >> -n);

/** `difference`, in units of 2^-PLACES, over the last place of y: of `digits` binary digits, subnormal below 2^lowest. */
function inPlaces(difference: bigint, y: number, digits: number, lowest: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(y))), lowest);
  const size = difference < 0n ? -difference : difference;
  // Twenty binary places of the quotient are enough.
  return Number(shifted(size, 20n - PLACES - BigInt(exponent - digits + 1))) / 2 ** 20;
}

/** Error of y as e^x, in last places; for doubles by default. */
export function errorOfExp(x: number, y: number, digits = 53, lowest = -1022): number {
  const { m, n } = exact(fixed(x));
  // Both sides by 2^-n, so that neither is too small for the places.
  const scaled = y * 2 ** -Math.trunc(Number(n) / 2) * 2 ** -(Number(n) - Math.trunc(Number(n) / 2));
  return inPlaces(fixed(scaled) - m, scaled, digits, lowest - Number(n));
}

export const errorOfExpMinusOne = (x: number, y: number): number => {
  const { m, n } = exact(fixed(x));
  return inPlaces(fixed(y) - (shifted(m, n) - ONE), y, 53, -1022);
};

/** log x = y + (x e^-y - 1), the square of which is far below a last place. */
export function errorOfLog(x: number, y: number): number {
  const { m, n } = exact(-fixed(y));
  const exponent = Math.floor(Math.log2(x));
  const scaled = x / 2 ** Math.trunc(exponent / 2) / 2 ** (exponent - Math.trunc(exponent / 2));
  return inPlaces(shifted((fixed(scaled) * m) >> PLACES, n + BigInt(exponent)) - ONE, y, 53, -1022);
}

export function errorOfLogOnePlus(x: number, y: number): number {
  const { m, n } = exact(-fixed(y));
  return inPlaces(shifted(((ONE + fixed(x)) * m) >> PLACES, n) - ONE, y, 53, -1022);
}

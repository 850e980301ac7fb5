/** A logarithm whose bits no engine chooses. */

/** ln x for x in (0, 1]: x = m * 2^-e with m in [0.7, 1.42), ln m = 2 artanh((m - 1) / (m + 1)); |z| < 0.18, z^24 < 2^-59. Below 2 ulp. */
export function naturalLog(x: number): number {
  let m = x;
  let exponent = 0;
  while (m < 2 ** -8) {
    m *= 256;
    exponent += 8;
  }
  while (m < 0.7071067811865476) {
    m *= 2;
    exponent++;
  }
  const z = (m - 1) / (m + 1);
  const square = z * z;
  let series = 0;
  for (let power = 23; power >= 1; power -= 2) series = series * square + 1 / power;
  return 2 * z * series - exponent * 0.6931471805599453;
}

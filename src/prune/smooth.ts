/** Two smooth functions whose bits no engine chooses: in +, -, * and /. */

/** cos(pi p) for p from 0 to 1, below 2^-50 off: by the series of sine around 1/2, whose argument is at most pi / 4, or of cosine at the ends. */
export function cosine(p: number): number {
  if (p > 0.75) return -cosine(1 - p);
  const isMiddle = p > 0.25;
  const x = (isMiddle ? 0.5 - p : p) * 3.141592653589793;
  // 1 - x^2/(1 2) (1 - x^2/(3 4) ...) is cosine; with (2 3), (4 5) ... and a factor of x it is sine. x^20 / 20! < 2^-67.
  let series = 1;
  for (let n = 20; n >= 2; n -= 2) series = 1 - ((x * x) / (isMiddle ? n * (n + 1) : n * (n - 1))) * series;
  return isMiddle ? x * series : series;
}

/** 1 / (1 + e^-x), below 2^-50 off; 0 and 1 for infinities. */
export function sigmoid(x: number): number {
  if (x < 0) {
    const e = exponential(x);
    return e / (1 + e);
  }
  return 1 / (1 + exponential(-x));
}

/** e^x for x <= 0: the series of a fraction below 1/2, then squares. */
function exponential(x: number): number {
  if (x < -745) return 0;
  let halvings = 0;
  let small = x;
  for (; small < -0.5; halvings++) small /= 2;
  let series = 1;
  for (let n = 16; n >= 1; n--) series = 1 + (small / n) * series;
  for (; halvings > 0; halvings--) series *= series;
  return series;
}

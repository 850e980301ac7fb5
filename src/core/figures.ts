/** Numbers as people read them: fixed text for every number, also for NaN and the infinities. */

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const MINUS = '−';

/** `digits` significant digits: '0.01234', '12.35', '1.2×10⁻⁷'; whole numbers below a million in full. */
export function numberFigure(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return nonFiniteFigure(value);
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (Number.isInteger(value) && magnitude < 1e6) return signed(value, grouped(magnitude));
  const rounded = Number(magnitude.toPrecision(digits));
  if (rounded >= 1e6 || rounded < 1e-4) return signed(value, powerFigure(magnitude, digits));
  return signed(value, Number.isInteger(rounded) ? grouped(rounded) : String(rounded));
}

/** Bytes in decimal units: '312 B', '4.20 kB', '27.9 MB'. */
export function bytesFigure(bytes: number): string {
  return unitFigure(bytes, ['B', 'kB', 'MB', 'GB', 'TB', 'PB'], ' ');
}

/** Counts in short: '312', '4.2k', '27.9M'. */
export function countFigure(count: number): string {
  return unitFigure(count, ['', 'k', 'M', 'G', 'T', 'P'], '', trimmed);
}

/** Decibels with one decimal: '41.3 dB'. */
export function decibelFigure(value: number): string {
  return `${fixedFigure(value, 1)} dB`;
}

/** A fraction in percent, three significant digits: '0.714 %', '10.0 %'. */
export function percentFigure(fraction: number): string {
  const percent = fraction * 100;
  const magnitude = Math.abs(percent);
  const isPlain = magnitude >= 1e-3 && magnitude < 999.5;
  return `${isPlain ? signed(percent, magnitude.toPrecision(3)) : numberFigure(percent, 3)} %`;
}

/** A cosine with five decimals; close to 1 its distance from 1, which the decimals would hide: '1 − 3.2×10⁻⁷'. */
export function cosineFigure(cosine: number): string {
  const missing = 1 - cosine;
  if (missing > 0 && missing < 1e-5) return `1 ${MINUS} ${powerFigure(missing, 2)}`;
  return cosine === 1 ? '1' : fixedFigure(cosine, 5);
}

/** How many times smaller: '7.11×'. */
export function ratioFigure(ratio: number): string {
  return `${fixedFigure(ratio, 2)}×`;
}

/** `decimals` digits behind the point. */
export function fixedFigure(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return nonFiniteFigure(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6) return signed(value, powerFigure(magnitude, 4));
  const text = magnitude.toFixed(decimals);
  return Number(text) === 0 ? text : signed(value, text);
}

/** '10⁻³', '2×10⁵'. */
export function powerFigure(magnitude: number, digits: number): string {
  const [mantissa, exponent] = magnitude.toExponential(digits - 1).split('e');
  const power = `10${exponent.startsWith('-') ? '⁻' : ''}${superscript(exponent.replace(/^[-+]/, ''))}`;
  const head = trimmed(mantissa);
  return head === '1' ? power : `${head}×${power}`;
}

/** A number exactly, as JavaScript writes it, for the small print. */
export function exactFigure(value: number): string {
  return Object.is(value, -0) ? '0' : String(value);
}

function unitFigure(
  value: number,
  units: readonly string[],
  space: string,
  polish: (digits: string) => string = (digits) => digits,
): string {
  if (!Number.isFinite(value)) return nonFiniteFigure(value);
  const magnitude = Math.abs(value);
  if (magnitude < 999.5) return numberFigure(value, 3) + space + units[0];
  let scaled = magnitude;
  let unit = 0;
  // 999.5 has the three digits 1000, which belong to the next unit.
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  if (scaled >= 999.5) return signed(value, powerFigure(magnitude, 3) + space + units[0]);
  return signed(value, polish(scaled.toPrecision(3)) + space + units[unit]);
}

function nonFiniteFigure(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '∞' : `${MINUS}∞`;
}

function signed(value: number, magnitude: string): string {
  return value < 0 ? MINUS + magnitude : magnitude;
}

function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Thousands in groups by a thin space that does not break. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

function superscript(digits: string): string {
  return digits.replace(/\d/g, (digit) => SUPERSCRIPTS[Number(digit)]);
}

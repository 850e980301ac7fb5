/** Scales of axes: where a value lies, and at which round values an axis has its ticks. */
import { numberFigure, powerFigure } from './figures.js';

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface Scale {
  readonly ticks: readonly Tick[];
  /** The position of a value between the two ends of the axis, in pixels. */
  position(value: number): number;
}

/** From `min` to `max` onto `start` to `end`, about `count` ticks at 1, 2 or 5 times a power of ten. */
export function linearScale(
  [min, max]: readonly [min: number, max: number],
  [start, end]: readonly [start: number, end: number],
  count = 5,
): Scale {
  // The distance of the two largest doubles is infinite: halves of them are compared then.
  const unit = Number.isFinite(max - min) ? 1 : 0.5;
  const span = max * unit - min * unit;
  return {
    ticks: linearTicks(min, max, count),
    position: (value) =>
      span > 0 ? start + ((value * unit - min * unit) / span) * (end - start) : (start + end) / 2,
  };
}

/** As linearScale over the logarithm; both ends above 0. Ticks at powers of ten, or at 1, 2, 5 when there are few powers. */
export function logScale(
  [min, max]: readonly [min: number, max: number],
  [start, end]: readonly [start: number, end: number],
  count = 5,
): Scale {
  const low = Math.log10(min);
  const span = Math.log10(max) - low;
  return {
    ticks: logTicks(min, max, count),
    position: (value) =>
      span > 0 ? start + ((Math.log10(value) - low) / span) * (end - start) : (start + end) / 2,
  };
}

/** Multiples of a step of 1, 2 or 5 times a power of ten inside [min, max], all written with the same decimals. */
export function linearTicks(min: number, max: number, count: number): Tick[] {
  if (!(max > min)) return [{ value: min, label: numberFigure(min) }];
  // The span first where it is finite: quotients of subnormal numbers lose up to half of themselves.
  const span = max - min;
  const step = niceStep(Number.isFinite(span) ? span / count : max / count - min / count);
  const first = Math.ceil(min / step);
  const last = Math.floor(max / step);
  // A range too narrow for its magnitude: neighbouring doubles.
  if (!Number.isFinite(step) || step === 0 || Math.abs(first) > 2 ** 50 || Math.abs(last) > 2 ** 50) {
    return [min, max].map((value) => ({ value, label: numberFigure(value) }));
  }
  const ticks: Tick[] = [];
  const largest = Math.max(Math.abs(first), Math.abs(last));
  for (let i = first; i <= last; i++) {
    ticks.push({ value: i * step, label: stepLabel(i, step, largest) });
  }
  return ticks;
}

/** The smallest of 1, 2, 5, 10 times a power of ten that is at least `rough`. */
function niceStep(rough: number): number {
  const power = Number(`1e${rough.toExponential().split('e')[1]}`);
  // A hair less, so that a quotient that was rounded up does not take the next step.
  const mantissa = (rough / power) * (1 - 1e-9);
  return (mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10) * power;
}

function stepLabel(i: number, step: number, largest: number): string {
  const exponent = Number(step.toExponential().split('e')[1]);
  const value = i * step;
  if (i === 0) return '0';
  if (exponent < -4 || largest * step >= 1e5) return numberFigure(Number(value.toPrecision(12)), 6);
  return value.toFixed(Math.max(-exponent, 0)).replace('-', '−');
}

function logTicks(min: number, max: number, count: number): Tick[] {
  const first = Math.ceil(Math.log10(min) - 1e-9);
  const last = Math.floor(Math.log10(max) + 1e-9);
  const powers = last - first + 1;
  if (powers < 2) return linearTicks(min, max, count).filter(({ value }) => value > 0);
  if (powers === 2) {
    const fine = [first - 1, first, last].flatMap((power) =>
      [1, 2, 5].map((step) => Number(`${step}e${power}`)),
    );
    const inside = fine.filter((value) => value >= min && value <= max);
    if (inside.length <= count + 2) return inside.map(logTick);
  }
  const every = Math.ceil(powers / count);
  const ticks: Tick[] = [];
  for (let power = first; power <= last; power += every) ticks.push(logTick(Number(`1e${power}`)));
  return ticks;
}

function logTick(value: number): Tick {
  const isPlain = value >= 1e-3 && value < 1e5;
  return { value, label: isPlain ? String(value) : powerFigure(value, 1) };
}

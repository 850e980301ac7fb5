/** Bar charts: sizes or errors by tensor. */
import { typeError } from '../core/errors.js';
import { bytesFigure, decibelFigure, numberFigure, percentFigure } from '../core/figures.js';
import { checkChoice, checkInteger, isPlainObject } from '../core/options.js';
import { drawBars, type Bar } from '../core/svg-bars.js';
import { checkSize, checkText, withDefaults } from './checks.js';

export type { Bar };

export interface BarsOptions {
  /** Default 'Values'. */
  readonly title?: string;
  /** How values are written. Default 'number'. */
  readonly unit?: 'number' | 'bytes' | 'percent' | 'decibel';
  /** Rows at most, 2 to 1000. Default 40. */
  readonly maxRows?: number;
  /** What becomes of the rows beyond maxRows: their sum as one row, or a line that counts them. Default 'sum'. */
  readonly rest?: 'sum' | 'count';
  /** Pixels, 200 to 4000. Default 480. The height follows from the rows. */
  readonly width?: number;
}

const FIGURES = {
  number: (value: number): string => numberFigure(value),
  bytes: bytesFigure,
  percent: percentFigure,
  decibel: decibelFigure,
} as const;

const UNITS = Object.keys(FIGURES) as (keyof typeof FIGURES)[];

const DEFAULTS: Required<BarsOptions> = {
  title: 'Values',
  unit: 'number',
  maxRows: 40,
  rest: 'sum',
  width: 480,
};

/**
 * Returns horizontal bars as one SVG element, the largest first, each over a paler one of its value before where that is given.
 *
 * Numerics: bars begin at 0; NaN and negative values have none, infinite ones the full width, and all their text. Long names lose
 * their middle and keep both ends; the whole name shows when one points at it.
 *
 * @param rows name and value, and perhaps the value before
 * @param options title, unit, maxRows ...
 * @throws TypeError or RangeError for arguments.
 * @example
 * const svg = barsSvg([{ name: 'embedding', before: 4000, value: 1000 }], { title: 'Size', unit: 'bytes' });
 * svg.includes('4.00 kB → 1.00 kB'); // true
 */
export function barsSvg(rows: readonly Bar[], options?: BarsOptions): string {
  const fn = 'barsSvg';
  const given = withDefaults(fn, options, DEFAULTS);
  return drawBars(checkBars(fn, rows), {
    title: checkText(fn, 'title', given.title),
    figure: FIGURES[checkChoice(fn, 'unit', given.unit, UNITS)],
    maxRows: checkInteger(fn, 'maxRows', given.maxRows, 2, 1000),
    rest: checkChoice(fn, 'rest', given.rest, ['sum', 'count']),
    width: checkSize(fn, 'width', given.width),
  });
}

function checkBars(fn: string, rows: readonly Bar[]): readonly Bar[] {
  const expected = 'an array of {name, value, before?}';
  if (!Array.isArray(rows)) throw typeError(fn, 'rows', expected, rows, 'pass one record per bar');
  rows.forEach((row: unknown, i) => {
    const bar = (isPlainObject(row) ? row : {}) as Partial<Record<keyof Bar, unknown>>;
    const isBar =
      typeof bar.name === 'string' &&
      typeof bar.value === 'number' &&
      (bar.before === undefined || typeof bar.before === 'number');
    if (!isBar) throw typeError(fn, `rows[${i}]`, '{name, value, before?}', row, 'pass a text and numbers');
  });
  return rows;
}

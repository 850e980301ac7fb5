/** The picture of named quantities as horizontal bars, each over what it was before where that is known. */
import { fitText, svgElement, svgGroup, svgRect, svgText, textWidth } from './svg.js';
import { svgTitle } from './svg-axes.js';
import { linearScale } from './svg-scale.js';

export interface Bar {
  readonly name: string;
  /** NaN and infinities are shown as text without a bar, or with a full one. */
  readonly value: number;
  /** What it was before. */
  readonly before?: number;
}

export interface BarsPicture {
  readonly title: string;
  /** A value as people read it. */
  readonly figure: (value: number) => string;
  /** Rows at most; the smallest of the others become one row or one line of text. Default 40. */
  readonly maxRows?: number;
  /** What becomes of the rows beyond maxRows: their sum as one row, or a line that counts them. */
  readonly rest: 'sum' | 'count';
  /** Pixels. Default 480. */
  readonly width?: number;
  readonly isStyled?: boolean;
}

/** Name and figures on one line, the bar below: names of tensors are long. */
const ROW = 32;
const TOP = 38;
const EDGE = 12;
const GAP = 12;

export function drawBars(bars: readonly Bar[], picture: BarsPicture): string {
  const { title, figure, maxRows = 40, rest, width = 480, isStyled = true } = picture;
  const { rows, note } = choose(bars, maxRows, rest, figure);
  const largest = largestOf(rows);
  const x = linearScale([0, largest], [EDGE, width - EDGE]);
  const drawn = rows.map((row, i) => {
    const bar = (value: number, y: number, height: number, classes: string): string =>
      svgRect(EDGE, y, x.position(lengthOf(value, largest)) - EDGE, height, classes);
    const y = TOP + i * ROW;
    const text = textOf(row, figure);
    const parts = [
      svgText(EDGE, y + 11, fitText(row.name, width - 2 * EDGE - GAP - textWidth(text)), 'ts-small'),
      svgText(width - EDGE, y + 11, text, 'ts-muted ts-small', 'end'),
      bar(largest, y + 16, 8, 'ts-track'),
      row.before === undefined ? '' : bar(row.before, y + 16, 8, 'ts-before'),
      bar(row.value, y + 16, 8, 'ts-bar'),
    ];
    return svgGroup(`${row.name}: ${text}`, parts.join(''));
  });
  const bottom = TOP + rows.length * ROW;
  const footer = rows.length === 0 ? 'nothing to show' : note;
  const body = [svgTitle(title, EDGE, width), ...drawn];
  if (footer !== '') body.push(svgText(EDGE, bottom + 12, footer, 'ts-muted ts-small'));
  return svgElement({
    width,
    height: bottom + (footer === '' ? 0 : 24),
    title,
    description: descriptionOf(rows, figure),
    body: body.join(''),
    isStyled,
  });
}

function descriptionOf(rows: readonly Bar[], figure: (value: number) => string): string {
  const first = rows.slice(0, 3).map((row) => `${row.name} ${textOf(row, figure)}`);
  if (rows.length === 0) return 'No bars.';
  const bars = rows.length === 1 ? 'One bar' : `${rows.length} bars, the largest first`;
  return `${bars}: ${first.join('; ')}.`;
}

function choose(
  bars: readonly Bar[],
  maxRows: number,
  rest: BarsPicture['rest'],
  figure: (value: number) => string,
): { rows: readonly Bar[]; note: string } {
  const sorted = [...bars].sort((a, b) => rank(b) - rank(a));
  if (sorted.length <= maxRows) return { rows: sorted, note: '' };
  if (rest === 'count') {
    const others = sorted.slice(maxRows);
    const note = `and ${others.length} more, none above ${figure(others[0].value)}`;
    return { rows: sorted.slice(0, maxRows), note };
  }
  const others = sorted.slice(maxRows - 1);
  const sum: Bar = {
    name: `${others.length} others`,
    value: others.reduce((total, { value }) => total + value, 0),
    ...(others.some(({ before }) => before !== undefined)
      ? { before: others.reduce((total, { before = 0 }) => total + before, 0) }
      : {}),
  };
  return { rows: [...sorted.slice(0, maxRows - 1), sum], note: '' };
}

/** Larger first, by what was there before; NaN, which demands attention, before all. */
function rank({ value, before = value }: Bar): number {
  return Number.isNaN(value) || Number.isNaN(before) ? Number.MAX_VALUE : Math.min(before, Number.MAX_VALUE);
}

function largestOf(rows: readonly Bar[]): number {
  let largest = 0;
  for (const { value, before = 0 } of rows) {
    for (const length of [value, before]) if (Number.isFinite(length)) largest = Math.max(largest, length);
  }
  return largest > 0 ? largest : 1;
}

/** The length to draw: none for NaN and below 0, the whole width for Infinity. */
function lengthOf(value: number, largest: number): number {
  return value > 0 ? Math.min(value, largest) : 0;
}

function textOf({ value, before }: Bar, figure: (value: number) => string): string {
  return before === undefined ? figure(value) : `${figure(before)} → ${figure(value)}`;
}

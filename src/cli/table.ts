/** Tables for a terminal: aligned, and no wider than it. */
import { pad, printable, shorten, widthOf } from './text.js';

export interface Column<R> {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Cut in the middle when the table is too wide; other columns keep their width. */
  readonly isFlexible?: boolean;
  readonly cell: (record: R) => string;
}

/** Flexible columns stay at least this wide: a name cut further says nothing. */
const MIN_FLEXIBLE = 12;
const GAP = '  ';

/**
 * One line per record under the titles, without a line feed at the end. Cells are made safe to print.
 *
 * @param width columns of the terminal; Infinity where there is none, so that nothing is cut for the next program
 */
export function table<R>(columns: readonly Column<R>[], records: readonly R[], width: number): string {
  const titles = columns.map(({ title }) => title);
  const rows = [titles, ...records.map((record) => columns.map(({ cell }) => printable(cell(record))))];
  const natural = columns.map((_, c) => rows.reduce((widest, row) => Math.max(widest, widthOf(row[c])), 0));
  const widths = fitted(columns, natural, width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, c) => pad(shorten(cell, widths[c]), widths[c], columns[c].align))
      .join(GAP)
      .trimEnd();
  return rows.map(line).join('\n');
}

/** Takes what is too much from the widest flexible column, until all fit or are at their least. */
function fitted<R>(columns: readonly Column<R>[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  const flexible = columns.flatMap(({ isFlexible }, c) => (isFlexible === true ? [c] : []));
  let excess = widths.reduce((sum, w) => sum + w, GAP.length * (columns.length - 1)) - width;
  for (; excess > 0; excess--) {
    const widest = flexible.reduce((best, c) => (widths[c] > widths[best] ? c : best), flexible[0]);
    if (widest === undefined || widths[widest] <= MIN_FLEXIBLE) break;
    widths[widest]--;
  }
  return widths;
}

/** Tables that read well in a terminal and are Markdown. */

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** One line per row; each cell is padded to its column's width. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, c) =>
    Math.max(3, title.length, ...rows.map((row) => row[c].length)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, c) =>
      columns[c].align === 'left' ? cell.padEnd(widths[c]) : cell.padStart(widths[c]),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = columns.map(({ align }, c) =>
    align === 'left' ? '-'.repeat(widths[c]) : `${'-'.repeat(widths[c] - 1)}:`,
  );
  return [line(columns.map(({ title }) => title)), line(rule), ...rows.map(line)].join('\n');
}

/** `value` as a bar of at most `width` blocks for `full`; longer values end in an arrow. */
export function bar(value: number, full: number, width: number): string {
  const eighths = Math.round((value / full) * width * 8);
  if (eighths > width * 8) return `${'█'.repeat(width - 1)}▶`;
  const rest = eighths % 8;
  return '█'.repeat(Math.floor(eighths / 8)) + (rest === 0 ? '' : ' ▏▎▍▌▋▊▉'[rest]);
}

/** Three significant digits, no exponent. */
export function figure(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value >= 1 ? value.toFixed(2) : value.toFixed(3);
}

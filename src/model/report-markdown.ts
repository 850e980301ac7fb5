/** Reports as Markdown, for pull requests and terminals. */
import { bytesFigure, numberFigure } from '../core/figures.js';
import { COLUMNS, counted, headlineFigures, shapeText, verdicts, wantedText } from './report-figures.js';
import type { Report } from './types.js';

/**
 * Returns the report as GitHub-flavoured Markdown: headline figures, goals, evaluation, and a table of all tensors.
 *
 * Names are written as code; nothing in a name can end its cell or become markup.
 *
 * @param report what verify returned
 * @example
 * reportToMarkdown(report).startsWith('# '); // true
 */
export function reportToMarkdown(report: Report): string {
  const { format, tensorCount, originalBytes, compressedBytes, goals, evaluation, tensors } = report;
  const sections = [
    `# Compression report: ${bytesFigure(originalBytes)} → ${bytesFigure(compressedBytes)}`,
    `${counted(tensorCount, 'tensor')}, ${format}.`,
    verdicts(report)
      .map(({ good, text }) => `- ${good ? '✓' : '✗'} ${text}`)
      .join('\n'),
    markdownTable(
      ['Figure', 'Value'],
      headlineFigures(report).map(({ name, text }) => [name, text]),
    ),
  ];
  if (goals.length > 0) {
    const rows = goals.map((goal) => [
      codeSpan(goal.figure),
      wantedText(goal),
      numberFigure(goal.measured),
      goal.isReached ? '✓ reached' : '✗ missed',
    ]);
    sections.push('## Goals', markdownTable(['Figure', 'Wanted', 'Measured', 'Result'], rows));
  }
  const evaluated = Object.entries(evaluation);
  if (evaluated.length > 0) {
    const rows = evaluated.map(([name, value]) => [codeSpan(name), numberFigure(value, 6)]);
    sections.push('## Evaluation', markdownTable(['Figure', 'Value'], rows));
  }
  if (tensors.length > 0) {
    const header = ['Tensor', 'Shape', 'What was done', ...COLUMNS.map(({ name }) => name)];
    const rows = tensors.map((tensor) => [
      codeSpan(tensor.name),
      shapeText(tensor.shape),
      plainText(tensor.label),
      ...COLUMNS.map(({ text }) => text(tensor)),
    ]);
    sections.push('## Tensors', markdownTable(header, rows, 3));
  }
  return `${sections.join('\n\n')}\n`;
}

/** A table whose columns from `firstNumber` on are aligned to the right. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  firstNumber = 1,
): string {
  const rule = header.map((_, column) => (column < firstNumber ? '---' : '---:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/**
 * `text` as code inside a table cell: fenced by more backticks than it holds in a row. Backslashes before a `|` are doubled, since
 * some readers take two of them for one and the `|` for the end of the cell.
 */
export function codeSpan(text: string): string {
  const safe = oneLine(text).replace(/(\\*)\|/g, '$1$1\\|');
  const runs = safe.match(/`+/g) ?? [];
  const fence = '`'.repeat(1 + runs.reduce((longest, run) => Math.max(longest, run.length), 0));
  const padding = safe === '' || runs.length > 0 || safe.trim() !== safe ? ' ' : '';
  return `${fence}${padding}${safe}${padding}${fence}`;
}

/** `text` with everything escaped that Markdown could take for markup. */
export function plainText(text: string): string {
  return oneLine(text).replace(/[\\`*_[\]<>|~&]/g, (character) => `\\${character}`);
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

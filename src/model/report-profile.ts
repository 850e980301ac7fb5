/** Profiles, as verdicts on candidates: totals per candidate, and every tensor under every candidate. */
import {
  bytesFigure,
  decibelFigure,
  exactFigure,
  fixedFigure,
  numberFigure,
  percentFigure,
  ratioFigure,
} from '../core/figures.js';
import { drawBars } from '../core/svg-bars.js';
import { counted, shapeText } from './report-figures.js';
import { codeSpan, markdownTable } from './report-markdown.js';
import { htmlFragment, htmlPage, htmlSection, htmlTable, type Cell } from './report-page.js';
import type { ProfileRow } from './types.js';

/** What a candidate does to all tensors together. */
interface Total {
  readonly candidate: string;
  readonly originalBytes: number;
  readonly compressedBytes: number;
  readonly bitsPerWeight: number;
  /** Root of the sum of squared errors over all tensors. */
  readonly l2: number;
  /** The row with the largest relative error. */
  readonly worst: ProfileRow;
}

/** One tensor with its rows, in the order of the candidates; null where one was not tried. */
interface Line {
  readonly first: ProfileRow;
  readonly rows: readonly (ProfileRow | null)[];
}

const TOTAL_HEADER = [
  'Candidate',
  'Size',
  'Times smaller',
  'Bits per weight',
  'Total error (L2)',
  'Worst relative error',
];

/**
 * Returns a profile as GitHub-flavoured Markdown: totals per candidate, then signal to noise and bytes by tensor and candidate.
 *
 * @param rows what profile returned
 * @example
 * profileToMarkdown(rows).startsWith('# '); // true
 */
export function profileToMarkdown(rows: readonly ProfileRow[]): string {
  const totals = totalsOf(rows);
  const lines = linesOf(rows, totals);
  const sections = [`# ${headlineOf(totals, lines)}`];
  if (totals.length > 0) {
    const totalRows = totals.map((total) => {
      const [name, ...figures] = totalTexts(total);
      return [codeSpan(name), ...figures, codeSpan(total.worst.name)];
    });
    const header = ['Tensor', 'Shape', 'Before', ...totals.map(({ candidate }) => codeSpan(candidate))];
    const lineRows = lines.map(({ first, rows: tried }) => [
      codeSpan(first.name),
      shapeText(first.shape),
      bytesFigure(first.originalBytes),
      ...tried.map((row) => (row === null ? '' : candidateText(row))),
    ]);
    sections.push(
      markdownTable([...TOTAL_HEADER, 'in'], totalRows),
      '## Tensors',
      'Signal to noise and size.',
      markdownTable(header, lineRows, 2),
    );
  }
  return `${sections.join('\n\n')}\n`;
}

/**
 * Returns a profile as one self-contained HTML page, of the same kind as reportToHtml's.
 *
 * @param rows what profile returned
 * @example
 * profileToHtml(rows).startsWith('<!doctype html>'); // true
 * @see reportToHtml
 */
export function profileToHtml(rows: readonly ProfileRow[]): string {
  const totals = totalsOf(rows);
  return htmlPage(headlineOf(totals, linesOf(rows, totals)), profileBody(rows));
}

/** The same without the page around it, for a notebook. */
export function profileFragment(rows: readonly ProfileRow[]): string {
  return htmlFragment(profileBody(rows));
}

/** The picture of a profile: size by candidate, before and after. */
export function profileToSvg(rows: readonly ProfileRow[]): string {
  return sizePicture(totalsOf(rows), true);
}

/** A profile in a few lines of text. */
export function profileToText(rows: readonly ProfileRow[]): string {
  const totals = totalsOf(rows);
  return [
    headlineOf(totals, linesOf(rows, totals)),
    ...totals.map((total) => `  ${totalTexts(total).join('  ')}`),
  ].join('\n');
}

function profileBody(rows: readonly ProfileRow[]): string {
  const totals = totalsOf(rows);
  const lines = linesOf(rows, totals);
  const head = `<header><p class="ts-note">Profile</p><h1>${counted(totals.length, 'candidate')}, ${counted(lines.length, 'tensor')}</h1></header>`;
  if (totals.length === 0) return head;
  const totalRows = totals.map((total) => ({ cells: totalCells(total) }));
  const lineRows = lines.map((line) => ({ cells: lineCells(line) }));
  const header = ['Tensor', 'Before', ...totals.map(({ candidate }) => candidate)];
  const chart = `<div class="ts-card ts-chart">${sizePicture(totals, false)}</div>`;
  const note =
    'Signal to noise, with the size below it. Point at a figure for relative error and proved bound.';
  return [
    head,
    htmlSection('Candidates', 'All tensors together.', htmlTable(TOTAL_HEADER, totalRows) + chart),
    htmlSection('Tensors', note, htmlTable(header, lineRows)),
  ].join('\n');
}

function headlineOf(totals: readonly Total[], lines: readonly Line[]): string {
  return `Profile: ${counted(totals.length, 'candidate')}, ${counted(lines.length, 'tensor')}`;
}

function totalsOf(rows: readonly ProfileRow[]): Total[] {
  return groups(rows, ({ candidate }) => candidate).map((own) => {
    const sum = (of: (row: ProfileRow) => number): number => own.reduce((total, row) => total + of(row), 0);
    const compressedBytes = sum((row) => row.compressedBytes);
    const elements = sum((row) => row.shape.reduce((size, length) => size * length, 1));
    return {
      candidate: own[0].candidate,
      originalBytes: sum((row) => row.originalBytes),
      compressedBytes,
      bitsPerWeight: elements === 0 ? 0 : (8 * compressedBytes) / elements,
      l2: Math.sqrt(sum((row) => row.measures.l2 ** 2)),
      worst: own.reduce((worst, row) => (isWorse(row, worst) ? row : worst)),
    };
  });
}

/** NaN is the worst of all. */
function isWorse(a: ProfileRow, b: ProfileRow): boolean {
  if (Number.isNaN(b.measures.relativeL2)) return false;
  return Number.isNaN(a.measures.relativeL2) || a.measures.relativeL2 > b.measures.relativeL2;
}

function linesOf(rows: readonly ProfileRow[], totals: readonly Total[]): Line[] {
  return groups(rows, ({ name }) => name).map((own) => ({
    first: own[0],
    rows: totals.map(({ candidate }) => own.find((row) => row.candidate === candidate) ?? null),
  }));
}

/** The rows with equal keys together, in the order of their first. */
function groups(rows: readonly ProfileRow[], keyOf: (row: ProfileRow) => string): ProfileRow[][] {
  const found = new Map<string, ProfileRow[]>();
  for (const row of rows) {
    const group = found.get(keyOf(row));
    if (group === undefined) found.set(keyOf(row), [row]);
    else group.push(row);
  }
  return Array.from(found.values());
}

function ratioOf({ originalBytes, compressedBytes }: Total): number {
  return compressedBytes === 0 ? 1 : originalBytes / compressedBytes;
}

function totalTexts(total: Total): string[] {
  return totalCells(total).map(({ text }) => text);
}

function totalCells(total: Total): Cell[] {
  const { candidate, compressedBytes, bitsPerWeight, l2, worst } = total;
  const { relativeL2 } = worst.measures;
  return [
    { text: candidate },
    { text: bytesFigure(compressedBytes), exact: `${exactFigure(compressedBytes)} bytes` },
    { text: ratioFigure(ratioOf(total)), exact: exactFigure(ratioOf(total)) },
    { text: fixedFigure(bitsPerWeight, 2), exact: exactFigure(bitsPerWeight) },
    { text: numberFigure(l2), exact: exactFigure(l2) },
    { text: percentFigure(relativeL2), exact: `${exactFigure(relativeL2)} in ${worst.name}` },
  ];
}

function candidateText({ measures, compressedBytes }: ProfileRow): string {
  return `${decibelFigure(measures.sqnrDb)}, ${bytesFigure(compressedBytes)}`;
}

function lineCells({ first, rows }: Line): Cell[] {
  const { name, dtype, shape, originalBytes } = first;
  return [
    { text: name, note: `${dtype} · ${shapeText(shape)}` },
    { text: bytesFigure(originalBytes), exact: `${exactFigure(originalBytes)} bytes` },
    ...rows.map((row) => (row === null ? { text: '' } : candidateCell(row))),
  ];
}

function candidateCell({ measures, bound, compressedBytes }: ProfileRow): Cell {
  return {
    text: decibelFigure(measures.sqnrDb),
    note: bytesFigure(compressedBytes),
    exact: `relative error ${exactFigure(measures.relativeL2)}, largest ${exactFigure(measures.maxAbs)}, bound ${exactFigure(bound.maxAbs)}`,
  };
}

function sizePicture(totals: readonly Total[], isStyled: boolean): string {
  return drawBars(
    totals.map(({ candidate, originalBytes, compressedBytes }) => ({
      name: candidate,
      before: originalBytes,
      value: compressedBytes,
    })),
    { title: 'Size by candidate, before → after', figure: bytesFigure, rest: 'count', isStyled },
  );
}

/** How a CodebookTensor shows itself. */
import { factsHtml } from '../../core/facts.js';
import { bytesFigure, fixedFigure, numberFigure } from '../../core/figures.js';
import type { Histogram } from '../../core/histogram.js';
import { picturedAs, previewOf, type Pictured } from '../../core/inspect.js';
import { elementCount } from '../../core/shape.js';
import { drawHistogram } from '../../core/svg-histogram.js';
import { codebookErrorBound } from './codebook-bound.js';
import { unpackCodes } from './codebook-codes.js';
import { bookOf, checkCodebookTensor, scalesOf } from './codebook-tensor.js';
import type { CodebookHeader, CodebookTensor } from './codebook-types.js';

/** Gives the record its printed form and pictures. */
export function codebookTensor(c: CodebookTensor): CodebookTensor & Pictured {
  return picturedAs(c, { print, toSVG, toHTML });
}

/** What a label says of a codebook tensor. */
interface Labelled extends Pick<CodebookTensor, 'name' | 'blockSize'> {
  readonly levels: number;
  readonly isNested: boolean;
}

/** Such as 'nf4, blocks of 64, nested absmax'; also the label of reports. */
export function codebookLabel({ name, codebook, blockSize, absmax }: CodebookTensor): string {
  return labelText({
    name,
    levels: codebook.length,
    blockSize,
    isNested: absmax !== null && 'codes' in absmax,
  });
}

/** The same from what a file's header says. */
export function codebookHeaderLabel({ offset, ...rest }: CodebookHeader): string {
  return labelText({ ...rest, isNested: offset !== null });
}

function labelText({ name, levels, blockSize, isNested }: Labelled): string {
  const table =
    name === 'kmeans'
      ? `k-means of ${levels} levels`
      : name === 'custom'
        ? `codebook of ${levels} levels`
        : name;
  return blockSize === null
    ? table
    : `${table}, blocks of ${blockSize}, ${isNested ? 'nested' : 'float32'} absmax`;
}

/** The numbers that the codes stand for, ascending, in the block with the largest absmax. */
export function codebookLevels(c: CodebookTensor): readonly number[] {
  const { scale } = scalesOf(c, elementCount(c.shape, 'levels'));
  const largest = scale.reduce((a, b) => Math.max(a, b), 0);
  return Array.from(c.codebook, (level) => level * largest).sort((a, b) => a - b);
}

function headOf(c: CodebookTensor): string {
  return `CodebookTensor ${codebookLabel(c)} [${c.shape.join(', ')}]`;
}

function print(c: CodebookTensor): string {
  return `${headOf(c)}, ${c.codes.byteLength} bytes of codes: ${previewOf(c.codes)}`;
}

function toSVG(c: CodebookTensor): string {
  const size = checkCodebookTensor('toSVG', c);
  const title = `${c.bits}-bit codes of [${c.shape.join(', ')}]`;
  return drawHistogram(levelCounts(c, size), { title, xLabel: 'level, from the lowest', isWhole: true });
}

/** One bin per level, in ascending order of the levels. */
function levelCounts(c: CodebookTensor, size: number): Histogram {
  const { order } = bookOf(c);
  const counts = new Array<number>(order.length).fill(0);
  const ranks = new Array<number>(order.length).fill(0);
  order.forEach((code, rank) => (ranks[code] = rank));
  for (const code of unpackCodes(c.codes, size, c.bits)) counts[ranks[code]]++;
  return { min: -0.5, max: counts.length - 0.5, counts };
}

/** Bytes that a file would hold. */
function bytesOf({ codes, codebook, absmax }: CodebookTensor): number {
  const own = codes.byteLength + codebook.byteLength;
  if (absmax === null) return own;
  if (!('codes' in absmax)) return own + absmax.byteLength;
  return own + absmax.codes.byteLength + absmax.absmax.byteLength + absmax.codebook.byteLength;
}

function toHTML(c: CodebookTensor): string {
  const { codebook, absmax, fit, overflow } = c;
  const size = elementCount(c.shape, 'toHTML');
  const bytes = bytesOf(c);
  const facts: [string, string][] = [
    [
      'levels',
      `${codebook.length}, ${numberFigure(Math.min(...codebook))} to ${numberFigure(Math.max(...codebook))}`,
    ],
    ['bytes', bytesFigure(bytes)],
    ['bits per weight', size === 0 ? 'none' : fixedFigure((bytes * 8) / size, 3)],
    ['largest error, proved', numberFigure(codebookErrorBound(c).maxAbs)],
  ];
  if (absmax !== null) facts.push(['blocks', String(('codes' in absmax ? absmax.codes : absmax).length)]);
  if (fit !== null) {
    facts.push(['k-means', `${fit.iterations} iterations, inertia ${numberFigure(fit.inertia)}`]);
  }
  if (overflow > 0) facts.push(['beyond the levels by at most', numberFigure(overflow)]);
  return factsHtml(headOf(c), facts, toSVG(c));
}

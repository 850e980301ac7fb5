/** Reports as one HTML page. */
import { bytesFigure, exactFigure, numberFigure, percentFigure } from '../core/figures.js';
import type { Histogram } from '../core/histogram.js';
import { at, escapeXml } from '../core/svg.js';
import { drawBars } from '../core/svg-bars.js';
import { drawHistogram } from '../core/svg-histogram.js';
import {
  COLUMNS,
  counted,
  GLOSSARY,
  headlineFigures,
  shapeText,
  verdicts,
  wantedText,
} from './report-figures.js';
import { htmlFragment, htmlName, htmlPage, htmlSection, htmlTable } from './report-page.js';
import type { Report, TensorReport } from './types.js';

/** Bars in each chart, the rest in one. */
const MAX_BARS = 20;
/** Between a telephone's width and half a page's, so that letters are readable on both. */
const CHART_WIDTH = 440;
/** Histograms shown: a page of thousands would help nobody. */
const MAX_HISTOGRAMS = 24;

/**
 * Returns the report as one self-contained HTML page: headline figures, goals, size and error by tensor, weight histograms with the
 * quantization grid, and the table of all tensors.
 *
 * The page has no script, asks for nothing from outside, reads in light and dark, on paper and on a telephone, and is the same text
 * for the same report. Exact values show when one points at a figure.
 *
 * @param report what verify returned
 * @example
 * reportToHtml(report).startsWith('<!doctype html>'); // true
 */
export function reportToHtml(report: Report): string {
  const { originalBytes, compressedBytes } = report;
  const title = `Compression report: ${bytesFigure(originalBytes)} to ${bytesFigure(compressedBytes)}`;
  return htmlPage(title, reportBody(report));
}

/** The same without the page around it, for a notebook. */
export function reportFragment(report: Report): string {
  return htmlFragment(reportBody(report));
}

/** The picture of a report: size by tensor, before and after. */
export function reportToSvg(report: Report): string {
  return sizePicture(report, true);
}

function reportBody(report: Report): string {
  const figures = [goalSection(report), evaluationSection(report)].filter((section) => section !== '');
  const sections = [headSection(report)];
  if (figures.length > 0) sections.push(`<div class="ts-pair">${figures.join('\n')}</div>`);
  if (report.tensors.length > 0) {
    sections.push(chartSection(report), histogramSection(report.tensors), tableSection(report.tensors));
  }
  return [...sections, glossarySection()].filter((section) => section !== '').join('\n');
}

function headSection(report: Report): string {
  const { format, tensorCount, tensors, originalBytes, compressedBytes } = report;
  const kept = tensors.filter(({ isLossy }) => !isLossy).length;
  const share = originalBytes > 0 ? Math.min(compressedBytes / originalBytes, 1) * 100 : 0;
  const tiles = headlineFigures(report).map(
    ({ name, text, exact }) =>
      `<div><dt>${escapeXml(name)}</dt><dd title="${escapeXml(exact)}">${escapeXml(text)}</dd></div>`,
  );
  const results = verdicts(report).map(
    ({ good, text }) =>
      `<li class="${good ? 'ts-good' : 'ts-bad'}">${good ? '✓' : '✗'} ${escapeXml(text)}</li>`,
  );
  const about = `Compression report · ${format} · ${counted(tensorCount, 'tensor')}, ${kept} kept as they were`;
  return [
    `<header><p class="ts-note">${escapeXml(about)}</p>`,
    `<h1><span title="${exactFigure(originalBytes)} bytes">${bytesFigure(originalBytes)}</span> <i>→</i> ` +
      `<span title="${exactFigure(compressedBytes)} bytes">${bytesFigure(compressedBytes)}</span></h1>`,
    `<ul class="ts-verdicts">${results.join('')}</ul>`,
    `<div class="ts-gauge" role="img" aria-label="${percentFigure(share / 100)} of the original size">` +
      `<svg preserveAspectRatio="none" viewBox="0 0 100 1"><rect width="${at(share)}" height="1"/></svg></div>`,
    `<dl class="ts-tiles">${tiles.join('')}</dl></header>`,
  ].join('\n');
}

function goalSection({ goals }: Report): string {
  if (goals.length === 0) return '';
  const rows = goals.map((goal) => ({
    cells: [
      { text: goal.figure },
      { text: wantedText(goal) },
      { text: numberFigure(goal.measured), exact: exactFigure(goal.measured) },
      goal.isReached ? { text: '✓ reached', classes: 'ts-good' } : { text: '✗ missed', classes: 'ts-bad' },
    ],
  }));
  return htmlSection(
    'Goals',
    'What had to be reached.',
    htmlTable(['Figure', 'Wanted', 'Measured', 'Result'], rows),
  );
}

function evaluationSection({ evaluation }: Report): string {
  const figures = Object.entries(evaluation);
  if (figures.length === 0) return '';
  const rows = figures.map(([name, value]) => ({
    cells: [{ text: name }, { text: numberFigure(value, 6), exact: exactFigure(value) }],
  }));
  return htmlSection(
    'Evaluation',
    'Measured on the whole model, original against restored.',
    htmlTable(['Figure', 'Value'], rows),
  );
}

function chartSection(report: Report): string {
  const errors = report.tensors
    .filter(({ isLossy }) => isLossy)
    .map(({ name, measures }) => ({ name, value: measures.relativeL2 }));
  const errorPicture = drawBars(errors, {
    title: 'Relative error by tensor',
    figure: percentFigure,
    maxRows: MAX_BARS,
    rest: 'count',
    width: CHART_WIDTH,
    isStyled: false,
  });
  const cards = [sizePicture(report, false), errorPicture].map(
    (svg) => `<div class="ts-card ts-chart">${svg}</div>`,
  );
  const note = `The ${MAX_BARS} largest of each; the table below has all.`;
  return htmlSection(
    'Where the bytes and the errors are',
    report.tensors.length > MAX_BARS ? note : '',
    `<div class="ts-pair">${cards.join('\n')}</div>`,
  );
}

function sizePicture({ tensors }: Report, isStyled: boolean): string {
  return drawBars(
    tensors.map(({ name, originalBytes, compressedBytes }) => ({
      name,
      before: originalBytes,
      value: compressedBytes,
    })),
    {
      title: 'Size by tensor, before → after',
      figure: bytesFigure,
      maxRows: MAX_BARS,
      rest: 'sum',
      width: CHART_WIDTH,
      isStyled,
    },
  );
}

/** A tensor that has a histogram. */
type Drawable = TensorReport & { readonly histogram: Histogram };

function histogramSection(tensors: readonly TensorReport[]): string {
  const drawable = tensors.flatMap(({ histogram, ...rest }) =>
    histogram === null ? [] : [{ ...rest, histogram }],
  );
  if (drawable.length === 0) return '';
  const worst = [...drawable].sort(byError).slice(0, MAX_HISTOGRAMS);
  const cards = worst.map(histogramCard);
  const which =
    drawable.length > MAX_HISTOGRAMS
      ? `The ${MAX_HISTOGRAMS} tensors with the largest relative error`
      : 'The largest relative error first';
  const note = `${which}. Orange: the values that codes stand for, where the scale is largest.`;
  return (
    `<details open=""><summary><h2>Weights and their grid</h2></summary><p class="ts-note">${note}</p>` +
    `<div class="ts-many">${cards.join('\n')}</div></details>`
  );
}

function histogramCard({ name, histogram, levels, measures }: Drawable): string {
  const picture = {
    title: name,
    levels: levels ?? [],
    width: 300,
    height: 120,
    isCompact: true,
    isStyled: false,
  };
  const caption = `<figcaption><span>${htmlName(name)}</span><small>${percentFigure(measures.relativeL2)}</small></figcaption>`;
  return `<figure class="ts-card">${caption}${drawHistogram(histogram, picture)}</figure>`;
}

/** The largest relative error first; NaN before all; equal ones in the order of the model. */
function byError(a: TensorReport, b: TensorReport): number {
  const [first, second] = [a, b].map(({ measures: { relativeL2 } }) =>
    Number.isNaN(relativeL2) ? Number.MAX_VALUE : Math.min(relativeL2, Number.MAX_VALUE),
  );
  return second - first;
}

function tableSection(tensors: readonly TensorReport[]): string {
  const header = ['Tensor', 'Shape', ...COLUMNS.map(({ name }) => name)];
  const rows = tensors.map((tensor) => ({
    classes: tensor.isLossy ? '' : 'ts-kept',
    cells: [
      { text: tensor.name, note: `${tensor.dtype} · ${tensor.label}` },
      { text: shapeText(tensor.shape) },
      ...COLUMNS.map(({ text, value }) => cellOf(text(tensor), value(tensor))),
    ].map((cell, column) =>
      // The last column is the bound: the place to say that it did not hold.
      column === header.length - 1 && !tensor.isWithinBound
        ? { ...cell, text: `✗ ${cell.text}`, classes: 'ts-bad' }
        : cell,
    ),
  }));
  return htmlSection(
    'All tensors',
    'In the order of the model. Point at a figure for its exact value.',
    htmlTable(header, rows),
  );
}

function cellOf(text: string, value: number): { text: string; exact?: string } {
  return text === '' ? { text } : { text, exact: exactFigure(value) };
}

function glossarySection(): string {
  const terms = GLOSSARY.map(
    ([term, meaning]) => `<dt>${escapeXml(term)}</dt><dd>${escapeXml(meaning)}</dd>`,
  );
  return htmlSection('How to read the figures', '', `<dl class="ts-terms">${terms.join('')}</dl>`);
}

/** Reports and profiles that show themselves in notebooks. */
import { bytesFigure } from '../core/figures.js';
import { picturedAs, type Pictured } from '../core/inspect.js';
import { counted, headlineFigures, verdicts } from './report-figures.js';
import { reportFragment, reportToSvg } from './report-html.js';
import { profileFragment, profileToSvg, profileToText } from './report-profile.js';
import type { ProfileRow, Report } from './types.js';

/** Gives a report its printed form and pictures. */
export function picturedReport(report: Report): Report & Pictured {
  return picturedAs(report, { print: reportToText, toSVG: reportToSvg, toHTML: reportFragment });
}

/** Gives the rows of a profile their printed form and pictures. */
export function picturedProfile(rows: readonly ProfileRow[]): readonly ProfileRow[] & Pictured {
  return picturedAs(rows, { print: profileToText, toSVG: profileToSvg, toHTML: profileFragment });
}

function reportToText(report: Report): string {
  const { tensorCount, originalBytes, compressedBytes } = report;
  const head = `Report: ${bytesFigure(originalBytes)} → ${bytesFigure(compressedBytes)}, ${counted(tensorCount, 'tensor')}`;
  return [
    head,
    ...headlineFigures(report).map(({ name, text }) => `  ${name.padEnd(16)}${text}`),
    ...verdicts(report).map(({ good, text }) => `  ${good ? '✓' : '✗'} ${text}`),
  ].join('\n');
}

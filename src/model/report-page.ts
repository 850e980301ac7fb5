/** What the HTML reports are made of. */
import { escapeXml } from '../core/svg.js';
import { REPORT_STYLE } from './report-style.js';

/** A piece of HTML with its style, for a notebook or any page. */
export function htmlFragment(body: string): string {
  return `<div class="ts-report"><style>${REPORT_STYLE}</style><div class="ts-in">${body}</div></div>`;
}

/** A whole page that asks for nothing from outside, and says so to the browser; its markup is XML too. */
export function htmlPage(title: string, body: string): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8"/>',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>`,
    '<meta name="viewport" content="width=device-width,initial-scale=1"/>',
    '<meta name="color-scheme" content="light dark"/>',
    `<title>${escapeXml(title)}</title>`,
    '<style>html,body{margin:0;background:#f6f7f9}@media(prefers-color-scheme:dark){html,body{background:#0e1114}}</style>',
    '</head>',
    '<body>',
    htmlFragment(body),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** One cell: its text, and perhaps what it is exactly, shown when one points at it. */
export interface Cell {
  readonly text: string;
  readonly exact?: string;
  /** A second line, smaller. */
  readonly note?: string;
  readonly classes?: string;
}

/** A table in a card that scrolls sideways on narrow screens. The first `textColumns` columns are aligned to the left. */
export function htmlTable(
  header: readonly string[],
  rows: readonly { readonly cells: readonly Cell[]; readonly classes?: string }[],
  textColumns = 1,
): string {
  const head = header.map(
    (name, column) => `<th scope="col"${column < textColumns ? ' class="ts-t"' : ''}>${escapeXml(name)}</th>`,
  );
  const body = rows.map(({ cells, classes = '' }) => {
    const drawn = cells.map((cell, column) => htmlCell(cell, column, textColumns));
    return `<tr${classed(classes)}>${drawn.join('')}</tr>`;
  });
  return (
    `<div class="ts-card"><div class="ts-scroll" role="region" aria-label="${escapeXml(header.join(', '))}" tabindex="0"><table><thead><tr>${head.join('')}</tr></thead>` +
    `<tbody>\n${body.join('\n')}\n</tbody></table></div></div>`
  );
}

function htmlCell({ text, exact, note, classes = '' }: Cell, column: number, textColumns: number): string {
  const all = [column < textColumns ? 'ts-t' : '', classes].filter((name) => name !== '').join(' ');
  const title = exact === undefined || exact === text ? '' : ` title="${escapeXml(exact)}"`;
  const small = note === undefined ? '' : `<small>${escapeXml(note)}</small>`;
  return column === 0
    ? `<th scope="row"${classed(all)}${title}>${htmlName(text)}${small}</th>`
    : `<td${classed(all)}${title}>${escapeXml(text)}${small}</td>`;
}

/** The name of a tensor, which may be broken behind its dots, slashes and underscores. */
export function htmlName(name: string): string {
  return escapeXml(name).replace(/[./_]/g, '$&<wbr/>');
}

function classed(classes: string): string {
  return classes === '' ? '' : ` class="${classes}"`;
}

/** A heading, perhaps a line of explanation, and what it is about. */
export function htmlSection(title: string, note: string, content: string): string {
  const line = note === '' ? '' : `<p class="ts-note">${escapeXml(note)}</p>`;
  return `<section><h2>${escapeXml(title)}</h2>${line}${content}</section>`;
}

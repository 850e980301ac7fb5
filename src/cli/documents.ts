/** Reports and profiles as files for people and programs: JSON, Markdown, or one HTML page. */
import { extname } from 'node:path';
import { describe, FormatError } from '../core/errors.js';
import { nearestName } from '../core/text.js';
import { profileToHtml, profileToMarkdown } from '../model/report-profile.js';
import { reportToHtml } from '../model/report-html.js';
import { reportToJson } from '../model/report-json.js';
import { reportToMarkdown } from '../model/report-markdown.js';
import type { ProfileRow, Report } from '../model/types.js';
import { createAtomicFile } from '../node/atomic.js';
import { readWhole } from '../node/files.js';
import { systemIo } from '../node/io.js';
import { UsageError } from './failure.js';
import { jsonText } from './json.js';
import type { OptionValues } from './options.js';
import { checkOutput, type OutputOptions } from './output.js';

export type DocumentKind = '.json' | '.md' | '.html';

const KINDS: readonly DocumentKind[] = ['.json', '.md', '.html'];

/** A document to be written. */
export interface DocumentTarget {
  readonly path: string;
  readonly kind: DocumentKind;
}

/** The document that --output asks for, checked before any work; null without one. */
export async function documentTarget(
  { output, force = false }: OptionValues,
  inputs: OutputOptions['inputs'],
): Promise<DocumentTarget | null> {
  if (output === undefined) return null;
  const kind = documentKind(output);
  await checkOutput(output, { kind: 'file', force, inputs });
  return { path: output, kind };
}

/** What the ending of a path asks for. */
function documentKind(path: string): DocumentKind {
  const extension = extname(path).toLowerCase();
  const kind = KINDS.find((known) => known === extension);
  if (kind !== undefined) return kind;
  const near = nearestName(extension, KINDS);
  const fix = near === null ? 'the ending decides what is written' : `did you mean "${near}"?`;
  throw new UsageError(
    `--output ${describe(path)} expected a path that ends with ${KINDS.join(', ')}, got another ending - ${fix}`,
  );
}

export function reportDocument(report: Report, kind: DocumentKind): string {
  if (kind === '.json') return reportToJson(report);
  return kind === '.md' ? reportToMarkdown(report) : reportToHtml(report);
}

export function profileDocument(rows: readonly ProfileRow[], kind: DocumentKind): string {
  if (kind === '.json') return jsonText(rows);
  return kind === '.md' ? profileToMarkdown(rows) : profileToHtml(rows);
}

/** The file appears, or replaces the old one, in one step. */
export async function saveDocument(path: string, text: string, signal: AbortSignal): Promise<void> {
  const bytes = new TextEncoder().encode(text.endsWith('\n') ? text : `${text}\n`);
  const file = await createAtomicFile(path, { expectedBytes: bytes.length, signal });
  await file.write(bytes);
  await file.commit();
}

/** A report holds a few hundred bytes per tensor; a file larger than this is something else, such as the model. */
const MAX_REPORT_BYTES = 256 * 1024 * 1024;

/** The text of a report that was saved as JSON. */
export async function readDocument(path: string): Promise<string> {
  const refused = (expected: string, got: string): FormatError => {
    const message = `report: ${describe(path)} expected ${expected}, got ${got} - name the .json file that verify wrote`;
    return new FormatError('REPORT_SYNTAX', message);
  };
  const bytes = await readWhole(systemIo, path, (size) => {
    if (size > MAX_REPORT_BYTES) throw refused(`at most ${MAX_REPORT_BYTES} bytes`, String(size));
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused('text in UTF-8', 'other bytes');
  }
}

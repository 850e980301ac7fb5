/** `tensorslim report`: a report that verify wrote, in another form. */
import { reportFromJson } from '../../model/report-json.js';
import type { Command } from '../command.js';
import { documentTarget, readDocument, reportDocument, saveDocument } from '../documents.js';
import { printable } from '../text.js';

export const reportCommand: Command = {
  name: 'report',
  summary: 'Turns a report that verify wrote as JSON into Markdown or one HTML page.',
  positionals: ['REPORT'],
  options: ['output', 'force'],
  details: '--output is a .html, .md or .json file; without it Markdown goes to standard output.',
  examples: ['report report.json -o report.html', 'report report.json > report.md'],
  async run({ positionals: [path], values }, { io }) {
    const target = await documentTarget(values, () => Promise.resolve([path]));
    const report = reportFromJson(await readDocument(path));
    if (target === null) {
      const lines = reportDocument(report, '.md').trimEnd().split('\n');
      return { text: lines.map(printable).join('\n'), json: report };
    }
    await saveDocument(target.path, reportDocument(report, target.kind), io.signal);
    return { text: `wrote ${printable(target.path)}`, json: { input: path, output: target.path } };
  },
};

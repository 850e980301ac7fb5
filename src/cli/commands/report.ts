/** `tensorslim report`: a report that verify wrote, in another form. */
import { reportFromJson } from '../../model/report-json.js';
import type { Command } from '../command.js';
import { documentKind, readDocument, reportDocument, saveDocument } from '../documents.js';
import { checkOutput } from '../output.js';
import { printable } from '../text.js';

export const reportCommand: Command = {
  name: 'report',
  summary: 'Turns a report that verify wrote as JSON into Markdown or one HTML page.',
  positionals: ['REPORT'],
  options: ['output', 'force'],
  details: '--output is a .html, .md or .json file; without it Markdown goes to standard output.',
  examples: ['report report.json -o report.html', 'report report.json > report.md'],
  async run({ positionals: [path], values }, { io }) {
    const { output, force = false } = values;
    const kind = output === undefined ? '.md' : documentKind(output);
    if (output !== undefined) await checkOutput(output, { kind: 'file', force, inputs: async () => [path] });
    const report = reportFromJson(await readDocument(path));
    const text = reportDocument(report, kind);
    if (output === undefined) return { text: text.trimEnd(), json: report };
    await saveDocument(output, text, io.signal);
    return { text: `wrote ${printable(output)}`, json: { input: path, output } };
  },
};

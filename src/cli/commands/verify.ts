/** `tensorslim verify`: what compression did to a model, held against bounds and goals. */
import { bytesFigure, decibelFigure, numberFigure } from '../../core/figures.js';
import { headlineFigures, verdicts, wantedText } from '../../model/report-figures.js';
import { verify } from '../../model/verify.js';
import type { GoalResult, Report, TensorReport } from '../../model/types.js';
import { openCompressed, openModel } from '../../node/model.js';
import type { Command } from '../command.js';
import { documentTarget, reportDocument, saveDocument } from '../documents.js';
import { Complaint, refusedAsUsage } from '../failure.js';
import { parseGoal } from '../goals.js';
import { modelFiles, using } from '../models.js';
import { table, type Column } from '../table.js';
import { plural, printable, sections, sizesText } from '../text.js';

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'Compares a compressed model with its original: sizes, errors, proved bounds, goals.',
  positionals: ['ORIGINAL', 'COMPRESSED'],
  options: ['goal', 'output', 'force'],
  details: `Goals name a figure of the whole model: ratio, bitsPerWeight, maxAbs, l2, relativeL2, mse,
sqnrDb, cosine. Exit code 1 when one is missed or an error exceeds its proved bound, 4 when a
checksum is wrong. --output writes the report as .json, .md or .html.`,
  examples: [
    'verify model.safetensors small.safetensors',
    "verify model.safetensors small.safetensors --goal 'sqnrDb>=30' --goal 'ratio>=3.9' -o report.html",
  ],
  async run({ positionals: [original, compressed], values }, { io, columns, work }) {
    const goals = (values.goal ?? []).map(parseGoal);
    const target = await documentTarget(values, async () =>
      (await Promise.all([original, compressed].map(modelFiles))).flat(),
    );
    const report = await using(openModel(original), (before) =>
      using(openCompressed(compressed), (after) =>
        refusedAsUsage('verify: "goals', verify(before, after, { goals, ...work('verify') })),
      ),
    );
    if (target !== null) await saveDocument(target.path, reportDocument(report, target.kind), io.signal);
    const complaint = complaintOf(report);
    return {
      text: sections(
        table(
          COLUMNS,
          report.tensors.filter(({ isLossy }) => isLossy),
          columns,
        ),
        summaryText(report),
        target === null ? '' : `wrote ${printable(target.path)}`,
      ),
      json: report,
      ...(complaint !== null && { complaint }),
    };
  },
};

const COLUMNS: readonly Column<TensorReport>[] = [
  { title: 'tensor', align: 'left', isFlexible: true, cell: ({ name }) => name },
  { title: 'stored as', align: 'left', isFlexible: true, cell: ({ label }) => label },
  { title: 'before', align: 'right', cell: ({ originalBytes }) => bytesFigure(originalBytes) },
  { title: 'after', align: 'right', cell: ({ compressedBytes }) => bytesFigure(compressedBytes) },
  { title: 'SQNR', align: 'right', cell: ({ measures }) => decibelFigure(measures.sqnrDb) },
  { title: 'max error', align: 'right', cell: ({ measures }) => numberFigure(measures.maxAbs, 3) },
  { title: 'bound', align: 'right', cell: ({ bound }) => numberFigure(bound.maxAbs, 3) },
];

function summaryText(report: Report): string {
  const { originalBytes, compressedBytes, tensors, tensorCount, goals } = report;
  const lossy = tensors.filter(({ isLossy }) => isLossy).length;
  const figures = headlineFigures(report).map(({ name, text }) => `${name.padEnd(17)}${text}`);
  return sections(
    `${plural(tensorCount, 'tensor')}, ${lossy} compressed, ${tensorCount - lossy} kept: ${sizesText(originalBytes, compressedBytes)}`,
    figures.join('\n'),
    goals.map((goal) => `${goal.isReached ? '✓' : '✗'} ${goalText(goal)}`).join('\n'),
    verdicts(report)
      .map(({ good, text }) => `${good ? '✓' : '✗'} ${text}`)
      .join('\n'),
  );
}

/** Such as 'sqnrDb 28.1, wanted ≥ 30'. */
function goalText(goal: GoalResult): string {
  return `${goal.figure} ${numberFigure(goal.measured)}, wanted ${wantedText(goal)}`;
}

/** Why the exit code will be 1, or null. */
function complaintOf({ goals, tensors, isWithinBound }: Report): Complaint | null {
  if (!isWithinBound) {
    const beyond = tensors.filter((tensor) => !tensor.isWithinBound);
    const first = beyond[0].name;
    return new Complaint(
      `verify expected every error within its bound, got ${plural(beyond.length, 'tensor')} beyond it, "${first}" first - is this the model that was compressed?`,
    );
  }
  const missed = goals.filter(({ isReached }) => !isReached);
  if (missed.length === 0) return null;
  return new Complaint(
    `verify expected every goal to be reached, got ${missed.map(goalText).join('; ')} - choose a finer scheme or a lower goal`,
  );
}

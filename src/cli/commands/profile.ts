/** `tensorslim profile`: what each of several schemes would do to each tensor. */
import { quote } from '../../core/errors.js';
import { bytesFigure, decibelFigure, fixedFigure, numberFigure } from '../../core/figures.js';
import type { Scheme } from '../../compressed/schemes.js';
import type { TensorSource } from '../../core/source.js';
import { PRESET_NAMES } from '../../model/presets.js';
import { profile } from '../../model/profile.js';
import type { ProfileRow } from '../../model/types.js';
import { openModel } from '../../node/model.js';
import type { Command } from '../command.js';
import { documentTarget, profileDocument, saveDocument } from '../documents.js';
import { UsageError } from '../failure.js';
import { modelFiles, presetNamed, sum, using } from '../models.js';
import { table, type Column } from '../table.js';
import { plural, printable, sections, shapeText, sizesText, wrapped } from '../text.js';

const DEFAULT_CANDIDATES = 'int8,int4-g32';

export const profileCommand: Command = {
  name: 'profile',
  summary: 'Measures what presets would do to each tensor: size, error, proved bound. Writes no model.',
  positionals: ['MODEL'],
  options: ['candidates', 'output', 'force'],
  details: `${wrapped('Candidates:', PRESET_NAMES)}
Default: ${DEFAULT_CANDIDATES}.
--output writes the rows as .json, .md or .html. Tensors that a recipe skips by default are left out.`,
  examples: ['profile model.safetensors', 'profile web_model/ -c tfjs-uint8,float16 -o profile.html'],
  async run({ positionals: [path], values }, { io, columns, work }) {
    const { candidates = DEFAULT_CANDIDATES } = values;
    const target = await documentTarget(values, () => modelFiles(path));
    const rows = await using(openModel(path), (model) =>
      profile(model, { candidates: schemesNamed(candidates, model.format), ...work('profile') }),
    );
    if (target !== null) await saveDocument(target.path, profileDocument(rows, target.kind), io.signal);
    return {
      text: sections(
        table(COLUMNS, rows, columns),
        totalsText(rows),
        target === null ? '' : `wrote ${printable(target.path)}`,
      ),
      json: { path, output: target?.path ?? null, rows },
    };
  },
};

const COLUMNS: readonly Column<ProfileRow>[] = [
  { title: 'tensor', align: 'left', isFlexible: true, cell: ({ name }) => name },
  { title: 'shape', align: 'left', cell: ({ shape }) => shapeText(shape) },
  { title: 'candidate', align: 'left', cell: ({ candidate }) => candidate },
  { title: 'before', align: 'right', cell: ({ originalBytes }) => bytesFigure(originalBytes) },
  { title: 'after', align: 'right', cell: ({ compressedBytes }) => bytesFigure(compressedBytes) },
  { title: 'bits', align: 'right', cell: ({ bitsPerWeight }) => fixedFigure(bitsPerWeight, 2) },
  { title: 'SQNR', align: 'right', cell: ({ measures }) => decibelFigure(measures.sqnrDb) },
  { title: 'max error', align: 'right', cell: ({ measures }) => numberFigure(measures.maxAbs, 3) },
  { title: 'bound', align: 'right', cell: ({ bound }) => numberFigure(bound.maxAbs, 3) },
];

/** The presets of a list such as 'int8,int4-g32'. */
function schemesNamed(candidates: string, format: TensorSource['format']): Record<string, Scheme> {
  const names = candidates.split(',').map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new UsageError(`--candidates expected every name once, got ${quote(twice)} twice - remove one`);
  }
  return Object.fromEntries(names.map((name) => [name, presetNamed(name, format).scheme]));
}

/** Sizes of all tensors together, one line per candidate. */
function totalsText(rows: readonly ProfileRow[]): string {
  const candidates = Array.from(new Set(rows.map(({ candidate }) => candidate)));
  return candidates
    .map((candidate) => {
      const own = rows.filter((row) => row.candidate === candidate);
      const before = sum(own, ({ originalBytes }) => originalBytes);
      const after = sum(own, ({ compressedBytes }) => compressedBytes);
      return `${candidate}: ${plural(own.length, 'tensor')}, ${sizesText(before, after)}`;
    })
    .join('\n');
}

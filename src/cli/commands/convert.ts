/** `tensorslim convert`: a Hugging Face model as a GGUF file. */
import { dirname, join } from 'node:path';
import { promises as fs } from 'node:fs';
import { describe, FormatError } from '../../core/errors.js';
import { bytesFigure, decibelFigure, fixedFigure, numberFigure } from '../../core/figures.js';
import type { Imatrix } from '../../formats/gguf/imatrix.js';
import { readImatrix } from '../../formats/gguf/imatrix-read.js';
import { MIX_NAMES, type MixName } from '../../model/convert/mixes.js';
import type { Conversion, ConvertedTensor, PlanGgufOptions } from '../../model/convert/types.js';
import { convertToGguf } from '../../node/convert.js';
import { readWhole } from '../../node/files.js';
import { systemIo } from '../../node/io.js';
import type { Command } from '../command.js';
import { refusedAsUsage } from '../failure.js';
import { modelFiles } from '../models.js';
import type { OptionValues } from '../options.js';
import { checkOutput } from '../output.js';
import { table, type Column } from '../table.js';
import { plural, printable, sections, shapeText, wrapped } from '../text.js';

const MODEL_FILES = [
  'config.json',
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'chat_template.jinja',
];

export const convertCommand: Command = {
  name: 'convert',
  summary: 'Converts a Hugging Face model (llama, qwen2) to GGUF, for llama.cpp.',
  positionals: ['MODEL'],
  options: ['type', 'output', 'pure', 'no-fallback', 'imatrix', 'vocabulary', 'pre-tokenizer', 'force'],
  required: ['type', 'output'],
  details: `${wrapped('Types:', MIX_NAMES)}
They are the mixes of llama-quantize; --pure gives every matrix the one type.
MODEL is a folder with config.json, *.safetensors and the tokenizer's files.`,
  examples: [
    'convert tiny-llama/ --type Q4_K_M -o tiny.gguf',
    'convert tiny-llama/ -t Q4_0 --pure --imatrix imatrix.gguf -o tiny.gguf',
  ],
  async run({ positionals: [path], values }, { columns, work }) {
    const { output = '', force = false } = values;
    await checkOutput(output, { kind: 'file', force, inputs: () => inputs(path, values.imatrix) });
    const options = await optionsOf(values);
    const converting = convertToGguf(path, output, { ...options, ...work('convert') });
    const conversion = await refusedAsUsage('planGguf', converting);
    return {
      text: sections(table(COLUMNS, conversion.tensors, columns), summaryText(output, conversion)),
      json: { input: path, output, ...conversion },
    };
  },
};

async function optionsOf(values: OptionValues): Promise<PlanGgufOptions> {
  const { type, pure, imatrix, vocabulary, 'no-fallback': isStrict, 'pre-tokenizer': preTokenizer } = values;
  return {
    // planGguf checks the names and says what they may be.
    type: type as MixName,
    ...(pure !== undefined && { pure }),
    ...(isStrict === true && { fallback: 'forbid' }),
    ...(imatrix !== undefined && { imatrix: await loadImatrix(imatrix) }),
    ...(vocabulary !== undefined && { vocabulary: vocabulary as PlanGgufOptions['vocabulary'] & string }),
    ...(preTokenizer !== undefined && { preTokenizer }),
  };
}

/** Sums for every input of every weight: a few hundred MB for the largest models. */
const MAX_IMATRIX_BYTES = 2 ** 30;

async function loadImatrix(path: string): Promise<Imatrix> {
  const bytes = await readWhole(systemIo, path, (size) => {
    if (size <= MAX_IMATRIX_BYTES) return;
    const message = `convert: ${describe(path)} expected an importance matrix of at most ${MAX_IMATRIX_BYTES} bytes, got ${size} - name what llama-imatrix wrote`;
    throw new FormatError('CONVERT_IMATRIX', message);
  });
  return readImatrix(bytes);
}

/** Every file that is read. */
async function inputs(path: string, imatrix: string | undefined): Promise<string[]> {
  const folder = (await fs.stat(path)).isDirectory() ? path : dirname(path);
  const weights = await modelFiles(path);
  return [
    ...weights,
    ...MODEL_FILES.map((name) => join(folder, name)),
    ...(imatrix === undefined ? [] : [imatrix]),
  ];
}

const COLUMNS: readonly Column<ConvertedTensor>[] = [
  { title: 'tensor', align: 'left', isFlexible: true, cell: ({ name }) => name },
  { title: 'type', align: 'left', cell: ({ type }) => type },
  { title: 'shape', align: 'left', cell: ({ shape }) => shapeText(shape) },
  { title: 'size', align: 'right', cell: ({ bytes }) => bytesFigure(bytes) },
  { title: 'bits', align: 'right', cell: ({ bitsPerWeight }) => fixedFigure(bitsPerWeight, 2) },
  { title: 'SQNR', align: 'right', cell: ({ measures }) => decibelFigure(measures.sqnrDb) },
  { title: 'max error', align: 'right', cell: ({ measures }) => numberFigure(measures.maxAbs, 3) },
];

function summaryText(output: string, { type, tensors, bytes, bitsPerWeight, notes }: Conversion): string {
  const fallbacks = tensors.flatMap(({ name, type: got, fallback }) =>
    fallback === null ? [] : [`! ${name}: ${got} instead of ${fallback.wanted}, ${fallback.reason}`],
  );
  const figures = `${plural(tensors.length, 'tensor')}, ${bytesFigure(bytes)}, ${fixedFigure(bitsPerWeight, 2)} bits per weight`;
  return sections(
    [...fallbacks, ...notes.map((note) => `! ${note}`)].map(printable).join('\n'),
    `wrote ${printable(output)}: ${type}, ${figures}`,
  );
}

/** `tensorslim inspect`: what is in a model. */
import type { DType } from '../../core/dtype.js';
import { bytesFigure, countFigure } from '../../core/figures.js';
import { elementCount } from '../../core/shape.js';
import type { ArraySpec, TensorSource } from '../../core/source.js';
import { isCompressedMetadata } from '../../model/stored.js';
import type { CompressedEntry, CompressedModel } from '../../model/types.js';
import { openGguf } from '../../node/gguf.js';
import { openCompressed, openModel } from '../../node/model.js';
import type { Command, Outcome } from '../command.js';
import { sum, using } from '../models.js';
import { table, type Column } from '../table.js';
import { plural, printable, ratioText, sections, shapeText, sizesText } from '../text.js';
import { ggufOutcome } from './inspect-gguf.js';

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Lists the tensors of a model: name, type, shape, size. Reads headers only.',
  positionals: ['MODEL'],
  options: [],
  details: `MODEL is a .safetensors file, an index of shards, a tfjs model.json, or a folder that
holds one of them; or a .gguf file, of several the first. Of a compressed file it also says
what each tensor is stored as.`,
  examples: ['inspect model.safetensors', 'inspect web_model/ --json'],
  run: ({ positionals: [path] }, { columns }) =>
    path.endsWith('.gguf')
      ? using(openGguf(path), async (model) => ggufOutcome(path, model, columns))
      : inspectModel(path, columns),
};

function inspectModel(path: string, columns: number): Promise<Outcome> {
  return using(openModel(path), async (model) => {
    if (model.format === 'safetensors' && !isCompressedMetadata(model.metadata)) {
      return plainOutcome(path, model, columns);
    }
    return using(openCompressed(path), async (compressed) =>
      Array.from(compressed.entries).every(isKept)
        ? plainOutcome(path, model, columns)
        : compressedOutcome(path, compressed, columns),
    );
  });
}

/** Whether a tensor is stored in its own type under its own name. */
function isKept([name, { dtype, arrays }]: readonly [
  string,
  Pick<CompressedEntry, 'dtype' | 'arrays'>,
]): boolean {
  return arrays.length === 1 && arrays[0].name === name && arrays[0].dtype === dtype;
}

interface PlainRow {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: number;
}

interface CompressedRow extends PlainRow {
  readonly originalBytes: number;
  /** What it was compressed to: 'int8 symmetric, per axis 0, float32 scales'. */
  readonly label: string;
  readonly arrays: readonly ArraySpec[];
}

const COMMON_COLUMNS: readonly Column<PlainRow>[] = [
  { title: 'tensor', align: 'left', isFlexible: true, cell: ({ name }) => name },
  { title: 'type', align: 'left', cell: ({ dtype }) => dtype },
  { title: 'shape', align: 'left', cell: ({ shape }) => shapeText(shape) },
];

const PLAIN_COLUMNS: readonly Column<PlainRow>[] = [
  ...COMMON_COLUMNS,
  { title: 'size', align: 'right', cell: ({ bytes }) => bytesFigure(bytes) },
];

const COMPRESSED_COLUMNS: readonly Column<CompressedRow>[] = [
  ...COMMON_COLUMNS,
  { title: 'compressed to', align: 'left', isFlexible: true, cell: ({ label }) => label },
  { title: 'before', align: 'right', cell: ({ originalBytes }) => bytesFigure(originalBytes) },
  { title: 'after', align: 'right', cell: ({ bytes }) => bytesFigure(bytes) },
  { title: 'ratio', align: 'right', cell: ({ originalBytes, bytes }) => ratioText(originalBytes, bytes) },
];

function plainOutcome(path: string, model: TensorSource, columns: number): Outcome {
  const rows = Array.from(model.entries, ([name, { dtype, shape, byteLength }]): PlainRow => {
    return { name, dtype, shape, bytes: byteLength };
  });
  const bytes = sum(rows, (row) => row.bytes);
  return {
    text: sections(
      `${printable(path)}: ${model.format}, ${countsText(rows)}, ${bytesFigure(bytes)}`,
      table(PLAIN_COLUMNS, rows, columns),
      metadataText(model, columns),
    ),
    json: { path, ...factsOf(model, rows), isCompressed: false, bytes, tensors: rows },
  };
}

function compressedOutcome(path: string, model: CompressedModel, columns: number): Outcome {
  const rows = Array.from(model.entries, ([name, entry]): CompressedRow => {
    const { dtype, shape, compressedBytes, originalBytes, arrays, label } = entry;
    const facts = { name, dtype, shape, bytes: compressedBytes, originalBytes };
    return { ...facts, label: label ?? storedText(name, entry), arrays };
  });
  const bytes = sum(rows, (row) => row.bytes);
  const originalBytes = sum(rows, (row) => row.originalBytes);
  const sizes = sizesText(originalBytes, bytes);
  return {
    text: sections(
      `${printable(path)}: compressed ${model.format} model, ${countsText(rows)}, ${sizes}`,
      table(COMPRESSED_COLUMNS, rows, columns),
      metadataText(model, columns),
    ),
    json: { path, ...factsOf(model, rows), isCompressed: true, bytes, originalBytes, tensors: rows },
  };
}

const elementsOf = (rows: readonly PlainRow[]): number =>
  sum(rows, ({ shape }) => elementCount(shape, 'inspect'));

function countsText(rows: readonly PlainRow[]): string {
  return `${plural(rows.length, 'tensor')}, ${countFigure(elementsOf(rows))} elements`;
}

function factsOf(
  { format, metadata }: Pick<TensorSource, 'format' | 'metadata'>,
  rows: readonly PlainRow[],
): object {
  return {
    format,
    tensorCount: rows.length,
    elements: elementsOf(rows),
    metadata: Object.fromEntries(metadata),
  };
}

/** For tfjs models, whose files name no scheme: 'tfjs uint8', 'float16', or 'kept'. */
function storedText(name: string, entry: CompressedEntry): string {
  if (isKept([name, entry])) return 'kept';
  const [{ dtype }] = entry.arrays;
  return dtype.startsWith('uint') ? `tfjs ${dtype}` : dtype;
}

function metadataText({ metadata }: Pick<TensorSource, 'metadata'>, columns: number): string {
  if (metadata.size === 0) return '';
  const keys: Column<readonly [string, string]>[] = [
    { title: 'metadata', align: 'left', isFlexible: true, cell: ([key]) => key },
    { title: '', align: 'left', isFlexible: true, cell: ([, value]) => value },
  ];
  return table(keys, Array.from(metadata), columns);
}

/** `tensorslim inspect` of a GGUF file: its tensors by ggml's types, its metadata by theirs. */
import { bytesFigure, countFigure } from '../../core/figures.js';
import { elementCount } from '../../core/shape.js';
import type { GgufValue } from '../../formats/gguf/types.js';
import type { GgufSource } from '../../node/gguf.js';
import type { Outcome } from '../command.js';
import { sum } from '../models.js';
import { table, type Column } from '../table.js';
import { plural, printable, sections, shapeText } from '../text.js';

interface Row {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'tensor', align: 'left', isFlexible: true, cell: ({ name }) => name },
  { title: 'type', align: 'left', cell: ({ type }) => type },
  { title: 'shape', align: 'left', cell: ({ shape }) => shapeText(shape) },
  { title: 'size', align: 'right', cell: ({ bytes }) => bytesFigure(bytes) },
];

const KEY_COLUMNS: readonly Column<readonly [string, GgufValue]>[] = [
  { title: 'metadata', align: 'left', isFlexible: true, cell: ([key]) => key },
  { title: 'type', align: 'left', cell: ([, value]) => typeText(value) },
  { title: '', align: 'left', isFlexible: true, cell: ([, value]) => valueText(value) },
];

export function ggufOutcome(path: string, model: GgufSource, columns: number): Outcome {
  const rows = Array.from(model.entries, ([name, { type, shape, byteLength }]): Row => {
    return { name, type, shape, bytes: byteLength };
  });
  const bytes = sum(rows, (row) => row.bytes);
  const elements = sum(rows, ({ shape }) => elementCount(shape, 'inspect'));
  const files = model.files.length === 1 ? '' : ` in ${model.files.length} files`;
  const counts = `${plural(rows.length, 'tensor')}, ${countFigure(elements)} elements`;
  const metadata = Array.from(model.metadata);
  return {
    text: sections(
      `${printable(path)}: gguf${files}, ${counts}, ${bytesFigure(bytes)}`,
      table(COLUMNS, rows, columns),
      metadata.length === 0 ? '' : table(KEY_COLUMNS, metadata, columns),
    ),
    json: {
      path,
      format: model.format,
      files: model.files.length,
      tensorCount: rows.length,
      elements,
      bytes,
      metadata: Object.fromEntries(metadata.map(([key, value]) => [key, jsonOf(value)])),
      tensors: rows,
    },
  };
}

function typeText(given: GgufValue): string {
  return given.type === 'array' ? `${given.of} list` : given.type;
}

function valueText(given: GgufValue): string {
  return given.type === 'array' ? `${given.value.length} elements` : String(given.value);
}

/** Lists by their length: a vocabulary has 100,000 texts. JSON has no number for a bigint, nor for NaN. */
function jsonOf(given: GgufValue): object {
  if (given.type === 'array') return { type: 'array', of: given.of, length: given.value.length };
  const { type, value } = given;
  const isPlain = typeof value !== 'bigint' && (typeof value !== 'number' || Number.isFinite(value));
  return { type, value: isPlain ? value : String(value) };
}

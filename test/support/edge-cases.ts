/** What every scheme makes of every special tensor, measured, as the tables of docs/edge-cases.md. */
import { decompress, errorBound, fromBytes, toBytes, type Compressed } from '../../src/index.js';
import { compressTensor, schemeArraySpecs } from '../../src/compressed/schemes.js';
import { toArrays } from '../../src/compressed/compressed.js';
import { edgeSchemes, type Named } from './edge-schemes.js';

export interface Edge {
  readonly title: string;
  readonly about: string;
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: number[];
  /** The element that the column 'becomes' shows; null: none. */
  readonly shown: number | null;
}

const LARGEST = 3.4028234663852886e38;
const SPECIAL = 70;

/** 127 different numbers of [-1, 1] in an order without pattern, none of them 0. */
const ordinary = (size: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: size }, (_, i) => (((i * 37) % 127) - 63.25) / 64);

function withSpecial(title: string, value: number, about: string): Edge {
  const data = ordinary(128);
  data[SPECIAL] = value;
  return {
    title,
    about: `${about} among 127 ordinary numbers, shape [2, 64].`,
    data,
    shape: [2, 64],
    shown: SPECIAL,
  };
}

export const EDGES: readonly Edge[] = [
  withSpecial('NaN', NaN, 'NaN'),
  withSpecial('+Inf', Infinity, 'Infinity'),
  withSpecial('-Inf', -Infinity, '-Infinity'),
  withSpecial('-0', -0, '-0'),
  {
    title: 'Subnormal',
    about:
      'Whole multiples of 2^-149 up to 500 of them (7.006e-43), the shown one 499 (6.992e-43), shape [2, 64].',
    data: Float32Array.from(
      { length: 128 },
      (_, i) => (i === SPECIAL ? 499 : ((i * 377) % 1001) - 500) * 2 ** -149,
    ),
    shape: [2, 64],
    shown: SPECIAL,
  },
  withSpecial('Max', LARGEST, 'The largest float32, 3.403e+38,'),
  {
    title: 'Empty',
    about: 'No elements, shape [0, 64].',
    data: new Float32Array(0),
    shape: [0, 64],
    shown: null,
  },
  { title: '0-d', about: '0.7, shape [].', data: Float32Array.of(0.7), shape: [], shown: 0 },
  {
    title: 'One element',
    about: '-0.3, shape [1, 1].',
    data: Float32Array.of(-0.3),
    shape: [1, 1],
    shown: 0,
  },
  {
    title: 'All equal',
    about: '128 times 0.3, shape [2, 64].',
    data: new Float32Array(128).fill(0.3),
    shape: [2, 64],
    shown: 0,
  },
  {
    title: 'All zero',
    about: '128 times 0, shape [2, 64].',
    data: new Float32Array(128),
    shape: [2, 64],
    shown: 0,
  },
  {
    title: 'Tail',
    about:
      'Rows of 75, which no block of 16, 32 or 64 divides, the shown one the last, -0.4570; shape [2, 75].',
    data: ordinary(150),
    shape: [2, 75],
    shown: 149,
  },
];

/** A cell, or the reason why it is none. */
export interface Outcome {
  readonly cells: readonly [becomes: string, error: string, bound: string];
  readonly problem: string | null;
}

/** What the scheme does with the tensor. Anything but a named error, or a result within its bound, is a problem. */
export function outcomeOf(scheme: Named[1], edge: Edge): Outcome {
  let c: Compressed;
  try {
    c = compressTensor({ data: edge.data, shape: edge.shape }, scheme);
  } catch (error) {
    return refused(error);
  }
  const values = decompress(c).data as Float32Array;
  const { maxAbs } = errorBound(c);
  const { error, lost } = largestError(edge, values);
  const shown = edge.shown === null ? 'nothing' : figure(values[edge.shown]);
  const becomes = lost === 0 ? shown : `${shown}; ${lost} others are not finite`;
  const problem = problemOf(scheme, edge, c, values, error, maxAbs);
  return { cells: [becomes, figure(error), figure(maxAbs)], problem };
}

function refused(error: unknown): Outcome {
  const { name, code, index, message } = error as Error & { code?: string; index?: number | null };
  const [, argument] = /^\w+: "([^"]+)" expected .+, got .+ - .+/.exec(message) ?? [];
  const place = index == null ? '' : ` at ${index}`;
  const text = code === undefined ? `${name}: ${argument}` : `${name} ${code}${place}`;
  return { cells: [text, '', ''], problem: argument === undefined ? `threw ${name}: ${message}` : null };
}

/** Over finite elements; `lost` of them, the shown one apart, became something that is not finite. */
function largestError({ data, shown }: Edge, values: Float32Array): { error: number; lost: number } {
  let error = 0;
  let lost = 0;
  data.forEach((v, i) => {
    if (!Number.isFinite(v)) return;
    const isKept = Number.isFinite(values[i]);
    if (!isKept && i !== shown) lost++;
    error = Math.max(error, isKept ? Math.abs(v - values[i]) : Infinity);
  });
  return { error, lost };
}

function problemOf(
  scheme: Named[1],
  { data, shape }: Edge,
  c: Compressed,
  values: Float32Array,
  error: number,
  bound: number,
): string | null {
  if (values.length !== data.length || c.shape.join() !== shape.join()) return 'another shape';
  if (!(error <= bound)) return `error ${error} exceeds the bound ${bound}`;
  const again = decompress(fromBytes(toBytes(c))).data as Float32Array;
  if (!values.every((v, i) => Object.is(v, again[i]))) return 'other values after toBytes and fromBytes';
  const specs = JSON.stringify(schemeArraySpecs(shape, scheme));
  const arrays = toArrays(c).arrays.map(({ name, dtype, shape: axes }) => ({ name, dtype, shape: axes }));
  return JSON.stringify(arrays) === specs ? null : `arrays ${JSON.stringify(arrays)}, announced ${specs}`;
}

/** Four significant digits. */
function figure(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}

const HEAD = `# Special tensors

What every preset, and every scheme that a recipe can name, makes of every special tensor. A test writes this page from what the library does
and fails when the two differ, or where a cell is neither a named error nor a result within its proved bound that survives \`toBytes\` and
\`fromBytes\`: \`npx vitest run test/compressed/edge-cases.test.ts\`. \`UPDATE_EDGE_CASES=1\` before it writes the page anew.

"Becomes" is what the special element is restored as; "error" the largest error of the finite elements; "bound" what \`errorBound\` proves for every
finite input with these codes. A bound of Infinity says that nothing can be proved: codes that stand for no finite number. Numbers are rounded to four digits.
Recipes keep tensors without axes, with one axis, or with fewer than 1024 elements as they are unless a rule names them; these tables have them named.
`;

/** The whole page. */
export function edgeCasesPage(outcome: (named: Named, edge: Edge) => Outcome): string {
  const sections = EDGES.map((edge) => {
    const rows = edgeSchemes().map((named): string[] => [named[0], ...outcome(named, edge).cells]);
    return `## ${edge.title}\n\n${edge.about}\n\n${table(['scheme', 'becomes', 'error', 'bound'], rows)}`;
  });
  return `${[HEAD, ...sections].join('\n')}`;
}

/** As Prettier aligns it. */
function table(head: string[], rows: string[][]): string {
  const all = [head, ...rows];
  const widths = head.map((_, c) => Math.max(3, ...all.map((row) => row[c].length)));
  const line = (row: string[]): string => `| ${row.map((cell, c) => cell.padEnd(widths[c])).join(' | ')} |\n`;
  return line(head) + line(widths.map((width) => '-'.repeat(width))) + rows.map(line).join('');
}

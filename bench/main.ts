/**
 * `npm run bench`: how fast every kernel is, next to a plain copy and to its peers. bench/README.md explains the tables.
 *   --filter <text>  only kernels whose name contains the text
 *   --smoke          small tensors, one sample: does everything still work? The figures mean nothing
 *   --json           one JSON document in place of the tables
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { weights } from './data.js';
import { affineCases } from './kernels/affine.js';
import { blockCases } from './kernels/blocks.js';
import { codebookCases } from './kernels/codebook.js';
import { distillCases } from './kernels/distill.js';
import { errorCases } from './kernels/error.js';
import { factorizeCases } from './kernels/factorize.js';
import { floatCases } from './kernels/float.js';
import { fusedCases } from './kernels/fused.js';
import { hadamardCases } from './kernels/hadamard.js';
import { integerCases } from './kernels/integer.js';
import { mxCases } from './kernels/mx.js';
import { packCases } from './kernels/pack.js';
import { pruneCases } from './kernels/prune.js';
import { reduceCases } from './kernels/reduce.js';
import { sparseCases } from './kernels/sparse.js';
import { vectorCases } from './kernels/vectors.js';
import { Copy, FULL, SMOKE } from './measure.js';
import { hasNumpy } from './peers/numpy.js';
import { hasTorch } from './peers/torch.js';
import type { Bench, Row } from './rows.js';
import { rowsOf } from './rows.js';
import { bar, figure, table } from './table.js';
import { SOLVERS, judgeSolvers } from './solvers.js';
import { judge } from './targets.js';

const CASES = [
  ...reduceCases,
  ...affineCases,
  ...fusedCases,
  ...codebookCases,
  ...mxCases,
  ...packCases,
  ...floatCases,
  ...errorCases,
  ...hadamardCases,
  ...distillCases,
  ...vectorCases,
  ...integerCases,
  ...factorizeCases,
  ...pruneCases,
  ...sparseCases,
  ...blockCases,
];

const { values: options } = parseArgs({
  options: { filter: { type: 'string' }, smoke: { type: 'boolean' }, json: { type: 'boolean' } },
});
const print = (text: string): void => {
  if (!options.json) process.stdout.write(`${text}\n`);
};

const filter = (options.filter ?? '').toLowerCase();
const isWanted = ({ name }: { name: string }): boolean => name.toLowerCase().includes(filter);
const cases = CASES.filter(isWanted);
if (cases.length === 0 && !SOLVERS.some(isWanted)) {
  process.stderr.write(`bench: no kernel's name contains "${filter}"; there are:\n`);
  for (const { name } of [...CASES, ...SOLVERS]) process.stderr.write(`  ${name}\n`);
  process.exit(2);
}

const machine = `${cpus()[0].model.trim()}, Node ${process.versions.node}, one thread`;
const numpy = hasNumpy();
const torch = hasTorch();
print(`# Kernels\n\n${machine}`);
if (!numpy) print('\nnumpy rows are left out: no python3 with numpy was found.');

const benches = new Map<number, Bench>();
function benchOf(elements: number): Bench {
  const known = benches.get(elements);
  if (known !== undefined) return known;
  const bench: Bench = {
    x: weights(elements),
    copy: new Copy(elements),
    effort: options.smoke ? SMOKE : FULL,
    hasNumpy: numpy,
    hasTorch: torch,
  };
  benches.set(elements, bench);
  return bench;
}

const sizes = options.smoke ? [2 ** 12] : [2 ** 14, 2 ** 20, 2 ** 24];
const rows: Row[] = [];
for (const kernel of cases) {
  const own: Row[] = [];
  for (const elements of options.smoke ? sizes : (kernel.elements ?? sizes)) {
    for (const row of rowsOf(kernel, benchOf(elements))) {
      own.push(row);
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${kernel.name}: ${own.length} rows`);
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  rows.push(...own);
  print(`\n## ${kernel.name}\n\n${kernelTable(own)}`);
}

const verdicts = [...judge(rows), ...judgeSolvers(SOLVERS.filter(isWanted), options.smoke === true)];
if (options.json) {
  process.stdout.write(`${JSON.stringify({ machine, rows, targets: verdicts }, null, 2)}\n`);
} else {
  print(`\n## Targets, at 2^24 elements\n\n${targetTable()}`);
}

function kernelTable(list: readonly Row[]): string {
  return table(
    [
      { title: 'elements', align: 'right' },
      { title: 'implementation', align: 'left' },
      { title: 'arrays', align: 'left' },
      { title: 'ns/element', align: 'right' },
      { title: 'GB/s', align: 'right' },
      { title: '% of set', align: 'right' },
      { title: '0 to 100 %', align: 'left' },
    ],
    list.map((row) => [
      `2^${Math.log2(row.elements)}`,
      row.implementation,
      row.arrays,
      figure(row.nsPerElement),
      figure(row.gigabytesPerSecond),
      row.percentOfCopy.toFixed(0),
      bar(row.percentOfCopy, 100, 10),
    ]),
  );
}

function targetTable(): string {
  return table(
    [
      { title: 'target', align: 'left' },
      { title: 'wanted', align: 'left' },
      { title: 'measured', align: 'right' },
      { title: 'verdict', align: 'left' },
    ],
    verdicts.map(({ target, wanted, measured, verdict }) => [target, wanted, measured, verdict]),
  );
}

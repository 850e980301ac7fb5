/**
 * The proof in the real runtime: converts $TENSORSLIM_MODELS/tiny-llama to every mix and to pure types, lets llama.cpp compute the
 * perplexity of each file, and compares it with what the same weights give in float32. Exits with 1 on a miss.
 *
 *     npm install --prefix bench/peers/llama --omit=optional --ignore-scripts --no-save
 *     TENSORSLIM_MODELS=../models node scripts/run.mjs bench/peers/llama/perplexity.ts [--only Q4_K_M,Q8_0]
 *
 * llama.cpp also quantizes activations (to 8 bits, in blocks), so that its figures differ a little from those of float32 arithmetic.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gguf } from '@huggingface/gguf';
import { GGML_TYPES } from '../../../src/core/ggml-types.js';
import { convertToGguf, openGguf } from 'tensorslim/node';
import type { MixName } from 'tensorslim/model';
import { negativeLogLikelihood } from '../../../test/support/llama.js';
import {
  evaluationWindows,
  perplexityOf,
  perplexityTable,
  readLlama,
  tableKey,
  tinyLlamaFolder,
} from '../../../test/support/tiny-llama.js';
import { openLlama, runtimeLogits, type LlamaRuntime } from './runtime.js';

type Windows = ReturnType<typeof evaluationWindows>;

/** Mixes, and after them types that every matrix gets; what llama.cpp has no arithmetic for on this machine is not here. */
const RUNS: readonly (readonly [type: MixName, pure: boolean])[] = [
  ...(
    [
      'F32',
      'F16',
      'BF16',
      'Q8_0',
      'Q6_K',
      'Q5_K_M',
      'Q5_K_S',
      'Q4_K_M',
      'Q4_K_S',
      'Q4_0',
      'IQ4_NL',
      'IQ4_XS',
      'Q3_K_L',
      'Q3_K_M',
      'Q3_K_S',
      'Q2_K',
    ] as const
  ).map((type) => [type, false] as const),
  ...(
    [
      'Q5_K_M',
      'Q5_1',
      'Q5_0',
      'Q4_K_M',
      'Q4_1',
      'Q4_0',
      'IQ4_NL',
      'IQ4_XS',
      'MXFP4',
      'NVFP4',
      'Q3_K_M',
      'Q2_K',
      'TQ2_0',
      'TQ1_0',
    ] as const
  ).map((type) => [type, true] as const),
];
/** Types below 4 bits may be off by more. */
const tolerance = (type: MixName): number => (/^T?Q[123]/.test(type) ? 0.003 : 0.001);

interface Row {
  readonly name: string;
  readonly bitsPerWeight: number;
  readonly expected: number;
  readonly measured: number;
  readonly isGood: boolean;
}

/** Perplexity per byte by llama.cpp, from raw logits, each window alone. */
async function runtimePerplexity(llama: LlamaRuntime, path: string, windows: Windows): Promise<number> {
  const all = await runtimeLogits(
    llama,
    path,
    windows.map(({ tokens }) => tokens),
  );
  const sums = windows.map(({ targets }, i) => negativeLogLikelihood(all[i], targets));
  const count = windows.reduce((total, { targets }) => total + targets.length, 0);
  return Math.exp(sums.reduce((a, b) => a + b) / count);
}

/** What the reader of Hugging Face says of a file and ours does not; empty when they agree. */
async function otherReader(path: string): Promise<string[]> {
  const theirs = await gguf(path, { allowLocalFile: true });
  const ours = await openGguf(path);
  await ours.close();
  const listed = theirs.tensorInfos.map(({ name, dtype, shape, offset }) => [
    name,
    Number(dtype),
    shape.map(Number).reverse().join('x'),
    Number(offset),
  ]);
  const own = Array.from(ours.entries, ([name, { type, shape, begin }]) => [
    name,
    GGML_TYPES[type].id,
    shape.join('x'),
    begin,
  ]);
  const problems = JSON.stringify(listed) === JSON.stringify(own) ? [] : ['other tensors'];
  const metadata = theirs.metadata as Record<string, unknown>;
  for (const [key, { value }] of ours.metadata) {
    const got = metadata[key];
    const same = Array.isArray(got)
      ? JSON.stringify(got) === JSON.stringify(Array.from(value as Iterable<unknown>))
      : String(got) === String(value);
    if (!same) problems.push(key);
  }
  return problems;
}

async function check(
  llama: LlamaRuntime,
  folder: string,
  path: string,
  type: MixName,
  pure: boolean,
): Promise<Row> {
  const table = perplexityTable(folder);
  const windows = evaluationWindows(folder, table);
  const { bitsPerWeight, tensors } = await convertToGguf(folder, path, { type, pure });
  const problems = await otherReader(path);
  if (problems.length > 0)
    throw new Error(`@huggingface/gguf reads ${type} otherwise: ${problems.join(', ')}`);
  // Mixes without a row: what the weights of the file give in float32.
  const listed = table.perplexityOf.get(tableKey(type, tensors));
  const expected = listed ?? perplexityOf(await readLlama(path), windows);
  const measured = await runtimePerplexity(llama, path, windows);
  return {
    name: `${type}${pure ? ' pure' : ''}${listed === undefined ? ' *' : ''}`,
    bitsPerWeight,
    expected,
    measured,
    isGood: Math.abs(measured / expected - 1) <= tolerance(type),
  };
}

const only = process.argv.indexOf('--only');
const wanted = only < 0 ? null : process.argv[only + 1].split(',');
const folder = tinyLlamaFolder();
if (folder === null) {
  process.stderr.write('perplexity: TENSORSLIM_MODELS must name the folder that holds tiny-llama\n');
  process.exit(2);
}
const scratch = mkdtempSync(join(tmpdir(), 'tensorslim-llama-'));
const llama = await openLlama();
let misses = 0;
try {
  console.log('type             bits  float32    llama.cpp  difference');
  for (const [type, pure] of RUNS) {
    if (wanted !== null && !wanted.includes(type)) continue;
    const row = await check(llama, folder, join(scratch, 'model.gguf'), type, pure);
    if (!row.isGood) misses++;
    const percent = ((row.measured / row.expected - 1) * 100).toFixed(4);
    console.log(
      `${row.name.padEnd(15)} ${row.bitsPerWeight.toFixed(2).padStart(5)}  ${row.expected.toFixed(6)}  ${row.measured.toFixed(6)}  ${percent.padStart(8)} %${row.isGood ? '' : '  MISS'}`,
    );
  }
} finally {
  await llama.dispose();
  rmSync(scratch, { recursive: true, force: true });
}
console.log('* not in perplexity.json: compared with the weights of the file under float32 arithmetic');
process.exit(misses === 0 ? 0 : 1);

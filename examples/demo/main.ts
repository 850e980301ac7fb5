/**
 * The main job from end to end on a real model, the Universal Sentence Encoder lite (6.98 M float32 parameters): profile it, compress
 * it, write it as safetensors and as tfjs, run it before and after, and say what it cost. `npm run demo`; `--json` prints the figures;
 * `--scheme best4` shows the best solver instead of the presets (`--bits 3`: at 3 bits), `--scheme layers` the methods layer by layer, see best.ts.
 *
 * Every figure is measured by this run. Models go to a temporary folder, reports to `reports` (`--reports=FOLDER`).
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  apply,
  decompressModel,
  planRecipe,
  presetRecipe,
  profile,
  reportToHtml,
  verify,
  type PresetName,
  type Report,
} from 'tensorslim/model';
import { openCompressed, openModel, saveCompressed, saveModel } from 'tensorslim/node';
import { runBest, runLayers } from './best.js';
import { agreement, type Agreement } from './compare.js';
import { embed, MODEL_FOLDER, type Embeddings } from './embedder.js';
import { SENTENCES } from './sentences.js';
import type { Bits } from './solve.js';
import { megabytes, shortened, table } from './text.js';

const OPTIONS = {
  json: { type: 'boolean', default: false },
  reports: { type: 'string', default: 'reports' },
  scheme: { type: 'string', default: 'presets' },
  bits: { type: 'string', default: '4' },
} as const;
/** Stored in our safetensors layout and decompressed before they run. */
const PACKED: readonly PresetName[] = ['int8', 'int4-g32'];
/** Written as tfjs models that tfjs loads by itself. */
const NATIVE: readonly PresetName[] = ['tfjs-uint8', 'float16'];

interface Row extends Agreement {
  readonly preset: PresetName;
  readonly format: 'safetensors' | 'tfjs';
  readonly bytes: number;
  readonly ratio: number;
  readonly sqnrDb: number;
  readonly isWithinBound: boolean;
  /** Compressing and writing. */
  readonly compressMs: number;
  readonly embedMs: number;
}

const { json: isJson, reports: reportFolder, scheme, ...values } = parseArgs({ options: OPTIONS }).values;
const bits = Number(values.bits);
const say = (text: string): void => void (isJson || process.stdout.write(`${text}\n`));
const work = mkdtempSync(join(tmpdir(), 'tensorslim-demo-'));
try {
  if (scheme === 'presets') await main();
  else if (scheme === 'best4' && isBits(bits)) await runBest(work, bits, say, isJson);
  else if (scheme === 'layers' && isBits(bits)) await runLayers(bits, say);
  else {
    const expected = '--scheme presets, best4 or layers and --bits 2, 3 or 4';
    throw new RangeError(`demo: expected ${expected}, got ${scheme} and ${bits}`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

function isBits(bits: number): bits is Bits {
  return bits === 2 || bits === 3 || bits === 4;
}

async function main(): Promise<void> {
  const begin = performance.now();
  const originalBytes = sizeOf(
    MODEL_FOLDER,
    (name) => name === 'model.json' || name.startsWith('group1-shard'),
  );
  await describeModel(originalBytes);
  await printProfile();
  const before = await embed(MODEL_FOLDER, SENTENCES);
  say(`\nThe original embeds ${SENTENCES.length} sentences in ${before.milliseconds.toFixed(0)} ms.`);

  const rows: Row[] = [];
  const reports = new Map<PresetName, Report>();
  for (const preset of [...PACKED, ...NATIVE]) {
    const { row, report } = await compressAndRun(preset, before, originalBytes);
    rows.push(row);
    reports.set(preset, report);
  }
  printRows(rows, originalBytes);

  mkdirSync(reportFolder, { recursive: true });
  const files = Array.from(reports, ([preset, report]) => {
    const path = join(reportFolder, `demo-${preset}.html`);
    writeFileSync(path, reportToHtml(report));
    return path;
  });
  const seconds = (performance.now() - begin) / 1000;
  say(`\nReports: ${files.join(', ')}\nDone in ${seconds.toFixed(1)} s.`);
  if (isJson)
    process.stdout.write(
      `${JSON.stringify({ originalBytes, seconds, before: before.milliseconds, rows }, null, 2)}\n`,
    );
}

async function describeModel(originalBytes: number): Promise<void> {
  const model = await openModel(MODEL_FOLDER);
  let weights = 0;
  for (const { dtype, byteLength } of model.entries.values())
    if (dtype === 'float32') weights += byteLength / 4;
  say(`Universal Sentence Encoder lite, tfjs graph model: ${model.entries.size} tensors,`);
  say(`${(weights / 1e6).toFixed(2)} M float32 parameters, ${megabytes(originalBytes)} on disk.`);
  await model.close();
}

async function printProfile(): Promise<void> {
  const model = await openModel(MODEL_FOLDER);
  const candidates = Object.fromEntries(
    [...PACKED, ...NATIVE].map((preset) => [preset, presetRecipe(preset, model.format).scheme]),
  );
  const rows = await profile(model, { candidates });
  await model.close();
  say('\nProfile: signal to quantization noise by tensor, in dB');
  const names = Array.from(new Set(rows.map(({ name }) => name)));
  const lines = names.map((name) => [
    shortened(name, 40),
    ...rows.filter((row) => row.name === name).map(({ measures }) => measures.sqnrDb.toFixed(1)),
  ]);
  say(table([['tensor', ...Object.keys(candidates)], ...lines]));
}

async function compressAndRun(
  preset: PresetName,
  before: Embeddings,
  originalBytes: number,
): Promise<{ row: Row; report: Report }> {
  const original = await openModel(MODEL_FOLDER);
  const isNative = NATIVE.includes(preset);
  const path = join(work, isNative ? preset : `${preset}.safetensors`);
  const begin = performance.now();
  const { bytes } = await saveCompressed(
    path,
    apply(original, planRecipe(original, presetRecipe(preset, original.format))),
  );
  const compressMs = performance.now() - begin;

  const compressed = await openCompressed(path);
  let after: Embeddings | undefined;
  const report = await verify(original, compressed, {
    evaluate: async () => {
      after = await embed(isNative ? path : await restored(preset, path), SENTENCES);
      return { ...agreement(before.vectors, after.vectors) };
    },
  });
  await compressed.close();
  await original.close();
  if (after === undefined) throw new Error('verify did not evaluate');
  const row: Row = {
    preset,
    format: isNative ? 'tfjs' : 'safetensors',
    bytes,
    ratio: originalBytes / bytes,
    sqnrDb: report.measures.sqnrDb,
    isWithinBound: report.isWithinBound,
    compressMs,
    embedMs: after.milliseconds,
    ...agreement(before.vectors, after.vectors),
  };
  return { row, report };
}

/** The compressed file as a float32 tfjs model again, which any tfjs program can run. */
async function restored(preset: PresetName, path: string): Promise<string> {
  const folder = join(work, `${preset}-restored`);
  const compressed = await openCompressed(path);
  await saveModel(folder, decompressModel(compressed));
  await compressed.close();
  return folder;
}

function printRows(rows: readonly Row[], originalBytes: number): void {
  say('\nBefore and after: sizes on disk, error of the weights, embeddings of the real model');
  const head = [
    '',
    'format',
    'size',
    'smaller',
    'SQNR',
    'in bound',
    'cosine',
    'min',
    'neighbours',
    'compress',
    'embed',
  ];
  const original = ['original', 'tfjs', megabytes(originalBytes), '1.00x', '', '', '', '', '', '', ''];
  const lines = rows.map((row) => [
    row.preset,
    row.format,
    megabytes(row.bytes),
    `${row.ratio.toFixed(2)}x`,
    `${row.sqnrDb.toFixed(1)} dB`,
    row.isWithinBound ? 'yes' : 'NO',
    row.meanCosine.toFixed(5),
    row.minCosine.toFixed(5),
    `${(100 * row.sameNeighbour).toFixed(1)} %`,
    `${row.compressMs.toFixed(0)} ms`,
    `${row.embedMs.toFixed(0)} ms`,
  ]);
  say(table([head, original, ...lines]));
}

function sizeOf(folder: string, counts: (name: string) => boolean): number {
  const names = readdirSync(folder).filter(counts);
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

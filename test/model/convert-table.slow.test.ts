import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { MixName } from 'tensorslim/model';
import { convertToGguf } from 'tensorslim/node';
import { isBrief } from '../support/brief.js';
import {
  evaluationWindows,
  perplexityOf,
  perplexityTable,
  readLlama,
  tableKey,
  tinyLlamaFolder,
} from '../support/tiny-llama.js';

/** One for each row of perplexity.json: ggml's own bytes, decoded, under float32 arithmetic. */
const PURE: readonly MixName[] = [
  'F32',
  'F16',
  'BF16',
  'Q8_0',
  'Q6_K',
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
];
const MIXED: readonly MixName[] = ['Q4_K_M', 'Q5_K_M'];
const ALL = [...PURE.map((type) => [type, true] as const), ...MIXED.map((type) => [type, false] as const)];

/** CI takes one of each family, the llama.cpp run the rest. */
const BRIEF: readonly MixName[] = ['Q8_0', 'Q4_0', 'IQ4_XS', 'Q4_K_M', 'Q2_K', 'TQ1_0'];
const RUNS = ALL.filter(([type]) => !isBrief || BRIEF.includes(type));

const folder = tinyLlamaFolder();
const scratch = mkdtempSync(join(tmpdir(), 'tensorslim-table-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.runIf(folder !== null)('weights read back from a GGUF file', () => {
  const model = folder ?? '';

  it.each(RUNS)("of %s (pure: %s) give perplexity.json's figure to 1e-4", async (type, pure) => {
    const table = perplexityTable(model);
    const path = join(scratch, `${type}-${pure}.gguf`);
    const { tensors } = await convertToGguf(model, path, { type, pure });
    const expected = table.perplexityOf.get(tableKey(type, tensors)) ?? NaN;
    const measured = perplexityOf(await readLlama(path), evaluationWindows(model, table));
    expect(Math.abs(measured / expected - 1)).toBeLessThan(1e-4);
  });

  it('has a run for every row of the table', () => {
    expect(perplexityTable(model).perplexityOf.size).toBe(ALL.length);
  });
});

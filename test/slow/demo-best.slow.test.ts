import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isBrief } from '../support/brief.js';
import { root } from '../support/bundle.js';

interface Figures {
  readonly meanCosine: number;
  readonly sameNeighbour: number;
}

interface Output {
  readonly improvement: number;
  readonly rows: readonly (Figures & {
    readonly name: string;
    readonly isWithinBound: boolean;
    /** On the sentences that settings were chosen in view of; all others are of sentences that chose nothing. */
    readonly developed: Figures;
  })[];
}

async function run(bits: number): Promise<Output> {
  const program = ['scripts/run.mjs', 'examples/demo/main.ts', '--json', '--scheme=best4', `--bits=${bits}`];
  const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: root });
  return JSON.parse(stdout) as Output;
}

describe('the best solver on the sentence encoder', () => {
  it('keeps embeddings at 4 bits, and outputs of layers far below round to nearest', async () => {
    const { improvement, rows } = await run(4);
    const [nearest, , best] = rows;
    expect(rows.every(({ isWithinBound }) => isWithinBound)).toBe(true);
    expect(improvement).toBeGreaterThanOrEqual(0.25);
    expect(best.meanCosine).toBeGreaterThanOrEqual(0.985);
    expect(best.meanCosine).toBeGreaterThan(nearest.meanCosine);
    expect(best.sameNeighbour).toBe(1);
    expect(best.developed.meanCosine).toBeGreaterThanOrEqual(0.985);
    expect(best.developed.sameNeighbour).toBe(1);
  });

  it.skipIf(isBrief)('keeps embeddings at 3 bits', async () => {
    const { rows } = await run(3);
    expect(rows[2].meanCosine).toBeGreaterThanOrEqual(0.93);
  });
});

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { root } from './support/bundle.js';

interface Row {
  readonly preset: string;
  readonly format: string;
  readonly ratio: number;
  readonly isWithinBound: boolean;
  readonly meanCosine: number;
  readonly sameNeighbour: number;
}

describe('the demo', () => {
  it('compresses the sentence encoder as much, and harms it as little, as the project promises', async () => {
    const reports = mkdtempSync(join(tmpdir(), 'tensorslim-demo-test-'));
    const program = ['scripts/run.mjs', 'examples/demo/main.ts', '--json', `--reports=${reports}`];
    const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: root });
    rmSync(reports, { recursive: true });
    const { rows } = JSON.parse(stdout) as { rows: Row[] };
    const [int8, int4, uint8, float16] = rows;
    expect(rows.map(({ preset, format }) => `${preset} ${format}`)).toEqual([
      'int8 safetensors',
      'int4-g32 safetensors',
      'tfjs-uint8 tfjs',
      'float16 tfjs',
    ]);
    expect(rows.every(({ isWithinBound }) => isWithinBound)).toBe(true);
    expect(int8.ratio).toBeGreaterThanOrEqual(3.9);
    expect(int8.meanCosine).toBeGreaterThanOrEqual(0.9995);
    expect(int8.sameNeighbour).toBe(1);
    expect(int4.ratio).toBeGreaterThanOrEqual(6.9);
    expect(int4.meanCosine).toBeGreaterThanOrEqual(0.945);
    expect(uint8.meanCosine).toBeGreaterThanOrEqual(0.995);
    expect(float16.meanCosine).toBeGreaterThanOrEqual(0.99999);
  });
});

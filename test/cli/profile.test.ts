import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folders } from './support/io.js';
import { saveSmall, saveSmallTfjs } from './support/models.js';
import { cli } from './support/run.js';

const newFolder = folders();

describe('tensorslim profile', () => {
  it('shows every candidate for every tensor, and their sums', async () => {
    const { code, stdout, stderr } = await cli(['profile', await saveSmall(newFolder())]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /\nembed\/table +64×48 +int8 +12.3 kB +3.33 kB +8.67 +\d+\.\d dB +0\.\d+ +0\.\d+\n/,
    );
    expect(stdout).toMatch(/\nembed\/table +64×48 +int4-g32 +12.3 kB +1.79 kB +4.67 /);
    expect(stdout).not.toContain('layer/0/bias');
    expect(stdout).toMatch(/\n\nint8: 5 tensors, 40.9 kB → .*×\nint4-g32: 5 tensors, 40.9 kB → .*×\n$/);
  });

  it('gives programs the rows', async () => {
    const path = await saveSmall(newFolder());
    const { stdout } = await cli(['profile', path, '-c', ' float16, int8 ', '--json']);
    const { rows } = JSON.parse(stdout) as { rows: { candidate: string; bound: { maxAbs: number } }[] };
    expect(rows).toHaveLength(10);
    expect(rows.map(({ candidate }) => candidate).slice(0, 2)).toEqual(['float16', 'int8']);
    expect(rows.every(({ bound }) => bound.maxAbs > 0)).toBe(true);
  });

  it('takes tfjs models', async () => {
    const { code, stdout } = await cli(['profile', await saveSmallTfjs(newFolder()), '-c', 'tfjs-uint8']);
    expect(code).toBe(0);
    expect(stdout).toContain('tfjs-uint8: 3 tensors');
  });

  it.each([
    ['profile.json', '['],
    ['profile.md', '#'],
    ['profile.html', '<!'],
  ])('writes %s', async (name, beginning) => {
    const folder = newFolder();
    const output = join(folder, name);
    const { code, stdout } = await cli(['profile', await saveSmall(folder), '-o', output]);
    expect(code).toBe(0);
    expect(stdout.endsWith(`\nwrote ${output}\n`)).toBe(true);
    expect(readFileSync(output, 'utf8').startsWith(beginning)).toBe(true);
  });

  it.each([
    ['an unknown candidate', 'int8,int5', "did you mean 'int8'?"],
    ['a candidate twice', 'int8,float16,int8', '--candidates expected every name once, got "int8" twice'],
    ['an empty candidate', 'int8,', 'presetRecipe: "name" expected one of'],
  ])('refuses %s', async (_, candidates, message) => {
    const folder = newFolder();
    const { code, stdout, stderr } = await cli(['profile', await saveSmall(folder), '-c', candidates]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });
});

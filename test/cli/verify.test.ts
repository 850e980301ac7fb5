import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportFromJson } from 'tensorslim/model';
import { describe, expect, it } from 'vitest';
import { bell } from '../support/models.js';
import { folders } from './support/io.js';
import { saveMatrix, saveSmall, saveSmallTfjs } from './support/models.js';
import { cli } from './support/run.js';

const newFolder = folders();

/** A model and its int8 version. */
async function pair(): Promise<{ folder: string; model: string; small: string }> {
  const folder = newFolder();
  const model = await saveSmall(folder);
  const small = join(folder, 'small.safetensors');
  await cli(['compress', model, '-p', 'int8', '-o', small]);
  return { folder, model, small };
}

describe('tensorslim verify', () => {
  it('prints errors, bounds and goals', async () => {
    const { model, small } = await pair();
    const goals = ['--goal', 'sqnrDb>=30', '--goal', 'maxAbs<=0.1'];
    const { code, stdout, stderr } = await cli(['verify', model, small, ...goals]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /\nembed\/table +int8 symmetric, per axis 0, float32 scales +12.3 kB +3.33 kB +\d+\.\d dB +0\.\d+ +0\.\d+\n/,
    );
    expect(stdout).not.toMatch(/\nids /);
    expect(stdout).toMatch(/\n11 tensors, 5 compressed, 6 kept: 57.5 kB → .*×\n/);
    expect(stdout).toMatch(/\n✓ sqnrDb \d+\.\d+, wanted ≥ 30\n✓ maxAbs 0\.\d+, wanted ≤ 0\.1\n/);
    expect(stdout).toMatch(/\n✓ Every error within its proved bound\n$/);
  });

  it('prints the report as JSON', async () => {
    const { model, small } = await pair();
    const { stdout } = await cli(['verify', model, small, '--json']);
    const report = reportFromJson(stdout);
    expect(report).toMatchObject({ tensorCount: 11, isWithinBound: true, isReached: true, goals: [] });
    expect(report.measures.sqnrDb).toBeGreaterThan(30);
  });

  it('compares tfjs models', async () => {
    const folder = newFolder();
    const web = await saveSmallTfjs(folder);
    await cli(['compress', web, '-p', 'tfjs-uint8', '-o', join(folder, 'small')]);
    const { code, stdout } = await cli(['verify', web, join(folder, 'small')]);
    expect(code).toBe(0);
    expect(stdout).toContain('tfjs uint8');
  });

  it('gives 1 for a missed goal, names it, and prints the result all the same', async () => {
    const { model, small } = await pair();
    const { code, stdout, stderr } = await cli([
      'verify',
      model,
      small,
      '-g',
      'ratio>=100',
      '-g',
      'sqnrDb>=1',
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^tensorslim: verify expected every goal to be reached, got ratio \d\.\d+, wanted ≥ 100 - .*\n$/,
    );
    expect(stdout).toContain('✗ 1 of 2 goals missed');
    const json = await cli(['verify', model, small, '-g', 'ratio>=100', '--json']);
    expect(json.code).toBe(1);
    expect(reportFromJson(json.stdout).isReached).toBe(false);
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { name: 'Complaint', exitCode: 1 } });
  });

  it('gives 1 for errors beyond their bound', async () => {
    const folder = newFolder();
    const model = await saveMatrix(join(folder, 'a.safetensors'), bell(4096, 1), [64, 64]);
    const other = await saveMatrix(join(folder, 'b.safetensors'), bell(4096, 2), [64, 64]);
    await cli(['compress', other, '-p', 'int8', '-o', join(folder, 's.safetensors')]);
    const { code, stderr } = await cli(['verify', model, join(folder, 's.safetensors')]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'tensorslim: verify expected every error within its bound, got 1 tensor beyond it, "w" first - is this the model that was compressed?\n',
    );
  });

  it('gives 1 for a model with other tensors', async () => {
    const { folder, small } = await pair();
    const other = await saveMatrix(join(folder, 'o.safetensors'), bell(4096, 1), [64, 64]);
    const { code, stdout, stderr } = await cli(['verify', other, small]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('name the model that was compressed');
  });

  it('gives 4 for a wrong checksum', async () => {
    const { model, small } = await pair();
    const bytes = readFileSync(small);
    bytes[bytes.length - 1] ^= 0x40;
    writeFileSync(small, bytes);
    const { code, stdout, stderr } = await cli(['verify', model, small]);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toContain('[COMPRESSED_CHECKSUM]');
    const json = await cli(['verify', model, small, '--json']);
    expect(json.stdout).toBe('');
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { exitCode: 4, code: 'COMPRESSED_CHECKSUM' } });
  });

  it.each([
    ['report.json', '{\n  "kind": "report"'],
    ['report.md', '# Compression report'],
    ['report.html', '<!'],
  ])('writes %s', async (name, beginning) => {
    const { folder, model, small } = await pair();
    const output = join(folder, name);
    const { code, stdout } = await cli(['verify', model, small, '-o', output]);
    expect(code).toBe(0);
    expect(stdout.endsWith(`\nwrote ${output}\n`)).toBe(true);
    expect(readFileSync(output, 'utf8').startsWith(beginning)).toBe(true);
    expect(await cli(['verify', model, small, '-o', output])).toMatchObject({ code: 3, stdout: '' });
    expect(await cli(['verify', model, small, '-o', output, '-f'])).toMatchObject({ code: 0 });
  });

  it.each<[string, string[], string]>([
    ['an unknown figure', ['-g', 'sqnr>=1'], 'a figure: ratio, bitsPerWeight'],
    ['a goal that is none', ['-g', 'fast'], '--goal expected FIGURE>=NUMBER'],
    ['a report of another kind', ['-o', 'report.pdf'], 'ends with .json, .md, .html'],
    ['a report with a slip', ['-o', 'report.htm'], 'did you mean ".html"?'],
  ])('refuses %s', async (_, argv, message) => {
    const { folder, model, small } = await pair();
    const result = await cli(['verify', model, small, ...argv]);
    expect([result.code, result.stdout]).toEqual([2, '']);
    expect(result.stderr).toContain(message);
    expect(readdirSync(folder).sort()).toEqual(['model.safetensors', 'small.safetensors']);
  });
});

describe('tensorslim report', () => {
  async function savedReport(): Promise<{ folder: string; path: string }> {
    const { folder, model, small } = await pair();
    const path = join(folder, 'report.json');
    await cli(['verify', model, small, '-o', path]);
    return { folder, path };
  }

  it('prints Markdown', async () => {
    const { path } = await savedReport();
    const { code, stdout, stderr } = await cli(['report', path]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^# Compression report: .*\n/);
    expect(stdout).not.toMatch(/\n\n$/);
  });

  it('shows names that would steer the terminal as escapes', async () => {
    const { path } = await savedReport();
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('layer/0/bias', '\\u001b[2J'));
    const { code, stdout } = await cli(['report', path]);
    expect(code).toBe(0);
    expect(stdout).toContain('[2J');
    expect(stdout).not.toContain('\x1b');
  });

  it('writes what the ending asks for', async () => {
    const { folder, path } = await savedReport();
    const html = join(folder, 'report.html');
    expect(await cli(['report', path, '-o', html])).toEqual({
      code: 0,
      stdout: `wrote ${html}\n`,
      stderr: '',
    });
    expect(readFileSync(html, 'utf8')).toContain('<svg');
    const again = join(folder, 'again.json');
    await cli(['report', path, '-o', again]);
    expect(JSON.parse(readFileSync(again, 'utf8'))).toEqual(JSON.parse(readFileSync(path, 'utf8')));
  });

  it('gives programs the report', async () => {
    const { path } = await savedReport();
    expect(reportFromJson((await cli(['report', path, '--json'])).stdout).tensorCount).toBe(11);
  });

  it.each<[string, string | Uint8Array, string]>([
    ['what is no JSON', '{', '[REPORT_SYNTAX'],
    ['what is no report', '{}', '[REPORT_FIELD'],
    ['what is no text', Uint8Array.of(0xff), 'expected text in UTF-8'],
  ])('refuses %s', async (_, contents, message) => {
    const folder = newFolder();
    writeFileSync(join(folder, 'r.json'), contents);
    const { code, stdout, stderr } = await cli(['report', join(folder, 'r.json')]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });

  it('refuses to write over what it reads', async () => {
    const { path } = await savedReport();
    expect(await cli(['report', path, '-o', path, '-f'])).toMatchObject({ code: 2, stdout: '' });
  });
});

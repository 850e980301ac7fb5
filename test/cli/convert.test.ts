import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imatrixAccumulator, writeImatrix } from 'tensorslim/gguf';
import type { Conversion } from 'tensorslim/model';
import { openGguf, saveModel } from 'tensorslim/node';
import { smallLlama, type SmallOptions } from '../support/convert.js';
import { folders } from './support/io.js';
import { cli } from './support/run.js';

const newFolder = folders();

/** A small model; returns its folder and where a result may go. */
async function saved(options: SmallOptions = {}): Promise<{ folder: string; output: string }> {
  const parent = newFolder();
  const folder = join(parent, 'small-llama');
  mkdirSync(folder);
  const { source, files } = smallLlama({ layers: 1, ...options });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(files.config));
  await saveModel(join(folder, 'model.safetensors'), source);
  return { folder, output: join(parent, 'out.gguf') };
}

describe('tensorslim convert', () => {
  it('shows what became of every tensor, and what a user should know', async () => {
    const { folder, output } = await saved({ feedForward: 320 });
    const { code, stdout, stderr } = await cli(['convert', folder, '--type', 'Q4_K_M', '-o', output]);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    expect(lines).toContainEqual(
      expect.stringMatching(/^blk\.0\.attn_q\.weight +Q4_K +256×256 .* 4\.50 +\d\d\.\d dB/),
    );
    expect(lines).toContainEqual(
      '! blk.0.ffn_down.weight: Q8_0 instead of Q6_K, rows of 320 elements are no whole blocks of 256',
    );
    expect(stdout).toMatch(/! no tokenizer\.json, and 259 tokens/);
    expect(stdout).toMatch(/wrote .*out\.gguf: Q4_K_M, 12 tensors, \d+ kB, \d\.\d\d bits per weight\n$/);
    expect((await cli(['inspect', output])).stdout).toContain('llama.block_count');
  });

  it('gives programs the same', async () => {
    const { folder, output } = await saved();
    const { stdout } = await cli(['convert', folder, '-t', 'Q8_0', '-o', output, '--json']);
    const facts = JSON.parse(stdout) as Conversion & { input: string; output: string };
    expect(facts).toMatchObject({ input: folder, output, kind: 'conversion', type: 'Q8_0', files: [output] });
    expect(facts.tensors[0]).toMatchObject({ name: 'output.weight', type: 'Q8_0', bitsPerWeight: 8.5 });
    expect(facts.tensors[1].measures.sqnrDb).toBe('Infinity');
  });

  it('takes a pure type, an importance matrix and a vocabulary', async () => {
    const { folder, output } = await saved();
    const seen = imatrixAccumulator();
    seen.add('output.weight', { data: Float32Array.from({ length: 256 }, (_, i) => i + 1), shape: [1, 256] });
    const imatrix = join(newFolder(), 'imatrix.gguf');
    writeFileSync(imatrix, writeImatrix(seen.imatrix()));
    const options = ['--pure', '--imatrix', imatrix, '--vocabulary', 'none', '--no-fallback'];
    const { code } = await cli(['convert', folder, '-t', 'Q4_K_M', '-o', output, ...options]);
    expect(code).toBe(0);
    const { entries, metadata, close } = await openGguf(output);
    await close();
    expect(entries.get('output.weight')?.type).toBe('Q4_K');
    expect(metadata.get('quantize.imatrix.entries_count')).toMatchObject({ value: 1 });
    expect(metadata.get('tokenizer.ggml.model')).toMatchObject({ value: 'none' });
  });

  it.each<[string, string[], number, RegExp]>([
    ['an unknown type', ['-t', 'Q4_KM'], 2, /did you mean 'Q4_K_M'/],
    ['no type', [], 2, /expected --type NAME, got none/],
    ['an unknown vocabulary', ['-t', 'F16', '--vocabulary', 'words'], 2, /"vocabulary" expected one of/],
    ['a forbidden fall-back', ['-t', 'Q4_K_M', '--no-fallback'], 1, /CONVERT_FALLBACK/],
    ['an importance matrix that is missing', ['-t', 'Q4_0', '--imatrix', 'missing.gguf'], 3, /ENOENT/],
  ])('exits for %s and writes nothing', async (_, options, exit, message) => {
    const { folder, output } = await saved({ feedForward: 320 });
    const { code, stdout, stderr } = await cli(['convert', folder, '-o', output, ...options]);
    expect([code, stdout]).toEqual([exit, '']);
    expect(stderr).toMatch(message);
    expect(readdirSync(join(folder, '..'))).toEqual(['small-llama']);
  });

  it('never replaces a file that it reads, nor another without --force', async () => {
    const { folder, output } = await saved();
    const config = join(folder, 'config.json');
    const before = readFileSync(config);
    const own = await cli(['convert', folder, '-t', 'F16', '-o', config, '--force']);
    expect([own.code, own.stderr]).toEqual([2, expect.stringContaining("another place than the input's")]);
    expect(readFileSync(config)).toEqual(before);
    writeFileSync(output, 'mine');
    expect((await cli(['convert', folder, '-t', 'F16', '-o', output])).code).toBe(3);
    expect(readFileSync(output, 'utf8')).toBe('mine');
    expect((await cli(['convert', folder, '-t', 'F16', '-o', output, '-f'])).code).toBe(0);
    expect(existsSync(output)).toBe(true);
  });
});

import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCompressed, openModel } from 'tensorslim/node';
import { describe, expect, it } from 'vitest';
import { bell } from '../support/models.js';
import { fakeOutput, folders } from './support/io.js';
import { saveMatrix, saveSmall, saveSmallTfjs } from './support/models.js';
import { cli } from './support/run.js';

const newFolder = folders();

describe('tensorslim compress', () => {
  it('writes one file by a preset, and decompress restores every type and shape', async () => {
    const folder = newFolder();
    const model = await saveSmall(folder);
    const [small, restored] = [join(folder, 'small.safetensors'), join(folder, 'restored.safetensors')];
    const compressed = await cli(['compress', model, '--preset', 'int8', '-o', small]);
    expect(compressed).toMatchObject({ code: 0, stderr: '' });
    expect(compressed.stdout).toMatch(
      /^wrote .*small\.safetensors: 57.5 kB → 31.8 kB, 1.81×; 5 tensors compressed, 6 kept\n$/,
    );
    const restoring = await cli(['decompress', small, '-o', restored]);
    expect(restoring).toMatchObject({ code: 0, stderr: '' });
    expect(restoring.stdout).toMatch(/^wrote .*restored\.safetensors: 11 tensors, \d+\.\d kB\n$/);
    const [before, after] = [await openModel(model), await openModel(restored)];
    expect(Array.from(after.entries.keys()).sort()).toEqual(Array.from(before.entries.keys()).sort());
    for (const [name, { dtype, shape }] of before.entries)
      expect(after.entries.get(name)).toMatchObject({ dtype, shape });
    expect((await after.read('ids')).data).toEqual((await before.read('ids')).data);
    await Promise.all([before.close(), after.close()]);
  });

  it('writes a folder that tfjs loads, and decompress restores it', async () => {
    const folder = newFolder();
    const web = await saveSmallTfjs(folder);
    const [small, restored] = [join(folder, 'small'), join(folder, 'restored')];
    expect(await cli(['compress', web, '-p', 'tfjs-uint8', '-o', small])).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(readdirSync(small)).toContain('model.json');
    expect(await cli(['decompress', small, '-o', restored])).toMatchObject({ code: 0, stderr: '' });
    const after = await openModel(restored);
    expect(after.entries.get('embed/table')).toMatchObject({ dtype: 'float32', byteLength: 64 * 48 * 4 });
    await after.close();
  });

  it('follows a recipe', async () => {
    const folder = newFolder();
    const recipe = join(folder, 'recipe.json');
    const small = join(folder, 'small.safetensors');
    const keep = { scheme: 'keep' };
    writeFileSync(
      recipe,
      JSON.stringify({ scheme: { scheme: 'affine', bits: 8 }, rules: [{ match: 'embed*', scheme: keep }] }),
    );
    expect(await cli(['compress', await saveSmall(folder), '-r', recipe, '-o', small])).toMatchObject({
      code: 0,
    });
    const model = await openCompressed(small);
    expect(await model.read('embed/table')).not.toHaveProperty('kind');
    expect(await model.read('layer/0/kernel')).toHaveProperty('kind', 'affine');
    await model.close();
  });

  it('shows a plan and writes nothing', async () => {
    const folder = newFolder();
    const model = await saveSmall(folder);
    const { code, stdout, stderr } = await cli(['compress', model, '-p', 'int8', '--dry-run']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/\nembed\/table +float32 +64×48 +affine +12.3 kB +3.33 kB +recipe\n/);
    expect(stdout).toMatch(/\nlayer\/0\/bias +float32 +40 +keep +160 B +160 B +skipped: 1 axis\n/);
    expect(stdout).toMatch(/×, planned; nothing was written\n$/);
    await cli(['compress', model, '-p', 'int8', '-n', '-o', join(folder, 'out.safetensors')]);
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });

  it('gives programs the plan and the size on disk', async () => {
    const folder = newFolder();
    const small = join(folder, 'small.safetensors');
    const { stdout } = await cli([
      'compress',
      await saveSmall(folder),
      '-p',
      'float16',
      '-o',
      small,
      '--json',
    ]);
    const json = JSON.parse(stdout) as { bytes: number; tensors: { name: string; reason: string }[] };
    expect(json.bytes).toBe(readFileSync(small).length);
    expect(json.tensors).toHaveLength(11);
    expect(json.tensors.find(({ name }) => name === '__proto__')).toMatchObject({
      scheme: { dtype: 'float16' },
    });
  });

  it('replaces an output only by force, and then in one step', async () => {
    const folder = newFolder();
    const model = await saveSmall(folder);
    const small = join(folder, 'small.safetensors');
    writeFileSync(small, 'old');
    expect(await cli(['compress', model, '-p', 'int8', '-o', small])).toEqual({
      code: 3,
      stdout: '',
      stderr: `tensorslim: save: ${JSON.stringify(small)} expected no file of that name, got one - add --force to replace it [EEXIST]\n`,
    });
    expect(readFileSync(small, 'utf8')).toBe('old');
    expect(await cli(['compress', model, '-p', 'int8', '-o', small, '--force'])).toMatchObject({ code: 0 });
  });

  it('leaves the old file and nothing else when a tensor cannot be compressed', async () => {
    const folder = newFolder();
    const values = bell(4096, 1);
    values[7] = NaN;
    const model = await saveMatrix(join(folder, 'm.safetensors'), values, [64, 64]);
    const out = join(folder, 'out.safetensors');
    writeFileSync(out, 'old');
    const { code, stdout, stderr } = await cli(['compress', model, '-p', 'int8', '-o', out, '-f']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^tensorslim: tensor "w": .*NaN.*\[NON_FINITE\]\n$/);
    expect(readFileSync(out, 'utf8')).toBe('old');
    expect(readdirSync(folder).sort()).toEqual(['m.safetensors', 'out.safetensors']);
  });

  it.each<[string, (model: string, folder: string) => string]>([
    ['itself', (model) => model],
    [
      'a hard link',
      (model, folder) => (linkSync(model, join(folder, 'h.safetensors')), join(folder, 'h.safetensors')),
    ],
    [
      'a link',
      (model, folder) => (symlinkSync(model, join(folder, 's.safetensors')), join(folder, 's.safetensors')),
    ],
  ])('refuses to write over its input by way of %s', async (_, other) => {
    const folder = newFolder();
    const model = await saveSmall(folder);
    const before = readFileSync(model);
    const out = other(model, folder);
    expect(await cli(['compress', model, '-p', 'int8', '-o', out, '-f'])).toMatchObject({
      code: 2,
      stdout: '',
    });
    expect(readFileSync(model).equals(before)).toBe(true);
  });

  it.each<[string, string[], number, string]>([
    ['neither preset nor recipe', ['-o', 'OUT'], 2, 'expected --preset or --recipe, got neither'],
    ['both', ['-p', 'int8', '-r', 'r.json', '-o', 'OUT'], 2, 'expected --preset or --recipe, got both'],
    ['no output', ['-p', 'int8'], 2, 'expected --output PATH or --dry-run, got neither'],
    ['an unknown preset', ['-p', 'int9', '-o', 'OUT'], 2, "did you mean 'int8'?"],
    ['a scheme that tfjs does not load, for a folder', ['-p', 'int8', '-o', 'FOLDER'], 2, 'saveCompressed: '],
    ['a missing folder', ['-p', 'int8', '-o', 'none/OUT'], 3, '[ENOENT]'],
    ['a file for a folder', ['-p', 'int8', '-o', 'model.safetensors/OUT'], 3, '[ENOTDIR]'],
    ['a folder for a file', ['-p', 'int8', '-o', 'dir.safetensors'], 3, '[EISDIR]'],
    ['a missing recipe', ['-r', 'gone.json', '-o', 'OUT'], 3, '[ENOENT]'],
    [
      'a recipe whose rule matches nothing',
      ['-r', 'unmatched.json', '-o', 'OUT'],
      2,
      'did you mean "embed/table"?',
    ],
  ])('refuses %s', async (_, argv, code, message) => {
    const folder = newFolder();
    const model = await saveSmall(folder);
    mkdirSync(join(folder, 'dir.safetensors'));
    const rule = { match: 'embed/tabel', scheme: { scheme: 'keep' } };
    writeFileSync(
      join(folder, 'unmatched.json'),
      JSON.stringify({ scheme: { scheme: 'keep' }, rules: [rule] }),
    );
    const files = readdirSync(folder).sort();
    const paths = argv.map((word) => {
      const name = word.replace('OUT', 'out.safetensors').replace('FOLDER', 'out');
      return /[./]|^out/.test(name) ? join(folder, name) : name;
    });
    const result = await cli(['compress', model, ...paths]);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toMatch(/^tensorslim: .*\n$/);
    expect(result.stderr).toContain(message);
    expect(readdirSync(folder).sort()).toEqual(files);
  });

  it('draws its progress on a terminal and clears it at the end', async () => {
    const folder = newFolder();
    const stderr = fakeOutput({ isTTY: true, columns: 100 });
    let time = 0;
    const argv = ['compress', await saveSmall(folder), '-p', 'int8', '-o', join(folder, 'o.safetensors')];
    expect(await cli(argv, { stderr, now: () => (time += 200) })).toMatchObject({ code: 0 });
    const drawings = stderr.text.split('\r\x1b[2K').slice(1);
    expect(drawings.length).toBe(12);
    expect(drawings[0]).toMatch(/^compress {2}.*%.* left {2}/);
    expect(drawings[10]).toContain('100%');
    expect(drawings[11]).toBe('');
  });

  it.each(['--quiet', '--json'])('draws nothing with %s', async (flag) => {
    const folder = newFolder();
    const stderr = fakeOutput({ isTTY: true });
    await cli(
      ['compress', await saveSmall(folder), '-p', 'int8', '-o', join(folder, 'o.safetensors'), flag],
      { stderr },
    );
    expect(stderr.text).toBe('');
  });
});

describe('tensorslim decompress', () => {
  it('refuses a model that is not compressed', async () => {
    const folder = newFolder();
    const { code, stderr } = await cli([
      'decompress',
      await saveSmall(folder),
      '-o',
      join(folder, 'o.safetensors'),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('[COMPRESSED_NOT_COMPRESSED]');
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });

  it('refuses a folder for a model that has no topology', async () => {
    const folder = newFolder();
    const small = join(folder, 'small.safetensors');
    const model = await saveMatrix(join(folder, 'm.safetensors'), bell(4096, 1), [64, 64]);
    await cli(['compress', model, '-p', 'int8', '-o', small]);
    const { code, stderr } = await cli(['decompress', small, '-o', join(folder, 'web')]);
    expect(code).toBe(2);
    expect(stderr).toContain('name a *.safetensors file');
    expect(readdirSync(folder).sort()).toEqual(['m.safetensors', 'small.safetensors']);
  });

  it('notices one flipped bit, and writes nothing', async () => {
    const folder = newFolder();
    const small = join(folder, 'small.safetensors');
    await cli(['compress', await saveSmall(folder), '-p', 'int8', '-o', small]);
    const bytes = readFileSync(small);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(small, bytes);
    const { code, stdout, stderr } = await cli(['decompress', small, '-o', join(folder, 'o.safetensors')]);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toContain('[COMPRESSED_CHECKSUM]');
    expect(readdirSync(folder).sort()).toEqual(['model.safetensors', 'small.safetensors']);
  });
});

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelFiles } from '../../src/cli/models.js';
import { folders } from './support/io.js';
import { saveMatrix, saveSmallTfjs } from './support/models.js';
import { cli } from './support/run.js';

const newFolder = folders();

describe('modelFiles()', () => {
  it('names an index and its shards', async () => {
    const folder = newFolder();
    const index = join(folder, 'model.safetensors.index.json');
    const shard = await saveMatrix(join(folder, 'a.safetensors'), new Float32Array(8), [2, 4]);
    writeFileSync(index, JSON.stringify({ weight_map: { w: 'a.safetensors' } }));
    expect(await modelFiles(index)).toEqual([index, shard]);
    expect(await modelFiles(folder)).toEqual([folder, shard]);
  });

  it('names a model.json and its shards, in folders of their own, too', async () => {
    const web = await saveSmallTfjs(newFolder());
    const files = await modelFiles(web);
    const [json, shard] = files;
    expect([json, files.length]).toEqual([join(web, 'model.json'), 2]);
    expect(shard).toMatch(/group1-shard1of1.*\.bin$/);
    expect(await modelFiles(json)).toEqual(files);
  });
});

describe('commands', () => {
  it('refuse to write over any file of a model of several files, and leave the others alone', async () => {
    const folder = newFolder();
    const shard = await saveMatrix(join(folder, 'a.safetensors'), new Float32Array(2048), [32, 64]);
    const index = join(folder, 'model.safetensors.index.json');
    writeFileSync(index, JSON.stringify({ weight_map: { w: 'a.safetensors' } }));
    for (const model of [folder, index]) {
      expect(await cli(['compress', model, '-p', 'int8', '-o', shard, '-f'])).toMatchObject({
        code: 2,
        stdout: '',
      });
    }
    const out = join(folder, 'b.safetensors');
    for (const force of [[], ['-f']]) {
      expect(await cli(['compress', index, '-p', 'int8', '-o', out, ...force])).toMatchObject({ code: 0 });
    }
    const page = join(folder, 'r.html');
    for (const force of [[], ['-f']]) {
      expect(await cli(['verify', index, out, '-o', page, ...force])).toMatchObject({ code: 0 });
      expect(await cli(['profile', index, '-o', join(folder, 'p.md'), ...force])).toMatchObject({ code: 0 });
    }
    expect(await cli(['verify', index, out, '-o', index, '-f'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('refuse the folder of a tfjs model and its model.json', async () => {
    const folder = newFolder();
    const web = await saveSmallTfjs(folder);
    for (const model of [web, join(web, 'model.json')]) {
      expect(await cli(['compress', model, '-p', 'tfjs-uint8', '-o', web, '-f'])).toMatchObject({ code: 2 });
      expect(await cli(['profile', model, '-o', join(web, 'model.json'), '-f'])).toMatchObject({ code: 2 });
    }
    mkdirSync(join(folder, 'old'));
    renameSync(web, join(folder, 'old', 'web'));
    expect(await cli(['compress', join(folder, 'old', 'web'), '-p', 'tfjs-uint8', '-o', web])).toMatchObject({
      code: 0,
    });
  });
});

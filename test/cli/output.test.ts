import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/failure.js';
import { checkOutput, type OutputOptions } from '../../src/cli/output.js';
import { IoError } from '../../src/core/errors.js';
import { folders } from './support/io.js';

const newFolder = folders();
const check = (path: string, options: Partial<OutputOptions> = {}): Promise<void> =>
  checkOutput(path, { kind: 'file', force: false, inputs: () => Promise.resolve([]), ...options });

async function codeOf(promise: Promise<void>): Promise<string> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(IoError);
  return (error as IoError).code;
}

describe('checkOutput()', () => {
  it('takes a path where nothing is', async () => {
    const folder = newFolder();
    await check(join(folder, 'out'));
    await check(join(folder, 'out'), { kind: 'folder' });
    await check(relative(process.cwd(), join(folder, 'out')));
  });

  it('takes an empty folder for a folder', async () => {
    await check(newFolder(), { kind: 'folder' });
  });

  it('takes a link that leads to nothing yet', async () => {
    const folder = newFolder();
    symlinkSync('gone', join(folder, 'link'));
    await check(join(folder, 'link'));
  });

  it.each(['file', 'folder'] as const)('replaces a %s only by force', async (kind) => {
    const folder = newFolder();
    const path = kind === 'file' ? join(folder, 'out') : folder;
    writeFileSync(join(folder, 'out'), 'x');
    expect(await codeOf(check(path, { kind }))).toBe('EEXIST');
    await expect(check(path, { kind })).rejects.toThrow(
      `expected no ${kind} of that name, got one - add --force`,
    );
    await check(path, { kind, force: true });
  });

  it('names what stands in the way', async () => {
    const folder = newFolder();
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(await codeOf(check(join(folder, 'none', 'out')))).toBe('ENOENT');
    expect(await codeOf(check(join(file, 'out')))).toBe('ENOTDIR');
    expect(await codeOf(check(file, { kind: 'folder', force: true }))).toBe('ENOTDIR');
    expect(await codeOf(check(folder, { force: true }))).toBe('EISDIR');
    expect(await codeOf(check(join(folder, 'x'.repeat(5000))))).toBe('ENAMETOOLONG');
  });

  it.each<[string, (file: string, folder: string) => string]>([
    ['its own name', (file) => file],
    ['another spelling', (file, folder) => join(folder, '..', relative(join(folder, '..'), file))],
    ['a hard link', (file, folder) => (linkSync(file, join(folder, 'hard')), join(folder, 'hard'))],
    ['a symbolic link', (file, folder) => (symlinkSync(file, join(folder, 'soft')), join(folder, 'soft'))],
  ])('refuses the input under %s, even by force', async (_, other) => {
    const folder = newFolder();
    const file = join(folder, 'model.safetensors');
    writeFileSync(file, '');
    const promise = check(other(file, folder), { force: true, inputs: () => Promise.resolve([file]) });
    await expect(promise).rejects.toThrow(UsageError);
    await expect(promise).rejects.toThrow("expected another place than the input's");
  });

  it('refuses the folder of an input for a folder', async () => {
    const folder = newFolder();
    const input = join(folder, 'model.json');
    writeFileSync(input, '');
    const inputs = (): Promise<string[]> => Promise.resolve([input]);
    const promise = check(join(folder, '.'), { kind: 'folder', force: true, inputs });
    await expect(promise).rejects.toThrow(UsageError);
    await check(join(folder, 'new'), { kind: 'folder', inputs });
  });

  it('does not ask for the inputs where nothing is', async () => {
    await check(join(newFolder(), 'out'), { inputs: () => Promise.reject(new Error('asked')) });
  });

  it('lets other files beside a single input be replaced', async () => {
    const folder = newFolder();
    const input = join(folder, 'a.safetensors');
    const other = join(folder, 'b.safetensors');
    mkdirSync(join(folder, 'sub'));
    writeFileSync(input, '');
    writeFileSync(other, '');
    await check(other, { force: true, inputs: () => Promise.resolve([input, join(folder, 'gone')]) });
  });
});

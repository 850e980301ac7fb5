/** Checks on the path of a result, made before any work: what would fail at the end fails at once. */
import { constants, promises as fs, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe, IoError } from '../core/errors.js';
import { attempt, errnoOf } from '../node/io-error.js';
import { UsageError } from './failure.js';

export interface OutputOptions {
  /** What will be written: one file, or a folder of files. */
  readonly kind: 'file' | 'folder';
  readonly force: boolean;
  /** The files that are read; the output may be none of them. Asked for only when something exists where the output goes. */
  readonly inputs: () => Promise<readonly string[]>;
}

/**
 * Checks that an output can be written and replaces nothing by mistake.
 *
 * @throws UsageError when it is one of the inputs under any name; IoError EEXIST without `force`, ENOENT, ENOTDIR, EISDIR, EACCES.
 */
export async function checkOutput(path: string, { kind, force, inputs }: OutputOptions): Promise<void> {
  const existing = await statOrNull(path);
  if (existing === null) return checkFolder(dirname(resolve(path)), path);
  for (const input of await inputs()) await checkDistinct(path, existing, input);
  checkKind(path, existing, kind);
  const isEmptyFolder =
    existing.isDirectory() && (await attempt(() => fs.readdir(path), 'save', path)).length === 0;
  if (!force && !isEmptyFolder) {
    throw failed('EEXIST', path, `no ${kind} of that name`, 'one', 'add --force to replace it');
  }
  return checkFolder(kind === 'folder' ? path : dirname(resolve(path)), path);
}

/** Links count as what they lead to: a link that leads to nothing is no file yet. */
async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await attempt(() => fs.stat(path), 'save', path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Compared by what the system calls the file, so that no link and no other spelling hides it. */
async function checkDistinct(path: string, existing: Stats, input: string): Promise<void> {
  const place = existing.isDirectory() ? dirname(input) : input;
  const stats = await statOrNull(place);
  if (stats?.dev === existing.dev && stats.ino === existing.ino) throw sameFile(path, place);
}

function sameFile(path: string, input: string): UsageError {
  const got = `what is read, ${describe(input)}`;
  return new UsageError(
    `--output ${describe(path)} expected another place than the input's, got ${got} - name a new path`,
  );
}

function checkKind(path: string, existing: Stats, kind: 'file' | 'folder'): void {
  if (kind === 'folder' && !existing.isDirectory()) {
    const fix = 'name a folder, or a file that ends with .safetensors';
    throw failed('ENOTDIR', path, 'a folder for a tfjs model', 'a file', fix);
  }
  if (kind === 'file' && existing.isDirectory()) {
    throw failed('EISDIR', path, 'a file', 'a folder', 'name a file in that folder');
  }
}

/** The folder that the output goes into. */
async function checkFolder(folder: string, path: string): Promise<void> {
  const stats = await statOrNull(folder);
  if (stats === null) {
    throw failed('ENOENT', path, `the folder ${describe(folder)}`, 'none', 'create it first');
  }
  if (!stats.isDirectory()) {
    throw failed('ENOTDIR', path, `${describe(folder)} to be a folder`, 'a file', 'name another path');
  }
  await attempt(() => fs.access(folder, constants.W_OK), 'save', path);
}

function failed(code: string, path: string, expected: string, got: string, fix: string): IoError {
  return new IoError(code, path, `save: ${describe(path)} expected ${expected}, got ${got} - ${fix}`);
}

/** What the files of a model are called, and which of them are left over from one that was replaced. */
import { basename, dirname, join } from 'node:path';
import { rangeError } from '../core/errors.js';
import { syncFolder } from './atomic.js';
import { attempt } from './io-error.js';
import type { IoPort } from './io.js';

export const FILE_SUFFIX = '.safetensors';
export const INDEX_SUFFIX = '.safetensors.index.json';

/** What follows the model's name in the name of a shard; `-r2` and so on where the plain names were taken. */
const SHARD_SUFFIX = /^(-r\d+)?-\d{5}-of-\d{5}\.safetensors$/;

/** Whether a file is one of several, by its name: alone it would be taken for the whole model. */
export function isPartOfModel(name: string): boolean {
  return /-\d{5}-of-(?!00001)\d{5}\.safetensors$/.test(name);
}

/** `folder/model` of `folder/model.safetensors`. */
export function stemOf(path: string, fn: string): string {
  const name = basename(path);
  if (name.endsWith(FILE_SUFFIX) && name !== FILE_SUFFIX) return path.slice(0, -FILE_SUFFIX.length);
  const fix =
    'shards and index are named after it, as model-00001-of-00002.safetensors after model.safetensors';
  throw rangeError(fn, 'path', `a name that ends in ${FILE_SUFFIX} beside maxShardBytes`, path, fix);
}

/**
 * Paths for `count` shards, none of which exists: the names of the Hugging Face hub, `model-00001-of-00003.safetensors`, or
 * `model-r2-...` where one of those is taken. So an old model stays whole until its index is replaced.
 */
export async function freeShardPaths(io: IoPort, stem: string, count: number): Promise<string[]> {
  const names = new Set(await attempt(() => io.readdir(dirname(stem)), 'save', stem));
  const digits = (n: number): string => String(n).padStart(5, '0');
  for (let revision = 1; ; revision++) {
    const start = revision === 1 ? stem : `${stem}-r${revision}`;
    const paths = Array.from(
      { length: count },
      (_, i) => `${start}-${digits(i + 1)}-of-${digits(count)}${FILE_SUFFIX}`,
    );
    if (!paths.some((path) => names.has(basename(path)))) return paths;
  }
}

/**
 * Removes every file of the model `stem` that is not in `kept`: first the one file or the index that readers would still
 * open, then shards, those of saves that were killed included. A shard that cannot be removed costs space alone.
 */
export async function removeReplaced(io: IoPort, stem: string, kept: readonly string[]): Promise<void> {
  const folder = dirname(stem);
  const name = basename(stem);
  const entrances = [`${name}${FILE_SUFFIX}`, `${name}${INDEX_SUFFIX}`];
  const names = await attempt(() => io.readdir(folder), 'save', stem);
  const keep = new Set(kept.map((path) => basename(path)));
  const opened = entrances.filter((file) => names.includes(file) && !keep.has(file));
  for (const file of opened) await attempt(() => io.unlink(join(folder, file)), 'save', join(folder, file));
  if (opened.length > 0) await syncFolder(io, stem);
  for (const file of names) {
    const revision = file.startsWith(name) ? SHARD_SUFFIX.exec(file.slice(name.length)) : null;
    if (revision === null || keep.has(file)) continue;
    // A model of its own may be called model-r2.
    const isOther = revision[1] !== undefined && names.includes(`${name}${revision[1]}${INDEX_SUFFIX}`);
    if (!isOther) await io.unlink(join(folder, file)).catch(() => undefined);
  }
}

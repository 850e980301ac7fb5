/** Which shards of a folder no model needs any more, and their removal: only ever what is surely nobody's. */
import { join } from 'node:path';
import { DEFAULT_TFJS_LIMITS } from '../formats/tfjs/limits.js';
import { parseManifest } from '../formats/tfjs/manifest.js';
import { readWhole } from './files.js';
import type { IoPort } from './io.js';
import { readModelJson } from './tfjs.js';

/** Shards as tfjs-converter names them, and with the checksum that saveTfjs adds. */
const SHARD = /^group\d+-shard\d+of\d+(-[0-9a-f]{8}(-\d+)?)?(\.bin)?$/;
const SAVED_HERE = /^group1-shard\d+of\d+-[0-9a-f]{8}(-\d+)?\.bin$/;
/** The temporary file of a save that is under way: those of dead processes were removed when this save began. */
const TEMPORARY = /^\.tensorslim-.+\.tmp$/;

/** The shards that the folder's model.json names, as far as they are called like shards; none where it cannot be read. */
export async function shardsOfOldModel(io: IoPort, folder: string): Promise<string[]> {
  const place = { fn: 'saveTfjs', file: null };
  try {
    const json = await readModelJson(io, join(folder, 'model.json'), DEFAULT_TFJS_LIMITS, place);
    const { groups } = parseManifest(json, DEFAULT_TFJS_LIMITS, place);
    return groups.flatMap(({ paths }) => paths.filter((path) => SHARD.test(path)));
  } catch {
    return [];
  }
}

/**
 * Removes these shards of the folder, and with `killed` every shard that saveTfjs named, but for what a *.json file of the folder names.
 * Nothing is removed while another save into the folder is under way, since it may count on any of them, or where a
 * *.json file cannot be read. Never fails: what stays costs room and nothing else.
 */
export async function removeUnnamed(
  io: IoPort,
  folder: string,
  shards: readonly string[],
  { killed }: { readonly killed: boolean },
): Promise<void> {
  try {
    const names = await io.readdir(folder);
    const candidates = new Set([...shards, ...(killed ? names.filter((name) => SAVED_HERE.test(name)) : [])]);
    if (candidates.size === 0 || names.some((name) => TEMPORARY.test(name))) return;
    for (const name of names) {
      if (!name.endsWith('.json')) continue;
      const text = new TextDecoder().decode(await readWhole(io, join(folder, name), () => undefined));
      for (const candidate of candidates) if (text.includes(candidate)) candidates.delete(candidate);
    }
    for (const name of candidates) await io.unlink(join(folder, name)).catch(() => undefined);
  } catch {
    // See above.
  }
}

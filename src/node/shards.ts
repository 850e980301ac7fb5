/** Models that are split into shards beside an index file. */
import { dirname, join } from 'node:path';
import { describe, IoError, quote } from '../core/errors.js';
import { safetensorsError } from '../formats/safetensors/errors.js';
import { indexTooLarge, joinShards, parseShardIndex } from '../formats/safetensors/index-file.js';
import type { Limits } from '../formats/safetensors/limits.js';
import type { TensorEntry } from '../formats/safetensors/types.js';
import { readWhole } from './files.js';
import { attempt } from './io-error.js';
import type { IoPort } from './io.js';
import { closeAll, openShard, type Shard } from './shard.js';

export interface IndexedModel {
  /** In the order of the index. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly shards: readonly Shard[];
  shardOf(name: string): Shard;
}

/** Opens every shard of an index and checks that index and shards say the same. */
export async function openIndexed(
  io: IoPort,
  indexPath: string,
  limits: Required<Limits>,
): Promise<IndexedModel> {
  const label = `openSafetensors: ${describe(indexPath)}`;
  const bytes = await readWhole(io, indexPath, (size) => {
    if (size > limits.maxIndexBytes) throw indexTooLarge(size, limits, label);
  });
  const index = parseShardIndex(bytes, limits, label);
  const folders = await allowedFolders(io, indexPath);
  const shards = new Map<string, Shard>();
  try {
    for (const name of index.shards) {
      shards.set(name, await openShard(io, await shardPath(io, indexPath, name, folders, label), limits));
    }
    const tensors = new Map(Array.from(shards, ([name, shard]) => [name, shard.header.tensors]));
    const entries = joinShards(index, tensors, label);
    const shardOf = (name: string): Shard => shards.get(index.weightMap.get(name) as string) as Shard;
    return { entries, shards: Array.from(shards.values()), shardOf };
  } catch (error) {
    await closeAll(Array.from(shards.values()));
    throw error;
  }
}

/**
 * The folders in which shards may really lie: that of the index, and that of the file the index is a link to. The second is
 * for the cache of the Hugging Face hub, where index and shards are links into one common folder.
 */
async function allowedFolders(io: IoPort, indexPath: string): Promise<ReadonlySet<string>> {
  const folder = await attempt(() => io.realpath(dirname(indexPath)), 'open', indexPath);
  const target = await attempt(() => io.realpath(indexPath), 'open', indexPath);
  return new Set([folder, dirname(target)]);
}

async function shardPath(
  io: IoPort,
  indexPath: string,
  name: string,
  folders: ReadonlySet<string>,
  label: string,
): Promise<string> {
  const path = join(dirname(indexPath), name);
  let real: string;
  try {
    real = await attempt(() => io.realpath(path), 'open', path);
  } catch (error) {
    if (!(error instanceof IoError) || error.code !== 'ENOENT') throw error;
    const message = `${label} expected shard ${quote(name)} beside it, got no such file - download the missing shard`;
    throw safetensorsError('SAFETENSORS_SHARD_MISSING', message);
  }
  if (!folders.has(dirname(real))) {
    const message = `${label} expected shard ${quote(name)} in the folder of the index, got a link that leads out of it - copy the file into the folder`;
    throw safetensorsError('SAFETENSORS_INDEX_PATH', message);
  }
  return real;
}

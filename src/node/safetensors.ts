/** safetensors files on disk: opened lazily, saved atomically, one tensor in memory at a time. */
import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TypedArray, U8 } from '../core/arrays.js';
import { FormatError, IoError, quote } from '../core/errors.js';
import type { ArraySpec, TensorInfo, TensorSource } from '../core/source.js';
import type { Tensor } from '../core/tensor.js';
import {
  buildHeader,
  headerLength,
  parseHeader,
  PREFIX_BYTES,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type SafetensorsLimits,
} from '../formats/safetensors/header.js';
import { bytesOf, entryOf, toTensor } from '../formats/safetensors/safetensors.js';
import { MAX_INDEX_BYTES, parseShardIndex } from '../formats/safetensors/shard-index.js';
import { createAtomicFile, type AtomicOptions } from './atomic.js';
import { named, openRegular, readFully, readText, systemIo, type IoFile, type IoPort } from './io.js';

export interface OpenOptions {
  readonly limits?: SafetensorsLimits;
  /** Tests replace the file system. */
  readonly io?: IoPort;
}

const INDEX_NAME = 'model.safetensors.index.json';
const FILE_NAME = 'model.safetensors';

/** One open file of a model. */
interface Shard {
  readonly path: string;
  readonly file: IoFile;
  readonly stats: Stats;
  readonly header: SafetensorsHeader;
  readonly dataAt: number;
}

/**
 * Opens a safetensors model: a file, a `*.index.json` that lists shards, or a folder that holds `model.safetensors` or its
 * index. Headers are read and checked; tensors are read when asked for.
 *
 * @param path file, index or folder
 * @returns a source whose `read(name)` gives a tensor in an array of its own; `close` it when done
 * @throws IoError for what the system refuses; FormatError for bad bytes, with codes that docs/formats.md lists.
 */
export async function openSafetensors(path: string, options: OpenOptions = {}): Promise<TensorSource> {
  const { io = systemIo } = options;
  const file = await locate(io, path);
  if (!file.endsWith('.json')) return sourceOf([await openShard(io, file, options.limits)]);
  return openSharded(io, file, options.limits);
}

async function locate(io: IoPort, path: string): Promise<string> {
  const stats = await named(io.stat(path), 'open', path);
  if (!stats.isDirectory()) return path;
  const names = await named(io.readdir(path), 'open', path);
  for (const name of [INDEX_NAME, FILE_NAME]) if (names.includes(name)) return join(path, name);
  throw new IoError(
    'ENOENT',
    path,
    `open: the folder ${quote(path)} expected ${FILE_NAME} or ${INDEX_NAME}, got neither - name the file`,
  );
}

async function openShard(io: IoPort, path: string, limits?: SafetensorsLimits): Promise<Shard> {
  const { file, stats } = await openRegular(io, path);
  try {
    const prefix = new Uint8Array(PREFIX_BYTES);
    await readFully(file, prefix.subarray(0, Math.min(PREFIX_BYTES, stats.size)), 0, path);
    const length = headerLength(prefix, stats.size, limits);
    const bytes = new Uint8Array(length);
    await readFully(file, bytes, PREFIX_BYTES, path);
    const dataAt = PREFIX_BYTES + length;
    return { path, file, stats, header: parseHeader(bytes, stats.size - dataAt), dataAt };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openSharded(io: IoPort, indexPath: string, limits?: SafetensorsLimits): Promise<TensorSource> {
  const index = parseShardIndex(await readText(io, indexPath, MAX_INDEX_BYTES));
  const folder = await named(io.realpath(dirname(indexPath)), 'open', indexPath);
  const shards: Shard[] = [];
  try {
    for (const name of new Set(index.weightMap.values())) {
      const path = join(folder, name);
      const real = await named(io.realpath(path), 'open', path);
      if (dirname(real) !== folder) {
        const message = `openSafetensors: shard ${quote(name)} expected a file beside the index, got a link to elsewhere - copy it here`;
        throw new FormatError('SAFETENSORS_INDEX_PATH', message);
      }
      shards.push(await openShard(io, path, limits));
    }
    checkIndex(index.weightMap, shards, index.totalSize);
    return sourceOf(shards);
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
}

/** Index and shards must agree: every tensor in the one shard that the index names, none twice, none extra, sizes as claimed. */
function checkIndex(
  weightMap: ReadonlyMap<string, string>,
  shards: readonly Shard[],
  totalSize: number | null,
): void {
  const fail = (message: string): FormatError =>
    new FormatError('SAFETENSORS_INDEX', `openSafetensors: ${message} - the model is incomplete or mixed`);
  const found = new Set<string>();
  let total = 0;
  for (const { path, header } of shards) {
    for (const [name, { begin, end }] of header.tensors) {
      if (found.has(name)) throw fail(`tensor ${quote(name)} expected in one shard, got it in two`);
      const file = weightMap.get(name);
      if (file === undefined)
        throw fail(`tensor ${quote(name)} of ${quote(path)} expected in the index, got nothing`);
      if (!path.endsWith(file))
        throw fail(`tensor ${quote(name)} expected in ${quote(file)}, got it in ${quote(path)}`);
      found.add(name);
      total += end - begin;
    }
  }
  for (const name of weightMap.keys())
    if (!found.has(name)) throw fail(`tensor ${quote(name)} expected in its shard, got nothing`);
  if (totalSize !== null && totalSize !== total)
    throw fail(`"total_size" expected ${total} bytes, got ${totalSize}`);
}

async function closeAll(shards: readonly Shard[]): Promise<void> {
  await Promise.all(shards.map(({ file }) => file.close()));
}

function sourceOf(shards: readonly Shard[]): TensorSource {
  const entries = new Map<string, TensorInfo>();
  const shardOf = new Map<string, Shard>();
  const metadata = new Map<string, string>();
  for (const shard of shards) {
    for (const [key, value] of shard.header.metadata) metadata.set(key, value);
    for (const [name, { dtype, shape, begin, end }] of shard.header.tensors) {
      entries.set(name, { dtype, shape, byteLength: end - begin });
      shardOf.set(name, shard);
    }
  }
  return {
    format: 'safetensors',
    entries,
    metadata,
    async read(name) {
      const shard = shardOf.get(name) ?? shards[0];
      return readTensor(shard, entryOf(shard.header, name));
    },
    close: () => closeAll(shards),
  };
}

async function readTensor({ file, path, stats, dataAt }: Shard, entry: SafetensorsEntry): Promise<Tensor> {
  const bytes = new Uint8Array(entry.end - entry.begin);
  await readFully(file, bytes, dataAt + entry.begin, path);
  const now = await named(file.stat(), 'read', path);
  if (now.size !== stats.size || now.mtimeMs !== stats.mtimeMs) {
    throw new IoError(
      'CHANGED',
      path,
      `read: ${quote(path)} expected to stay as it was opened, got other contents - open it again`,
    );
  }
  return toTensor(entry, bytes);
}

export interface SaveOptions extends AtomicOptions {
  readonly metadata?: ReadonlyMap<string, string>;
  /**
   * Metadata that is known only after all data was written, such as checksums: each value exactly as long (in bytes of JSON) as the one
   * under the same key in `metadata`, which holds its place in the header.
   */
  readonly finalMetadata?: () => ReadonlyMap<string, string>;
  readonly signal?: AbortSignal;
}

/**
 * Writes a safetensors file atomically, asking for one tensor after the other, so that one at a time is in memory.
 *
 * @param path replaced when everything is on the disk, untouched before
 * @param specs names, types and shapes of all tensors
 * @param produce the data of a tensor; called once each, in the order of the file
 * @throws IoError; TypeError or RangeError for data that does not fit its spec; the signal's reason when aborted. No temporary file stays.
 */
export async function saveSafetensors(
  path: string,
  specs: Iterable<ArraySpec>,
  produce: (spec: ArraySpec) => Promise<TypedArray> | TypedArray,
  options: SaveOptions = {},
): Promise<{ readonly bytes: number }> {
  const all = [...specs];
  const { metadata, finalMetadata, signal } = options;
  const { bytes: header, entries, dataLength } = buildHeader(all, metadata);
  signal?.throwIfAborted();
  const size = header.length + dataLength;
  const file = await createAtomicFile(path, { ...options, expectedBytes: size });
  try {
    await file.write(header);
    for (const [name, { dtype, shape, begin, end }] of entries) {
      signal?.throwIfAborted();
      await file.write(bytesOf(name, await produce({ name, dtype, shape }), dtype, end - begin));
    }
    signal?.throwIfAborted();
    if (finalMetadata !== undefined) await file.writeAt(0, finalHeader(all, finalMetadata(), header.length));
    await file.commit();
    return { bytes: size };
  } catch (error) {
    await file.abort();
    throw error;
  }
}

function finalHeader(specs: readonly ArraySpec[], metadata: ReadonlyMap<string, string>, length: number): U8 {
  const { bytes } = buildHeader(specs, metadata);
  if (bytes.length !== length) {
    throw new RangeError(
      `saveSafetensors: "finalMetadata" expected a header of ${length} bytes, got ${bytes.length} - keep the length of every value`,
    );
  }
  return bytes;
}

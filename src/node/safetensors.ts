/** safetensors models on disk, opened lazily: headers at once, tensors when asked for. */
import { join } from 'node:path';
import { arrayTag } from '../core/array-tag.js';
import type { TypedArray } from '../core/arrays.js';
import { DTYPES, type DType } from '../core/dtype.js';
import { describe, IoError, rangeError, typeError } from '../core/errors.js';
import { checkAttached } from '../core/numbers.js';
import { checkChoice, checkOptions } from '../core/options.js';
import type { TensorSource } from '../core/source.js';
import type { Tensor } from '../core/tensor.js';
import { checkLimits, type Limits } from '../formats/safetensors/limits.js';
import { checkStored, elementBytes, entryOf } from '../formats/safetensors/read.js';
import type { TensorEntry } from '../formats/safetensors/types.js';
import { allocate, free } from '../kernels/memory.js';
import { checkPath } from './atomic.js';
import { checkUnchanged, readFully } from './files.js';
import { attempt } from './io-error.js';
import { systemIo, type IoPort } from './io.js';
import { closeAll, openShard, type Shard } from './shard.js';
import { openIndexed } from './shards.js';
import { FILE_SUFFIX, INDEX_SUFFIX, isPartOfModel } from './shard-names.js';

export interface OpenSafetensorsOptions {
  readonly limits?: Limits;
  /**
   * Where tensors are read to: 'ordinary' arrays (default), or arrays in the 'kernels' memory, which the kernels use without
   * a copy and which stay until `free(tensor.data)`.
   */
  readonly allocate?: 'ordinary' | 'kernels';
}

export interface ReadTensorOptions {
  /** An array of the tensor's type and size that is filled and becomes its data. After an error it may hold a part. */
  readonly into?: TypedArray;
}

/** An open safetensors model. */
export interface SafetensorsSource extends TensorSource {
  readonly format: 'safetensors';
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Metadata on which all files that have the key agree. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The files of the model, in the order of the index, each with its own metadata. */
  readonly files: readonly { readonly path: string; readonly metadata: ReadonlyMap<string, string> }[];
  /** The tensor's stored bits in an array of its own, or in `into`. Types below 8 bits stay packed. */
  read(name: string, options?: ReadTensorOptions): Promise<Tensor>;
}

const FN = 'openSafetensors';

/**
 * Returns an open safetensors model: a file, an index of shards (`model.safetensors.index.json`), or a folder that holds
 * either. Headers are read and checked in full; data is read tensor by tensor.
 *
 * Cost: the headers; one `read` moves the bytes of one tensor, in pieces of at most 64 MiB. One file descriptor for each
 * shard stays open until `close`.
 *
 * Compatible with: safetensors 0.8, and the indices of the Hugging Face hub (in its cache, too, where files are links).
 *
 * @param path file, index or folder. In a folder, `model.safetensors` comes first, then its index (the order of transformers), then
 * the only index, then the only `*.safetensors` file.
 * @param options limits, allocate
 * @throws FormatError for bad bytes (codes: docs/formats.md), IoError for failures of the system: FILE_CHANGED when a file
 * changes after it was opened, NOT_A_FILE for devices and pipes, CLOSED for reading after `close`.
 * @example
 * const model = await openSafetensors('model.safetensors');
 * for (const name of model.entries.keys()) console.log(name, (await model.read(name)).shape);
 * await model.close();
 * @see saveSafetensors
 */
export async function openSafetensors(
  path: string,
  options?: OpenSafetensorsOptions,
): Promise<SafetensorsSource> {
  return openSafetensorsOn(systemIo, path, options);
}

/** openSafetensors over any port. */
export async function openSafetensorsOn(
  io: IoPort,
  path: string,
  options?: OpenSafetensorsOptions,
): Promise<SafetensorsSource> {
  checkPath(path, FN);
  const checked = checkOptions(FN, options, ['limits', 'allocate']);
  const limits = checkLimits(FN, checked.limits);
  const place = checkChoice(FN, 'allocate', checked.allocate ?? 'ordinary', ['ordinary', 'kernels']);
  const file = await locate(io, path);
  if (file.endsWith('.json')) {
    const { entries, shards, shardOf } = await openIndexed(io, file, limits);
    return sourceOf(shards, entries, shardOf, place);
  }
  const shard = await openShard(io, file, limits);
  return sourceOf([shard], shard.header.tensors, () => shard, place);
}

/** The file or index that a path means. */
async function locate(io: IoPort, path: string): Promise<string> {
  const stats = await attempt(() => io.stat(path), 'open', path);
  if (!stats.isDirectory()) return path;
  const names = (await attempt(() => io.readdir(path), 'open', path)).sort();
  const standard = [`model${FILE_SUFFIX}`, `model${INDEX_SUFFIX}`].find((name) => names.includes(name));
  if (standard !== undefined) return join(path, standard);
  for (const suffix of [INDEX_SUFFIX, FILE_SUFFIX]) {
    const found = names.filter((name) => name.endsWith(suffix));
    const shard = found.find(isPartOfModel);
    if (shard !== undefined) {
      const message = `open: ${describe(path)} expected an index beside the shards, got ${describe(shard)} and no *${INDEX_SUFFIX} - fetch the index, or name the file`;
      throw new IoError('INDEX_MISSING', path, message);
    }
    if (found.length === 1) return join(path, found[0]);
    if (found.length > 1) {
      const message = `open: ${describe(path)} expected a folder with one model, got ${describe(found)} - name the file`;
      throw new IoError('SEVERAL_MODELS', path, message);
    }
  }
  const message = `open: ${describe(path)} expected a folder with a *${FILE_SUFFIX} file, got none - name the file`;
  throw new IoError('ENOENT', path, message);
}

function sourceOf(
  shards: readonly Shard[],
  entries: ReadonlyMap<string, TensorEntry>,
  shardOf: (name: string) => Shard,
  place: 'ordinary' | 'kernels',
): SafetensorsSource {
  let closed = false;
  return {
    format: 'safetensors',
    entries,
    metadata: commonMetadata(shards),
    modelJson: null,
    files: shards.map(({ path, header }) => ({ path, metadata: header.metadata })),
    async read(name, options) {
      const { into } = checkOptions('read', options, ['into']);
      const entry = entryOf(entries, name, 'read');
      const shard = shardOf(name);
      if (closed) {
        const message = `read: ${describe(shard.path)} expected an open model, got one that was closed - open it again`;
        throw new IoError('CLOSED', shard.path, message);
      }
      return readTensor(shard, name, entry, into, place);
    },
    async close() {
      if (closed) return;
      closed = true;
      await closeAll(shards);
    },
  };
}

/** Keys whose value is the same in every file that has them: what a model says about itself as a whole. */
function commonMetadata(shards: readonly Shard[]): Map<string, string> {
  const common = new Map<string, string>();
  const disputed = new Set<string>();
  for (const { header } of shards) {
    for (const [key, value] of header.metadata) {
      if (common.has(key) && common.get(key) !== value) disputed.add(key);
      common.set(key, value);
    }
  }
  for (const key of disputed) common.delete(key);
  return common;
}

async function readTensor(
  shard: Shard,
  name: string,
  entry: TensorEntry,
  into: TypedArray | undefined,
  place: 'ordinary' | 'kernels',
): Promise<Tensor> {
  const { dtype, shape, begin } = entry;
  const data = into === undefined ? newArray(entry, place) : checkInto(into, entry);
  try {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    await readFully(shard.file, bytes, shard.dataBegin + begin, shard.path);
    await checkUnchanged(shard);
    checkStored(name, dtype, data, shard.dataBegin + begin, `read: ${describe(shard.path)}`);
    return { data, shape, dtype };
  } catch (error) {
    if (into === undefined) free(data);
    throw error;
  }
}

/** Room for a tensor; its size is known to lie inside the file. */
function newArray(entry: TensorEntry, place: 'ordinary' | 'kernels'): TypedArray {
  const length = entry.byteLength / elementBytes(entry.dtype);
  if (place === 'kernels') return allocate(length, memoryType(entry.dtype));
  const array = DTYPES[entry.dtype].array;
  try {
    return new array(length);
  } catch {
    const fix = 'it is larger than one array can be in this engine';
    throw rangeError('read', 'name', 'a tensor that fits into memory', `${entry.byteLength} bytes`, fix);
  }
}

/** Types below 8 bits are packed, so that an element in memory is a byte. */
function memoryType(dtype: DType): DType {
  return DTYPES[dtype].bits < 8 ? 'uint8' : dtype;
}

function checkInto(into: TypedArray, { dtype, byteLength }: TensorEntry): TypedArray {
  const wanted = DTYPES[dtype].array.name;
  const length = byteLength / elementBytes(dtype);
  if (arrayTag(into) !== wanted) {
    throw typeError('read', 'into', `a ${wanted} for ${dtype}`, into, 'pass an array of the stored type');
  }
  checkAttached(into, 'read', 'into');
  if (into.length !== length) {
    throw rangeError('read', 'into', `${length} elements`, into.length, 'pass an array of the exact length');
  }
  return into;
}

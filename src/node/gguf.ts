/** GGUF models on disk, opened lazily: headers at once, tensors when asked for. */
import { basename, dirname, join } from 'node:path';
import { arrayTag } from '../core/array-tag.js';
import type { TypedArray } from '../core/arrays.js';
import { DTYPES } from '../core/dtype.js';
import { describe, IoError, quote, rangeError, typeError } from '../core/errors.js';
import { checkAttached } from '../core/numbers.js';
import { checkChoice, checkOptions } from '../core/options.js';
import { ggufError } from '../formats/gguf/errors.js';
import { checkPadding } from '../formats/gguf/layout.js';
import { checkGgufLimits, type GgufLimits } from '../formats/gguf/limits.js';
import { checkCheck, entryOf } from '../formats/gguf/read.js';
import { checkSplit, joinSplits, splitNames, splitOf, type Split } from '../formats/gguf/split.js';
import { memoryLength, memoryTypeOf } from '../formats/gguf/tensor-types.js';
import {
  padded,
  type GgufCheck,
  type GgufEntry,
  type GgufTensor,
  type GgufValue,
} from '../formats/gguf/types.js';
import { allocate, free } from '../kernels/memory.js';
import { checkPath } from './atomic.js';
import { checkUnchanged, readFully } from './files.js';
import { openGgufFile, type GgufShard } from './gguf-file.js';
import { attempt, errnoOf } from './io-error.js';
import { systemIo, type IoPort } from './io.js';
import { closeAll } from './shard.js';

export interface OpenGgufOptions {
  readonly limits?: GgufLimits;
  /**
   * Where tensors are read to: 'ordinary' arrays (default), or arrays in the 'kernels' memory, which the kernels use without
   * a copy and which stay until `free(tensor.data)`.
   */
  readonly allocate?: 'ordinary' | 'kernels';
  /** Called with each tensor that is read, before it is returned. */
  readonly check?: GgufCheck;
}

export interface ReadGgufTensorOptions {
  /** An array of the tensor's type and size that is filled and becomes its data. After an error it may hold a part. */
  readonly into?: TypedArray;
}

/** An open GGUF model, in one file or several. Holds file descriptors until closed. */
export interface GgufSource {
  readonly format: 'gguf';
  /** In the order of the files. */
  readonly entries: ReadonlyMap<string, GgufEntry>;
  /** Of the first file, where llama.cpp looks for it. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** The files of the model in their order, each with its own metadata. */
  readonly files: readonly { readonly path: string; readonly metadata: ReadonlyMap<string, GgufValue> }[];
  /** The tensor's stored bits in an array of its own, or in `into`: elements of plain types, the bytes of blocks. */
  read(name: string, options?: ReadGgufTensorOptions): Promise<GgufTensor>;
  close(): Promise<void>;
}

const FN = 'openGguf';
const SUFFIX = '.gguf';

/**
 * Returns an open GGUF model: a file, the first of several (`model-00001-of-00003.gguf`), or a folder that holds one model. Headers are
 * read and checked in full; data is read tensor by tensor.
 *
 * Cost: the headers; one `read` moves the bytes of one tensor, in pieces of at most 64 MiB, and its padding. One file descriptor
 * for each file stays open until `close`.
 *
 * Compatible with: ggml and llama.cpp (August 2026), files of gguf-split included; in the cache of the Hugging Face hub, too, where
 * files are links. Stricter in the cases that docs/formats.md lists, never looser.
 *
 * @param path file or folder
 * @param options limits, allocate, check
 * @throws FormatError for bad bytes (codes: docs/formats.md), IoError for failures of the system: FILE_CHANGED when a file
 * changes after it was opened, NOT_A_FILE for devices and pipes, CLOSED for reading after `close`.
 * @example
 * const model = await openGguf('model.gguf');
 * for (const [name, { type, shape }] of model.entries) console.log(name, type, shape);
 * await model.close();
 * @see saveGguf
 */
export async function openGguf(path: string, options?: OpenGgufOptions): Promise<GgufSource> {
  return openGgufOn(systemIo, path, options);
}

/** openGguf over any port. */
export async function openGgufOn(io: IoPort, path: string, options?: OpenGgufOptions): Promise<GgufSource> {
  checkPath(path, FN);
  const checked = checkOptions(FN, options, ['limits', 'allocate', 'check']);
  const limits = checkGgufLimits(FN, checked.limits);
  const place = checkChoice(FN, 'allocate', checked.allocate ?? 'ordinary', ['ordinary', 'kernels']);
  checkCheck(checked.check, FN);
  const first = await openGgufFile(io, await locate(io, path), limits);
  const shards = [first];
  try {
    const label = `${FN}: ${describe(first.path)}`;
    const split = splitOf(first.header, label) ?? { no: 0, count: 1, tensorCount: null };
    if (split.count > 1) await openOthers(io, shards, split, limits, label);
    const tensors = shards.map(({ header }) => header.tensors);
    const { entries, fileOf } = joinSplits(tensors, split, label);
    const shardOf = (name: string): GgufShard => shards[fileOf.get(name) as number];
    return sourceOf(shards, entries, shardOf, place, checked.check);
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
}

/** The file that a path means. */
async function locate(io: IoPort, path: string): Promise<string> {
  const stats = await attempt(() => io.stat(path), 'open', path);
  if (!stats.isDirectory()) return path;
  const names = (await attempt(() => io.readdir(path), 'open', path)).sort();
  const models = names.filter((name) => name.endsWith(SUFFIX) && !isLaterShard(name));
  if (models.length === 1) return join(path, models[0]);
  if (models.length > 1) {
    const message = `open: ${describe(path)} expected a folder with one model, got ${describe(models)} - name the file`;
    throw new IoError('SEVERAL_MODELS', path, message);
  }
  const message = `open: ${describe(path)} expected a folder with a *${SUFFIX} file, got none - name the file`;
  throw new IoError('ENOENT', path, message);
}

/** Whether a file is one of several and not the first, by its name. */
function isLaterShard(name: string): boolean {
  return /-(?!00001)\d{5}-of-\d{5}\.gguf$/.test(name);
}

/** Opens the other files of a model into `shards`, which the caller closes when one of them fails. */
async function openOthers(
  io: IoPort,
  shards: GgufShard[],
  split: Split,
  limits: Required<GgufLimits>,
  label: string,
): Promise<void> {
  const { path } = shards[0];
  const names = splitNames(basename(path), split, limits, label);
  const folders = await allowedFolders(io, path);
  for (let no = 1; no < names.length; no++) {
    const shard = await openGgufFile(io, await shardPath(io, path, names[no], folders, label), limits);
    shards.push(shard);
    checkSplit(shard.header, no, split, `${FN}: ${describe(shard.path)}`);
  }
}

/**
 * The folders in which the other files may really lie: that of the first, and that of the file the first is a link to. The second is
 * for the cache of the Hugging Face hub, where all are links into one common folder.
 */
async function allowedFolders(io: IoPort, path: string): Promise<ReadonlySet<string>> {
  const folder = await attempt(() => io.realpath(dirname(path)), 'open', path);
  const target = await attempt(() => io.realpath(path), 'open', path);
  return new Set([folder, dirname(target)]);
}

async function shardPath(
  io: IoPort,
  first: string,
  name: string,
  folders: ReadonlySet<string>,
  label: string,
): Promise<string> {
  const path = join(dirname(first), name);
  let real: string;
  try {
    real = await attempt(() => io.realpath(path), 'open', path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    const fix = 'download the missing file';
    throw ggufError('GGUF_SPLIT_MISSING', label, `file ${quote(name)} beside it`, 'no such file', fix);
  }
  if (folders.has(dirname(real))) return real;
  const expected = `file ${quote(name)} in its folder`;
  throw ggufError('GGUF_SPLIT_PATH', label, expected, 'a link that leads out of it', 'copy the file there');
}

function sourceOf(
  shards: readonly GgufShard[],
  entries: ReadonlyMap<string, GgufEntry>,
  shardOf: (name: string) => GgufShard,
  place: 'ordinary' | 'kernels',
  check: GgufCheck | undefined,
): GgufSource {
  let closed = false;
  return {
    format: 'gguf',
    entries,
    metadata: shards[0].header.metadata,
    files: shards.map(({ path, header }) => ({ path, metadata: header.metadata })),
    async read(name, options) {
      const { into } = checkOptions('read', options, ['into']);
      const entry = entryOf(entries, name, 'read');
      const shard = shardOf(name);
      if (closed) {
        const message = `read: ${describe(shard.path)} expected an open model, got one that was closed - open it again`;
        throw new IoError('CLOSED', shard.path, message);
      }
      return readTensor(shard, name, entry, into, place, check);
    },
    async close() {
      if (closed) return;
      closed = true;
      await closeAll(shards);
    },
  };
}

async function readTensor(
  shard: GgufShard,
  name: string,
  entry: GgufEntry,
  into: TypedArray | undefined,
  place: 'ordinary' | 'kernels',
  check: GgufCheck | undefined,
): Promise<GgufTensor> {
  const { type, dtype, shape, begin } = entry;
  const data = into === undefined ? newArray(entry, place) : checkInto(into, entry);
  try {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    await readFully(shard.file, bytes, shard.header.dataBegin + begin, shard.path);
    await readPadding(shard, name, entry);
    await checkUnchanged(shard);
    const tensor = { type, dtype, shape, data };
    check?.(name, tensor);
    return tensor;
  } catch (error) {
    if (into === undefined) free(data);
    throw error;
  }
}

/** Reads what lies behind a tensor up to the place of the next, or the end of the file, and refuses anything but zeros. */
async function readPadding(
  { file, stats, path, header }: GgufShard,
  name: string,
  { end }: GgufEntry,
): Promise<void> {
  const from = header.dataBegin + end;
  const to = Math.min(header.dataBegin + padded(end, header.alignment), stats.size);
  if (to <= from) return;
  const padding = new Uint8Array(to - from);
  await readFully(file, padding, from, path);
  checkPadding(padding, `tensor ${quote(name)}`, from, `read: ${describe(path)}`);
}

/** Room for a tensor; its size is known to lie inside the file. */
function newArray({ type, byteLength }: GgufEntry, place: 'ordinary' | 'kernels'): TypedArray {
  const length = memoryLength(type, byteLength);
  const dtype = memoryTypeOf(type);
  if (place === 'kernels') return allocate(length, dtype);
  try {
    return new DTYPES[dtype].array(length);
  } catch {
    const fix = 'it is larger than one array can be in this engine';
    throw rangeError('read', 'name', 'a tensor that fits into memory', `${byteLength} bytes`, fix);
  }
}

function checkInto(into: TypedArray, { type, byteLength }: GgufEntry): TypedArray {
  const wanted = DTYPES[memoryTypeOf(type)].array.name;
  const length = memoryLength(type, byteLength);
  if (arrayTag(into) !== wanted) {
    throw typeError('read', 'into', `a ${wanted} for ${type}`, into, 'pass an array of the stored type');
  }
  checkAttached(into, 'read', 'into');
  if (into.length !== length) {
    throw rangeError('read', 'into', `${length} elements`, into.length, 'pass an array of the exact length');
  }
  return into;
}

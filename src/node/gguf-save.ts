/** GGUF files saved atomically, one tensor in memory at a time. */
import { dirname } from 'node:path';
import type { AnyTypedArray } from '../core/arrays.js';
import { describe, IoError, rangeError, typeError } from '../core/errors.js';
import { checkInteger, checkOptions } from '../core/options.js';
import {
  checkSpecs,
  layOut,
  type BuildGgufOptions,
  type BuiltGgufHeader,
  type SizedSpec,
} from '../formats/gguf/build.js';
import { checkMetadata } from '../formats/gguf/build-metadata.js';
import { checkGgufLimits, type GgufLimits } from '../formats/gguf/limits.js';
import { checkCheck } from '../formats/gguf/read.js';
import { MAX_SPLITS, SPLIT_KEYS, splitName, splitPairs } from '../formats/gguf/split.js';
import {
  ALIGNMENT_KEY,
  padded,
  type GgufCheck,
  type GgufEntry,
  type GgufTensorSpec,
  type GgufValue,
} from '../formats/gguf/types.js';
import { storedBytes } from '../formats/gguf/write.js';
import { checkPath, checkSpace, createAtomicFileOn, type AtomicFile } from './atomic.js';
import { attempt, errnoOf } from './io-error.js';
import { systemIo, type IoPort } from './io.js';

export interface SaveGgufOptions extends BuildGgufOptions {
  /**
   * Splits a larger model: most bytes of tensors in one file; a tensor above it gets a file of its own. Default: one file,
   * whatever its size.
   */
  readonly maxShardBytes?: number;
  /** Called with each tensor before it is written; what it throws stops the work, and nothing is replaced. */
  readonly check?: GgufCheck;
  /** Stops the work: nothing is replaced and no temporary file stays. */
  readonly signal?: AbortSignal;
}

export interface SavedGguf {
  /** Size of all files together. */
  readonly bytes: number;
  /** Paths of the files in the order of the model: the first is the one to open. */
  readonly files: readonly string[];
}

const FN = 'saveGguf';
const SUFFIX = '.gguf';

/**
 * Saves a GGUF model (version 3) and returns its size. The file appears, or replaces the old one, when everything is on the disk.
 *
 * With `maxShardBytes`, a model that is larger goes to `model-00001-of-0000N.gguf` ..., for the path `model.gguf`, as llama.cpp's
 * gguf-split names them: the metadata in the first file, split.no, split.tensors.count and split.count in each. All are written before the
 * first one appears and the file by which the model is opened, the first, appears last. Files of one model never replace those of another:
 * where that first file exists, the save is refused (EEXIST). A `model.gguf` that was there before stays.
 *
 * Cost: the tensors are asked for one by one, in the order of `specs`, and written at once, so that one is in memory at a time.
 *
 * Compatible with: ggml, gguf 0.19 (Python) and gguf-split, to the byte (see buildGgufHeader).
 *
 * @param path the file to make or replace; see createAtomicFile
 * @param specs name, type and shape of every tensor, in the order of the file
 * @param produce gives the data of one tensor: elements of plain types, the bytes of blocks
 * @param options metadata, alignment, maxShardBytes, check, signal, limits
 * @returns bytes and names of the files
 * @throws TypeError and RangeError for tensors that the format cannot hold or data that does not fit; IoError; the signal's
 * reason. In every case the old model is untouched and no temporary file stays (see AtomicFile.commit for the one exception).
 * @example
 * const specs = [{ name: 'w', type: 'F32' as const, shape: [2] }];
 * await saveGguf('model.gguf', specs, () => Float32Array.of(1, 2));
 * @see openGguf
 */
export async function saveGguf(
  path: string,
  specs: Iterable<GgufTensorSpec>,
  produce: (spec: GgufTensorSpec) => AnyTypedArray | Promise<AnyTypedArray>,
  options?: SaveGgufOptions,
): Promise<SavedGguf> {
  return saveGgufOn(systemIo, path, specs, produce, options);
}

/** saveGguf over any port. */
export async function saveGgufOn(
  io: IoPort,
  path: string,
  specs: Iterable<GgufTensorSpec>,
  produce: (spec: GgufTensorSpec) => AnyTypedArray | Promise<AnyTypedArray>,
  options?: SaveGgufOptions,
): Promise<SavedGguf> {
  checkPath(path, FN);
  const job = checkJob(produce, options);
  const list = checkSpecs(specs, FN);
  const shards = splitSpecs(list, job.maxShardBytes, job.alignment);
  if (shards.length === 1) return writeParts(io, [partOf(job, path, list, job.pairs)], job);
  const parts = await splitParts(io, path, shards, list.length, job);
  await checkSpace(
    io,
    dirname(path),
    path,
    parts.reduce((sum, part) => sum + sizeOf(part), 0),
  );
  return writeParts(io, parts, job);
}

interface Job {
  readonly produce: (spec: GgufTensorSpec) => AnyTypedArray | Promise<AnyTypedArray>;
  readonly pairs: readonly (readonly [string, GgufValue])[];
  readonly alignment: number;
  readonly maxShardBytes: number;
  readonly check: GgufCheck | undefined;
  readonly signal: AbortSignal | undefined;
  readonly limits: Required<GgufLimits>;
}

const KEYS = ['metadata', 'alignment', 'maxShardBytes', 'check', 'signal', 'limits'] as const;

function checkJob(produce: Job['produce'], options: SaveGgufOptions | undefined): Job {
  const { metadata, alignment, maxShardBytes, check, signal, limits } = checkOptions(FN, options, KEYS);
  if (typeof produce !== 'function') {
    const fix = 'pass a function that returns the data of one tensor';
    throw typeError(FN, 'produce', 'a function', produce, fix);
  }
  if (maxShardBytes !== undefined)
    checkInteger(FN, 'maxShardBytes', maxShardBytes, 1, Number.MAX_SAFE_INTEGER);
  checkCheck(check, FN);
  const checked = checkMetadata(metadata, alignment, FN);
  // A model that was read from several files says so.
  const pairs = checked.pairs.filter(([key]) => !SPLIT_KEYS.includes(key));
  return {
    produce,
    pairs,
    alignment: checked.alignment,
    maxShardBytes: maxShardBytes ?? Infinity,
    check,
    signal,
    limits: checkGgufLimits(FN, limits),
  };
}

/** One file to be written. */
interface Part {
  readonly path: string;
  readonly specs: readonly SizedSpec[];
  readonly header: BuiltGgufHeader;
}

function partOf(
  { alignment, limits }: Job,
  path: string,
  specs: readonly SizedSpec[],
  pairs: Job['pairs'],
): Part {
  return { path, specs, header: layOut(specs, { pairs, alignment }, limits.maxHeaderBytes, FN) };
}

function sizeOf({ header }: Part): number {
  return header.bytes.length + header.dataLength;
}

/** The tensors of each file: a new one begins with the tensor that would make the last one too large, padding counted. */
function splitSpecs(specs: readonly SizedSpec[], maxShardBytes: number, alignment: number): SizedSpec[][] {
  const shards: SizedSpec[][] = [[]];
  let filled = 0;
  for (const spec of specs) {
    const size = padded(spec.byteLength, alignment);
    if (shards[shards.length - 1].length > 0 && filled + size > maxShardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards[shards.length - 1].push(spec);
    filled += size;
  }
  return shards;
}

async function splitParts(
  io: IoPort,
  path: string,
  shards: readonly SizedSpec[][],
  tensorCount: number,
  job: Job,
): Promise<Part[]> {
  const { length } = shards;
  const most = Math.min(MAX_SPLITS, job.limits.maxShards);
  if (length > most) {
    const fix = 'raise maxShardBytes, or limits.maxShards here and in every reader';
    throw rangeError(FN, 'maxShardBytes', `at most ${most} files`, length, fix);
  }
  if (!path.endsWith(SUFFIX) || path.length === SUFFIX.length) {
    const fix = 'the files are named after it, as model-00001-of-00002.gguf after model.gguf';
    throw rangeError(FN, 'path', `a name that ends in ${SUFFIX} beside maxShardBytes`, path, fix);
  }
  const stem = path.slice(0, -SUFFIX.length);
  await refuseExisting(io, splitName(stem, 0, length));
  return shards.map((specs, no) => {
    const pairs = no === 0 ? job.pairs : job.pairs.filter(([key]) => key === ALIGNMENT_KEY);
    const split = splitPairs(no, length, tensorCount);
    return partOf(job, splitName(stem, no, length), specs, [...pairs, ...split]);
  });
}

/** Several files cannot be replaced in one step: another model of this name and number of files must go first. */
async function refuseExisting(io: IoPort, path: string): Promise<void> {
  try {
    await attempt(() => io.stat(path), 'save', path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  const message = `save: ${describe(path)} expected no file, got one of another model - remove that model or save elsewhere`;
  throw new IoError('EEXIST', path, message);
}

/** Writes all files before the first appears; the first file of the model appears last. When it does not, the others go again. */
async function writeParts(io: IoPort, parts: readonly Part[], job: Job): Promise<SavedGguf> {
  const { signal } = job;
  const files: { readonly path: string; readonly file: AtomicFile }[] = [];
  try {
    for (const part of parts) {
      const options = { expectedBytes: sizeOf(part), ...(signal && { signal }) };
      const file = await createAtomicFileOn(io, part.path, options);
      files.unshift({ path: part.path, file });
      await writePart(file, part, job);
    }
    for (const { file } of files) await file.commit();
  } catch (error) {
    const visible = files[files.length - 1]?.file.committed;
    for (const { path, file } of files) {
      await file.abort();
      if (file.committed && !visible) await io.unlink(path).catch(() => undefined);
    }
    throw error;
  }
  return {
    bytes: files.reduce((sum, { file }) => sum + file.size, 0),
    files: parts.map(({ path }) => path),
  };
}

async function writePart(file: AtomicFile, part: Part, job: Job): Promise<void> {
  const { header, specs } = part;
  await file.write(header.bytes);
  for (const spec of specs) await writeTensor(file, spec, header, job);
  await file.write(new Uint8Array(sizeOf(part) - file.size));
}

/** A function of its own: a loop's variables would keep the last tensor in memory while the next one is made. */
async function writeTensor(
  file: AtomicFile,
  { name, source }: SizedSpec,
  { entries, bytes }: BuiltGgufHeader,
  { produce, check }: Job,
): Promise<void> {
  const entry = entries.get(name) as GgufEntry;
  const data = storedBytes(name, entry, await produce(source), check, FN);
  // Written behind the end, no bytes would make the file seem longer than it is.
  if (data.length > 0) await file.writeAt(bytes.length + entry.begin, data);
}

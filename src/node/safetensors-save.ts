/** safetensors files saved atomically, one tensor in memory at a time. */
import { basename, dirname } from 'node:path';
import type { AnyTypedArray } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkInteger, checkOptions } from '../core/options.js';
import type { ArraySpec } from '../core/source.js';
import { checkMetadata, checkSpecs, layOut, type SizedSpec } from '../formats/safetensors/build.js';
import { buildShardIndex } from '../formats/safetensors/index-build.js';
import { checkLimits, type Limits } from '../formats/safetensors/limits.js';
import { checkPath, checkSpace } from './atomic.js';
import { systemIo, type IoPort } from './io.js';
import { freeShardPaths, INDEX_SUFFIX, removeReplaced, stemOf } from './shard-names.js';
import { sizeOf, writeModel, type ModelContents, type Part, type SavedSafetensors } from './write-model.js';

export interface SaveSafetensorsOptions {
  /** Strings for `__metadata__`, in every file from the beginning. */
  readonly metadata?: ReadonlyMap<string, string>;
  /**
   * Strings that are known only when all data is written, such as checksums. They take the place of entries of `metadata`,
   * whose values are as long as the final ones will be, or longer.
   */
  readonly finalMetadata?: () => ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>;
  /**
   * Splits a larger model: most bytes of tensors in one file; a tensor above it gets a file of its own. Default: one file,
   * whatever its size.
   */
  readonly maxShardBytes?: number;
  /** Stops the work: nothing is replaced and no temporary file stays. */
  readonly signal?: AbortSignal;
  /** What readers accept; refuses to write more. */
  readonly limits?: Limits;
}

const FN = 'saveSafetensors';

/**
 * Saves a safetensors model and returns its size. The file appears, or replaces the old one, when everything is on the disk.
 *
 * With `maxShardBytes`, a model that is larger goes to `model-00001-of-0000N.safetensors` beside
 * `model.safetensors.index.json`, for the path `model.safetensors`. The shards never replace a file (where their names are
 * taken, they are `model-r2-00001-of-...`) and the index comes last, so that whoever opens the model finds the old one or
 * the new one whole. Then the rest of the old model is removed: the one file or the index, and every shard of that name
 * which the new index does not list. Two savers of one sharded model at a time are not kept apart.
 *
 * Cost: the tensors are asked for one by one, in the order of `specs` (not that of the file, whose places are known before),
 * and written at once, so that one is in memory at a time. The old model stays until the end: both need room on the disk.
 *
 * Compatible with: safetensors 0.8, to the byte (see buildHeader); with `finalMetadata` shorter than its placeholders the
 * header ends with more spaces. Names and index as huggingface_hub makes them.
 *
 * @param path the file to make or replace; see createAtomicFile
 * @param specs name, type and shape of every tensor
 * @param produce gives the data of one tensor
 * @param options metadata, finalMetadata, maxShardBytes, signal, limits
 * @returns bytes and names of the files
 * @throws TypeError and RangeError for tensors that the format cannot hold or data that does not fit; IoError; the signal's
 * reason. In every case the old model is untouched and no temporary file stays (see AtomicFile.commit for the one exception).
 * @example
 * const specs = [{ name: 'w', dtype: 'float32' as const, shape: [2] }];
 * await saveSafetensors('model.safetensors', specs, () => Float32Array.of(1, 2));
 * @see openSafetensors
 */
export async function saveSafetensors(
  path: string,
  specs: Iterable<ArraySpec>,
  produce: (spec: ArraySpec) => AnyTypedArray | Promise<AnyTypedArray>,
  options?: SaveSafetensorsOptions,
): Promise<SavedSafetensors> {
  return saveSafetensorsOn(systemIo, path, specs, produce, options);
}

/** saveSafetensors over any port. */
export async function saveSafetensorsOn(
  io: IoPort,
  path: string,
  specs: Iterable<ArraySpec>,
  produce: (spec: ArraySpec) => AnyTypedArray | Promise<AnyTypedArray>,
  options?: SaveSafetensorsOptions,
): Promise<SavedSafetensors> {
  checkPath(path, FN);
  const job = checkJob(io, produce, options);
  const list = checkSpecs(specs, FN);
  const { maxShardBytes } = job;
  if (maxShardBytes === undefined) return writeModel(io, [partOf(job, path, list)], null, job);
  const stem = stemOf(path, FN);
  const shards = splitSpecs(list, maxShardBytes);
  const saved =
    shards.length === 1
      ? await writeModel(io, [partOf(job, path, list)], null, job)
      : await saveShards(job, stem, shards);
  await removeReplaced(io, stem, saved.files);
  return saved;
}

interface Job extends ModelContents {
  readonly io: IoPort;
  readonly maxShardBytes: number | undefined;
  readonly limits: Required<Limits>;
}

const KEYS = ['metadata', 'finalMetadata', 'maxShardBytes', 'signal', 'limits'] as const;

function checkJob(
  io: IoPort,
  produce: ModelContents['produce'],
  options: SaveSafetensorsOptions | undefined,
): Job {
  const { metadata, finalMetadata, maxShardBytes, signal, limits } = checkOptions(FN, options, KEYS);
  checkFunction('produce', produce, 'pass a function that returns the data of one tensor');
  if (finalMetadata !== undefined) {
    checkFunction('finalMetadata', finalMetadata, 'pass a function that returns a Map');
  }
  if (maxShardBytes !== undefined) {
    checkInteger(FN, 'maxShardBytes', maxShardBytes, 1, Number.MAX_SAFE_INTEGER);
  }
  const pairs = checkMetadata(metadata, FN);
  const checked = checkLimits(FN, limits);
  return { io, produce, metadata: pairs, finalMetadata, maxShardBytes, signal, limits: checked };
}

function checkFunction(argument: string, value: unknown, fix: string): void {
  if (typeof value !== 'function') throw typeError(FN, argument, 'a function', value, fix);
}

function partOf({ metadata, limits }: Job, path: string, specs: readonly SizedSpec[]): Part {
  return { path, specs, header: layOut(specs, metadata, limits.maxHeaderBytes, FN) };
}

/** The tensors of each shard: a new one begins with the tensor that would make the last one too large. */
function splitSpecs(specs: readonly SizedSpec[], maxShardBytes: number): SizedSpec[][] {
  const shards: SizedSpec[][] = [[]];
  let filled = 0;
  for (const spec of specs) {
    if (filled > 0 && filled + spec.byteLength > maxShardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards[shards.length - 1].push(spec);
    filled += spec.byteLength;
  }
  return shards;
}

async function saveShards(job: Job, stem: string, shards: readonly SizedSpec[][]): Promise<SavedSafetensors> {
  const { io, limits } = job;
  if (shards.length > limits.maxShards) {
    const fix = 'raise maxShardBytes, or limits.maxShards here and in every reader';
    throw rangeError(FN, 'maxShardBytes', `at most ${limits.maxShards} shards`, shards.length, fix);
  }
  const paths = await freeShardPaths(io, stem, shards.length);
  const parts = shards.map((specs, i) => partOf(job, paths[i], specs));
  const index = { path: `${stem}${INDEX_SUFFIX}`, bytes: indexOf(parts, limits) };
  const total = parts.reduce((sum, part) => sum + sizeOf(part), index.bytes.length);
  await checkSpace(io, dirname(stem), stem, total);
  return writeModel(io, parts, index, job);
}

function indexOf(parts: readonly Part[], { maxIndexBytes }: Required<Limits>): Uint8Array {
  const weightMap = new Map<string, string>();
  let totalSize = 0;
  for (const { path, specs, header } of parts) {
    for (const { name } of specs) weightMap.set(name, basename(path));
    totalSize += header.dataLength;
  }
  const bytes = buildShardIndex(weightMap, totalSize);
  if (bytes.length > maxIndexBytes) {
    const fix = 'raise limits.maxIndexBytes here and in every reader';
    throw rangeError(FN, 'specs', `an index of at most ${maxIndexBytes} bytes`, bytes.length, fix);
  }
  return bytes;
}

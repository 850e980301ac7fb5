/** tfjs models saved so that, whatever happens, a whole model lies in the folder: the old one or the new one. */
import { join } from 'node:path';
import type { AnyTypedArray, U8 } from '../core/arrays.js';
import { crc32c } from '../core/checksum.js';
import { quote, rangeError, typeError } from '../core/errors.js';
import { checkOptions, isPlainObject } from '../core/options.js';
import type { TfjsStored, TfjsWeightSpec } from '../formats/tfjs/types.js';
import {
  checkShardBytes,
  checkWeights,
  jsonBytes,
  listOf,
  modelJsonOf,
  planned,
  shardCount,
  shardStem,
  storedBytes,
} from '../formats/tfjs/write.js';
import { checkPath, checkSpace, createAtomicFileOn } from './atomic.js';
import { readWhole } from './files.js';
import { attempt, errnoOf } from './io-error.js';
import { systemIo, type IoPort } from './io.js';
import { removeUnnamed, shardsOfOldModel } from './tfjs-shards.js';

export interface SaveTfjsOptions {
  /** Bytes of a shard, the last one apart, and of the one buffer in memory. Default 4 MiB, as tfjs-converter. */
  readonly shardBytes?: number;
  /** Stops the work: the folder is as it was. */
  readonly signal?: AbortSignal;
}

const FN = 'saveTfjs';

/**
 * Saves a tfjs model as `model.json` and its shards in a folder that exists, and returns its size.
 *
 * Safety: every file that appears is complete and on the disk. Nothing that exists is overwritten but model.json, last, in one step:
 * shards are named after their contents (`group1-shard1of7-1a2b3c4d.bin`), so an old model.json never names a new shard. Until that
 * step the old model can be read, after it the new one; when the process is killed, too. A failure or an abort removes the new shards.
 * After success, the shards of the replaced model and what killed saves left are removed, unless a *.json file of the folder
 * names them or another save into the folder is under way.
 *
 * Cost: the weights are asked for one by one, in their order; one of them and one shard are in memory at a time.
 *
 * Compatible with: tfjs 4.22 and everything that reads the paths in model.json. The same model gives the same files.
 *
 * @param folder where model.json and its shards go
 * @param model everything of model.json but the weights, such as format and modelTopology
 * @param weights name, shape, type and stored type of every weight, in the order in which they are stored
 * @param produce gives the stored elements of one weight: what encodeTfjsWeight returns, or {quantization: null, data}
 * @param options shardBytes, signal
 * @returns bytes: the size of model.json and all shards
 * @throws TypeError and RangeError for weights that tfjs has no place for or data that does not fit; IoError; the signal's reason.
 * @example
 * const weights = [{ name: 'w', shape: [2], dtype: 'float32' as const, storedAs: 'uint8' as const }];
 * await saveTfjs('.', { format: 'graph-model' }, weights, () => encodeTfjsWeight(Float32Array.of(0, 1), 'uint8'));
 * @see openTfjs
 */
export async function saveTfjs(
  folder: string,
  model: Readonly<Record<string, unknown>>,
  weights: Iterable<TfjsWeightSpec>,
  produce: (spec: TfjsWeightSpec) => TfjsStored<AnyTypedArray> | Promise<TfjsStored<AnyTypedArray>>,
  options?: SaveTfjsOptions,
): Promise<{ readonly bytes: number }> {
  return saveTfjsOn(systemIo, folder, model, weights, produce, options);
}

/** saveTfjs over any port. */
export async function saveTfjsOn(
  io: IoPort,
  folder: string,
  model: Readonly<Record<string, unknown>>,
  weights: Iterable<TfjsWeightSpec>,
  produce: (spec: TfjsWeightSpec) => TfjsStored<AnyTypedArray> | Promise<TfjsStored<AnyTypedArray>>,
  options?: SaveTfjsOptions,
): Promise<{ readonly bytes: number }> {
  checkPath(folder, FN);
  const { shardBytes: given, signal } = checkOptions(FN, options, ['shardBytes', 'signal']);
  const shardBytes = checkShardBytes(FN, given);
  if (typeof produce !== 'function') {
    throw typeError(
      FN,
      'produce',
      'a function',
      produce,
      'pass a function that returns the data of one weight',
    );
  }
  const plan = listOf(FN, weights).map((spec) => planned(FN, spec));
  const { byteLength, weights: specs } = checkWeights(FN, plan);
  // Asked before any work: what cannot be written, such as a circle, is known now.
  jsonBytes(FN, modelJsonOf(FN, model, plan, []));
  const count = shardCount(FN, byteLength, shardBytes);
  const shards = new ShardWriter(io, folder, count, Math.min(shardBytes, byteLength), signal);
  await checkSpace(io, folder, folder, byteLength);
  // Its temporary file is there from the beginning: it tells other saves that this one is under way.
  const json = await createAtomicFileOn(io, join(folder, 'model.json'), signal && { signal });
  try {
    const saved = [];
    for (const { name, shape, dtype, storedAs } of specs) {
      signal?.throwIfAborted();
      const spec = { name, shape, dtype, storedAs };
      const stored = await produce(spec);
      checkStoredAs(spec, stored);
      await shards.append(storedBytes(FN, spec, stored));
      saved.push({ ...spec, quantization: stored.quantization });
    }
    const names = await shards.finish();
    const bytes = jsonBytes(FN, modelJsonOf(FN, model, saved, names));
    await json.write(bytes);
    const old = await shardsOfOldModel(io, folder);
    await json.commit();
    await removeUnnamed(io, folder, old, { killed: true });
    return { bytes: byteLength + bytes.length };
  } catch (error) {
    await json.abort();
    await removeUnnamed(io, folder, shards.created, { killed: false });
    throw error;
  }
}

function checkStoredAs({ dtype, storedAs, name }: TfjsWeightSpec, stored: TfjsStored<AnyTypedArray>): void {
  if (!isPlainObject(stored)) {
    throw typeError(FN, 'produce', `{quantization, data} for ${quote(name)}`, stored, 'return the data');
  }
  const got: unknown = stored.quantization?.dtype ?? dtype;
  if (got === storedAs) return;
  throw rangeError(FN, 'produce', `${storedAs} elements for ${quote(name)}`, got, 'correct storedAs');
}

/** Cuts a stream of bytes into shards and writes each under a name of its own. */
class ShardWriter {
  /** Shards that were not there before. */
  readonly created: string[] = [];
  readonly #names: string[] = [];
  readonly #io: IoPort;
  readonly #folder: string;
  readonly #count: number;
  readonly #signal: AbortSignal | undefined;
  readonly #pending: U8;
  #filled = 0;

  constructor(
    io: IoPort,
    folder: string,
    count: number,
    shardBytes: number,
    signal: AbortSignal | undefined,
  ) {
    this.#io = io;
    this.#folder = folder;
    this.#count = count;
    this.#signal = signal;
    this.#pending = new Uint8Array(shardBytes);
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + this.#pending.length - this.#filled);
      this.#pending.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === this.#pending.length) await this.#flush();
    }
  }

  /** Writes what is left; a model without bytes has one empty shard. Returns the names of all shards. */
  async finish(): Promise<readonly string[]> {
    if (this.#names.length < this.#count) await this.#flush();
    return this.#names;
  }

  async #flush(): Promise<void> {
    const bytes = this.#pending.subarray(0, this.#filled);
    this.#names.push(await this.#write(bytes));
    this.#filled = 0;
  }

  async #write(bytes: U8): Promise<string> {
    const checksum = crc32c(bytes).toString(16).padStart(8, '0');
    const stem = `${shardStem(this.#names.length, this.#count)}-${checksum}`;
    for (let other = 1; ; other++) {
      const name = other === 1 ? `${stem}.bin` : `${stem}-${other}.bin`;
      const path = join(this.#folder, name);
      const found = await lookAt(this.#io, path, bytes);
      if (found === 'the same') return name;
      if (found === 'another') continue;
      const options = { expectedBytes: bytes.length, ...(this.#signal && { signal: this.#signal }) };
      const file = await createAtomicFileOn(this.#io, path, options);
      // From here on it may be there, even when a step says that it failed.
      this.created.push(name);
      await file.write(bytes);
      await file.commit();
      return name;
    }
  }
}

/** What lies at a path: nothing, an ordinary file of these bytes, or anything else, links included. */
async function lookAt(
  io: IoPort,
  path: string,
  bytes: Uint8Array,
): Promise<'nothing' | 'the same' | 'another'> {
  try {
    const stats = await attempt(() => io.stat(path), 'save', path);
    const isLink = await io.readlink(path).then(
      () => true,
      () => false,
    );
    if (isLink || !stats.isFile() || stats.size !== bytes.length) return 'another';
    const held = await readWhole(io, path, () => undefined);
    return held.length === bytes.length && held.every((byte, i) => byte === bytes[i])
      ? 'the same'
      : 'another';
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return io.readlink(path).then(
      () => 'another',
      () => 'nothing',
    );
  }
}

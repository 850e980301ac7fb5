/** tfjs models on disk: opened lazily, saved atomically. */
import { dirname, join, relative } from 'node:path';
import { describe, FormatError, IoError, quote } from '../core/errors.js';
import type { TensorInfo, TensorSource } from '../core/source.js';
import {
  MAX_MODEL_JSON_BYTES,
  readTfjsManifest,
  type TfjsManifest,
  type TfjsWeight,
} from '../formats/tfjs/manifest.js';
import {
  modelJsonOf,
  SHARD_BYTES,
  shardNames,
  storedArray,
  weightBytes,
  weightOf,
  weightTensor,
  type TfjsWeightData,
} from '../formats/tfjs/tfjs.js';
import { createAtomicFileOn } from './atomic.js';
import { checkUnchanged, openRegular, readFully, readWhole, type OpenFile } from './files.js';
import { attempt } from './io-error.js';
import { systemIo, type IoPort } from './io.js';

/** An open tfjs model. */
export interface TfjsSource extends TensorSource {
  readonly format: 'tfjs';
  readonly manifest: TfjsManifest;
}

/** A shard with its place in its group. */
interface Shard extends OpenFile {
  readonly begin: number;
  readonly end: number;
}

interface Place {
  readonly weight: TfjsWeight;
  readonly shards: readonly Shard[];
}

/**
 * Returns an open tfjs model: `model.json`, or a folder that holds it. The manifest and the sizes of all shards are checked at once,
 * weights are read one by one, decoded to the type that tfjs computes with.
 *
 * @throws FormatError for bad bytes (codes: docs/formats.md), IoError for failures of the system.
 */
export async function openTfjs(path: string): Promise<TfjsSource> {
  return openTfjsOn(systemIo, path);
}

/** openTfjs over any port. */
export async function openTfjsOn(io: IoPort, path: string): Promise<TfjsSource> {
  const stats = await attempt(() => io.stat(path), 'open', path);
  const jsonPath = stats.isDirectory() ? join(path, 'model.json') : path;
  const manifest = readTfjsManifest(await readJson(io, jsonPath));
  const folder = await attempt(() => io.realpath(dirname(jsonPath)), 'open', jsonPath);
  const open: Shard[] = [];
  const places = new Map<string, Place>();
  try {
    for (const { paths, weights, byteLength } of manifest.groups) {
      const shards = await openShards(io, folder, paths, byteLength, open);
      for (const weight of weights) places.set(weight.name, { weight, shards });
    }
  } catch (error) {
    await closeShards(open);
    throw error;
  }
  return sourceOf(manifest, places, open);
}

async function readJson(io: IoPort, path: string): Promise<unknown> {
  const bytes = await readWhole(io, path, (size) => {
    if (size > MAX_MODEL_JSON_BYTES) {
      throw new IoError(
        'TOO_LARGE',
        path,
        `open: ${describe(path)} expected at most ${MAX_MODEL_JSON_BYTES} bytes, got ${size} - name a model.json`,
      );
    }
  });
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new FormatError(
      'TFJS_JSON',
      `openTfjs: ${describe(path)} expected JSON, got other bytes - fetch the file again`,
    );
  }
}

async function openShards(
  io: IoPort,
  folder: string,
  paths: readonly string[],
  byteLength: number,
  open: Shard[],
): Promise<Shard[]> {
  const shards: Shard[] = [];
  let at = 0;
  for (const name of paths) {
    const path = join(folder, name);
    const real = await attempt(() => io.realpath(path), 'open', path);
    if (relative(folder, real).startsWith('..')) {
      throw new FormatError(
        'TFJS_PATH',
        `openTfjs: shard ${quote(name)} expected a file in the model's folder, got a link to elsewhere - copy it here`,
      );
    }
    const opened = await openRegular(io, path);
    const shard = { ...opened, begin: at, end: at + opened.stats.size };
    shards.push(shard);
    open.push(shard);
    at = shard.end;
  }
  if (at !== byteLength) {
    throw new FormatError(
      'TFJS_DATA_SIZE',
      `openTfjs: the shards ${describe(paths)} expected ${byteLength} bytes, got ${at} - a shard is missing or cut`,
    );
  }
  return shards;
}

async function closeShards(shards: readonly Shard[]): Promise<void> {
  await Promise.all(shards.map(({ file }) => file.close()));
}

function sourceOf(
  manifest: TfjsManifest,
  places: ReadonlyMap<string, Place>,
  open: readonly Shard[],
): TfjsSource {
  const entries = new Map<string, TensorInfo>();
  const weights = new Map<string, TfjsWeight>();
  for (const [name, { weight }] of places) {
    entries.set(name, { dtype: weight.dtype, shape: weight.shape, byteLength: weight.end - weight.begin });
    weights.set(name, weight);
  }
  return {
    format: 'tfjs',
    manifest,
    entries,
    metadata: new Map(),
    modelJson: manifest.model,
    async read(name) {
      const weight = weightOf(weights, name);
      const { shards } = places.get(name) as Place;
      return weightTensor(weight, storedArray(weight, await readRange(shards, weight.begin, weight.end)));
    },
    close: () => closeShards(open),
  };
}

/** The bytes [begin, end) of a group; a weight may cross from shard to shard. */
async function readRange(shards: readonly Shard[], begin: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - begin);
  for (const shard of shards) {
    const from = Math.max(begin, shard.begin);
    const to = Math.min(end, shard.end);
    if (from >= to) continue;
    await readFully(shard.file, bytes.subarray(from - begin, to - begin), from - shard.begin, shard.path);
    await checkUnchanged(shard);
  }
  return bytes;
}

/**
 * Writes a tfjs model into a folder that exists: shards first, each atomically, model.json last, so that a model.json never names a
 * shard that is not there.
 *
 * @param folder where model.json and its shards go
 * @param model everything of model.json but the weights
 * @param weights types and shapes of all weights, in the order to be stored
 * @param produce gives the data of one weight; called once each, in that order
 * @returns bytes: the size of model.json and all shards
 * @throws TypeError, RangeError, IoError, or the signal's reason; then no temporary file stays.
 */
export async function saveTfjs(
  folder: string,
  model: Readonly<Record<string, unknown>>,
  weights: readonly Omit<TfjsWeightData, 'data'>[],
  byteLength: number,
  produce: (name: string) => TfjsWeightData | Promise<TfjsWeightData>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<{ readonly bytes: number }> {
  const names = shardNames(byteLength);
  const final: TfjsWeightData[] = [];
  const pending = new Uint8Array(Math.min(SHARD_BYTES, byteLength));
  let filled = 0;
  let shard = 0;
  const flush = async (): Promise<void> => {
    await saveFile(join(folder, names[shard]), pending.subarray(0, filled), options.signal);
    shard++;
    filled = 0;
  };
  for (const { name } of weights) {
    options.signal?.throwIfAborted();
    const weight = await produce(name);
    final.push(weight);
    const bytes = weightBytes(weight);
    for (let at = 0; at < bytes.length;) {
      const count = Math.min(bytes.length - at, pending.length - filled);
      pending.set(bytes.subarray(at, at + count), filled);
      filled += count;
      at += count;
      if (filled === SHARD_BYTES) await flush();
    }
  }
  if (shard < names.length) await flush();
  const json = new TextEncoder().encode(JSON.stringify(modelJsonOf(model, final, names)));
  await saveFile(join(folder, 'model.json'), json, options.signal);
  return { bytes: byteLength + json.length };
}

async function saveFile(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  const file = await createAtomicFileOn(systemIo, path, {
    expectedBytes: bytes.length,
    ...(signal && { signal }),
  });
  try {
    await file.write(bytes);
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

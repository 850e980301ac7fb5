/** tfjs models on disk, opened lazily: the manifest at once, weights when asked for. */
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { TypedArray } from '../core/arrays.js';
import { describe, IoError, quote } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import type { TensorInfo, TensorSource } from '../core/source.js';
import { tfjsError, type Place } from '../formats/tfjs/errors.js';
import { checkTfjsLimits, type TfjsLimits } from '../formats/tfjs/limits.js';
import { parseManifest } from '../formats/tfjs/manifest.js';
import { dataSize, decoded, storedArray, weightOf } from '../formats/tfjs/read.js';
import type { TfjsGroup, TfjsManifest, TfjsStored, TfjsWeight } from '../formats/tfjs/types.js';
import { checkPath } from './atomic.js';
import { checkUnchanged, openRegular, readFully, readWhole, type OpenFile } from './files.js';
import { attempt, errnoOf } from './io-error.js';
import { systemIo, type IoPort } from './io.js';
import { closeAll } from './shard.js';

export interface OpenTfjsOptions {
  readonly limits?: TfjsLimits;
}

/** An open tfjs model. */
export interface TfjsSource extends TensorSource {
  readonly format: 'tfjs';
  /** By name, in the order of the manifest: how each weight is stored. */
  readonly weights: ReadonlyMap<string, TfjsWeight>;
  readonly manifest: TfjsManifest;
  /** The elements of a weight as they are stored, in an array of their own, and how they decode. */
  stored(name: string): Promise<TfjsStored<TypedArray>>;
}

/** A shard with its place in its group. */
interface Shard extends OpenFile {
  readonly begin: number;
  readonly end: number;
}

const FN = 'openTfjs';

/**
 * Returns an open tfjs model (graph or layers): a model.json, or a folder that holds it. The manifest and the sizes of all shards
 * are checked at once; `read` gives one weight, decoded to the bit as tfjs decodes it.
 *
 * Cost: model.json; one `read` moves the bytes of one weight. One file descriptor for each shard stays open until `close`.
 *
 * Compatible with: tfjs 4.22; stricter in the cases that docs/formats.md lists, never looser.
 *
 * @param path a model.json under any name, or its folder
 * @param options limits
 * @throws FormatError for bad bytes (codes: docs/formats.md), IoError for failures of the system: FILE_CHANGED when a shard changes
 * after it was opened, NOT_A_FILE for devices and pipes, CLOSED for reading after `close`.
 * @example
 * const model = await openTfjs('model.json');
 * for (const name of model.entries.keys()) console.log(name, (await model.read(name)).shape);
 * await model.close();
 * @see saveTfjs
 */
export async function openTfjs(path: string, options?: OpenTfjsOptions): Promise<TfjsSource> {
  return openTfjsOn(systemIo, path, options);
}

/** openTfjs over any port. */
export async function openTfjsOn(io: IoPort, path: string, options?: OpenTfjsOptions): Promise<TfjsSource> {
  checkPath(path, FN);
  const limits = checkTfjsLimits(FN, checkOptions(FN, options, ['limits']).limits);
  const stats = await attempt(() => io.stat(path), 'open', path);
  const jsonPath = stats.isDirectory() ? join(path, 'model.json') : path;
  const place = { fn: FN, file: describe(jsonPath) };
  const manifest = parseManifest(await readModelJson(io, jsonPath, limits, place), limits, place);
  const folder = await attempt(() => io.realpath(dirname(jsonPath)), 'open', jsonPath);
  const open: Shard[] = [];
  const shardsOf = new Map<string, readonly Shard[]>();
  try {
    for (const [i, group] of manifest.groups.entries()) {
      const shards = await openGroup(io, folder, group, `weightsManifest[${i}].paths`, place, open);
      for (const { name } of group.weights) shardsOf.set(name, shards);
    }
  } catch (error) {
    await closeAll(open);
    throw error;
  }
  return sourceOf(jsonPath, manifest, shardsOf, open, place);
}

/** The parsed model.json; `limits` are checked before anything is read. */
export async function readModelJson(
  io: IoPort,
  path: string,
  { maxJsonBytes }: Required<TfjsLimits>,
  place: Place,
): Promise<unknown> {
  const bytes = await readWhole(io, path, (size) => {
    if (size > maxJsonBytes) {
      const fix = 'name a model.json, or raise limits.maxJsonBytes';
      throw tfjsError(
        'TFJS_JSON_TOO_LARGE',
        place,
        'path',
        `at most ${maxJsonBytes} bytes`,
        String(size),
        fix,
      );
    }
  });
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw tfjsError('TFJS_JSON', place, 'path', 'JSON', 'other bytes', 'fetch the file again');
  }
}

/** Opens the shards of a group into `open`, which the caller closes when one of them fails. */
async function openGroup(
  io: IoPort,
  folder: string,
  { paths, byteLength }: TfjsGroup,
  part: string,
  place: Place,
  open: Shard[],
): Promise<readonly Shard[]> {
  const shards: Shard[] = [];
  let at = 0;
  for (const [i, name] of paths.entries()) {
    const opened = await openRegular(io, await shardPath(io, folder, name, `${part}[${i}]`, place));
    const shard = { ...opened, begin: at, end: at + opened.stats.size };
    open.push(shard);
    shards.push(shard);
    at = shard.end;
  }
  if (at !== byteLength) throw dataSize(place, part, byteLength, at);
  return shards;
}

/** Where a shard really lies, which must be inside the model's folder: a file from nowhere may not become part of a model. */
async function shardPath(
  io: IoPort,
  folder: string,
  name: string,
  part: string,
  place: Place,
): Promise<string> {
  const path = join(folder, name);
  let real: string;
  try {
    real = await attempt(() => io.realpath(path), 'open', path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    const fix = 'download the missing shard';
    throw tfjsError('TFJS_SHARD_MISSING', place, part, `a file ${quote(name)} beside it`, 'none', fix);
  }
  const inside = relative(folder, real);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    const expected = `${quote(name)} inside the model's folder`;
    throw tfjsError(
      'TFJS_SHARD_LINK',
      place,
      part,
      expected,
      'a link that leads out of it',
      'copy the file there',
    );
  }
  return real;
}

function sourceOf(
  jsonPath: string,
  manifest: TfjsManifest,
  shardsOf: ReadonlyMap<string, readonly Shard[]>,
  open: readonly Shard[],
  place: Place,
): TfjsSource {
  const entries = new Map<string, TensorInfo>();
  const weights = new Map<string, TfjsWeight>();
  for (const weight of manifest.groups.flatMap((group) => group.weights)) {
    const { name, dtype, shape, begin, end } = weight;
    entries.set(name, { dtype, shape, byteLength: end - begin });
    weights.set(name, weight);
  }
  let closed = false;
  const stored = async (weight: TfjsWeight): Promise<TfjsStored<TypedArray>> => {
    if (closed) {
      const message = `read: ${describe(jsonPath)} expected an open model, got one that was closed - open it again`;
      throw new IoError('CLOSED', jsonPath, message);
    }
    const shards = shardsOf.get(weight.name) as readonly Shard[];
    return storedArray(weight, await readRange(shards, weight.begin, weight.end), place);
  };
  return {
    format: 'tfjs',
    manifest,
    weights,
    entries,
    metadata: new Map(),
    modelJson: manifest.model,
    async read(name) {
      const weight = weightOf(weights, name, 'read');
      return decoded(weight, (await stored(weight)).data);
    },
    async stored(name) {
      return stored(weightOf(weights, name, 'stored'));
    },
    async close() {
      if (closed) return;
      closed = true;
      await closeAll(open);
    },
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

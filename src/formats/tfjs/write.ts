/** Writing a tfjs model into memory, and what writing to disk shares with it. */
import { arrayTag } from '../../core/array-tag.js';
import type { AnyTypedArray, U8 } from '../../core/arrays.js';
import { DTYPES } from '../../core/dtype.js';
import { quote, rangeError, typeError, type FormatError } from '../../core/errors.js';
import { checkAttached } from '../../core/numbers.js';
import { checkInteger, checkOptions, isPlainObject } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import { DEFAULT_TFJS_LIMITS } from './limits.js';
import { parseManifest } from './manifest.js';
import type { TfjsDType, TfjsGroup, TfjsStored, TfjsWeight, TfjsWeightSpec } from './types.js';

/** A weight to be written. */
export interface TfjsWeightData extends TfjsStored<AnyTypedArray> {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: TfjsDType;
}

export interface WriteTfjsOptions {
  /** Bytes of a shard, the last one apart. Default 4 MiB, as tfjs-converter: browsers cache pieces of that size well. */
  readonly shardBytes?: number;
}

const DEFAULT_SHARD_BYTES = 4 * 1024 * 1024;

/** What a shard may hold at most: one array of every engine. */
const MAX_SHARD_BYTES = 2 ** 31 - 1;

/**
 * Returns a tfjs model in memory: model.json as an object, the weights' bytes, and the same bytes cut into named shards.
 *
 * Numerics: bits are stored as they are; quantized weights come from encodeTfjsWeight.
 *
 * Cost: one copy of the data; the shards are views of it.
 *
 * Compatible with: tfjs-converter 4.22: one group, shards named `group1-shard1of7.bin`.
 *
 * @param model everything else of model.json, such as format and modelTopology; a weightsManifest in it is replaced
 * @param weights in the order in which they are stored
 * @param options shardBytes
 * @throws TypeError and RangeError for what readTfjs would reject and for data that does not fit.
 * @example
 * const { data, quantization } = encodeTfjsWeight(Float32Array.of(0, 1), 'uint8');
 * const weight = { name: 'w', shape: [2], dtype: 'float32' as const, quantization, data };
 * [...writeTfjs({ format: 'graph-model' }, [weight]).shards.keys()]; // ['group1-shard1of1.bin']
 * @see readTfjs
 */
export function writeTfjs(
  model: Readonly<Record<string, unknown>>,
  weights: Iterable<TfjsWeightData>,
  options?: WriteTfjsOptions,
): {
  readonly modelJson: Record<string, unknown>;
  readonly weightData: U8;
  readonly shards: ReadonlyMap<string, U8>;
} {
  const fn = 'writeTfjs';
  const shardBytes = checkShardBytes(fn, checkOptions(fn, options, ['shardBytes']).shardBytes);
  const list = listOf(fn, weights);
  const { byteLength } = checkWeights(fn, list);
  const count = shardCount(fn, byteLength, shardBytes);
  // Looked at before the sum of what the shapes say is allocated.
  const stored = list.map((weight) => storedBytes(fn, specOf(weight), weight));
  const weightData = new Uint8Array(byteLength) as U8;
  let at = 0;
  for (const bytes of stored) {
    weightData.set(bytes, at);
    at += bytes.length;
  }
  const shards = new Map(
    Array.from({ length: count }, (_, i): [string, U8] => [
      `${shardStem(i, count)}.bin`,
      weightData.subarray(i * shardBytes, (i + 1) * shardBytes) as U8,
    ]),
  );
  return { modelJson: modelJsonOf(fn, model, list, Array.from(shards.keys())), weightData, shards };
}

export function checkShardBytes(fn: string, shardBytes: number | undefined): number {
  return checkInteger(fn, 'shardBytes', shardBytes ?? DEFAULT_SHARD_BYTES, 1, MAX_SHARD_BYTES);
}

export function listOf<T>(fn: string, weights: Iterable<T>): T[] {
  if (weights === null || weights === undefined || typeof weights[Symbol.iterator] !== 'function') {
    throw typeError(fn, 'weights', 'an iterable of weights', weights, 'pass an array of them');
  }
  return Array.from(weights);
}

/** Shards of a model: at least one, which may be empty, and no more than a reader takes. */
export function shardCount(fn: string, byteLength: number, shardBytes: number): number {
  const { maxShards } = DEFAULT_TFJS_LIMITS;
  const count = Math.max(1, Math.ceil(byteLength / shardBytes));
  if (count <= maxShards) return count;
  const expected = `at least ${Math.ceil(byteLength / maxShards)} for ${byteLength} bytes of weights`;
  throw rangeError(fn, 'shardBytes', expected, shardBytes, `readers take up to ${maxShards} shards`);
}

/** The name of a shard without its end, as tfjs-converter has it. */
export function shardStem(index: number, count: number): string {
  return `group1-shard${index + 1}of${count}`;
}

function specOf({ name, shape, dtype, quantization }: TfjsWeightData): TfjsWeightSpec {
  return { name, shape, dtype, storedAs: quantization?.dtype ?? dtype };
}

/** A weight to be checked before its data is known: what its quantization says in the end is left open. */
export function planned(fn: string, spec: TfjsWeightSpec): Omit<TfjsWeight, 'begin' | 'end'> {
  checkRecord(fn, spec);
  const { dtype, storedAs } = spec;
  const quantization = storedAs === dtype ? null : { dtype: storedAs as 'uint8', scale: 1, min: 0 };
  return { ...spec, quantization };
}

function checkRecord(fn: string, weight: unknown): void {
  if (isPlainObject(weight)) return;
  throw typeError(fn, 'weights', 'objects with name, shape and dtype', weight, 'describe every weight');
}

type Entry = Pick<TfjsWeight, 'name' | 'shape' | 'dtype' | 'quantization'>;

/** The group that these weights make, checked as a reader checks it. */
export function checkWeights(fn: string, weights: readonly Entry[]): TfjsGroup {
  const weightsManifest = [{ paths: [], weights: weights.map((weight) => weightEntry(fn, weight)) }];
  return parseOwn(fn, { weightsManifest }).groups[0];
}

/** The `weights` entry of a weight, as tfjs-converter writes it. */
function weightEntry(fn: string, weight: Entry): object {
  checkRecord(fn, weight);
  const { name, shape, dtype, quantization } = weight;
  // tfjs-converter names the type that the weight decodes to, too.
  const extra = quantization == null ? {} : { quantization: { ...quantization, original_dtype: dtype } };
  return { name, shape: Array.isArray(shape) ? Array.from(shape) : shape, dtype, ...extra };
}

/** The object of a model.json whose one group has these weights and shards; checked by reading it. */
export function modelJsonOf(
  fn: string,
  model: Readonly<Record<string, unknown>>,
  weights: readonly Entry[],
  paths: readonly string[],
): Record<string, unknown> {
  if (!isPlainObject(model)) {
    throw typeError(
      fn,
      'model',
      'an object such as {format: "graph-model"}',
      model,
      'pass model.json without weights',
    );
  }
  const entries = weights.map((weight) => weightEntry(fn, weight));
  const modelJson = { ...model, weightsManifest: [{ paths: Array.from(paths), weights: entries }] };
  parseOwn(fn, modelJson);
  return modelJson;
}

/** The bytes of a model.json. */
export function jsonBytes(fn: string, modelJson: object): Uint8Array {
  try {
    return new TextEncoder().encode(JSON.stringify(modelJson));
  } catch (error) {
    const got = (error as Error).message;
    const message = `${fn}: "model" expected what JSON can hold, got ${quote(got)} - pass what JSON.parse gave`;
    throw new TypeError(message, { cause: error });
  }
}

/** What a reader would reject is here a wrong argument. */
function parseOwn(fn: string, modelJson: object): ReturnType<typeof parseManifest> {
  try {
    return parseManifest(modelJson, DEFAULT_TFJS_LIMITS, { fn, file: null });
  } catch (error) {
    throw new RangeError((error as FormatError).message, { cause: error });
  }
}

/** The bytes of a weight, which must be the array of its stored type and hold what its shape says. */
export function storedBytes(
  fn: string,
  { name, shape, storedAs }: TfjsWeightSpec,
  { data }: Pick<TfjsStored<AnyTypedArray>, 'data'>,
): U8 {
  const argument = `data of ${quote(name)}`;
  const wanted = DTYPES[storedAs].array.name;
  if (arrayTag(data) !== wanted) {
    throw typeError(fn, argument, `a ${wanted} for ${storedAs}`, data, 'encode the weight first');
  }
  checkAttached(data, fn, argument);
  const count = elementCount(shape, fn);
  if (data.length !== count) {
    throw rangeError(fn, argument, `${count} elements`, data.length, `the shape is [${shape.join(', ')}]`);
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength) as U8;
  if (storedAs === 'bool') {
    const bad = bytes.findIndex((byte) => byte > 1);
    if (bad >= 0) throw rangeError(fn, argument, '0 or 1', bytes[bad], 'store it as int32');
  }
  return bytes;
}

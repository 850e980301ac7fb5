/** tfjs models in memory: model.json with its weight data. */
import type { TypedArray, U8 } from '../../core/arrays.js';
import { DTYPES } from '../../core/dtype.js';
import { FormatError, quote, rangeError, typeError } from '../../core/errors.js';
import { tensor, type Tensor } from '../../core/tensor.js';
import { elementCount } from '../../core/shape.js';
import {
  readTfjsManifest,
  weightEntry,
  type TfjsDType,
  type TfjsManifest,
  type TfjsWeight,
} from './manifest.js';
import { decodeTfjsWeight, type TfjsQuantization } from './weights.js';

/** A tfjs model whose manifest was checked; weights are read when asked for. */
export interface TfjsModel extends TfjsManifest {
  /** In the order of the manifest. */
  readonly weights: ReadonlyMap<string, TfjsWeight>;
  /** The stored codes of a weight in an array of their own. */
  stored(name: string): TypedArray;
  /** The weight as tfjs computes with it: float32, int32, or bytes. */
  tensor(name: string): Tensor;
}

/**
 * Returns a tfjs model (graph or layers) that lies in memory.
 *
 * @param modelJson what JSON.parse gives for model.json
 * @param weightData the bytes of all shards, group after group, as tfjs' io handlers concatenate them
 * @throws TypeError for the wrong kind of argument; FormatError with a code that docs/formats.md lists.
 * @example
 * const { modelJson, weightData } = writeTfjs({ format: 'graph-model' }, [
 *   { name: 'w', shape: [2], dtype: 'float32', quantization: null, data: Float32Array.of(1, 2) },
 * ]);
 * readTfjs(modelJson, weightData).tensor('w').data; // Float32Array [1, 2]
 */
export function readTfjs(modelJson: unknown, weightData: U8): TfjsModel {
  if (!(weightData instanceof Uint8Array)) {
    throw typeError('readTfjs', 'weightData', 'a Uint8Array', weightData, 'pass the bytes of the shards');
  }
  const manifest = readTfjsManifest(modelJson);
  const weights = new Map<string, TfjsWeight>();
  let base = 0;
  const offsets = new Map<string, number>();
  for (const group of manifest.groups) {
    for (const weight of group.weights) {
      weights.set(weight.name, weight);
      offsets.set(weight.name, base + weight.begin);
    }
    base += group.byteLength;
  }
  if (base !== weightData.length) {
    throw new FormatError(
      'TFJS_DATA_SIZE',
      `readTfjs: the weight data expected ${base} bytes, got ${weightData.length} - a shard is missing or cut`,
    );
  }
  const stored = (name: string): TypedArray => {
    const weight = weightOf(weights, name);
    const begin = offsets.get(name) as number;
    return storedArray(weight, weightData.slice(begin, begin + weight.end - weight.begin));
  };
  return {
    ...manifest,
    weights,
    stored,
    tensor: (name) => weightTensor(weightOf(weights, name), stored(name)),
  };
}

export function weightOf(weights: ReadonlyMap<string, TfjsWeight>, name: string): TfjsWeight {
  const weight = weights.get(name);
  if (weight === undefined) {
    throw rangeError('readTfjs', 'name', 'a weight of the model', name, `it has ${weights.size} weights`);
  }
  return weight;
}

/** The stored elements of a weight over bytes of their own. */
export function storedArray({ storedAs }: TfjsWeight, bytes: Uint8Array): TypedArray {
  const { array } = DTYPES[storedAs];
  return new (array as Uint8ArrayConstructor)(
    bytes.buffer as ArrayBuffer,
    bytes.byteOffset,
    bytes.length / array.BYTES_PER_ELEMENT,
  );
}

/** A weight decoded to the type that tfjs computes with. */
export function weightTensor({ quantization, dtype, shape }: TfjsWeight, stored: TypedArray): Tensor {
  const data =
    quantization === null ? stored : decodeTfjsWeight(stored, quantization, dtype as 'float32' | 'int32');
  return tensor(data, shape, dtype);
}

/** A weight to be written: stored codes with their quantization, or plain data. */
export interface TfjsWeightData {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: TfjsDType;
  readonly quantization: TfjsQuantization | null;
  readonly data: TypedArray;
}

/** Shards of 4 MiB: tfjs-converter's size, which browsers cache well. */
export const SHARD_BYTES: number = 4 * 1024 * 1024;

/** Names of the shards of `bytes` bytes, in tfjs-converter's form; at least one. */
export function shardNames(bytes: number): string[] {
  const count = Math.max(1, Math.ceil(bytes / SHARD_BYTES));
  return Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
}

/**
 * Returns model.json (as an object) and weight data for these weights, in one group of shards of 4 MiB.
 *
 * @param model everything else of model.json, such as format and modelTopology; kept as it is
 * @param weights in the order in which they are to be stored
 * @throws TypeError or RangeError for what readTfjs would reject.
 * @see readTfjs
 */
export function writeTfjs(
  model: Readonly<Record<string, unknown>>,
  weights: readonly TfjsWeightData[],
): {
  readonly modelJson: Record<string, unknown>;
  readonly weightData: U8;
  readonly shards: ReadonlyMap<string, U8>;
} {
  const size = weights.reduce((sum, { data }) => sum + data.byteLength, 0);
  const weightData = new Uint8Array(size) as U8;
  let at = 0;
  for (const weight of weights) {
    weightData.set(weightBytes(weight), at);
    at += weight.data.byteLength;
  }
  const names = shardNames(size);
  const shards = new Map(
    names.map((name, i) => [name, weightData.subarray(i * SHARD_BYTES, (i + 1) * SHARD_BYTES) as U8]),
  );
  return { modelJson: modelJsonOf(model, weights, names), weightData, shards };
}

/** The object of a model.json whose one group has these weights and shards; checked by reading it back. */
export function modelJsonOf(
  model: Readonly<Record<string, unknown>>,
  weights: readonly Omit<TfjsWeightData, 'data'>[],
  paths: readonly string[],
): Record<string, unknown> {
  const modelJson = { ...model, weightsManifest: [{ paths: [...paths], weights: weights.map(weightEntry) }] };
  readTfjsManifest(modelJson);
  return modelJson;
}

/** The bytes of a weight, after checking its array against type and shape. */
export function weightBytes({ name, shape, dtype, quantization, data }: TfjsWeightData): U8 {
  const fn = 'writeTfjs';
  const { array } = DTYPES[quantization?.dtype ?? dtype];
  if (!(data instanceof array))
    throw typeError(fn, 'data', `a ${array.name} for ${quote(name)}`, data, 'encode the weight first');
  const count = elementCount(shape, fn);
  if (data.length !== count)
    throw rangeError(fn, 'data', `${count} elements for ${quote(name)}`, data.length, 'correct the shape');
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength) as U8;
}

/** Reading a tfjs model that lies in memory. */
import { arrayTag } from '../../core/array-tag.js';
import type { TypedArray } from '../../core/arrays.js';
import { DTYPES } from '../../core/dtype.js';
import { describe, quote, rangeError, typeError, type FormatError } from '../../core/errors.js';
import { checkAttached } from '../../core/numbers.js';
import { checkOptions } from '../../core/options.js';
import { tensor, type Tensor } from '../../core/tensor.js';
import { nearestName } from '../../core/text.js';
import { tfjsError, type Place } from './errors.js';
import { checkTfjsLimits, type TfjsLimits } from './limits.js';
import { parseManifest } from './manifest.js';
import type { TfjsManifest, TfjsStored, TfjsWeight } from './types.js';
import { decodeTfjsWeight } from './weights.js';

export interface ReadTfjsOptions {
  readonly limits?: TfjsLimits;
}

/** A tfjs model in memory, its manifest checked in full. */
export interface TfjsModel extends TfjsManifest {
  /** In the order of the manifest. */
  readonly weights: ReadonlyMap<string, TfjsWeight>;
  /** The elements of a weight as they are stored, in an array of their own, and how they decode. */
  stored(name: string): TfjsStored<TypedArray>;
  /** The weight as tfjs computes with it: float32, int32 or bool, in an array of its own. */
  tensor(name: string): Tensor;
}

/** Names that a message about an unknown name is compared with. */
const MAX_SUGGESTIONS = 1000;

/**
 * Returns a tfjs model (graph or layers) that lies in memory.
 *
 * Numerics: quantized weights decode to the bit as tfjs decodes them; other bits are passed on as they are stored. Booleans other
 * than 0 and 1 are an error when their weight is read.
 *
 * Cost: linear in model.json; a weight is copied when it is asked for.
 *
 * Compatible with: tfjs 4.22; stricter in the cases that docs/formats.md lists, never looser.
 *
 * @param modelJson what JSON.parse gives for model.json
 * @param weightData the bytes of all shards, group after group, as the io handlers of tfjs join them
 * @param options limits
 * @throws TypeError for the wrong kind of argument; FormatError with the code of the first defect.
 * @example
 * const { modelJson, weightData } = writeTfjs({ format: 'graph-model' }, [
 *   { name: 'w', shape: [2], dtype: 'float32', quantization: null, data: Float32Array.of(1, 2) },
 * ]);
 * readTfjs(modelJson, weightData).tensor('w').data; // Float32Array [1, 2]
 * @see writeTfjs
 */
export function readTfjs(modelJson: unknown, weightData: Uint8Array, options?: ReadTfjsOptions): TfjsModel {
  const fn = 'readTfjs';
  if (arrayTag(weightData) !== 'Uint8Array') {
    throw typeError(fn, 'weightData', 'a Uint8Array', weightData, 'pass the bytes of the shards');
  }
  checkAttached(weightData as ReturnType<typeof Uint8Array.of>, fn, 'weightData');
  const limits = checkTfjsLimits(fn, checkOptions(fn, options, ['limits']).limits);
  const place = { fn, file: null };
  const manifest = parseManifest(modelJson, limits, place);
  const weights = new Map<string, TfjsWeight>();
  const offsets = new Map<string, number>();
  let total = 0;
  for (const group of manifest.groups) {
    for (const weight of group.weights) {
      weights.set(weight.name, weight);
      offsets.set(weight.name, total + weight.begin);
    }
    total += group.byteLength;
  }
  if (total !== weightData.length) {
    throw dataSize(place, 'weightData', total, weightData.length);
  }
  const stored = (name: string): TfjsStored<TypedArray> => {
    const weight = weightOf(weights, name, 'stored');
    const begin = offsets.get(name) as number;
    // A slice of a Buffer is a view of it, at any place; a new array lies at its own beginning.
    const bytes = new Uint8Array(weightData.subarray(begin, begin + weight.end - weight.begin));
    return storedArray(weight, bytes, place);
  };
  return {
    ...manifest,
    weights,
    stored,
    tensor(name) {
      return decoded(weightOf(weights, name, 'tensor'), stored(name).data);
    },
  };
}

/** The named error for shards that hold more or less than the weights say. */
export function dataSize(place: Place, part: string, expected: number, got: number): FormatError {
  const fix = got < expected ? 'a shard is missing or cut' : 'a shard belongs to another model';
  return tfjsError('TFJS_DATA_SIZE', place, part, `${expected} bytes of weights`, String(got), fix);
}

/** The weight of that name, or the named error with a near name. */
export function weightOf(weights: ReadonlyMap<string, TfjsWeight>, name: string, fn: string): TfjsWeight {
  const weight = weights.get(name);
  if (weight !== undefined) return weight;
  if (typeof name !== 'string') throw typeError(fn, 'name', 'a string', name, 'pass the name of a weight');
  const near = weights.size <= MAX_SUGGESTIONS ? nearestName(name, weights.keys()) : null;
  const fix = near === null ? `it holds ${weights.size} weights` : `did you mean ${quote(near)}?`;
  throw rangeError(fn, 'name', 'the name of a weight of this model', name, fix);
}

/** The stored elements of a weight over bytes of their own; booleans are checked. */
export function storedArray(
  { name, storedAs, quantization }: TfjsWeight,
  bytes: Uint8Array,
  place: Place,
): TfjsStored<TypedArray> {
  if (storedAs === 'bool') {
    const bad = bytes.findIndex((byte) => byte > 1);
    if (bad >= 0) {
      const expected = `0 or 1 for each boolean of ${quote(name)}`;
      throw tfjsError(
        'TFJS_BOOL',
        place,
        `weight[${bad}]`,
        expected,
        describe(bytes[bad]),
        'store it as int32',
      );
    }
  }
  const { array } = DTYPES[storedAs];
  const length = bytes.length / array.BYTES_PER_ELEMENT;
  const data = new (array as Uint8ArrayConstructor)(bytes.buffer as ArrayBuffer, bytes.byteOffset, length);
  return { quantization, data };
}

/** A weight as tfjs computes with it. */
export function decoded({ quantization, dtype, shape }: TfjsWeight, stored: TypedArray): Tensor {
  const data =
    quantization === null ? stored : decodeTfjsWeight(stored, quantization, dtype as 'float32' | 'int32');
  return tensor(data, shape, dtype);
}

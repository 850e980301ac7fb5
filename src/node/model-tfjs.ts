/** Compressed models in tfjs' own format: weights as uint8, uint16 or float16, which tfjs loads by itself. */
import { mkdir, rmdir } from 'node:fs/promises';
import type { U16 } from '../core/arrays.js';
import { byteLengthOf } from '../core/dtype.js';
import { quote, rangeError } from '../core/errors.js';
import { elementCount, sameShape } from '../core/shape.js';
import type { TensorInfo } from '../core/source.js';
import type { Tensor } from '../core/tensor.js';
import type { Compressed } from '../compressed/kinds.js';
import { tfjsTensor } from '../formats/tfjs/tfjs-tensor.js';
import {
  TFJS_DTYPES,
  TFJS_QUANTIZED,
  type TfjsStored,
  type TfjsWeight,
  type TfjsWeightSpec,
} from '../formats/tfjs/types.js';
import type { CompressedEntry, CompressedModel, WorkOptions } from '../model/types.js';
import { floatTensor } from '../quantize/floats/float-tensor.js';
import type { TypedArray } from '../core/arrays.js';
import { attempt } from './io-error.js';
import { saveTfjs } from './tfjs-save.js';
import type { TfjsSource } from './tfjs.js';

/** A tfjs model whose weights may be quantized, as a compressed model. Weights that no kind of compressed tensor holds, int32 in affine codes or with a scale that is not positive, count as kept: `read` decodes them. */
export function compressedTfjs(source: TfjsSource): CompressedModel {
  const entries = new Map<string, CompressedEntry>();
  for (const [name, { dtype, shape, storedAs, begin, end }] of source.weights) {
    entries.set(name, {
      dtype,
      shape,
      originalBytes: byteLengthOf(dtype, elementCount(shape, 'openCompressed')),
      arrays: [{ name, dtype: storedAs, shape }],
      compressedBytes: end - begin,
    });
  }
  return {
    format: 'tfjs',
    entries,
    metadata: source.metadata,
    modelJson: source.modelJson,
    async read(name) {
      const weight = source.weights.get(name);
      return weight !== undefined && isCompressedWeight(weight)
        ? compressedWeight(weight, await source.stored(name))
        : source.read(name);
    },
    close: () => source.close(),
  };
}

/** Only positive scales: other tools may write any, and tfjs decodes them all. */
function isCompressedWeight({ dtype, quantization }: TfjsWeight): boolean {
  if (dtype !== 'float32' || quantization === null) return false;
  return quantization.dtype === 'float16' || quantization.scale > 0;
}

function compressedWeight({ shape }: TfjsWeight, { quantization, data }: TfjsStored<TypedArray>): Compressed {
  if (quantization === null || quantization.dtype === 'float16') {
    // tfjs-converter rounds half to even.
    return floatTensor({
      kind: 'float',
      codes: data as U16,
      dtype: 'float16',
      shape,
      rounding: 'halfEven',
      overflow: 0,
    });
  }
  const { dtype, scale, min } = quantization;
  return tfjsTensor({ kind: 'tfjs', codes: data as U16, dtype, scale, min, shape });
}

/** Saves a compressed model as a tfjs model; makes the folder where there is none. */
export async function saveCompressedTfjs(
  folder: string,
  model: CompressedModel,
  options: WorkOptions,
): Promise<{ readonly bytes: number }> {
  const specs = Array.from(model.entries, ([name, entry]) => specOf(name, entry));
  const { modelJson } = model;
  if (modelJson === null) {
    const fix = 'name a *.safetensors file: only a tfjs model has the topology that a model.json needs';
    throw rangeError('saveCompressed', 'path', 'a *.safetensors file', folder, fix);
  }
  return inFolder(folder, () => saveWeights(folder, modelJson, model, specs, options));
}

/** How an entry is stored as a tfjs weight; anything that tfjs has no type for is refused before the work begins. */
function specOf(name: string, { dtype, shape, arrays }: CompressedEntry): TfjsWeightSpec {
  const [array] = arrays;
  const isStorable =
    arrays.length === 1 &&
    sameShape(array.shape, shape) &&
    ([...TFJS_DTYPES, ...TFJS_QUANTIZED] as readonly string[]).includes(array.dtype) &&
    (TFJS_DTYPES as readonly string[]).includes(dtype);
  if (!isStorable) {
    const expected = `tensor ${quote(name)} in a type that tfjs loads`;
    const got = `${dtype} stored as ${arrays.map((each) => each.dtype).join(' and ')}`;
    const fix = "use the schemes 'tfjs' or 'float' with float16, or save a *.safetensors file";
    throw rangeError('saveCompressed', 'model', expected, got, fix);
  }
  return {
    name,
    shape,
    dtype: dtype as TfjsWeightSpec['dtype'],
    storedAs: array.dtype as TfjsWeightSpec['storedAs'],
  };
}

async function saveWeights(
  folder: string,
  modelJson: Readonly<Record<string, unknown>>,
  model: CompressedModel,
  specs: readonly TfjsWeightSpec[],
  { signal, onProgress }: WorkOptions,
): Promise<{ readonly bytes: number }> {
  const totalBytes = Array.from(model.entries.values()).reduce((sum, entry) => sum + entry.originalBytes, 0);
  let doneBytes = 0;
  const produce = async ({ name }: TfjsWeightSpec): Promise<TfjsStored<TypedArray>> => {
    const stored = storedWeight(await model.read(name));
    doneBytes += (model.entries.get(name) as CompressedEntry).originalBytes;
    onProgress?.({ doneBytes, totalBytes, name });
    return stored;
  };
  return saveTfjs(folder, modelJson, specs, produce, { ...(signal && { signal }) });
}

function storedWeight(value: Compressed | Tensor): TfjsStored<TypedArray> {
  if (!('kind' in value)) return { quantization: null, data: value.data };
  switch (value.kind) {
    case 'tfjs':
      return { quantization: { dtype: value.dtype, scale: value.scale, min: value.min }, data: value.codes };
    case 'float':
      return { quantization: { dtype: 'float16' }, data: value.codes };
    default:
      throw rangeError(
        'saveCompressed',
        'model',
        'kinds that tfjs loads',
        value.kind,
        'save a *.safetensors file',
      );
  }
}

/** A folder that this call made disappears again when the work fails. */
async function inFolder<T>(folder: string, action: () => Promise<T>): Promise<T> {
  const made = await attempt(() => mkdir(folder, { recursive: true }), 'save', folder);
  try {
    return await action();
  } catch (error) {
    if (made !== undefined) await rmdir(folder).catch(() => undefined);
    throw error;
  }
}

/** Entries of a model that is not compressed, as those of one that is. */
export function keptEntries(entries: ReadonlyMap<string, TensorInfo>): Map<string, CompressedEntry> {
  return new Map(
    Array.from(entries, ([name, { dtype, shape, byteLength }]) => {
      const sizes = { originalBytes: byteLength, compressedBytes: byteLength };
      return [name, { dtype, shape, arrays: [{ name, dtype, shape }], ...sizes }] as const;
    }),
  );
}

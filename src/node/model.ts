/** Whole models on disk: opened and saved by what their path says. */
import type { TypedArray } from '../core/arrays.js';
import { describe, IoError } from '../core/errors.js';
import type { TensorInfo, TensorSource } from '../core/source.js';
import { packModel } from '../model/pack.js';
import type { CompressedModel, WorkOptions } from '../model/types.js';
import { readCompressed } from '../model/unpack.js';
import { checkPath } from './atomic.js';
import { attempt } from './io-error.js';
import { systemIo } from './io.js';
import { openSafetensors, type SafetensorsSource } from './safetensors.js';
import { saveSafetensors } from './safetensors-save.js';
import { compressedTfjs, keptEntries, saveCompressedTfjs } from './model-tfjs.js';
import { openTfjs, type TfjsSource } from './tfjs.js';

/**
 * Returns an open model: a safetensors file, an index of shards, a tfjs model.json, or a folder that holds one of them.
 *
 * @param path file or folder
 * @throws FormatError for bad bytes, IoError for failures of the system; SEVERAL_MODELS for a folder that holds both formats.
 * @example
 * const model = await openModel('model.safetensors');
 * for (const [name, { dtype, shape }] of model.entries) console.log(name, dtype, shape);
 * await model.close();
 */
export async function openModel(path: string): Promise<SafetensorsSource | TfjsSource> {
  checkPath(path, 'openModel');
  return (await isTfjs(path)) ? openTfjs(path) : openSafetensors(path);
}

/** The tfjs format is a folder, a safetensors file has its name's ending. */
const isFile = (path: string): boolean => path.endsWith('.safetensors');

async function isTfjs(path: string): Promise<boolean> {
  const stats = await attempt(() => systemIo.stat(path), 'open', path);
  if (!stats.isDirectory()) return path.endsWith('.json') && !path.endsWith('.index.json');
  const names = await attempt(() => systemIo.readdir(path), 'open', path);
  const hasTfjs = names.includes('model.json');
  if (hasTfjs && names.some((name) => name.endsWith('.safetensors'))) {
    const message = `open: ${describe(path)} expected a folder with one model, got model.json and *.safetensors - name the file`;
    throw new IoError('SEVERAL_MODELS', path, message);
  }
  return hasTfjs;
}

/**
 * Returns an open compressed model: a file that saveCompressed made, or a tfjs model, whose weights may be quantized.
 *
 * @throws FormatError COMPRESSED_* for files that are damaged or not compressed (docs/formats.md); IoError.
 * @example
 * const small = await openCompressed('small.safetensors');
 * await saveModel('restored.safetensors', decompressModel(small));
 */
export async function openCompressed(path: string): Promise<CompressedModel> {
  checkPath(path, 'openCompressed');
  if (await isTfjs(path)) return compressedTfjs(await openTfjs(path));
  const source = await openSafetensors(path);
  try {
    return readCompressed(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/**
 * Saves a compressed model and returns its size on disk. One tensor is compressed and in memory at a time; the file appears, or
 * replaces the old one, when everything is on the disk.
 *
 * @param path a *.safetensors file to make or replace; any other path is the folder of a tfjs model, for schemes that tfjs loads
 * @param model from apply or openCompressed
 * @param options signal, onProgress
 * @throws what the model's `read` throws; IoError; the signal's reason. In every case the old file is untouched.
 */
export async function saveCompressed(
  path: string,
  model: CompressedModel,
  options: WorkOptions = {},
): Promise<{ readonly bytes: number }> {
  checkPath(path, 'saveCompressed');
  if (!isFile(path)) return saveCompressedTfjs(path, model, options);
  const packed = packModel(model, options);
  return saveSafetensors(path, packed.specs, (spec) => packed.produce(spec), {
    metadata: packed.metadata,
    finalMetadata: () => packed.finalMetadata(),
    ...(options.signal && { signal: options.signal }),
  });
}

/**
 * Saves a model whose tensors are not compressed, such as decompressModel's, one tensor at a time.
 *
 * @param path a *.safetensors file to make or replace; any other path is the folder of a tfjs model
 * @param model an open model
 * @param options signal, onProgress
 */
export async function saveModel(
  path: string,
  model: TensorSource,
  options: WorkOptions = {},
): Promise<{ readonly bytes: number }> {
  checkPath(path, 'saveModel');
  if (!isFile(path)) {
    return saveCompressedTfjs(path, { ...model, entries: keptEntries(model.entries) }, options);
  }
  const { signal, onProgress } = options;
  const specs = Array.from(model.entries, ([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const totalBytes = Array.from(model.entries.values()).reduce((sum, { byteLength }) => sum + byteLength, 0);
  let doneBytes = 0;
  const produce = async ({ name }: { readonly name: string }): Promise<TypedArray> => {
    const { data } = await model.read(name);
    doneBytes += (model.entries.get(name) as TensorInfo).byteLength;
    onProgress?.({ doneBytes, totalBytes, name });
    return data;
  };
  return saveSafetensors(path, specs, produce, { metadata: model.metadata, ...(signal && { signal }) });
}

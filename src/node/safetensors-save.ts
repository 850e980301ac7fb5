/** safetensors files saved atomically, one tensor in memory at a time. */
import type { TypedArray } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import type { ArraySpec } from '../core/source.js';
import { buildHeader, padHeader } from '../formats/safetensors/build.js';
import type { Limits } from '../formats/safetensors/limits.js';
import type { TensorEntry } from '../formats/safetensors/types.js';
import { storedBytes } from '../formats/safetensors/write.js';
import { createAtomicFileOn } from './atomic.js';
import { systemIo, type IoPort } from './io.js';

export interface SaveSafetensorsOptions {
  /** Strings for `__metadata__`, in the file from the beginning. */
  readonly metadata?: ReadonlyMap<string, string>;
  /**
   * Strings that are known only when all data is written, such as checksums. They take the place of entries of `metadata`,
   * whose values are as long as the final ones will be, or longer.
   */
  readonly finalMetadata?: () => ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>;
  /** Stops the work: nothing is replaced and the temporary file is removed. */
  readonly signal?: AbortSignal;
  readonly limits?: Limits;
}

const FN = 'saveSafetensors';

/**
 * Saves a safetensors file and returns its size. The file appears, or replaces the old one, when everything is on the disk.
 *
 * Cost: the tensors are asked for one by one, in the order of `specs` (not that of the file, whose places are known before),
 * and written at once, so that one is in memory at a time.
 *
 * Compatible with: safetensors 0.8, to the byte (see buildHeader); with `finalMetadata` shorter than its placeholders the
 * header ends with more spaces.
 *
 * @param path the file to make or replace; see createAtomicFile
 * @param specs name, type and shape of every tensor
 * @param produce gives the data of one tensor
 * @param options metadata, finalMetadata, signal, limits
 * @returns bytes: the size of the file
 * @throws TypeError and RangeError for tensors that the format cannot hold or data that does not fit; IoError; the signal's
 * reason. In every case the old file is untouched and no temporary file stays.
 * @example
 * const specs = [{ name: 'w', dtype: 'float32' as const, shape: [2] }];
 * await saveSafetensors('model.safetensors', specs, () => Float32Array.of(1, 2));
 * @see openSafetensors
 */
export async function saveSafetensors(
  path: string,
  specs: Iterable<ArraySpec>,
  produce: (spec: ArraySpec) => TypedArray | Promise<TypedArray>,
  options?: SaveSafetensorsOptions,
): Promise<{ readonly bytes: number }> {
  return saveSafetensorsOn(systemIo, path, specs, produce, options);
}

/** saveSafetensors over any port. */
export async function saveSafetensorsOn(
  io: IoPort,
  path: string,
  specs: Iterable<ArraySpec>,
  produce: (spec: ArraySpec) => TypedArray | Promise<TypedArray>,
  options?: SaveSafetensorsOptions,
): Promise<{ readonly bytes: number }> {
  const keys = ['metadata', 'finalMetadata', 'signal', 'limits'] as const;
  const { metadata, finalMetadata, signal, limits } = checkOptions(FN, options, keys);
  if (typeof produce !== 'function') {
    throw typeError(
      FN,
      'produce',
      'a function',
      produce,
      'pass a function that returns the data of one tensor',
    );
  }
  const list = Array.from(specs);
  const header = buildHeader(list, metadata, limits);
  const bytes = header.bytes.length + header.dataLength;
  const atomicOptions = { expectedBytes: bytes, ...(signal && { signal }) };
  const file = await createAtomicFileOn(io, path, atomicOptions);
  try {
    await file.write(header.bytes);
    for (const spec of list) {
      const entry = header.entries.get(spec.name) as TensorEntry;
      const data = storedBytes(spec.name, entry, await produce(spec), FN);
      await file.writeAt(header.bytes.length + entry.begin, data);
    }
    if (finalMetadata !== undefined) {
      const merged = mergeMetadata(metadata, await finalMetadata());
      const final = buildHeader(list, merged, limits).bytes;
      await file.writeAt(0, padHeader(final, header.bytes.length, FN));
    }
    await file.commit();
    return { bytes };
  } catch (error) {
    await file.abort();
    throw error;
  }
}

function mergeMetadata(
  metadata: ReadonlyMap<string, string> | undefined,
  final: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const merged = new Map(metadata);
  for (const [key, value] of final) {
    if (!merged.has(key)) {
      throw rangeError(
        FN,
        'finalMetadata',
        'keys of metadata',
        key,
        'add a placeholder of its length to metadata',
      );
    }
    merged.set(key, value);
  }
  return merged;
}

/** A compressed model as the arrays and the metadata of one safetensors file, one tensor in memory at a time. */
import type { TypedArray } from '../core/arrays.js';
import { crc32c } from '../core/checksum.js';
import { rangeError } from '../core/errors.js';
import type { ArraySpec } from '../core/source.js';
import { toArrays } from '../compressed/compressed.js';
import type { Compressed } from '../compressed/kinds.js';
import { packModelJson } from './model-json.js';
import {
  arrayNamesOf,
  beginChecksum,
  checksumText,
  FORMAT_KEY,
  MODEL_JSON_KEY,
  TENSORS_KEY,
  VERSION,
  VERSION_KEY,
  type StoredTensor,
  type Unsummed,
} from './stored.js';
import type { CompressedEntry, CompressedModel, WorkOptions } from './types.js';

/** What a safetensors writer needs: see saveSafetensors. */
export interface PackedModel {
  /** In the order in which `produce` must be called. */
  readonly specs: readonly ArraySpec[];
  /** With placeholders that are as long as the final values. */
  readonly metadata: ReadonlyMap<string, string>;
  produce(spec: ArraySpec): Promise<TypedArray>;
  /** After the last `produce`. */
  finalMetadata(): ReadonlyMap<string, string>;
}

/**
 * Characters that the header of any kind takes at most in JSON with its quotes escaped, apart from its shape: 324 with every choice and number
 * at its longest, in affine codes of blocks; test/model/pack.test.ts builds them all.
 */
export const HEADER_ROOM = 324;
/** The same for each axis of the shape: 16 digits and a comma. */
export const AXIS_ROOM = 17;

/** Prepares a compressed model for a safetensors file; reports progress and looks at the signal between two tensors. */
export function packModel(model: CompressedModel, { signal, onProgress }: WorkOptions = {}): PackedModel {
  const done: StoredTensor[] = [];
  const totalBytes = Array.from(model.entries.values()).reduce((sum, entry) => sum + entry.originalBytes, 0);
  const owner = new Map<string, string>();
  for (const [name, { arrays }] of model.entries) for (const array of arrays) owner.set(array.name, name);
  let current: { record: Unsummed; parts: Map<string, TypedArray>; checksum: number } | null = null;
  let doneBytes = 0;
  return {
    specs: Array.from(model.entries.values()).flatMap(({ arrays }) => arrays),
    metadata: metadataOf(
      model,
      Array.from(model.entries, ([name, entry]) => placeholder(name, entry)),
    ),
    async produce({ name: array }) {
      const name = owner.get(array) as string;
      if (current === null) {
        signal?.throwIfAborted();
        current = await load(model, name);
      }
      const data = current.parts.get(array);
      if (data === undefined)
        throw rangeError('packModel', 'spec', 'the next array', array, 'keep the order of specs');
      current.parts.delete(array);
      current.checksum = crc32c(
        new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
        current.checksum,
      );
      if (current.parts.size === 0) {
        done.push({ ...current.record, crc32c: checksumText(current.checksum) });
        doneBytes += current.record.bytes;
        current = null;
        onProgress?.({ doneBytes, totalBytes, name });
      }
      return data;
    },
    finalMetadata: () => new Map([[TENSORS_KEY, JSON.stringify(done)]]),
  };
}

/** One tensor taken apart. */
async function load(
  model: CompressedModel,
  name: string,
): Promise<{ record: Unsummed; parts: Map<string, TypedArray>; checksum: number }> {
  const { dtype, shape, originalBytes } = model.entries.get(name) as CompressedEntry;
  const value = await model.read(name);
  const base = { name, dtype, shape: Array.from(shape), bytes: originalBytes };
  if (!('kind' in value)) {
    const record: Unsummed = { ...base, header: null, arrays: [] };
    return { record, parts: new Map([[name, value.data]]), checksum: beginChecksum(record) };
  }
  const { header, arrays } = toArrays(value as Compressed);
  const record: Unsummed = { ...base, header, arrays: arrays.map((array) => array.name) };
  const parts = new Map(arrayNamesOf(record).map((array, i) => [array, arrays[i].data]));
  return { record, parts, checksum: beginChecksum(record) };
}

function metadataOf(model: CompressedModel, records: readonly object[]): Map<string, string> {
  const metadata = new Map(model.metadata);
  metadata.set(VERSION_KEY, VERSION);
  metadata.set(FORMAT_KEY, model.format);
  metadata.set(TENSORS_KEY, JSON.stringify(records));
  if (model.modelJson !== null) metadata.set(MODEL_JSON_KEY, packModelJson(model.modelJson));
  return metadata;
}

/** A record at least as long as the final one: only the header is not known before the tensor is compressed. */
function placeholder(name: string, { dtype, shape, originalBytes, arrays }: CompressedEntry): object {
  const isKept = arrays.length === 1 && arrays[0].name === name;
  const room = ' '.repeat(HEADER_ROOM + AXIS_ROOM * shape.length);
  return {
    name,
    dtype,
    shape,
    bytes: originalBytes,
    header: isKept ? null : { room },
    arrays: isKept ? [] : arrays.map((array) => array.name.slice(name.length + 1)),
    crc32c: '00000000',
  };
}

/** The compressed model that packModel took apart, read from an open safetensors file. */
import { crc32c } from '../core/checksum.js';
import { quote, rangeError } from '../core/errors.js';
import { sameShape } from '../core/shape.js';
import type { NamedArray, TensorInfo, TensorSource } from '../core/source.js';
import type { Tensor } from '../core/tensor.js';
import { fromArrays } from '../compressed/compressed.js';
import type { Compressed } from '../compressed/kinds.js';
import { inTensor } from './in-tensor.js';
import { headerLabel } from './labels.js';
import {
  arrayNamesOf,
  beginChecksum,
  checksumText,
  ownMetadata,
  readFormat,
  readModelJson,
  readStored,
  storedError,
  type StoredTensor,
} from './stored.js';
import type { CompressedEntry, CompressedModel } from './types.js';

/**
 * Returns the compressed model in an open safetensors file, its metadata checked in full; every tensor's checksum is compared when it
 * is read.
 *
 * @param source an open safetensors file that `saveCompressed` or `writeCompressed` made
 * @throws FormatError COMPRESSED_* (docs/formats.md); from `read` COMPRESSED_CHECKSUM for damaged data.
 */
export function readCompressed(source: TensorSource): CompressedModel {
  const records = new Map(readStored(source).map((record) => [record.name, record]));
  const entries = new Map<string, CompressedEntry>();
  for (const [name, record] of records) {
    const arrays = arrayNamesOf(record).map((array) => {
      const { dtype, shape } = source.entries.get(array) as TensorInfo;
      return { name: array, dtype, shape };
    });
    const compressedBytes = arrayNamesOf(record).reduce(
      (sum, array) => sum + (source.entries.get(array) as TensorInfo).byteLength,
      0,
    );
    entries.set(name, {
      dtype: record.dtype,
      shape: record.shape,
      originalBytes: record.bytes,
      arrays,
      compressedBytes,
      label: record.header === null ? 'kept' : headerLabel(record.header),
    });
  }
  return {
    format: readFormat(source.metadata),
    entries,
    metadata: ownMetadata(source.metadata),
    modelJson: readModelJson(source.metadata),
    async read(name) {
      const record = records.get(name);
      if (record === undefined) {
        throw rangeError('read', 'name', 'a tensor of the model', name, `it has ${records.size} tensors`);
      }
      return readRecord(source, record);
    },
    close: () => source.close(),
  };
}

async function readRecord(source: TensorSource, record: StoredTensor): Promise<Compressed | Tensor> {
  const { name, header, arrays } = record;
  const tensors: Tensor[] = [];
  let checksum = beginChecksum(record);
  for (const array of arrayNamesOf(record)) {
    const tensor = await source.read(array);
    checksum = crc32c(
      new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength),
      checksum,
    );
    tensors.push(tensor);
  }
  if (checksumText(checksum) !== record.crc32c) {
    const message = `tensor ${quote(name)} expected checksum ${record.crc32c}, got ${checksumText(checksum)} - the file is damaged: take another copy, or compress the original again`;
    throw storedError('CHECKSUM', message);
  }
  if (header === null) return tensors[0];
  const named = tensors.map((tensor, i): NamedArray => ({ ...tensor, name: arrays[i] }));
  const c = inTensor(name, () => fromArrays(header, named));
  if (!sameShape(c.shape, record.shape)) {
    throw storedError(
      'METADATA',
      `shape of ${quote(name)} expected [${record.shape.join(', ')}], got [${c.shape.join(', ')}] - compress the original again`,
    );
  }
  return c;
}

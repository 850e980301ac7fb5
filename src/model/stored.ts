/**
 * What a compressed safetensors file says about itself, in `__metadata__` (docs/formats.md, "Compressed models"):
 *
 *   tensorslim.version     "1"
 *   tensorslim.format      format of the original: "safetensors" or "tfjs"
 *   tensorslim.tensors     JSON: one record per tensor, in the order of the original
 *   tensorslim.model_json  a tfjs model.json without its weights, only where the original was one: JSON, gzip, base64
 *
 * Every other key is the original's own.
 */
import { crc32c } from '../core/checksum.js';
import { isDType, type DType } from '../core/dtype.js';
import { describe, FormatError, quote } from '../core/errors.js';
import { isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import type { TensorSource } from '../core/source.js';
import { unpackModelJson } from './model-json.js';

const PREFIX = 'tensorslim.';
export const VERSION_KEY: string = `${PREFIX}version`;
export const FORMAT_KEY: string = `${PREFIX}format`;
export const TENSORS_KEY: string = `${PREFIX}tensors`;
export const MODEL_JSON_KEY: string = `${PREFIX}model_json`;
export const VERSION: string = '1';

/** One tensor of the file. */
export interface StoredTensor {
  readonly name: string;
  /** Type, shape and size of the original. */
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** What the kind of compressed tensor needs besides its arrays; null: the tensor is stored as it was, under its own name. */
  readonly header: object | null;
  /** The array `codes` of tensor `w` is the file's tensor `w.codes`. Empty for a tensor stored as it was. */
  readonly arrays: readonly string[];
  /** CRC-32C of the record without this field, as JSON, and of the arrays' bytes in this order: 8 hexadecimal digits. */
  readonly crc32c: string;
}

export type Unsummed = Omit<StoredTensor, 'crc32c'>;

export function isCompressedMetadata(metadata: ReadonlyMap<string, string>): boolean {
  return metadata.has(VERSION_KEY);
}

/** The original's own metadata. */
export function ownMetadata(metadata: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(Array.from(metadata).filter(([key]) => !key.startsWith(PREFIX)));
}

/** The checksum of a record and no arrays yet; crc32c goes on from it. */
export function beginChecksum({ name, dtype, shape, bytes, header, arrays }: Unsummed): number {
  return crc32c(new TextEncoder().encode(JSON.stringify({ name, dtype, shape, bytes, header, arrays })));
}

export const checksumText = (checksum: number): string => checksum.toString(16).padStart(8, '0');

/** The names that a tensor's arrays have in the file. */
export function arrayNamesOf({
  name,
  header,
  arrays,
}: Pick<StoredTensor, 'name' | 'header' | 'arrays'>): string[] {
  return header === null ? [name] : arrays.map((array) => `${name}.${array}`);
}

/** A defect of a compressed model. Codes: docs/formats.md. */
export function storedError(code: string, message: string): FormatError {
  return new FormatError(`COMPRESSED_${code}`, `openCompressed: ${message}`);
}

const DAMAGED = 'the file is damaged: take a copy of it, or compress the original again';

/** The records of a file, checked one by one and against the file's tensors. */
export function readStored(source: Pick<TensorSource, 'metadata' | 'entries'>): StoredTensor[] {
  const { metadata } = source;
  const version = metadata.get(VERSION_KEY);
  if (version === undefined) {
    throw storedError(
      'NOT_COMPRESSED',
      `"${VERSION_KEY}" expected in the metadata, got none - compress the model first`,
    );
  }
  if (version !== VERSION) {
    throw storedError(
      'VERSION',
      `"${VERSION_KEY}" expected "${VERSION}", got ${describe(version)} - update the library`,
    );
  }
  const list = parse(metadata.get(TENSORS_KEY), TENSORS_KEY);
  if (!Array.isArray(list)) throw wrong(TENSORS_KEY, 'an array', list);
  const records = list.map(checkRecord);
  checkArrays(records, source);
  return records;
}

function parse(text: string | undefined, key: string): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    throw wrong(key, 'JSON', text);
  }
}

export function readFormat(metadata: ReadonlyMap<string, string>): TensorSource['format'] {
  const format = metadata.get(FORMAT_KEY);
  if (format === 'safetensors' || format === 'tfjs') return format;
  throw wrong(FORMAT_KEY, '"safetensors" or "tfjs"', format);
}

export function readModelJson(metadata: ReadonlyMap<string, string>): Record<string, unknown> | null {
  const text = metadata.get(MODEL_JSON_KEY);
  if (text === undefined) return null;
  const modelJson = unpackModelJson(text);
  if (modelJson === null) throw wrong(MODEL_JSON_KEY, 'an object as JSON, gzip, base64', text);
  return modelJson;
}

function checkRecord(value: unknown, i: number): StoredTensor {
  const place = `${TENSORS_KEY}[${i}]`;
  if (!isPlainObject(value)) throw wrong(place, 'an object', value);
  const {
    name,
    dtype,
    shape,
    bytes,
    header,
    arrays,
    crc32c: sum,
  } = value as Partial<Record<keyof StoredTensor, unknown>>;
  if (typeof name !== 'string') throw wrong(`${place}.name`, 'a string', name);
  if (!isDType(dtype)) throw wrong(`${place}.dtype`, 'an element type', dtype);
  try {
    elementCount(shape as number[], 'openCompressed');
  } catch {
    throw wrong(`${place}.shape`, 'axis lengths', shape);
  }
  if (!Number.isSafeInteger(bytes) || (bytes as number) < 0)
    throw wrong(`${place}.bytes`, 'a whole number', bytes);
  if (header !== null && !isPlainObject(header)) throw wrong(`${place}.header`, 'an object or null', header);
  if (!Array.isArray(arrays) || arrays.some((array) => typeof array !== 'string')) {
    throw wrong(`${place}.arrays`, 'an array of names', arrays);
  }
  if ((header === null) !== (arrays.length === 0))
    throw wrong(`${place}.arrays`, 'names for a header alone', arrays);
  if (typeof sum !== 'string' || !/^[0-9a-f]{8}$/.test(sum)) {
    throw wrong(`${place}.crc32c`, 'eight hexadecimal digits', sum);
  }
  return {
    name,
    dtype,
    shape: shape as number[],
    bytes: bytes as number,
    header,
    arrays: arrays as string[],
    crc32c: sum,
  };
}

/** Every array of the records is in the file, and every tensor of the file belongs to one record. */
function checkArrays(records: readonly StoredTensor[], { entries }: Pick<TensorSource, 'entries'>): void {
  const claimed = new Set<string>();
  const names = new Set<string>();
  for (const record of records) {
    if (names.has(record.name))
      throw storedError('DUPLICATE', `tensor ${quote(record.name)} expected once, got twice - ${DAMAGED}`);
    names.add(record.name);
    for (const array of arrayNamesOf(record)) {
      if (!entries.has(array))
        throw storedError(
          'ARRAY_MISSING',
          `array ${quote(array)} expected in the file, got none - ${DAMAGED}`,
        );
      if (claimed.has(array))
        throw storedError('DUPLICATE', `array ${quote(array)} expected once, got twice - ${DAMAGED}`);
      claimed.add(array);
    }
  }
  for (const name of entries.keys()) {
    if (!claimed.has(name))
      throw storedError(
        'ARRAY_UNKNOWN',
        `array ${quote(name)} expected in "${TENSORS_KEY}", got none - ${DAMAGED}`,
      );
  }
}

function wrong(field: string, expected: string, got: unknown): FormatError {
  return storedError('METADATA', `"${field}" expected ${expected}, got ${describe(got)} - ${DAMAGED}`);
}

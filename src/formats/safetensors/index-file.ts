/** The index of a model that is split into shards: which file holds which tensor. */
import { describe, quote } from '../../core/errors.js';
import { safetensorsError } from './errors.js';
import { DAMAGED, JsonReader } from './json-reader.js';
import type { Limits } from './limits.js';
import type { TensorEntry } from './types.js';

/** What a model.safetensors.index.json says, before any shard is opened. */
export interface ShardIndex {
  /** File of each tensor, in the order of the index. */
  readonly weightMap: ReadonlyMap<string, string>;
  /** The files, each once, in the order of their first tensor. */
  readonly shards: readonly string[];
  /** Bytes of all tensors together, where the index says so. */
  readonly totalSize: number | null;
}

/** Deepest object inside the index's metadata that is skipped. */
const MAX_METADATA_DEPTH = 8;

/**
 * The index, whose size was checked already, checked by itself: text, fields, duplicates, and shard names that stay in the folder
 * of the index.
 *
 * @param label the beginning of every error message
 */
export function parseShardIndex(bytes: Uint8Array, limits: Required<Limits>, label: string): ShardIndex {
  const reader = new JsonReader(bytes, label, 0);
  let weightMap: Map<string, string> | null = null;
  let totalSize: number | null | undefined;
  for (
    let more = reader.beginObject('SAFETENSORS_INDEX_FIELD', 'an index');
    more;
    more = reader.nextMember()
  ) {
    reader.peek();
    const at = reader.at;
    const key = reader.readKey();
    if (key === 'weight_map') {
      if (weightMap !== null) throw repeated(reader, key, at);
      weightMap = readWeightMap(reader, limits);
    } else if (key === 'metadata') {
      if (totalSize !== undefined) throw repeated(reader, key, at);
      totalSize = readIndexMetadata(reader);
    } else {
      const message = `expected the fields metadata and weight_map, got ${quote(key)} - ${DAMAGED}`;
      throw reader.error('SAFETENSORS_INDEX_FIELD', message, at);
    }
  }
  if (reader.peek() !== -1) throw reader.unexpected('SAFETENSORS_SYNTAX', 'the end', DAMAGED);
  if (weightMap === null) {
    throw reader.error('SAFETENSORS_INDEX_FIELD', `expected a weight_map, got none - ${DAMAGED}`);
  }
  const shards = Array.from(new Set(weightMap.values()));
  return { weightMap, shards, totalSize: totalSize ?? null };
}

export function indexTooLarge(length: number, { maxIndexBytes }: Required<Limits>, label: string): Error {
  const fix = 'raise limits.maxIndexBytes if the file is trustworthy';
  const message = `${label} expected an index of at most ${maxIndexBytes} bytes, got ${length} - ${fix}`;
  return safetensorsError('SAFETENSORS_INDEX_TOO_LARGE', message, 0);
}

function repeated(reader: JsonReader, key: string, at: number): Error {
  const message = `expected each name once, got ${quote(key)} again - ${DAMAGED}`;
  return reader.error('SAFETENSORS_INDEX_DUPLICATE', message, at);
}

function readWeightMap(reader: JsonReader, limits: Required<Limits>): Map<string, string> {
  const weightMap = new Map<string, string>();
  const shards = new Set<string>();
  for (
    let more = reader.beginObject('SAFETENSORS_INDEX_FIELD', 'weight_map');
    more;
    more = reader.nextMember()
  ) {
    reader.peek();
    const at = reader.at;
    const name = reader.readKey();
    if (weightMap.has(name)) throw repeated(reader, name, at);
    const shard = reader.readString('SAFETENSORS_INDEX_FIELD', 'the name of a shard as a string');
    if (!isPlainFileName(shard)) {
      const message = `expected the plain name of a file beside the index, got ${quote(shard)} - an index may not lead out of its folder`;
      throw reader.error('SAFETENSORS_INDEX_PATH', message, at);
    }
    shards.add(shard);
    if (shards.size > limits.maxShards) {
      const message = `expected at most ${limits.maxShards} shards, got more - raise limits.maxShards if the file is trustworthy`;
      throw reader.error('SAFETENSORS_INDEX_TOO_MANY_SHARDS', message, at);
    }
    weightMap.set(name, shard);
  }
  return weightMap;
}

/** Neither folder, parent, drive, stream nor device path: only a name. Backslash and colon count on every system. */
function isPlainFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\:\0]/.test(name);
}

/** total_size, or null; other metadata is skipped. */
function readIndexMetadata(reader: JsonReader): number | null {
  let totalSize: number | null = null;
  const keys = new Set<string>();
  for (
    let more = reader.beginObject('SAFETENSORS_INDEX_FIELD', 'metadata');
    more;
    more = reader.nextMember()
  ) {
    reader.peek();
    const at = reader.at;
    const key = reader.readKey();
    if (keys.has(key)) throw repeated(reader, key, at);
    keys.add(key);
    if (key === 'total_size') totalSize = readTotalSize(reader);
    else reader.skipValue(MAX_METADATA_DEPTH);
  }
  return totalSize;
}

/** Some tools write the sum as a float, 25.0 or 2.5e1; it counts when it is a whole number. */
function readTotalSize(reader: JsonReader): number {
  reader.peek();
  const at = reader.at;
  const text = reader.readScalar();
  const value = /^\d/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  const message = `expected total_size as a whole number of bytes, got ${describe(text)} - ${DAMAGED}`;
  throw reader.error('SAFETENSORS_NUMBER', message, at);
}

/**
 * The tensors of all shards, in the order of the index, after checking that index and shards say the same: each tensor in
 * one shard, the one that the index names, and total_size true.
 */
export function joinShards(
  index: ShardIndex,
  shards: ReadonlyMap<string, ReadonlyMap<string, TensorEntry>>,
  label: string,
): Map<string, TensorEntry> {
  checkShards(index, shards, label);
  const joined = new Map<string, TensorEntry>();
  let total = 0;
  for (const [name, shard] of index.weightMap) {
    const entry = shards.get(shard)?.get(name);
    if (entry === undefined) {
      const message = `${label} expected tensor ${quote(name)} in shard ${quote(shard)}, got a shard without it - get index and shards from one source`;
      throw safetensorsError('SAFETENSORS_SHARD_TENSOR_MISSING', message);
    }
    total += entry.byteLength;
    joined.set(name, entry);
  }
  if (index.totalSize !== null && index.totalSize !== total) {
    const message = `${label} expected metadata.total_size ${total}, the bytes of all tensors, got ${index.totalSize} - correct or remove it once the shards are known to be right`;
    throw safetensorsError('SAFETENSORS_INDEX_TOTAL_SIZE', message);
  }
  return joined;
}

function checkShards(
  { weightMap }: ShardIndex,
  shards: ReadonlyMap<string, ReadonlyMap<string, TensorEntry>>,
  label: string,
): void {
  const seen = new Map<string, string>();
  for (const [shard, tensors] of shards) {
    for (const name of tensors.keys()) {
      const other = seen.get(name);
      if (other !== undefined) {
        const message = `${label} expected tensor ${quote(name)} in one shard, got it in ${quote(other)} and ${quote(shard)} - keep one`;
        throw safetensorsError('SAFETENSORS_SHARD_TENSOR_DUPLICATE', message);
      }
      seen.set(name, shard);
      if (!weightMap.has(name)) {
        const message = `${label} expected every tensor in weight_map, got ${quote(name)} in shard ${quote(shard)} alone - add it to the index`;
        throw safetensorsError('SAFETENSORS_SHARD_TENSOR_UNLISTED', message);
      }
    }
  }
}

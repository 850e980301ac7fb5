/** model.safetensors.index.json: which file of a sharded model holds which tensor. */
import { describe, FormatError, quote } from '../../core/errors.js';
import { isPlainObject } from '../../core/options.js';

export interface ShardIndex {
  /** File name by tensor name. */
  readonly weightMap: ReadonlyMap<string, string>;
  /** Bytes of all tensors as the index claims, or null. */
  readonly totalSize: number | null;
}

/** Bytes of the largest index that is read; 1.3 million tensors take 130 MB. */
export const MAX_INDEX_BYTES = 200_000_000;

/**
 * Returns a shard index, checked: file names must be plain names beside the index, with nothing that leads elsewhere.
 *
 * @throws FormatError SAFETENSORS_INDEX or SAFETENSORS_INDEX_PATH.
 */
export function parseShardIndex(text: string): ShardIndex {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw fail('SAFETENSORS_INDEX', 'expected JSON, got other text - fetch the file again');
  }
  if (!isPlainObject(parsed)) throw fail('SAFETENSORS_INDEX', `expected an object, got ${describe(parsed)}`);
  const { weight_map: map, metadata } = parsed as { weight_map?: unknown; metadata?: unknown };
  if (!isPlainObject(map))
    throw fail('SAFETENSORS_INDEX', `"weight_map" expected an object, got ${describe(map)}`);
  const weightMap = new Map<string, string>();
  for (const [name, file] of Object.entries(map)) weightMap.set(name, checkFileName(name, file));
  const size = isPlainObject(metadata) ? (metadata as { total_size?: unknown }).total_size : undefined;
  return { weightMap, totalSize: typeof size === 'number' ? size : null };
}

function checkFileName(name: string, file: unknown): string {
  const plain = typeof file === 'string' && /^[^/\\:\0]+$/.test(file) && file !== '.' && file !== '..';
  if (!plain) {
    throw fail(
      'SAFETENSORS_INDEX_PATH',
      `the file of ${quote(name)} expected a plain name beside the index, got ${describe(file)}`,
    );
  }
  return file;
}

function fail(code: string, message: string): FormatError {
  return new FormatError(code, `openSafetensors: the index ${message}`);
}

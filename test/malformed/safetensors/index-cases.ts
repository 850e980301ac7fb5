/** Malformed models of several files, one row each: what is wrong, the files of the folder, and the code of the error. */
import { writeSafetensors, type SafetensorsErrorCode } from 'tensorslim/safetensors';

export interface MalformedModel {
  readonly name: string;
  readonly code: SafetensorsErrorCode;
  /** Contents by name; model.safetensors.index.json is opened. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly limits?: { readonly maxIndexBytes?: number; readonly maxShards?: number };
}

const INDEX = 'model.safetensors.index.json';
const shard = (...names: string[]): Uint8Array =>
  writeSafetensors(names.map((name) => ({ name, dtype: 'uint8', shape: [2], data: Uint8Array.of(1, 2) })));

const A = 'model-00001-of-00002.safetensors';
const B = 'model-00002-of-00002.safetensors';
const SHARDS = { [A]: shard('a'), [B]: shard('b') };
const MAP = `{"a":"${A}","b":"${B}"}`;
/** Both shards with this index. */
const withIndex = (index: string | Uint8Array): MalformedModel['files'] => ({ ...SHARDS, [INDEX]: index });
const withMap = (map: string): MalformedModel['files'] => withIndex(`{"weight_map":${map}}`);

type Row = readonly [string, SafetensorsErrorCode, MalformedModel['files'], MalformedModel['limits']?];

const ROWS: readonly Row[] = [
  // The text
  ['an empty index', 'SAFETENSORS_SYNTAX', withIndex('')],
  ['an index that is an array', 'SAFETENSORS_INDEX_FIELD', withIndex('[]')],
  ['an index that is text', 'SAFETENSORS_INDEX_FIELD', withIndex('"x"')],
  ['an index that ends early', 'SAFETENSORS_SYNTAX', withIndex(`{"weight_map":{"a":"${A}"`)],
  ['text behind the index', 'SAFETENSORS_SYNTAX', withIndex(`{"weight_map":${MAP}}{}`)],
  ['a trailing comma', 'SAFETENSORS_SYNTAX', withIndex(`{"weight_map":${MAP},}`)],
  ['a byte order mark', 'SAFETENSORS_INDEX_FIELD', withIndex(`\ufeff{"weight_map":${MAP}}`)],
  ['bad UTF-8', 'SAFETENSORS_UTF8', withIndex(Uint8Array.of(0x7b, 0x22, 0xff, 0x22))],
  ['a lone surrogate', 'SAFETENSORS_STRING', withMap(`{"\\ud800":"${A}"}`)],
  // Fields
  ['no weight_map', 'SAFETENSORS_INDEX_FIELD', withIndex('{"metadata":{"total_size":4}}')],
  ['an unknown field', 'SAFETENSORS_INDEX_FIELD', withIndex(`{"weight_map":${MAP},"weights":1}`)],
  ['weight_map as an array', 'SAFETENSORS_INDEX_FIELD', withMap('[]')],
  ['weight_map null', 'SAFETENSORS_INDEX_FIELD', withMap('null')],
  ['a shard that is a number', 'SAFETENSORS_INDEX_FIELD', withMap('{"a":1}')],
  ['a shard that is null', 'SAFETENSORS_INDEX_FIELD', withMap('{"a":null}')],
  ['metadata as text', 'SAFETENSORS_INDEX_FIELD', withIndex(`{"metadata":"x","weight_map":${MAP}}`)],
  ['metadata nested too deep', 'SAFETENSORS_SYNTAX', withIndex(`{"metadata":{"x":${'['.repeat(100_000)}`)],
  ['a bad value in metadata', 'SAFETENSORS_SYNTAX', withIndex(`{"metadata":{"x":undefined},"weight_map":${MAP}}`)],
  ['a number too long in metadata', 'SAFETENSORS_SYNTAX', withIndex(`{"metadata":{"x":${'1'.repeat(99)}},"weight_map":${MAP}}`)],
  ['an open array in metadata', 'SAFETENSORS_SYNTAX', withIndex(`{"metadata":{"x":[1 2]},"weight_map":${MAP}}`)],
  // Duplicates
  ['weight_map twice', 'SAFETENSORS_INDEX_DUPLICATE', withIndex(`{"weight_map":${MAP},"weight_map":${MAP}}`)],
  ['metadata twice', 'SAFETENSORS_INDEX_DUPLICATE', withIndex(`{"metadata":{},"metadata":{},"weight_map":${MAP}}`)],
  ['metadata twice, once with a size', 'SAFETENSORS_INDEX_DUPLICATE', withIndex(`{"metadata":{"total_size":4},"metadata":{},"weight_map":${MAP}}`)],
  ['a tensor twice', 'SAFETENSORS_INDEX_DUPLICATE', withMap(`{"a":"${A}","a":"${B}"}`)],
  ['a tensor twice, once escaped', 'SAFETENSORS_INDEX_DUPLICATE', withMap(`{"a":"${A}","\\u0061":"${A}"}`)],
  ['total_size twice', 'SAFETENSORS_INDEX_DUPLICATE', withIndex(`{"metadata":{"total_size":4,"total_size":4},"weight_map":${MAP}}`)],
  // Paths
  ...[
    ['a parent folder', '../model.safetensors'],
    ['a folder', 'sub/model.safetensors'],
    ['an absolute path', '/etc/passwd'],
    ['a drive', 'C:model.safetensors'],
    ['a path of Windows', '..\\\\model.safetensors'],
    ['a stream of Windows', 'model.safetensors::$DATA'],
    ['nothing', ''],
    ['the folder itself', '.'],
    ['the parent itself', '..'],
    ['a NUL', 'a\\u0000.safetensors'],
    ['a path with an escaped slash', '..\\u002fmodel.safetensors'],
    ['a detour', './model.safetensors'],
    ['a place on the net', 'https://example.org/model.safetensors'],
  ].map(
    ([name, path]): Row => [`a shard that is ${name}`, 'SAFETENSORS_INDEX_PATH', withMap(`{"a":"${path}"}`)],
  ),
  // Limits
  ['an index above the limit', 'SAFETENSORS_INDEX_TOO_LARGE', withMap(MAP), { maxIndexBytes: 50 }],
  ['more shards than the limit', 'SAFETENSORS_INDEX_TOO_MANY_SHARDS', withMap(MAP), { maxShards: 1 }],
  ['1001 shards', 'SAFETENSORS_INDEX_TOO_MANY_SHARDS', withMap(`{${Array.from({ length: 1001 }, (_, i) => `"t${i}":"s${i}"`).join(',')}}`)],
  // Index against shards
  ['a missing shard', 'SAFETENSORS_SHARD_MISSING', withMap(`{"a":"${A}","b":"no.safetensors"}`)],
  ['a tensor that its shard has not', 'SAFETENSORS_SHARD_TENSOR_MISSING', withMap(`{"a":"${A}","b":"${B}","c":"${B}"}`)],
  ['a tensor in another shard', 'SAFETENSORS_SHARD_TENSOR_MISSING', withMap(`{"a":"${B}","b":"${A}"}`)],
  ['a tensor that is not listed', 'SAFETENSORS_SHARD_TENSOR_UNLISTED', { [A]: shard('a', 'z'), [B]: shard('b'), [INDEX]: `{"weight_map":${MAP}}` }],
  ['a tensor in two shards', 'SAFETENSORS_SHARD_TENSOR_DUPLICATE', { [A]: shard('a'), [B]: shard('a', 'b'), [INDEX]: `{"weight_map":${MAP}}` }],
  ['a total_size that is too small', 'SAFETENSORS_INDEX_TOTAL_SIZE', withIndex(`{"metadata":{"total_size":3},"weight_map":${MAP}}`)],
  ['a total_size that is too large', 'SAFETENSORS_INDEX_TOTAL_SIZE', withIndex(`{"metadata":{"total_size":1e15},"weight_map":${MAP}}`)],
  ['a total_size that is text', 'SAFETENSORS_SYNTAX', withIndex(`{"metadata":{"total_size":"4"},"weight_map":${MAP}}`)],
  ['a total_size of null', 'SAFETENSORS_NUMBER', withIndex(`{"metadata":{"total_size":null},"weight_map":${MAP}}`)],
  ['a total_size of -4', 'SAFETENSORS_NUMBER', withIndex(`{"metadata":{"total_size":-4},"weight_map":${MAP}}`)],
  ['a total_size of 4.5', 'SAFETENSORS_NUMBER', withIndex(`{"metadata":{"total_size":4.5},"weight_map":${MAP}}`)],
  ['a total_size of 1e400', 'SAFETENSORS_NUMBER', withIndex(`{"metadata":{"total_size":1e400},"weight_map":${MAP}}`)],
  // Shards
  ['a shard that is no safetensors file', 'SAFETENSORS_TOO_SHORT', { ...SHARDS, [B]: 'x', [INDEX]: `{"weight_map":${MAP}}` }],
  ['the index as its own shard', 'SAFETENSORS_HEADER_TOO_LARGE', withMap(`{"a":"${INDEX}"}`)],
];

export const MALFORMED_MODELS: readonly MalformedModel[] = ROWS.map(([name, code, files, limits]) => ({
  name,
  code,
  files,
  ...(limits && { limits }),
}));

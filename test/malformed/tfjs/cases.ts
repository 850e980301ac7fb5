/**
 * Malformed tfjs models, one row each: what is wrong, the parsed model.json, the bytes of its weights, and the code of the error that
 * must name it. `reference` says what tfjs 4.22 does: rows that it accepts are the cases where we are stricter.
 */
import type { TfjsErrorCode } from 'tensorslim/tfjs';

export interface MalformedModel {
  readonly name: string;
  readonly code: TfjsErrorCode;
  readonly reference: 'rejects' | 'accepts';
  readonly modelJson: unknown;
  readonly weightData: Uint8Array;
}

type Row = readonly [name: string, code: TfjsErrorCode, modelJson: unknown, bytes?: number];

const entry = (over: object = {}): object => ({ name: 'w', shape: [1], dtype: 'float32', ...over });
const quantized = (over: object = {}): object => ({
  quantization: { dtype: 'uint8', scale: 1, min: 0, ...over },
});

/** A model of these weights in one shard. */
export const model = (...weights: unknown[]): object => ({
  format: 'graph-model',
  modelTopology: {},
  weightsManifest: [{ paths: ['group1-shard1of1.bin'], weights }],
});
const one = (over: object): object => model(entry(over));
const paths = (...names: unknown[]): object => ({ weightsManifest: [{ paths: names, weights: [entry()] }] });
const manifest = (weightsManifest: unknown): object => ({ weightsManifest });

const REJECTED_BY_BOTH: readonly Row[] = [
  ['null', 'TFJS_MODEL', null],
  ['a manifest that is a number', 'TFJS_MANIFEST', manifest(1)],
  ['a manifest that is an object', 'TFJS_MANIFEST', manifest({})],
  ['a group that is null', 'TFJS_GROUP', manifest([null])],
  ['a group without paths', 'TFJS_PATHS', manifest([{ weights: [] }])],
  ['a group whose paths are a number', 'TFJS_PATHS', manifest([{ paths: 1, weights: [] }])],
  ['a group without weights', 'TFJS_WEIGHTS', manifest([{ paths: [] }])],
  ['a group whose weights are an object', 'TFJS_WEIGHTS', manifest([{ paths: [], weights: {} }])],
  ['a weight that is null', 'TFJS_WEIGHT', model(null)],
  ['a weight that is a number', 'TFJS_WEIGHT', model(1)],
  ['a shape that is missing', 'TFJS_SHAPE', one({ shape: undefined })],
  ['a shape that is null', 'TFJS_SHAPE', one({ shape: null })],
  ['a shape that is an object', 'TFJS_SHAPE', one({ shape: {} })],
  ['a negative axis', 'TFJS_SHAPE', one({ shape: [-1] })],
  ['an axis of 1.5', 'TFJS_SHAPE', one({ shape: [1.5] }), 6],
  ['an axis of NaN', 'TFJS_SHAPE', one({ shape: [NaN] })],
  ['an axis beyond 2^53', 'TFJS_SHAPE', one({ shape: [2 ** 53] })],
  ['an axis that is text', 'TFJS_SHAPE', one({ shape: ['1'] })],
  ['an axis that is null', 'TFJS_SHAPE', one({ shape: [null] }), 0],
  ['a product beyond 2^53', 'TFJS_SHAPE_OVERFLOW', one({ shape: [2 ** 30, 2 ** 30] })],
  ['bytes beyond 2^53', 'TFJS_SHAPE_OVERFLOW', one({ shape: [2 ** 52] })],
  ['a dtype that is missing', 'TFJS_DTYPE_UNKNOWN', one({ dtype: undefined })],
  ['a dtype that is null', 'TFJS_DTYPE_UNKNOWN', one({ dtype: null })],
  ['dtype uint8 without quantization', 'TFJS_DTYPE_UNKNOWN', one({ dtype: 'uint8' }), 1],
  ['dtype float16 without quantization', 'TFJS_DTYPE_UNKNOWN', one({ dtype: 'float16' }), 2],
  ['dtype float64', 'TFJS_DTYPE_UNKNOWN', one({ dtype: 'float64' }), 8],
  ['dtype int64', 'TFJS_DTYPE_UNKNOWN', one({ dtype: 'int64' }), 8],
  ['dtype FLOAT32', 'TFJS_DTYPE_UNKNOWN', one({ dtype: 'FLOAT32' })],
  ['dtype toString', 'TFJS_DTYPE_UNKNOWN', one({ dtype: 'toString' })],
  ['dtype __proto__', 'TFJS_DTYPE_UNKNOWN', one({ dtype: '__proto__' })],
  ['quantization that is null', 'TFJS_QUANTIZATION', one({ quantization: null })],
  ['quantization that is a number', 'TFJS_QUANTIZATION', one({ quantization: 1 })],
  ['an empty quantization', 'TFJS_QUANTIZATION', one({ quantization: {} })],
  ['quantization to int8', 'TFJS_QUANTIZATION', one(quantized({ dtype: 'int8' })), 1],
  ['quantization to uint32', 'TFJS_QUANTIZATION', one(quantized({ dtype: 'uint32' }))],
  ['quantization without scale', 'TFJS_QUANTIZATION', one({ quantization: { dtype: 'uint8', min: 0 } }), 1],
  ['quantization without min', 'TFJS_QUANTIZATION', one({ quantization: { dtype: 'uint16', scale: 1 } }), 2],
  ['float16 for int32', 'TFJS_QUANTIZATION', one({ dtype: 'int32', quantization: { dtype: 'float16' } }), 2],
  ['uint8 codes for a bool', 'TFJS_QUANTIZATION', one({ dtype: 'bool', ...quantized() }), 1],
  ['float16 for a bool', 'TFJS_QUANTIZATION', one({ dtype: 'bool', quantization: { dtype: 'float16' } }), 2],
  ['fewer bytes than the weights say', 'TFJS_DATA_SIZE', one({ shape: [3] }), 8],
  ['no bytes', 'TFJS_DATA_SIZE', one({ shape: [3] }), 0],
  ['a cut second weight', 'TFJS_DATA_SIZE', model(entry(), entry({ name: 'v', shape: [2] })), 11],
];

const ACCEPTED_BY_TFJS: readonly Row[] = [
  ['an array', 'TFJS_MODEL', []],
  ['text', 'TFJS_MODEL', 'model'],
  ['no manifest', 'TFJS_MANIFEST', { format: 'graph-model' }],
  ['a manifest that is null', 'TFJS_MANIFEST', manifest(null)],
  ['a format of another kind', 'TFJS_FORMAT', { ...model(entry()), format: 'keras' }],
  ['a format that is no text', 'TFJS_FORMAT', { ...model(entry()), format: 1 }],
  ['paths that are text', 'TFJS_PATHS', manifest([{ paths: 'a', weights: [entry()] }])],
  ['a path that is no text', 'TFJS_PATH', paths(1)],
  ['an empty path', 'TFJS_PATH', paths('')],
  ['a path upwards', 'TFJS_PATH', paths('../weights.bin')],
  ['a path down and further up', 'TFJS_PATH', paths('a/../../weights.bin')],
  ['a path with a dot', 'TFJS_PATH', paths('./weights.bin')],
  ['an absolute path', 'TFJS_PATH', paths('/etc/passwd')],
  ['a path with a drive', 'TFJS_PATH', paths('C:weights.bin')],
  ['a path with a scheme', 'TFJS_PATH', paths('https://example.org/weights.bin')],
  ['a path with a backslash', 'TFJS_PATH', paths('..\\weights.bin')],
  ['a path with NUL', 'TFJS_PATH', paths('weights.bin\0.txt')],
  ['a path with an empty part', 'TFJS_PATH', paths('a//weights.bin')],
  ['a path with a slash at its end', 'TFJS_PATH', paths('weights/')],
  ['a shard twice in a group', 'TFJS_PATH_DUPLICATE', paths('a.bin', 'a.bin')],
  ['a name that is missing', 'TFJS_NAME', one({ name: undefined })],
  ['a name that is a number', 'TFJS_NAME', one({ name: 1 })],
  ['an empty name', 'TFJS_NAME', one({ name: '' })],
  ['a name twice', 'TFJS_NAME_DUPLICATE', model(entry(), entry()), 8],
  ['__proto__ twice', 'TFJS_NAME_DUPLICATE', model(entry({ name: '__proto__' }), entry({ name: '__proto__' })), 8],
  ['65 axes', 'TFJS_SHAPE', one({ shape: Array.from({ length: 65 }, () => 1) })],
  ['dtype string', 'TFJS_DTYPE_UNSUPPORTED', one({ dtype: 'string' })],
  ['dtype complex64', 'TFJS_DTYPE_UNSUPPORTED', one({ dtype: 'complex64' }), 8],
  ['a scale that is text', 'TFJS_QUANTIZATION', one(quantized({ scale: '1' })), 1],
  ['a scale that is null', 'TFJS_QUANTIZATION', one(quantized({ scale: null })), 1],
  ['an infinite min', 'TFJS_QUANTIZATION', one(quantized({ min: -Infinity })), 1],
  ['a min of NaN', 'TFJS_QUANTIZATION', one(quantized({ min: NaN })), 1],
  ['more bytes than the weights say', 'TFJS_DATA_SIZE', model(entry()), 8],
  ['bytes without weights', 'TFJS_DATA_SIZE', manifest([{ paths: ['a.bin'], weights: [] }]), 1],
];

const rows = (reference: 'rejects' | 'accepts', list: readonly Row[]): MalformedModel[] =>
  list.map(([name, code, modelJson, bytes = 4]) => ({
    name,
    code,
    reference,
    modelJson,
    weightData: new Uint8Array(bytes),
  }));

export const MALFORMED: readonly MalformedModel[] = [
  ...rows('rejects', REJECTED_BY_BOTH),
  ...rows('accepts', ACCEPTED_BY_TFJS),
];

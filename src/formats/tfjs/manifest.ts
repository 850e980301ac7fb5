/** The weights manifest of a tfjs model.json, for graph and layers models, read strictly. */
import { DTYPES } from '../../core/dtype.js';
import { describe, quote, type FormatError } from '../../core/errors.js';
import { isPlainObject } from '../../core/options.js';
import { elementCount, MAX_RANK } from '../../core/shape.js';
import { tfjsError, type Place, type TfjsErrorCode } from './errors.js';
import { checkTfjsLimits, type TfjsLimits } from './limits.js';
import {
  TFJS_DTYPES,
  TFJS_QUANTIZED,
  type TfjsDType,
  type TfjsGroup,
  type TfjsManifest,
  type TfjsQuantization,
  type TfjsWeight,
} from './types.js';

const FORMATS = ['graph-model', 'layers-model'];
const DAMAGED = 'the file is damaged: fetch it again';

/** What the whole manifest may hold once. */
interface Seen {
  readonly weights: Set<string>;
  readonly paths: Set<string>;
  readonly maxShards: number;
}

type Fail = (code: TfjsErrorCode, part: string, expected: string, got: unknown, fix?: string) => FormatError;

/**
 * Returns the weights manifest of a tfjs model, checked in full.
 *
 * Shapes: any, up to 64 axes. Names are ordinary strings, `__proto__` too.
 *
 * Compatible with: tfjs 4.22; stricter in the cases that docs/formats.md lists, never looser.
 *
 * @param modelJson what JSON.parse gives for model.json
 * @param limits maxShards
 * @throws FormatError with the code of the first defect.
 * @example
 * const weights = [{ name: 'w', shape: [2, 3], dtype: 'float32' }];
 * readTfjsManifest({ weightsManifest: [{ paths: ['w.bin'], weights }] }).groups[0].byteLength; // 24
 * @see readTfjs
 */
export function readTfjsManifest(modelJson: unknown, limits?: TfjsLimits): TfjsManifest {
  const fn = 'readTfjsManifest';
  return parseManifest(modelJson, checkTfjsLimits(fn, limits), { fn, file: null });
}

/** readTfjsManifest for the function and the file that messages are to name. */
export function parseManifest(
  modelJson: unknown,
  { maxShards }: Required<TfjsLimits>,
  place: Place,
): TfjsManifest {
  const fail: Fail = (code, part, expected, got, fix = DAMAGED) =>
    tfjsError(code, place, part, expected, describe(got), fix);
  if (!isPlainObject(modelJson)) {
    throw fail('TFJS_MODEL', 'modelJson', 'an object', modelJson, 'pass the parsed model.json');
  }
  const { weightsManifest, ...model } = modelJson as Record<string, unknown>;
  const { format } = model;
  if (format !== undefined && !FORMATS.includes(format as string)) {
    throw fail('TFJS_FORMAT', 'format', FORMATS.map(quote).join(' or '), format, 'convert the model again');
  }
  if (!Array.isArray(weightsManifest)) {
    throw fail(
      'TFJS_MANIFEST',
      'weightsManifest',
      'an array',
      weightsManifest,
      'name the model.json of a tfjs model',
    );
  }
  const seen = { weights: new Set<string>(), paths: new Set<string>(), maxShards };
  const groups = Array.from(weightsManifest as unknown[], (group, i) =>
    readGroup(group, `weightsManifest[${i}]`, seen, fail),
  );
  return { groups, model };
}

function readGroup(group: unknown, part: string, seen: Seen, fail: Fail): TfjsGroup {
  if (!isPlainObject(group)) throw fail('TFJS_GROUP', part, 'an object', group);
  const { paths, weights } = group as { paths?: unknown; weights?: unknown };
  if (!Array.isArray(paths)) throw fail('TFJS_PATHS', `${part}.paths`, 'an array', paths);
  if (!Array.isArray(weights)) throw fail('TFJS_WEIGHTS', `${part}.weights`, 'an array', weights);
  const checkedPaths = Array.from(paths as unknown[], (path, i) =>
    readPath(path, `${part}.paths[${i}]`, seen, fail),
  );
  let byteLength = 0;
  const checkedWeights = Array.from(weights as unknown[], (weight, i) => {
    const checked = readWeight(weight, byteLength, `${part}.weights[${i}]`, seen, fail);
    byteLength = checked.end;
    return checked;
  });
  return { paths: checkedPaths, weights: checkedWeights, byteLength };
}

/** A shard lies in the folder of model.json or below it. */
function readPath(path: unknown, part: string, { paths, maxShards }: Seen, fail: Fail): string {
  const isInside =
    typeof path === 'string' &&
    !/[\\:\0]/.test(path) &&
    path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
  if (!isInside) {
    const expected = "a relative path inside the model's folder";
    throw fail('TFJS_PATH', part, expected, path, 'move the shard there and name it so');
  }
  if (paths.has(path)) throw fail('TFJS_PATH_DUPLICATE', part, 'a shard of its own', path);
  if (paths.size >= maxShards) {
    throw fail('TFJS_TOO_MANY_SHARDS', part, `at most ${maxShards} shards`, path, 'raise limits.maxShards');
  }
  paths.add(path);
  return path;
}

function readWeight(weight: unknown, begin: number, part: string, seen: Seen, fail: Fail): TfjsWeight {
  if (!isPlainObject(weight)) throw fail('TFJS_WEIGHT', part, 'an object', weight);
  const fields = weight as Record<string, unknown>;
  const name = readName(fields.name, `${part}.name`, seen, fail);
  const shape = readShape(fields.shape, `${part}.shape`, name, fail);
  const dtype = readDType(fields.dtype, `${part}.dtype`, name, fail);
  const quantization = readQuantization(fields.quantization, `${part}.quantization`, name, dtype, fail);
  const storedAs = quantization?.dtype ?? dtype;
  const end = begin + elementCount(shape, part) * (DTYPES[storedAs].bits / 8);
  if (end > Number.MAX_SAFE_INTEGER)
    throw fail('TFJS_SHAPE_OVERFLOW', `${part}.shape`, sizeLimit(name), shape);
  return { name, shape, dtype, storedAs, quantization, begin, end };
}

const sizeLimit = (name: string): string => `a group below 2^53 bytes up to ${quote(name)}`;

function readName(name: unknown, part: string, { weights }: Seen, fail: Fail): string {
  if (typeof name !== 'string' || name === '') throw fail('TFJS_NAME', part, 'a name', name);
  if (weights.has(name))
    throw fail('TFJS_NAME_DUPLICATE', part, 'a name of its own', name, 'rename one of the two');
  weights.add(name);
  return name;
}

function readShape(shape: unknown, part: string, name: string, fail: Fail): number[] {
  const isLength = (length: unknown): boolean =>
    Number.isSafeInteger(length) && (length as number) >= 0 && !Object.is(length, -0);
  // Array.from makes the holes of an array undefined, which `every` would pass over.
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !Array.from(shape as unknown[]).every(isLength)) {
    throw fail('TFJS_SHAPE', part, `at most ${MAX_RANK} whole numbers for ${quote(name)}`, shape);
  }
  const lengths = Array.from(shape as number[]);
  try {
    elementCount(lengths, part);
  } catch {
    throw fail('TFJS_SHAPE_OVERFLOW', part, sizeLimit(name), lengths);
  }
  return lengths;
}

function readDType(dtype: unknown, part: string, name: string, fail: Fail): TfjsDType {
  const expected = `float32, int32 or bool for ${quote(name)}`;
  if (dtype === 'string' || dtype === 'complex64') {
    throw fail(
      'TFJS_DTYPE_UNSUPPORTED',
      part,
      expected,
      dtype,
      'such weights cannot be compressed: take them out',
    );
  }
  if (!(TFJS_DTYPES as readonly unknown[]).includes(dtype))
    throw fail('TFJS_DTYPE_UNKNOWN', part, expected, dtype);
  return dtype as TfjsDType;
}

function readQuantization(
  value: unknown,
  part: string,
  name: string,
  dtype: TfjsDType,
  fail: Fail,
): TfjsQuantization | null {
  if (value === undefined) return null;
  const code = 'TFJS_QUANTIZATION';
  if (!isPlainObject(value)) throw fail(code, part, `an object for ${quote(name)}`, value);
  const { dtype: stored, scale, min } = value as Record<string, unknown>;
  if (!(TFJS_QUANTIZED as readonly unknown[]).includes(stored)) {
    throw fail(code, `${part}.dtype`, `uint8, uint16 or float16 for ${quote(name)}`, stored);
  }
  if (stored === 'float16') {
    if (dtype === 'float32') return { dtype: stored };
    throw fail(code, `${part}.dtype`, `uint8 or uint16 for the ${dtype} weight ${quote(name)}`, stored);
  }
  if (dtype === 'bool') throw fail(code, part, `none for the bool weight ${quote(name)}`, stored);
  for (const [key, number] of Object.entries({ scale, min })) {
    if (!Number.isFinite(number))
      throw fail(code, `${part}.${key}`, `a finite number for ${quote(name)}`, number);
  }
  // tfjs-converter writes -0.0 where the minimum is 0; the sum with a code is the same, and JSON.stringify has no -0.
  return { dtype: stored as 'uint8' | 'uint16', scale: scale as number, min: (min as number) + 0 };
}

/** The weights manifest of a tfjs model.json, for graph and layers models: read strictly, written in tfjs-converter's form. */
import type { DType } from '../../core/dtype.js';
import { describe, FormatError, quote } from '../../core/errors.js';
import { isPlainObject } from '../../core/options.js';
import { elementCount, MAX_RANK } from '../../core/shape.js';
import type { TfjsQuantization } from './weights.js';

/** Types that tfjs weights have here; strings and complex numbers are refused. */
export type TfjsDType = 'float32' | 'int32' | 'bool' | 'uint8';

/** One weight: its type for computing, how it is stored, and where in the concatenated shards of its group. */
export interface TfjsWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: TfjsDType;
  readonly quantization: TfjsQuantization | null;
  /** Type of the stored bytes. */
  readonly storedAs: DType;
  /** Bytes from the start of the group. */
  readonly begin: number;
  readonly end: number;
}

export interface TfjsGroup {
  /** Shards, in order; their bytes follow each other. */
  readonly paths: readonly string[];
  readonly weights: readonly TfjsWeight[];
  readonly byteLength: number;
}

export interface TfjsManifest {
  readonly groups: readonly TfjsGroup[];
  /** Everything of model.json but the manifest, as it was. */
  readonly model: Readonly<Record<string, unknown>>;
}

export const MAX_MODEL_JSON_BYTES = 500_000_000;

const BYTES: Readonly<Record<TfjsDType | 'uint16' | 'float16', number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

function fail(code: string, message: string): FormatError {
  return new FormatError(`TFJS_${code}`, `readTfjsManifest: ${message}`);
}

/**
 * Returns the manifest of a parsed model.json.
 *
 * @param modelJson what JSON.parse gives for the file
 * @throws FormatError with a code that docs/formats.md lists.
 */
export function readTfjsManifest(modelJson: unknown): TfjsManifest {
  if (!isPlainObject(modelJson))
    throw fail('MODEL', `model.json expected an object, got ${describe(modelJson)} - pass the parsed file`);
  const { weightsManifest, ...model } = modelJson as Record<string, unknown>;
  if (!Array.isArray(weightsManifest)) {
    throw fail(
      'MANIFEST',
      `weightsManifest expected an array, got ${describe(weightsManifest)} - this is no tfjs model`,
    );
  }
  const seenWeights = new Set<string>();
  const seenPaths = new Set<string>();
  const groups = weightsManifest.map((group: unknown) => readGroup(group, seenWeights, seenPaths));
  return { groups, model };
}

function readGroup(group: unknown, seenWeights: Set<string>, seenPaths: Set<string>): TfjsGroup {
  if (!isPlainObject(group))
    throw fail('GROUP', `a weight group expected an object, got ${describe(group)} - the file is damaged`);
  const { paths, weights } = group as { paths?: unknown; weights?: unknown };
  if (!Array.isArray(paths))
    throw fail('PATHS', `paths expected an array, got ${describe(paths)} - the file is damaged`);
  if (!Array.isArray(weights))
    throw fail('WEIGHTS', `weights expected an array, got ${describe(weights)} - the file is damaged`);
  for (const path of paths as unknown[]) checkPath(path, seenPaths);
  let at = 0;
  const read = (weights as unknown[]).map((weight) => {
    const checked = readWeight(weight, at);
    if (seenWeights.has(checked.name))
      throw fail('DUPLICATE', `weight ${quote(checked.name)} expected once, got twice - rename one`);
    seenWeights.add(checked.name);
    at = checked.end;
    return checked;
  });
  return { paths: paths as string[], weights: read, byteLength: at };
}

/** A shard lies in the folder of model.json or below it. */
function checkPath(path: unknown, seen: Set<string>): void {
  const parts = typeof path === 'string' ? path.split('/') : [];
  const plain =
    typeof path === 'string' &&
    !/[\\:\0]/.test(path) &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!plain)
    throw fail(
      'PATH',
      `a shard expected a relative path inside the model's folder, got ${describe(path)} - move the file there`,
    );
  if (seen.has(path))
    throw fail('PATH', `shard ${quote(path)} expected once, got twice - the file is damaged`);
  seen.add(path);
}

function readWeight(weight: unknown, begin: number): TfjsWeight {
  if (!isPlainObject(weight))
    throw fail('WEIGHT', `a weight expected an object, got ${describe(weight)} - the file is damaged`);
  const { name, shape, dtype, quantization } = weight as Record<string, unknown>;
  if (typeof name !== 'string' || name === '')
    throw fail('NAME', `name expected text, got ${describe(name)} - the file is damaged`);
  const checkedShape = readShape(name, shape);
  const checkedDType = readDType(name, dtype);
  const checkedQuantization =
    quantization === undefined ? null : readQuantization(name, quantization, checkedDType);
  const storedAs = checkedQuantization?.dtype ?? (checkedDType as DType);
  const bytes = elementCount(checkedShape, 'readTfjsManifest') * BYTES[storedAs as keyof typeof BYTES];
  if (begin + bytes > Number.MAX_SAFE_INTEGER)
    throw fail(
      'SHAPE',
      `weight ${quote(name)} expected fewer than 2^53 bytes, got more - the file is damaged`,
    );
  return {
    name,
    shape: checkedShape,
    dtype: checkedDType,
    quantization: checkedQuantization,
    storedAs,
    begin,
    end: begin + bytes,
  };
}

function readShape(name: string, shape: unknown): number[] {
  try {
    if (Array.isArray(shape) && shape.length > MAX_RANK) throw new RangeError();
    elementCount(shape as number[], 'readTfjsManifest');
  } catch {
    throw fail(
      'SHAPE',
      `shape of ${quote(name)} expected axis lengths, got ${describe(shape)} - the file is damaged`,
    );
  }
  return [...(shape as number[])];
}

function readDType(name: string, dtype: unknown): TfjsDType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool' || dtype === 'uint8') return dtype;
  const fix =
    dtype === 'string' || dtype === 'complex64'
      ? 'such weights cannot be compressed: split them off'
      : 'the file is damaged';
  throw fail(
    'DTYPE',
    `dtype of ${quote(name)} expected float32, int32, bool or uint8, got ${describe(dtype)} - ${fix}`,
  );
}

function readQuantization(name: string, value: unknown, dtype: TfjsDType): TfjsQuantization {
  if (!isPlainObject(value))
    throw fail(
      'QUANTIZATION',
      `quantization of ${quote(name)} expected an object, got ${describe(value)} - the file is damaged`,
    );
  const { dtype: stored, scale, min } = value as Record<string, unknown>;
  if (stored === 'float16') {
    if (dtype !== 'float32')
      throw fail(
        'QUANTIZATION',
        `float16 of ${quote(name)} expected a float32 weight, got ${dtype} - the file is damaged`,
      );
    return { dtype: stored };
  }
  if (stored !== 'uint8' && stored !== 'uint16') {
    throw fail(
      'QUANTIZATION',
      `quantization of ${quote(name)} expected uint8, uint16 or float16, got ${describe(stored)} - convert it again`,
    );
  }
  if (dtype !== 'float32' && dtype !== 'int32') {
    throw fail(
      'QUANTIZATION',
      `${stored} of ${quote(name)} expected a float32 or int32 weight, got ${dtype} - the file is damaged`,
    );
  }
  for (const [key, number] of [
    ['scale', scale],
    ['min', min],
  ] as const) {
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      throw fail(
        'QUANTIZATION',
        `${key} of ${quote(name)} expected a finite number, got ${describe(number)} - the file is damaged`,
      );
    }
  }
  return { dtype: stored, scale: scale as number, min: min as number };
}

/** The `weights` entry of a weight, as tfjs-converter writes it. */
export function weightEntry({
  name,
  shape,
  dtype,
  quantization,
}: Pick<TfjsWeight, 'name' | 'shape' | 'dtype' | 'quantization'>): object {
  const entry = { name, shape: [...shape], dtype };
  if (quantization === null) return entry;
  // tfjs-converter names the type that the weight decodes to, too.
  return { ...entry, quantization: { ...quantization, original_dtype: dtype } };
}

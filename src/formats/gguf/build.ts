/** Making the header of a GGUF file from the names, types and shapes of its tensors. */
import type { U8 } from '../../core/arrays.js';
import { quote, rangeError, typeError } from '../../core/errors.js';
import { GGML_TYPES, isGgmlTypeName } from '../../core/ggml-types.js';
import { checkOptions } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import { nearestName } from '../../core/text.js';
import { checkMetadata, checkText, putPair } from './build-metadata.js';
import { Bytes } from './bytes.js';
import { checkGgufLimits, type GgufLimits } from './limits.js';
import { byteLengthOfType, dtypeOfType } from './tensor-types.js';
import {
  MAGIC,
  MAX_AXES,
  MAX_NAME_BYTES,
  padded,
  VERSION,
  type GgufEntry,
  type GgufMetadata,
  type GgufTensorSpec,
  type GgufValue,
} from './types.js';

export interface BuildGgufOptions {
  /** Keys and values, stored in the order given. */
  readonly metadata?: GgufMetadata;
  /** Every tensor begins at a multiple of so many bytes: a power of two from 8 to 2^20. Default: that of metadata, else 32. */
  readonly alignment?: number;
  /** What readers accept; refuses to write more. */
  readonly limits?: GgufLimits;
}

export interface BuiltGgufHeader {
  /** Everything that stands before the data: the header and its padding. */
  readonly bytes: U8;
  /** In the order of the file, which is that of the specs. `begin` and `end` count from the end of `bytes`. */
  readonly entries: ReadonlyMap<string, GgufEntry>;
  /** Bytes of data that must follow, with zeros between the tensors and behind the last. */
  readonly dataLength: number;
  readonly alignment: number;
}

/**
 * Returns the beginning of a GGUF file (version 3) and the place of each tensor behind it.
 *
 * Shapes: tensors lie in the order of `specs`, each at a multiple of the alignment, as ggml wants them; a shape is row-major and
 * stored the other way round. At most four axes; rows of block types are whole blocks.
 *
 * Cost: linear.
 *
 * Compatible with: ggml and gguf 0.19 (Python), to the byte for the same tensors and keys in the same order. ggml leaves out leading
 * axes of 1, gguf does not: shapes are stored as they are given.
 *
 * @param specs name, type and shape of each tensor
 * @param options metadata, alignment, limits
 * @throws TypeError and RangeError for names, types, shapes and metadata that the format cannot hold.
 * @example
 * const { bytes, entries } = buildGgufHeader([{ name: 'w', type: 'Q8_0', shape: [2, 32] }]);
 * [bytes.length, entries.get('w')?.byteLength]; // [96, 68]
 * @see writeGguf
 */
export function buildGgufHeader(
  specs: Iterable<GgufTensorSpec>,
  options?: BuildGgufOptions,
): BuiltGgufHeader {
  const fn = 'buildGgufHeader';
  const { metadata, alignment, limits } = checkOptions(fn, options, ['metadata', 'alignment', 'limits']);
  const checked = checkMetadata(metadata, alignment, fn);
  return layOut(checkSpecs(specs, fn), checked, checkGgufLimits(fn, limits).maxHeaderBytes, fn);
}

/** A tensor that fits the format. */
export interface SizedSpec<T extends GgufTensorSpec = GgufTensorSpec> extends GgufTensorSpec {
  readonly byteLength: number;
  /** What the caller gave. */
  readonly source: T;
}

/** The specs in the order given, checked. */
export function checkSpecs<T extends GgufTensorSpec>(
  specs: Iterable<T>,
  fn: string,
  argument = 'specs',
): SizedSpec<T>[] {
  if (specs === null || specs === undefined || typeof specs[Symbol.iterator] !== 'function') {
    const fix = 'pass an array of {name, type, shape ...}';
    throw typeError(fn, argument, 'an iterable of tensors', specs, fix);
  }
  const names = new Set<string>();
  return Array.from(specs, (spec) => {
    const sized = sizedSpec(spec, fn, argument);
    const { name } = sized;
    if (names.has(name)) throw rangeError(fn, 'name', 'each name once', name, 'rename one of them');
    names.add(name);
    return sized;
  });
}

function sizedSpec<T extends GgufTensorSpec>(spec: T, fn: string, argument: string): SizedSpec<T> {
  if (typeof spec !== 'object' || spec === null) {
    throw typeError(fn, argument, 'tensors', spec, 'pass objects {name, type, shape ...}');
  }
  const { name, type, shape } = spec;
  checkName(name, fn);
  checkType(type, `type of ${quote(name)}`, fn);
  const place = `shape of ${quote(name)}`;
  const count = elementCount(shape, fn, place);
  if (shape.length > MAX_AXES) {
    throw rangeError(fn, place, `at most ${MAX_AXES} axes`, shape, 'merge axes: ggml has no more');
  }
  const { elements } = GGML_TYPES[type];
  const row = shape.length === 0 ? 1 : shape[shape.length - 1];
  if (row % elements !== 0) {
    const fix = 'pad the rows, or choose a type with smaller blocks';
    throw rangeError(fn, place, `a last axis in whole blocks of ${elements} (${type})`, shape, fix);
  }
  const byteLength = byteLengthOfType(type, shape);
  if (byteLength === Infinity) {
    throw rangeError(fn, place, `a tensor below 2^53 bytes`, `${count} elements`, 'split the tensor');
  }
  return { name, type, shape: Array.from(shape), byteLength, source: spec };
}

export function checkName(name: unknown, fn: string): void {
  checkText(name, 'name', fn);
  const text = name as string;
  if (text === '' || text.includes('\0')) {
    throw rangeError(fn, 'name', 'text without NUL', name, 'C programs read names up to a NUL: rename it');
  }
  if (new TextEncoder().encode(text).length > MAX_NAME_BYTES) {
    throw rangeError(
      fn,
      'name',
      `at most ${MAX_NAME_BYTES} bytes`,
      name,
      'ggml has no room for more: shorten it',
    );
  }
}

function checkType(type: unknown, argument: string, fn: string): void {
  if (isGgmlTypeName(type)) return;
  const names = Object.keys(GGML_TYPES);
  const near = typeof type === 'string' ? nearestName(type, names) : null;
  const fix = near === null ? `one of ${names.join(', ')}` : `did you mean '${near}'?`;
  throw rangeError(fn, argument, 'a type of ggml', type, fix);
}

/** The header of checked parts. */
export function layOut(
  specs: readonly SizedSpec[],
  metadata: { readonly pairs: readonly (readonly [string, GgufValue])[]; readonly alignment: number },
  maxHeaderBytes: number,
  fn: string,
): BuiltGgufHeader {
  const { pairs, alignment } = metadata;
  const out = new Bytes(maxHeaderBytes, (length) => {
    const fix = 'raise limits.maxHeaderBytes here and in every reader';
    const expected = `a header of at most ${maxHeaderBytes} bytes`;
    return rangeError(fn, 'metadata', expected, `${length} bytes or more`, fix);
  });
  out.append(Uint8Array.from(MAGIC));
  out.uint32(VERSION);
  out.uint64(specs.length);
  out.uint64(pairs.length);
  for (const [key, value] of pairs) putPair(out, key, value);
  const entries = new Map<string, GgufEntry>();
  let begin = 0;
  for (const spec of specs) {
    const entry = entryAt(spec, begin);
    entries.set(spec.name, entry);
    putTensor(out, spec, begin);
    begin = padded(entry.end, alignment);
    if (begin > Number.MAX_SAFE_INTEGER) {
      throw rangeError(fn, 'specs', 'data below 2^53 bytes', begin, 'split the model into files');
    }
  }
  out.zeros(padded(out.length, alignment) - out.length);
  return { bytes: out.done(), entries, dataLength: begin, alignment };
}

function entryAt({ type, shape, byteLength }: SizedSpec, begin: number): GgufEntry {
  return { type, dtype: dtypeOfType(type), shape, byteLength, begin, end: begin + byteLength };
}

function putTensor(out: Bytes, { name, type, shape }: SizedSpec, begin: number): void {
  out.string(name);
  out.uint32(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) out.uint64(shape[axis]);
  out.uint32(GGML_TYPES[type].id);
  out.uint64(begin);
}

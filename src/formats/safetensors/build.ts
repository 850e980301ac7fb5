/** Making the header of a safetensors file from the names, types and shapes of its tensors. */
import { DTYPES, isDType } from '../../core/dtype.js';
import { quote, rangeError, typeError } from '../../core/errors.js';
import { elementCount } from '../../core/shape.js';
import type { ArraySpec } from '../../core/source.js';
import { bitsOf, fileRank } from './dtypes.js';
import { checkLimits, type Limits } from './limits.js';
import { METADATA_NAME, PREFIX_BYTES, type TensorEntry } from './types.js';

export interface BuiltHeader {
  /** Everything that stands before the data: the 8 bytes of length and the header. */
  readonly bytes: ReturnType<typeof Uint8Array.of>;
  /** In the order of the file. `begin` and `end` count from the end of `bytes`. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Bytes of data that must follow. */
  readonly dataLength: number;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Returns the beginning of a safetensors file and the place of each tensor behind it.
 *
 * Shapes: tensors are laid out by falling alignment of their type, then by name (compared as Unicode code points), and
 * the header is padded with spaces to a multiple of 8 bytes, so that every tensor is aligned. The order of `specs` and of
 * `metadata` does not matter.
 *
 * Cost: one sort.
 *
 * Compatible with: safetensors 0.8, to the byte; its order of two or more metadata keys is random, here they are sorted.
 *
 * @param specs name, type and shape of each tensor
 * @param metadata strings to be stored as `__metadata__`; left out when not given
 * @param limits maxHeaderBytes: refuses a header that readers would refuse
 * @throws TypeError and RangeError for names, types, shapes and metadata that the format cannot hold.
 * @example
 * const { bytes, entries } = buildHeader([{ name: 'w', dtype: 'float32', shape: [2] }]);
 * [bytes.length, entries.get('w')?.end]; // [64, 8]
 * @see writeSafetensors
 */
export function buildHeader(
  specs: Iterable<ArraySpec>,
  metadata?: ReadonlyMap<string, string>,
  limits?: Limits,
): BuiltHeader {
  const fn = 'buildHeader';
  const { maxHeaderBytes } = checkLimits(fn, limits);
  return layOut(checkSpecs(specs, fn), checkMetadata(metadata, fn), maxHeaderBytes, fn);
}

/** A tensor that fits the format. */
export interface SizedSpec<T extends ArraySpec = ArraySpec> extends ArraySpec {
  readonly byteLength: number;
  /** What the caller gave. */
  readonly source: T;
}

/** The specs in the order given, checked. */
export function checkSpecs<T extends ArraySpec>(
  specs: Iterable<T>,
  fn: string,
  argument = 'specs',
): SizedSpec<T>[] {
  if (specs === null || specs === undefined || typeof specs[Symbol.iterator] !== 'function') {
    const fix = 'pass an array of {name, dtype, shape ...}';
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

function sizedSpec<T extends ArraySpec>(spec: T, fn: string, argument: string): SizedSpec<T> {
  if (typeof spec !== 'object' || spec === null) {
    throw typeError(fn, argument, 'tensors', spec, 'pass objects {name, dtype, shape ...}');
  }
  const { name, dtype, shape } = spec;
  checkText(name, 'name', fn);
  if (name === METADATA_NAME) {
    throw rangeError(
      fn,
      'name',
      'the name of a tensor',
      name,
      'the format keeps it for metadata: rename the tensor',
    );
  }
  const place = `dtype of ${quote(name)}`;
  if (!isDType(dtype)) {
    throw rangeError(fn, place, 'an element type', dtype, `one of ${Object.keys(DTYPES).join(', ')}`);
  }
  if (fileRank(dtype) === undefined) {
    const fix = 'store packed codes as uint8 with a shape of their own';
    throw rangeError(fn, place, 'a type that safetensors has', dtype, fix);
  }
  const argumentOfShape = `shape of ${quote(name)}`;
  const count = elementCount(shape, fn, argumentOfShape);
  const bits = bitsOf(shape, dtype);
  if (bits > Number.MAX_SAFE_INTEGER) {
    const expected = 'a product of axes that are not 0 below 2^53 bits';
    throw rangeError(fn, argumentOfShape, expected, shape, 'split the tensor');
  }
  if (bits % 8 !== 0) {
    const fix = 'pad the last axis: the format has no partial bytes';
    throw rangeError(fn, argumentOfShape, `whole bytes of ${dtype}`, `${count} elements`, fix);
  }
  return { name, dtype, shape: Array.from(shape), byteLength: bits / 8, source: spec };
}

/** The metadata in the order of the file, checked; null for none. */
export function checkMetadata(
  metadata: ReadonlyMap<string, string> | undefined,
  fn: string,
): readonly (readonly [string, string])[] | null {
  return metadata === undefined ? null : checkPairs(metadata, fn, 'metadata');
}

export function checkPairs(
  map: ReadonlyMap<string, string>,
  fn: string,
  argument: string,
): readonly (readonly [string, string])[] {
  if (Object.prototype.toString.call(map) !== '[object Map]') {
    const fix = 'pass new Map(Object.entries(record))';
    throw typeError(fn, argument, 'a Map of strings', map, fix);
  }
  const pairs = Array.from(map);
  for (const [key, value] of pairs) {
    checkText(key, `${argument} key`, fn);
    checkText(value, `${argument} value of ${quote(key)}`, fn);
  }
  return pairs.sort(([a], [b]) => compareCodePoints(a, b));
}

function checkText(text: unknown, argument: string, fn: string): void {
  if (typeof text !== 'string') {
    throw typeError(fn, argument, 'a string', text, 'the format stores names and metadata as text');
  }
  if (LONE_SURROGATE.test(text)) {
    const fix = 'lone surrogates cannot be stored as UTF-8: replace them';
    throw rangeError(fn, argument, 'well-formed Unicode', text, fix);
  }
}

/** The header of checked parts, in any order. */
export function layOut(
  specs: readonly SizedSpec[],
  metadata: readonly (readonly [string, string])[] | null,
  maxHeaderBytes: number,
  fn: string,
): BuiltHeader {
  const entries = new Map<string, TensorEntry>();
  const parts: string[] = [];
  if (metadata !== null) {
    const pairs = metadata.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    parts.push(`"${METADATA_NAME}":{${pairs.join(',')}}`);
  }
  let end = 0;
  for (const { name, dtype, shape, byteLength } of specs.slice().sort(compareInFile)) {
    const begin = end;
    end += byteLength;
    entries.set(name, { dtype, shape, byteLength, begin, end });
    parts.push(
      `${JSON.stringify(name)}:{"dtype":"${DTYPES[dtype].safetensors}","shape":[${shape.join(',')}],"data_offsets":[${begin},${end}]}`,
    );
  }
  if (end > Number.MAX_SAFE_INTEGER) {
    throw rangeError(fn, 'specs', 'data below 2^53 bytes', end, 'split the model into files');
  }
  // A character is at least one byte: an endless text is refused before it is made.
  const characters = parts.reduce((sum, part) => sum + part.length + 1, 1);
  if (characters > maxHeaderBytes) throw tooLong(characters, maxHeaderBytes, fn);
  const text = new TextEncoder().encode(`{${parts.join(',')}}`);
  const length = Math.ceil(text.length / 8) * 8;
  if (length > maxHeaderBytes) throw tooLong(length, maxHeaderBytes, fn);
  return { bytes: framed(text, length), entries, dataLength: end };
}

function compareInFile(a: ArraySpec, b: ArraySpec): number {
  return Number(fileRank(a.dtype)) - Number(fileRank(b.dtype)) || compareCodePoints(a.name, b.name);
}

/** Length prefix, text, and spaces up to `length`. */
function framed(text: Uint8Array, length: number): ReturnType<typeof Uint8Array.of> {
  const bytes = new Uint8Array(PREFIX_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, PREFIX_BYTES);
  return bytes;
}

function tooLong(length: number, limit: number, fn: string): RangeError {
  const fix = 'split the model into files, or raise limits.maxHeaderBytes here and in every reader';
  return rangeError(fn, 'specs', `a header of at most ${limit} bytes`, `${length} bytes or more`, fix);
}

/** Order by code points, which is that of UTF-8 bytes; JavaScript's own puts U+10000 before U+E000. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return aboveSurrogates(x) - aboveSurrogates(y);
  }
  return a.length - b.length;
}

/** Code units in the order of the code points that they begin: surrogates move behind U+FFFF. */
function aboveSurrogates(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** `header` with more spaces behind it, so that it fills the `length` bytes that were kept for it. */
export function padHeader(header: Uint8Array, length: number, fn: string): ReturnType<typeof Uint8Array.of> {
  if (header.length > length) {
    const fix = 'make the placeholders in metadata as long as the final values';
    throw rangeError(fn, 'finalMetadata', `a header of at most ${length} bytes`, header.length, fix);
  }
  return framed(header.subarray(PREFIX_BYTES), length - PREFIX_BYTES);
}

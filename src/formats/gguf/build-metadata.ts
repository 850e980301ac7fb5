/** Metadata on its way into a file: checked, then written. */
import { arrayTag } from '../../core/array-tag.js';
import type { AnyTypedArray } from '../../core/arrays.js';
import { DTYPES } from '../../core/dtype.js';
import { quote, rangeError, typeError } from '../../core/errors.js';
import { checkAttached, integerRange } from '../../core/numbers.js';
import { checkChoice, checkInteger, isPlainObject } from '../../core/options.js';
import type { Bytes } from './bytes.js';
import { hasProto, isAlignment } from './metadata.js';
import {
  ALIGNMENT_KEY,
  DEFAULT_ALIGNMENT,
  MAX_ALIGNMENT,
  MAX_KEY_BYTES,
  VALUE_TYPES,
  type GgufItemType,
  type GgufMetadata,
  type GgufValue,
} from './types.js';

const LONE_SURROGATE = /\p{Surrogate}/u;
const ITEM_TYPES = VALUE_TYPES.filter((type): type is GgufItemType => type !== 'array');
/** The specification asks for a multiple of 8; ggml itself takes any power of two. */
const MIN_WRITTEN_ALIGNMENT = 8;

/** Keys and values in the order given, checked; an `alignment` other than 32 joins them. */
export function checkMetadata(
  metadata: GgufMetadata | undefined,
  alignment: number | undefined,
  fn: string,
): { readonly pairs: readonly (readonly [string, GgufValue])[]; readonly alignment: number } {
  const pairs = metadata === undefined ? [] : checkPairs(metadata, fn);
  const stored = pairs.find(([key]) => key === ALIGNMENT_KEY)?.[1];
  const given = checkAlignment(alignment, 'alignment', fn);
  if (stored === undefined) {
    if (given === undefined || given === DEFAULT_ALIGNMENT) return { pairs, alignment: DEFAULT_ALIGNMENT };
    return { pairs: [...pairs, [ALIGNMENT_KEY, { type: 'uint32', value: given }]], alignment: given };
  }
  const place = `metadata value of ${quote(ALIGNMENT_KEY)}`;
  if (stored.type !== 'uint32') {
    throw rangeError(fn, place, 'type uint32', stored.type, 'readers take no other type');
  }
  checkAlignment(stored.value, place, fn);
  if (given !== undefined && given !== stored.value) {
    throw rangeError(fn, 'alignment', `${stored.value} as in metadata`, given, 'leave one of them out');
  }
  return { pairs, alignment: stored.value };
}

function checkAlignment(value: number | undefined, argument: string, fn: string): number | undefined {
  if (value === undefined) return undefined;
  checkInteger(fn, argument, value, MIN_WRITTEN_ALIGNMENT, MAX_ALIGNMENT);
  if (!isAlignment(value)) {
    throw rangeError(fn, argument, 'a power of two', value, `${DEFAULT_ALIGNMENT} is what every tool writes`);
  }
  return value;
}

function checkPairs(metadata: GgufMetadata, fn: string): (readonly [string, GgufValue])[] {
  if (Object.prototype.toString.call(metadata) !== '[object Map]') {
    const fix = `pass new Map([['general.name', 'x'], ['x.count', {type: 'uint32', value: 1}]])`;
    throw typeError(fn, 'metadata', 'a Map of values', metadata, fix);
  }
  return Array.from(metadata, ([key, value]) => {
    checkKey(key, fn);
    return [key, checkValue(value, `metadata value of ${quote(key)}`, fn)] as const;
  });
}

function checkKey(key: unknown, fn: string): void {
  checkText(key, 'metadata key', fn);
  const text = key as string;
  if (text === '' || text.includes('\0')) {
    throw rangeError(fn, 'metadata key', 'text without NUL', key, 'name the value');
  }
  if (hasProto(text)) {
    const fix = 'it attacks readers that store keys in objects: rename it';
    throw rangeError(fn, 'metadata key', 'parts other than __proto__', key, fix);
  }
  if (new TextEncoder().encode(text).length > MAX_KEY_BYTES) {
    throw rangeError(fn, 'metadata key', `at most ${MAX_KEY_BYTES} bytes`, key, 'shorten it');
  }
}

export function checkText(text: unknown, argument: string, fn: string): void {
  if (typeof text !== 'string')
    throw typeError(fn, argument, 'a string', text, 'the format stores it as text');
  if (LONE_SURROGATE.test(text)) {
    const fix = 'lone surrogates cannot be stored as UTF-8: replace them';
    throw rangeError(fn, argument, 'well-formed Unicode', text, fix);
  }
}

function checkValue(given: unknown, argument: string, fn: string): GgufValue {
  if (typeof given === 'string') return checkValue({ type: 'string', value: given }, argument, fn);
  if (typeof given === 'boolean') return { type: 'bool', value: given };
  if (!isPlainObject(given)) {
    const fix = `pass for example {type: 'uint32', value: 1}: a file stores the type`;
    throw typeError(fn, argument, 'text, a boolean or {type, value}', given, fix);
  }
  const { type, of, value } = given as { type?: unknown; of?: unknown; value?: unknown };
  const checked = checkChoice(fn, `type of ${argument}`, type, VALUE_TYPES);
  if (checked !== 'array')
    return { type: checked, value: checkItem(checked, value, argument, fn) } as GgufValue;
  const items = checkChoice(fn, `of of ${argument}`, of, ITEM_TYPES);
  return { type: 'array', of: items, value: checkList(items, value, argument, fn) } as GgufValue;
}

function checkItem(type: GgufItemType, value: unknown, argument: string, fn: string): unknown {
  if (type === 'string') checkText(value, argument, fn);
  else if (type === 'bool') {
    if (typeof value !== 'boolean') throw typeError(fn, argument, 'a boolean', value, 'pass true or false');
  } else if (type === 'uint64' || type === 'int64') return checkBigInteger(type, value, argument, fn);
  else if (type === 'float32' || type === 'float64') return checkReal(type, value, argument, fn);
  else checkInteger(fn, argument, value, ...integerRange(type));
  return value;
}

function checkBigInteger(type: 'uint64' | 'int64', value: unknown, argument: string, fn: string): bigint {
  const exact = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  const expected = `a bigint, or a whole number below 2^53, that ${type} holds`;
  if (typeof exact !== 'bigint') throw typeError(fn, argument, expected, value, 'pass for example 1n');
  const fits = type === 'uint64' ? BigInt.asUintN(64, exact) : BigInt.asIntN(64, exact);
  if (fits !== exact) throw rangeError(fn, argument, expected, value, 'it does not fit');
  return exact;
}

function checkReal(type: 'float32' | 'float64', value: unknown, argument: string, fn: string): number {
  if (typeof value !== 'number') throw typeError(fn, argument, 'a number', value, 'pass a number');
  if (type === 'float64') return value;
  const rounded = Math.fround(value);
  if (Number.isFinite(value) && !Number.isFinite(rounded)) {
    throw rangeError(fn, argument, 'a number that float32 holds', value, 'use float64');
  }
  return rounded;
}

function checkList(of: GgufItemType, value: unknown, argument: string, fn: string): unknown {
  if (of === 'string' || of === 'bool') {
    if (!Array.isArray(value))
      throw typeError(fn, argument, `an array of ${of}`, value, 'pass a plain array');
    return Array.from(value as unknown[], (item, i) => checkItem(of, item, `${argument}[${i}]`, fn));
  }
  const wanted = DTYPES[of].array.name;
  if (arrayTag(value) !== wanted) {
    throw typeError(fn, argument, `a ${wanted} for ${of}`, value, 'numbers of a list have one type');
  }
  checkAttached(value as AnyTypedArray, fn, argument);
  return value;
}

type Writer = (view: DataView, at: number, value: never) => void;

const WRITERS: Readonly<Record<Exclude<GgufItemType, 'bool' | 'string'>, Writer>> = {
  uint8: (view, at, value) => view.setUint8(at, value),
  int8: (view, at, value) => view.setInt8(at, value),
  uint16: (view, at, value) => view.setUint16(at, value, true),
  int16: (view, at, value) => view.setInt16(at, value, true),
  uint32: (view, at, value) => view.setUint32(at, value, true),
  int32: (view, at, value) => view.setInt32(at, value, true),
  float32: (view, at, value) => view.setFloat32(at, value, true),
  uint64: (view, at, value) => view.setBigUint64(at, value, true),
  int64: (view, at, value) => view.setBigInt64(at, value, true),
  float64: (view, at, value) => view.setFloat64(at, value, true),
};

/** Writes a key and its value. */
export function putPair(out: Bytes, key: string, given: GgufValue): void {
  out.string(key);
  out.uint32(VALUE_TYPES.indexOf(given.type));
  if (given.type !== 'array') {
    putItem(out, given.type, given.value);
    return;
  }
  const { of, value } = given;
  out.uint32(VALUE_TYPES.indexOf(of));
  out.uint64(value.length);
  if (of === 'string' || of === 'bool') for (const item of value) putItem(out, of, item);
  else out.append(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
}

function putItem(out: Bytes, type: GgufItemType, value: string | boolean | number | bigint): void {
  if (type === 'string') out.string(value as string);
  else if (type === 'bool') out.scalar(1, (view, at) => view.setUint8(at, Number(value)));
  else out.scalar(DTYPES[type].bits / 8, (view, at) => WRITERS[type](view, at, value as never));
}

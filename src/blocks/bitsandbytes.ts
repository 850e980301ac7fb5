/** packBitsandbytes and unpackBitsandbytes: 4-bit weights with their quantization state, as transformers saves them. */
import { arrayTag } from '../core/array-tag.js';
import type { F32, U8 } from '../core/arrays.js';
import { describe, FormatError, rangeError, typeError } from '../core/errors.js';
import { checkAttached } from '../core/numbers.js';
import { checkChoice, checkOptions, isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import type { NamedArray } from '../core/source.js';
import { arrayOf, checkPrefix, namesOf } from './packing-names.js';
import type { NamedArrays } from './packing-types.js';

/** What quantizeCodebook makes. */
export interface CodebookCodes {
  readonly kind: 'codebook';
  readonly codes: U8;
  readonly bits: number;
  readonly codebook: F32;
  readonly name: 'nf4' | 'fp4' | 'af4' | 'dynamic8' | 'kmeans' | 'custom';
  readonly absmax: F32 | NestedCodes | null;
  readonly blockSize: number | null;
  readonly shape: readonly number[];
  readonly overflow: number;
  readonly fit: {
    readonly iterations: number;
    readonly inertia: number;
    readonly startInertia: number;
  } | null;
}

export interface NestedCodes {
  readonly codes: U8;
  readonly absmax: F32;
  readonly codebook: F32;
  readonly offset: number;
  readonly blockSize: 256;
}

export interface BitsandbytesOptions {
  /** Type of the weights that were quantized, to which readers decode. Default 'float32'. */
  readonly dtype?: 'float32' | 'float16' | 'bfloat16';
  /** Put before every name, with its dot: 'model.layers.0.mlp.up_proj.'. Default ''. */
  readonly prefix?: string;
}

/** Block sizes that bitsandbytes has kernels for. */
const BLOCK_SIZES: readonly (number | null)[] = [32, 64, 128, 256, 512, 1024, 2048, 4096];
const DTYPES = ['float32', 'float16', 'bfloat16'] as const;
const MADE_BY = "make it with quantizeCodebook and codebook 'nf4' or 'fp4'";

/**
 * Returns a weight as the arrays that bitsandbytes saves: weight, weight.absmax, weight.quant_map, with double quantization weight.nested_absmax and
 * weight.nested_quant_map, and weight.quant_state.bitsandbytes__nf4 or __fp4, ready for writeSafetensors.
 *
 * Formula: weight [(n + 1) / 2, 1] uint8 holds two codes to a byte, the first in the high nibble. The state is JSON as Python's json.dumps writes it: quant_type, blocksize, dtype,
 * shape, and nested_blocksize, nested_dtype and nested_offset.
 *
 * Shapes: any; the state has it.
 *
 * Numerics: nothing is rounded.
 *
 * Cost: no copies of the codes.
 *
 * Compatible with: bitsandbytes 95f9af30 (August 2026), `QuantState.as_dict(packed=True)` and `Linear4bit`, to the byte.
 *
 * @param c 4-bit codes of quantizeCodebook: 'nf4' or 'fp4'
 * @param options dtype, prefix
 * @throws TypeError or RangeError for arguments: other codebooks, blocks that bitsandbytes does not have.
 * @example
 * const c = quantizeCodebook(Float32Array.from({ length: 64 }, (_, i) => i - 32), { codebook: 'nf4' });
 * packBitsandbytes(c).map(({ name }) => name); // ['weight', 'weight.absmax', 'weight.quant_map', 'weight.quant_state.bitsandbytes__nf4']
 * @see unpackBitsandbytes
 */
export function packBitsandbytes(c: CodebookCodes, options?: BitsandbytesOptions): NamedArray[] {
  const fn = 'packBitsandbytes';
  const { dtype = 'float32', prefix } = checkOptions(fn, options, ['dtype', 'prefix']);
  checkChoice(fn, 'dtype', dtype, DTYPES);
  const head = `${checkPrefix(fn, prefix)}weight`;
  if (!isPlainObject(c) || c.kind !== 'codebook') throw typeError(fn, 'c', 'a CodebookTensor', c, MADE_BY);
  const name = checkChoice(fn, 'c.name', c.name, ['nf4', 'fp4']);
  const { absmax, blockSize, shape, codes } = c;
  if (!BLOCK_SIZES.includes(blockSize) || absmax === null) {
    throw rangeError(fn, 'c.blockSize', 'a power of two from 32 to 4096', blockSize, MADE_BY);
  }
  const size = elementCount(shape, fn, 'c.shape');
  if (size === 0) throw rangeError(fn, 'c.shape', 'a tensor that is not empty', shape, 'leave it out');
  const blocks = Math.ceil(size / (blockSize as number));
  checkPart(fn, 'c.codes', codes, 'Uint8Array', Math.ceil(size / 2));
  checkPart(fn, 'c.codebook', c.codebook, 'Float32Array', 16);
  const state = [`"quant_type": "${name}"`, `"blocksize": ${blockSize}`, `"dtype": "${dtype}"`];
  state.push(`"shape": [${shape.join(', ')}]`);
  const arrays: NamedArray[] = [{ name: head, dtype: 'uint8', shape: [codes.length, 1], data: codes }];
  const add = (part: string, type: 'float32' | 'uint8', data: F32 | U8): void => {
    arrays.push({ name: `${head}.${part}`, dtype: type, shape: [data.length], data });
  };
  if (arrayTag(absmax) !== null) {
    add('absmax', 'float32', checkPart(fn, 'c.absmax', absmax as F32, 'Float32Array', blocks));
    add('quant_map', 'float32', c.codebook);
  } else {
    const nested = absmax as NestedCodes;
    const outer = Math.ceil(blocks / 256);
    add('absmax', 'uint8', checkPart(fn, 'c.absmax.codes', nested.codes, 'Uint8Array', blocks));
    add('quant_map', 'float32', c.codebook);
    add('nested_absmax', 'float32', checkPart(fn, 'c.absmax.absmax', nested.absmax, 'Float32Array', outer));
    add(
      'nested_quant_map',
      'float32',
      checkPart(fn, 'c.absmax.codebook', nested.codebook, 'Float32Array', 256),
    );
    state.push('"nested_blocksize": 256', '"nested_dtype": "float32"');
    state.push(`"nested_offset": ${pythonFloat(fn, nested.offset)}`);
  }
  const json = new TextEncoder().encode(`{${state.join(', ')}}`);
  add(`quant_state.bitsandbytes__${name}`, 'uint8', json);
  return arrays;
}

function checkPart<T extends U8 | F32>(
  fn: string,
  argument: string,
  array: T,
  tag: string,
  length: number,
): T {
  if (arrayTag(array) !== tag) throw typeError(fn, argument, `a ${tag}`, array, MADE_BY);
  checkAttached(array, fn, argument);
  if (array.length === length) return array;
  throw rangeError(fn, argument, `${length} elements`, array.length, 'correct c.shape and c.blockSize');
}

/** A number as Python's repr writes it: the digits of JavaScript, an exponent of two digits below 1e-4 and from 1e16 on. */
function pythonFloat(fn: string, x: number): string {
  if (typeof x !== 'number' || !Number.isFinite(x)) {
    throw rangeError(fn, 'c.absmax.offset', 'a finite number', x, MADE_BY);
  }
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0';
  const [digits, power] = x.toExponential().split('e');
  const exponent = Number(power);
  // JavaScript writes fractions without an exponent down to 1e-6, and whole numbers up to 1e21.
  if (exponent >= -4 && exponent < 16) return Number.isInteger(x) ? `${x}.0` : String(x);
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
}

interface State {
  readonly quant_type: 'nf4' | 'fp4';
  readonly blocksize: number;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly nested_blocksize?: number;
  readonly nested_dtype?: string;
  readonly nested_offset?: number;
}

/**
 * Returns the weight that bitsandbytes saved, as dequantizeCodebook takes it, and the type it was quantized from.
 *
 * Formula: the inverse of packBitsandbytes.
 *
 * Shapes: that of the state.
 *
 * Numerics: nothing is rounded; nested_offset becomes the nearest float32, which is what bitsandbytes keeps.
 *
 * Cost: no copies of the codes.
 *
 * Compatible with: what packBitsandbytes is. Codes that it makes with other thresholds are read all the same.
 *
 * @param arrays those of the layer, others are ignored unless they begin with the prefix
 * @param options prefix
 * @throws TypeError or RangeError for arguments; FormatError PACKED_STATE for a state that is no JSON or has other fields, PACKED_ARRAYS for arrays that are missing
 * or do not fit together, PACKED_SCALE for magnitudes that are not finite or below 0.
 * @example
 * const c = quantizeCodebook(Float32Array.from({ length: 64 }, (_, i) => i - 32), { codebook: 'nf4' });
 * unpackBitsandbytes(packBitsandbytes(c, { dtype: 'bfloat16' })).dtype; // 'bfloat16'
 * @see packBitsandbytes
 */
export function unpackBitsandbytes(
  arrays: NamedArrays,
  options?: { readonly prefix?: string },
): { readonly tensor: CodebookCodes; readonly dtype: 'float32' | 'float16' | 'bfloat16' } {
  const fn = 'unpackBitsandbytes';
  const { prefix } = checkOptions(fn, options, ['prefix']);
  const found = namesOf(fn, arrays, `${checkPrefix(fn, prefix)}weight`);
  const state = stateOf(fn, found);
  const size = elementCount(state.shape, fn, 'shape');
  const blocks = Math.ceil(size / state.blocksize);
  const codes = arrayOf(fn, found, '', ['uint8'], [Math.ceil(size / 2), 1]).data as U8;
  const codebook = arrayOf(fn, found, '.quant_map', ['float32'], [16]).data as F32;
  return {
    tensor: {
      kind: 'codebook',
      codes,
      bits: 4,
      codebook,
      name: state.quant_type,
      absmax: magnitudesOf(fn, found, state, blocks),
      blockSize: state.blocksize,
      shape: Array.from(state.shape),
      overflow: 0,
      fit: null,
    },
    dtype: state.dtype as 'float32',
  };
}

function magnitudesOf(
  fn: string,
  found: ReadonlyMap<string, NamedArray>,
  state: State,
  blocks: number,
): F32 | NestedCodes {
  if (state.nested_offset === undefined) {
    return magnitudes(fn, '.absmax', arrayOf(fn, found, '.absmax', ['float32'], [blocks]).data as F32);
  }
  const outer = arrayOf(fn, found, '.nested_absmax', ['float32'], [Math.ceil(blocks / 256)]);
  return {
    codes: arrayOf(fn, found, '.absmax', ['uint8'], [blocks]).data as U8,
    absmax: magnitudes(fn, '.nested_absmax', outer.data as F32),
    codebook: arrayOf(fn, found, '.nested_quant_map', ['float32'], [256]).data as F32,
    offset: Math.fround(state.nested_offset),
    blockSize: 256,
  };
}

function magnitudes(fn: string, name: string, values: F32): F32 {
  const index = values.findIndex((v) => !(v >= 0 && v < Infinity));
  if (index < 0) return values;
  const message = `${fn}: "weight${name}" expected finite numbers >= 0, got ${values[index]} at index ${index}`;
  throw new FormatError('PACKED_SCALE', message);
}

/** A state that is longer than this holds something else. */
const MAX_STATE = 4096;

function stateOf(fn: string, found: ReadonlyMap<string, NamedArray>): State {
  const start = '.quant_state.bitsandbytes__';
  const names = [...found.keys()].filter((name) => name.startsWith(start));
  if (names.length !== 1) throw badState(fn, 'one state', names);
  const data = arrayOf(fn, found, names[0], ['uint8'], [-1]).data as U8;
  if (data.length > MAX_STATE) throw badState(fn, `at most ${MAX_STATE} bytes`, data.length);
  let state: unknown;
  try {
    state = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    throw badState(fn, 'JSON', data);
  }
  if (!isPlainObject(state)) throw badState(fn, 'an object', state);
  const fields = state as Partial<Record<keyof State, unknown>>;
  const type = names[0].slice(start.length);
  if (fields.quant_type !== type || (type !== 'nf4' && type !== 'fp4')) {
    throw badState(fn, "quant_type 'nf4' or 'fp4', as in the array's name", fields.quant_type);
  }
  if (!BLOCK_SIZES.includes(fields.blocksize as number)) throw badState(fn, 'a blocksize', fields.blocksize);
  if (!DTYPES.includes(fields.dtype as 'float32')) throw badState(fn, 'a dtype', fields.dtype);
  if (!isShape(fields.shape)) throw badState(fn, 'a shape', fields.shape);
  const offset = fields.nested_offset;
  const isNested = offset !== undefined;
  if (isNested && (typeof offset !== 'number' || !Number.isFinite(Math.fround(offset)))) {
    throw badState(fn, 'a finite nested_offset', offset);
  }
  if (isNested && (fields.nested_blocksize !== 256 || fields.nested_dtype !== 'float32')) {
    throw badState(fn, 'nested blocks of 256 float32 numbers', fields.nested_blocksize);
  }
  return fields as State;
}

function isShape(shape: unknown): boolean {
  if (!Array.isArray(shape) || shape.length > 64) return false;
  let size = 1;
  for (const length of shape as unknown[]) {
    if (!Number.isSafeInteger(length) || (length as number) < 0) return false;
    size *= Math.max(length as number, 1);
  }
  return Number.isSafeInteger(size);
}

function badState(fn: string, expected: string, got: unknown): FormatError {
  return new FormatError('PACKED_STATE', `${fn}: "quant_state" expected ${expected}, got ${describe(got)}`);
}

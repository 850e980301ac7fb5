/** FloatTensors as records: how their codes are laid out, whether their parts fit together, and what they prove. */
import { arrayTag } from '../../core/array-tag.js';
import type { F32, U16, U8 } from '../../core/arrays.js';
import { byteLengthOf, DTYPES } from '../../core/dtype.js';
import { rangeError, typeError } from '../../core/errors.js';
import { FLOAT_FORMATS, SMALL_FLOATS, type SmallFloat } from '../../core/float-formats.js';
import { picturedAs, type Pictured } from '../../core/inspect.js';
import { checkAttached, outputFloats } from '../../core/numbers.js';
import { checkChoice, isPlainObject } from '../../core/options.js';
import { ROUNDINGS } from '../../core/rounding.js';
import { elementCount } from '../../core/shape.js';
import { kernels } from '../../kernels/dispatch.js';
import { boundOfCodes } from './float-bound.js';
import { decodeFloats } from './float-codes.js';
import type { FloatTensor } from './float-types.js';
import { floatViews } from './float-view.js';

/** Gives the record its printed form and pictures. */
export function floatTensor(c: FloatTensor): FloatTensor & Pictured {
  return picturedAs(
    c,
    floatViews((each) => floatValues('toSVG', each, undefined), floatErrorBound),
  );
}

/** Codes, one each, as a FloatTensor holds them: those of fewer than 8 bits packed. */
export function packFloats(codes: U16 | U8, dtype: SmallFloat): U16 | U8 {
  const { bits } = DTYPES[dtype];
  if (bits >= 8) return codes;
  const packed = new Uint8Array(byteLengthOf(dtype, codes.length));
  kernels().packBits(packed, codes as U8, codes.length, bits, 0);
  return packed;
}

/** The codes one by one. */
function unpack(c: FloatTensor, size: number): U16 | U8 {
  const { bits } = DTYPES[c.dtype];
  if (bits >= 8) return c.codes;
  const codes = new Uint8Array(size);
  kernels().unpackBits(codes, c.codes as U8, size, bits, 0);
  return codes;
}

/** The values of a FloatTensor after checking it, in `out` when it is given. */
export function floatValues(fn: string, c: FloatTensor, out: unknown): F32 {
  const size = checkFloatTensor(fn, c);
  const values = outputFloats(out, size, fn);
  decodeFloats(values, unpack(c, size), c.dtype);
  return values;
}

/** The named error when `codes` is no array of the type's codes. */
export function checkCodesArray(fn: string, argument: string, codes: U16 | U8, dtype: SmallFloat): void {
  const wanted = DTYPES[dtype].array.name;
  if (arrayTag(codes) !== wanted) {
    throw typeError(fn, argument, `a ${wanted} for ${dtype}`, codes, 'pass codes made by castFloat');
  }
  checkAttached(codes, fn, argument);
}

/** The number of elements of `c`, after checking that its parts fit together. */
export function checkFloatTensor(fn: string, c: FloatTensor): number {
  if (!isPlainObject(c) || c.kind !== 'float') {
    throw typeError(fn, 'c', 'a FloatTensor', c, 'make one with quantizeFloat');
  }
  checkChoice(fn, 'c.dtype', c.dtype, SMALL_FLOATS);
  checkChoice(fn, 'c.rounding', c.rounding, ROUNDINGS);
  checkCodesArray(fn, 'c.codes', c.codes, c.dtype);
  const size = elementCount(c.shape, fn, 'c.shape');
  const bytes = byteLengthOf(c.dtype, size);
  if (c.codes.byteLength !== bytes) {
    throw rangeError(
      fn,
      'c.codes',
      `${bytes} bytes for ${size} elements`,
      c.codes.byteLength,
      'correct c.shape',
    );
  }
  if (typeof c.overflow !== 'number' || !(c.overflow >= 0)) {
    throw rangeError(fn, 'c.overflow', 'a number >= 0', c.overflow, 'make c with quantizeFloat');
  }
  return size;
}

/**
 * Returns a proved bound of the error of `c`: for every input that quantizeFloat turns into `c`.
 *
 * Formula: per element half the larger distance from its value to a neighbour (the whole one for 'stochastic', that to the
 * next magnitude for 'truncate'), plus `c.overflow` at the largest finite value; Infinity for codes that are infinite or
 * NaN. `maxAbs` is the largest of these, `l2` the root of the sum of their squares.
 *
 * Numerics: tight: an input halfway between two values reaches it.
 *
 * @see quantizeFloat
 */
export function floatErrorBound(c: FloatTensor): { maxAbs: number; l2: number } {
  const size = checkFloatTensor('floatErrorBound', c);
  return boundOfCodes(unpack(c, size), FLOAT_FORMATS[c.dtype], c.rounding, c.overflow);
}

/** Real numbers to the codes of small floats and back: the loops under cast.ts, on checked arguments. */
import type { F32, F64, U16, U8 } from '../../core/arrays.js';
import { describe, NumericError } from '../../core/errors.js';
import {
  codeBits,
  decodeInto,
  FLOAT_FORMATS,
  type FloatFormat,
  type SmallFloat,
} from '../../core/float-formats.js';
import { encodeInto, roundToOddInto, type EncodeRule } from '../../core/minifloat.js';
import type { Contiguous } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';

/** Float64 elements that are brought to float32 at a time: 16 KiB stay in the first-level cache. */
const CHUNK = 4096;

/** The codes of `x`, one per element; the named error at the first element that has none under the rule. */
export function encodeFloats(x: Contiguous, format: FloatFormat, rule: EncodeRule, fn: string): U16 | U8 {
  const codes = codeBits(format) > 8 ? new Uint16Array(x.size) : new Uint8Array(x.size);
  const data = x.data;
  const bad =
    data instanceof Float32Array
      ? encodeFloat32(codes, data, format, rule)
      : encodeFloat64(codes, data as F64, format, rule);
  if (bad >= 0) throw noCode(data[bad], bad, format, rule, fn);
  return codes;
}

function encodeFloat64(codes: U16 | U8, x: F64, format: FloatFormat, rule: EncodeRule): number {
  const chunk = new Float32Array(Math.min(CHUNK, x.length));
  const bits = new Uint32Array(chunk.buffer);
  for (let begin = 0; begin < x.length; begin += CHUNK) {
    const end = Math.min(begin + CHUNK, x.length);
    const count = end - begin;
    roundToOddInto(bits, x.subarray(begin, end));
    const bad = encodeFloat32(codes.subarray(begin, end), chunk.subarray(0, count), format, {
      ...rule,
      position: begin,
    });
    if (bad >= 0) return begin + bad;
  }
  return -1;
}

/** Index of the first element without a code, or -1. */
function encodeFloat32(codes: U16 | U8, x: F32, format: FloatFormat, rule: EncodeRule): number {
  if (rule.rounding !== 'halfEven' || codeBits(format) <= 8) {
    return encodeInto(codes, new Uint32Array(x.buffer, x.byteOffset, x.length), format, rule);
  }
  if (format.dtype === 'float16') kernels().encodeFloat16(codes as U16, x);
  else kernels().encodeBfloat16(codes as U16, x);
  return rule.overflow === 'infinity' ? -1 : replaceInfinities(codes as U16, x, format, rule);
}

/** The kernels overflow to infinity; the other two choices are made here, afterwards. */
function replaceInfinities(codes: U16, x: F32, format: FloatFormat, rule: EncodeRule): number {
  for (let i = 0; i < codes.length; i++) {
    if ((codes[i] & 0x7fff) !== format.infinityCode) continue;
    if (rule.overflow === 'saturate') codes[i] = (codes[i] & 0x8000) | format.maxFiniteCode;
    else if (Number.isFinite(x[i])) return i;
  }
  return -1;
}

function noCode(
  value: number,
  index: number,
  format: FloatFormat,
  rule: EncodeRule,
  fn: string,
): NumericError {
  const nan = Number.isNaN(value);
  const expected = nan
    ? `no NaN, which ${format.dtype} cannot hold`
    : `values in the range of ${format.dtype}`;
  const fix = nan
    ? 'replace NaN first'
    : rule.overflow === 'saturate'
      ? 'choose a dtype that holds it'
      : `scale the values or pass overflow: 'saturate'`;
  const message = `${fn}: "x[${index}]" expected ${expected}, got ${describe(value)} - ${fix}`;
  return new NumericError(nan ? 'NAN' : 'OVERFLOW', message, index);
}

/** out[i] = value of codes[i]; codes are checked. */
export function decodeFloats(out: F32, codes: U16 | U8, dtype: SmallFloat): void {
  if (dtype === 'float16') kernels().decodeFloat16(out, codes as U16);
  else if (dtype === 'bfloat16') kernels().decodeBfloat16(out, codes as U16);
  else decodeInto(out, codes, FLOAT_FORMATS[dtype]);
}

/**
 * One compressed tensor as bytes. Little-endian:
 *
 *   0  "TSLM"           magic
 *   4  uint32           version, 1
 *   8  uint32           bytes of the header, H
 *   12 uint32           CRC-32C of everything else: bytes 0 to 11 and 16 to the end
 *   16 H bytes          JSON: {"header": ..., "arrays": [{"name", "dtype", "shape"}, ...]}, then spaces to a multiple of 8
 *   then each array's elements, each array padded with zeros to a multiple of 8
 */
import type { U8 } from '../core/arrays.js';
import { crc32c } from '../core/checksum.js';
import { byteLengthOf, DTYPES, isDType, type DType } from '../core/dtype.js';
import { describe, FormatError, typeError } from '../core/errors.js';
import { isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import type { ArraySpec, NamedArray } from '../core/source.js';
import { fromArrays, toArrays } from './compressed.js';
import type { Compressed } from './kinds.js';

const MAGIC = 0x4d4c5354;
const VERSION = 1;
const PREAMBLE = 16;

const align8 = (n: number): number => Math.ceil(n / 8) * 8;

/**
 * Returns a compressed tensor as bytes: lossless, versioned, with a checksum over everything.
 *
 * @see docs/formats.md, "One compressed tensor"
 * @example
 * const q = quantizeAffine(Float32Array.of(1, 2, 3), { bits: 4 });
 * const back = fromBytes(toBytes(q));
 * back.kind === 'affine' && back.codes; // Uint8Array [201, 14], as in q
 */
export function toBytes(c: Compressed): U8 {
  const { header, arrays } = toArrays(c);
  const specs = arrays.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  const json = new TextEncoder().encode(JSON.stringify({ header, arrays: specs }));
  const headerBytes = align8(json.length);
  const size = arrays.reduce((sum, { data }) => sum + align8(data.byteLength), PREAMBLE + headerBytes);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, headerBytes, true);
  bytes.fill(0x20, PREAMBLE, PREAMBLE + headerBytes);
  bytes.set(json, PREAMBLE);
  let at = PREAMBLE + headerBytes;
  for (const { data } of arrays) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += align8(data.byteLength);
  }
  view.setUint32(12, checksumOf(bytes), true);
  return bytes;
}

function checksumOf(bytes: Uint8Array): number {
  return crc32c(bytes.subarray(PREAMBLE), crc32c(bytes.subarray(0, 12)));
}

/**
 * Returns the compressed tensor that toBytes wrote; its arrays are copies.
 *
 * @throws TypeError when `bytes` is no Uint8Array; FormatError 'TENSOR_MAGIC', 'TENSOR_VERSION', 'TENSOR_SIZE', 'TENSOR_CHECKSUM', 'TENSOR_HEADER',
 * or what the kind's own reader throws. Every change of one byte is noticed.
 */
export function fromBytes(bytes: Uint8Array): Compressed {
  const fn = 'fromBytes';
  if (!(bytes instanceof Uint8Array))
    throw typeError(fn, 'bytes', 'a Uint8Array', bytes, 'pass what toBytes returned');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PREAMBLE || view.getUint32(0, true) !== MAGIC) {
    throw new FormatError(
      'TENSOR_MAGIC',
      `${fn}: expected "TSLM", got other bytes - pass what toBytes returned`,
      0,
    );
  }
  const version = view.getUint32(4, true);
  if (version !== VERSION) {
    throw new FormatError(
      'TENSOR_VERSION',
      `${fn}: expected version ${VERSION}, got ${version} - update the library`,
      4,
    );
  }
  const headerBytes = view.getUint32(8, true);
  if (PREAMBLE + headerBytes > bytes.length) {
    throw new FormatError(
      'TENSOR_SIZE',
      `${fn}: expected a header of ${headerBytes} bytes, got ${bytes.length - PREAMBLE} - the data is cut`,
      8,
    );
  }
  if (view.getUint32(12, true) !== checksumOf(bytes)) {
    throw new FormatError(
      'TENSOR_CHECKSUM',
      `${fn}: expected the stored checksum, got another - the data is damaged`,
      12,
    );
  }
  const { header, specs } = parseHeader(bytes.subarray(PREAMBLE, PREAMBLE + headerBytes));
  return fromArrays(header, readArrays(bytes, PREAMBLE + headerBytes, specs));
}

function parseHeader(json: Uint8Array): { header: unknown; specs: ArraySpec[] } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch {
    throw badHeader('header', 'JSON', 'other bytes');
  }
  const { header, arrays } = isPlainObject(parsed) ? (parsed as { header?: unknown; arrays?: unknown }) : {};
  if (!Array.isArray(arrays)) throw badHeader('arrays', 'an array', arrays);
  return { header, specs: arrays.map(checkSpec) };
}

function checkSpec(spec: unknown): ArraySpec {
  const { name, dtype, shape } = isPlainObject(spec) ? (spec as Partial<ArraySpec>) : {};
  if (typeof name !== 'string') throw badHeader('arrays.name', 'a string', name);
  if (!isDType(dtype)) throw badHeader('arrays.dtype', 'an element type', dtype);
  try {
    elementCount(shape as number[], 'fromBytes');
  } catch {
    throw badHeader('arrays.shape', 'axis lengths', shape);
  }
  return { name, dtype, shape: shape as number[] };
}

function readArrays(bytes: Uint8Array, begin: number, specs: readonly ArraySpec[]): NamedArray[] {
  let at = begin;
  const arrays = specs.map((spec) => {
    const length = byteLengthOf(spec.dtype, elementCount(spec.shape, 'fromBytes'));
    if (length > bytes.length - at) {
      throw new FormatError(
        'TENSOR_SIZE',
        `fromBytes: expected ${length} bytes of ${spec.name}, got ${bytes.length - at} - the data is cut`,
        at,
      );
    }
    // A copy whatever `bytes` is: the slice of a Buffer would be a view of its pool.
    const data = arrayOver(new Uint8Array(bytes.subarray(at, at + length)), spec.dtype);
    at += align8(length);
    return { ...spec, data };
  });
  if (at !== bytes.length) {
    throw new FormatError(
      'TENSOR_SIZE',
      `fromBytes: expected ${at} bytes, got ${bytes.length} - cut what follows the data`,
      at,
    );
  }
  return arrays;
}

function arrayOver(bytes: U8, dtype: DType): NamedArray['data'] {
  const { array } = DTYPES[dtype];
  return new (array as Uint8ArrayConstructor)(bytes.buffer, 0, bytes.length / array.BYTES_PER_ELEMENT);
}

function badHeader(field: string, expected: string, got: unknown): FormatError {
  return new FormatError(
    'TENSOR_HEADER',
    `fromBytes: "${field}" expected ${expected}, got ${describe(got)} - the data is damaged`,
  );
}

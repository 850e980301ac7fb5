/**
 * Malformed safetensors files, one row each: what is wrong, the bytes, and the code of the error that must name it.
 * `reference` says what safetensors 0.8 does: most rows it rejects too; the others are the cases where we are stricter.
 */
import type { SafetensorsErrorCode } from 'tensorslim/safetensors';

export interface MalformedCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly code: SafetensorsErrorCode;
  /** Whether the reference implementation reads the file. */
  readonly reference: 'rejects' | 'accepts';
}

const encoder = new TextEncoder();

/** Length prefix, header, and data of `dataLength` bytes; `length` may lie about the header. */
export function file(
  header: string | Uint8Array,
  dataLength = 0,
  length: bigint | number | null = null,
): Uint8Array {
  const text = typeof header === 'string' ? encoder.encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  for (let i = 0; i < dataLength; i++) bytes[8 + text.length + i] = i % 2;
  return bytes;
}

/** One entry as JSON text, every part replaceable by other text. */
const entry = (dtype = '"F32"', shape = '[1]', offsets = '[0,4]'): string =>
  `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;

/** A file with one tensor `w`. */
const one = (dtype?: string, shape?: string, offsets?: string, dataLength = 4): Uint8Array =>
  file(`{"w":${entry(dtype, shape, offsets)}}`, dataLength);

const bytesOf = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...encoder.encode(part)] : part)));

const u8 = (begin: number, end: number): string => entry('"U8"', `[${end - begin}]`, `[${begin},${end}]`);

const valid = `{"w":${entry()}}`;

type Row = readonly [name: string, code: SafetensorsErrorCode, bytes: Uint8Array];

const REJECTED_BY_BOTH: readonly Row[] = [
  // The length before the header
  ['an empty file', 'SAFETENSORS_TOO_SHORT', new Uint8Array(0)],
  ['7 bytes', 'SAFETENSORS_TOO_SHORT', new Uint8Array(7)],
  ['length 0', 'SAFETENSORS_HEADER_START', file('')],
  ['length 1 of 0', 'SAFETENSORS_HEADER_LENGTH', file('', 0, 1)],
  ['length one beyond the file', 'SAFETENSORS_HEADER_LENGTH', file('{}', 0, 3)],
  ['length 99,999,999 in a short file', 'SAFETENSORS_HEADER_LENGTH', file('{}', 0, 99_999_999)],
  ['length 100,000,001', 'SAFETENSORS_HEADER_TOO_LARGE', file('{}', 0, 100_000_001)],
  ['length 2^32', 'SAFETENSORS_HEADER_TOO_LARGE', file('{}', 0, 2n ** 32n)],
  ['length 2^53 + 1', 'SAFETENSORS_HEADER_TOO_LARGE', file('{}', 0, 2n ** 53n + 1n)],
  ['length 2^63', 'SAFETENSORS_HEADER_TOO_LARGE', file('{}', 0, 2n ** 63n)],
  ['length 2^64 - 1', 'SAFETENSORS_HEADER_TOO_LARGE', file('{}', 0, 2n ** 64n - 1n)],
  ['length 2^53', 'SAFETENSORS_HEADER_TOO_LARGE', file('{}', 0, 2n ** 53n)],
  ['a ZIP archive', 'SAFETENSORS_HEADER_TOO_LARGE', bytesOf('PK\x03\x04', Array(60).fill(0x55))],
  ['a GGUF file', 'SAFETENSORS_HEADER_TOO_LARGE', bytesOf('GGUF', [3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])],
  ['a header with the length in big endian', 'SAFETENSORS_HEADER_TOO_LARGE', bytesOf([0, 0, 0, 0, 0, 0, 0, 2], '{}')],
  // The text of the header
  ['text', 'SAFETENSORS_HEADER_START', file('"w"')],
  ['a number', 'SAFETENSORS_HEADER_START', file('17')],
  ['NUL before the header', 'SAFETENSORS_HEADER_START', file(bytesOf([0], '{}'))],
  ['NUL inside the header', 'SAFETENSORS_SYNTAX', file(bytesOf('{', [0], '}'))],
  ['a non-breaking space as white space', 'SAFETENSORS_SYNTAX', file('{\u00a0}')],
  ['a vertical tab behind the header', 'SAFETENSORS_HEADER_TRAILING', file('{}\v')],
  ['a comment behind the header', 'SAFETENSORS_HEADER_TRAILING', file('{}//')],
  ['two commas', 'SAFETENSORS_SYNTAX', file(`{"a":${u8(0, 2)},,"b":${u8(2, 4)}}`, 4)],
  ['a bracket where a brace closes', 'SAFETENSORS_SYNTAX', file(`{"w":${entry()}]`, 4)],
  ['a name that is a number', 'SAFETENSORS_SYNTAX', file(`{1:${entry()}}`, 4)],
  ['typographic quotes', 'SAFETENSORS_SYNTAX', file(`{\u201cw\u201d:${entry()}}`, 4)],
  ['a byte order mark', 'SAFETENSORS_HEADER_START', file(bytesOf([0xef, 0xbb, 0xbf], '{}'))],
  ['an array', 'SAFETENSORS_HEADER_START', file('[]')],
  ['null', 'SAFETENSORS_HEADER_START', file('null')],
  ['UTF-16', 'SAFETENSORS_SYNTAX', file(bytesOf([0x7b, 0, 0x7d, 0]))],
  ['an open brace alone', 'SAFETENSORS_SYNTAX', file('{')],
  ['a missing closing brace', 'SAFETENSORS_SYNTAX', file(valid.slice(0, -1), 4)],
  ['two headers', 'SAFETENSORS_HEADER_TRAILING', file('{}{}')],
  ['NUL behind the header', 'SAFETENSORS_HEADER_TRAILING', file(bytesOf('{}', [0, 0]))],
  ['a comma behind the header', 'SAFETENSORS_HEADER_TRAILING', file('{},')],
  ['a trailing comma', 'SAFETENSORS_SYNTAX', file(`{"w":${entry()},}`, 4)],
  ['a trailing comma in an entry', 'SAFETENSORS_SYNTAX', file('{"w":{"dtype":"F32",}}', 4)],
  ['a trailing comma in a shape', 'SAFETENSORS_NUMBER', one(undefined, '[1,]')],
  ['a leading comma', 'SAFETENSORS_SYNTAX', file(`{,"w":${entry()}}`, 4)],
  ['a missing comma', 'SAFETENSORS_SYNTAX', file('{"w":{"dtype":"F32" "shape":[1]}}', 4)],
  ['a missing colon', 'SAFETENSORS_SYNTAX', file(`{"w"${entry()}}`, 4)],
  ['a comment', 'SAFETENSORS_SYNTAX', file(`{/* */"w":${entry()}}`, 4)],
  ['single quotes', 'SAFETENSORS_SYNTAX', file(`{'w':${entry()}}`, 4)],
  ['a name without quotes', 'SAFETENSORS_SYNTAX', file(`{w:${entry()}}`, 4)],
  ['a form feed as white space', 'SAFETENSORS_SYNTAX', file(`{\f"w":${entry()}}`, 4)],
  ['an open string', 'SAFETENSORS_SYNTAX', file('{"w')],
  ['a string that ends in a backslash', 'SAFETENSORS_SYNTAX', file('{"w\\')],
  ['a stray byte 0xff between tokens', 'SAFETENSORS_SYNTAX', file(bytesOf('{', [0xff], '}'))],
  // Strings
  ['a byte that is not UTF-8 in a name', 'SAFETENSORS_UTF8', file(bytesOf('{"', [0xff], `":${entry()}}`), 4)],
  ['overlong UTF-8', 'SAFETENSORS_UTF8', file(bytesOf('{"', [0xc0, 0xaf], `":${entry()}}`), 4)],
  ['a surrogate as UTF-8', 'SAFETENSORS_UTF8', file(bytesOf('{"', [0xed, 0xa0, 0x80], `":${entry()}}`), 4)],
  ['UTF-8 above U+10FFFF', 'SAFETENSORS_UTF8', file(bytesOf('{"', [0xf4, 0x90, 0x80, 0x80], `":${entry()}}`), 4)],
  ['a character cut by the quote', 'SAFETENSORS_UTF8', file(bytesOf('{"', [0xe2, 0x82], `":${entry()}}`), 4)],
  ['a line feed in a name', 'SAFETENSORS_STRING', file(`{"a\nb":${entry()}}`, 4)],
  ['a NUL in a name', 'SAFETENSORS_STRING', file(`{"a\0b":${entry()}}`, 4)],
  ['an unknown escape', 'SAFETENSORS_STRING', file(`{"\\x41":${entry()}}`, 4)],
  ['a short \\u escape', 'SAFETENSORS_STRING', file(`{"\\u12":${entry()}}`, 4)],
  ['a lone high surrogate', 'SAFETENSORS_STRING', file(`{"\\ud800":${entry()}}`, 4)],
  ['a lone low surrogate', 'SAFETENSORS_STRING', file(`{"\\udc00":${entry()}}`, 4)],
  ['two low surrogates', 'SAFETENSORS_STRING', file(`{"\\udc00\\udc00":${entry()}}`, 4)],
  ['the last control character in a name', 'SAFETENSORS_STRING', file(`{"a\x1fb":${entry()}}`, 4)],
  ['two high surrogates', 'SAFETENSORS_STRING', file(`{"\\ud800\\ud800":${entry()}}`, 4)],
  ['a high surrogate before another escape', 'SAFETENSORS_STRING', file(`{"\\ud800\\n":${entry()}}`, 4)],
  ['an unescaped delete in front of a cut escape', 'SAFETENSORS_STRING', file(`{"\x7f\\u00":${entry()}}`, 4)],
  ['half an escaped surrogate pair', 'SAFETENSORS_STRING', file(`{"\\ud83d\\u0041":${entry()}}`, 4)],
  ['an escape in capital U', 'SAFETENSORS_STRING', file(`{"\\U0041":${entry()}}`, 4)],
  ['an escape with a sign', 'SAFETENSORS_STRING', file(`{"\\u+041":${entry()}}`, 4)],
  ['bad UTF-8 behind an escape', 'SAFETENSORS_UTF8', file(bytesOf('{"\\n', [0x80], `":${entry()}}`), 4)],
  ['an escape inside a character', 'SAFETENSORS_UTF8', file(bytesOf('{"', [0xe2, 0x82], `\\n":${entry()}}`), 4)],
  // __metadata__
  ['a lone surrogate in metadata', 'SAFETENSORS_STRING', file('{"__metadata__":{"a":"\\ud800"}}')],
  ['bad UTF-8 in metadata', 'SAFETENSORS_UTF8', file(bytesOf('{"__metadata__":{"a":"', [0xff], '"}}'))],
  ['a tab in metadata', 'SAFETENSORS_STRING', file('{"__metadata__":{"a":"\t"}}')],
  ['true in metadata', 'SAFETENSORS_METADATA', file('{"__metadata__":{"a":true}}')],
  ['metadata as a number', 'SAFETENSORS_METADATA', file('{"__metadata__":1}')],
  ['an array in metadata', 'SAFETENSORS_METADATA', file('{"__metadata__":{"a":["b"]}}')],
  ['metadata as an array', 'SAFETENSORS_METADATA', file('{"__metadata__":[]}')],
  ['metadata as text', 'SAFETENSORS_METADATA', file('{"__metadata__":"pt"}')],
  ['a number in metadata', 'SAFETENSORS_METADATA', file('{"__metadata__":{"a":1}}')],
  ['null in metadata', 'SAFETENSORS_METADATA', file('{"__metadata__":{"a":null}}')],
  ['an object in metadata', 'SAFETENSORS_METADATA', file('{"__metadata__":{"a":{}}}')],
  ['a tensor named __metadata__', 'SAFETENSORS_METADATA', file(`{"__metadata__":${entry()}}`, 4)],
  ['__metadata__ twice', 'SAFETENSORS_METADATA_DUPLICATE', file('{"__metadata__":{},"__metadata__":{}}')],
  // Entries
  ['an entry that is true', 'SAFETENSORS_ENTRY', file('{"w":true}')],
  ['an entry that is text', 'SAFETENSORS_ENTRY', file('{"w":"F32"}')],
  ['an empty array as an entry', 'SAFETENSORS_ENTRY', file('{"w":[]}')],
  ['100,000 nested arrays in an unknown field', 'SAFETENSORS_FIELD_UNKNOWN', file(`{"w":{"x":${'['.repeat(100_000)}`)],
  ['100,000 nested objects', 'SAFETENSORS_FIELD_UNKNOWN', file('{"w":'.repeat(100_000))],
  ['fields in capitals', 'SAFETENSORS_FIELD_UNKNOWN', file('{"w":{"DTYPE":"F32","SHAPE":[1],"DATA_OFFSETS":[0,4]}}', 4)],
  ['a field name with a space', 'SAFETENSORS_FIELD_UNKNOWN', file('{"w":{"dtype ":"F32","shape":[1],"data_offsets":[0,4]}}', 4)],
  ['an entry that is a number', 'SAFETENSORS_ENTRY', file('{"w":1}')],
  ['an entry that is null', 'SAFETENSORS_ENTRY', file('{"w":null}')],
  ['an empty entry', 'SAFETENSORS_FIELD_MISSING', file('{"w":{}}')],
  ['no dtype', 'SAFETENSORS_FIELD_MISSING', file('{"w":{"shape":[1],"data_offsets":[0,4]}}', 4)],
  ['no shape', 'SAFETENSORS_FIELD_MISSING', file('{"w":{"dtype":"F32","data_offsets":[0,4]}}', 4)],
  ['no offsets', 'SAFETENSORS_FIELD_MISSING', file('{"w":{"dtype":"F32","shape":[1]}}', 4)],
  ['a field twice', 'SAFETENSORS_FIELD_DUPLICATE', file('{"w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4)],
  ['shape twice', 'SAFETENSORS_FIELD_DUPLICATE', file('{"w":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4)],
  ['offsets twice, one escaped', 'SAFETENSORS_FIELD_DUPLICATE', file('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"data_\\u006fffsets":[0,4]}}', 4)],
  ['dtype in lower case', 'SAFETENSORS_DTYPE_UNKNOWN', one('"f32"')],
  ['an unknown dtype', 'SAFETENSORS_DTYPE_UNKNOWN', one('"ZZ"')],
  ['an empty dtype', 'SAFETENSORS_DTYPE_UNKNOWN', one('""')],
  ['dtype toString', 'SAFETENSORS_DTYPE_UNKNOWN', one('"toString"')],
  ['dtype __proto__', 'SAFETENSORS_DTYPE_UNKNOWN', one('"__proto__"')],
  ['dtype as a number', 'SAFETENSORS_DTYPE_UNKNOWN', one('32')],
  ['dtype null', 'SAFETENSORS_DTYPE_UNKNOWN', one('null')],
  ['dtype as an array', 'SAFETENSORS_DTYPE_UNKNOWN', one('["F32"]')],
  ['dtype with a space', 'SAFETENSORS_DTYPE_UNKNOWN', one('"F32 "')],
  ['dtype in the spelling of torch', 'SAFETENSORS_DTYPE_UNKNOWN', one('"float32"')],
  ['dtype I4', 'SAFETENSORS_DTYPE_UNKNOWN', one('"I4"', '[8]')],
  ['dtype __metadata__', 'SAFETENSORS_DTYPE_UNKNOWN', one('"__metadata__"')],
  // Shapes
  ['shape as text', 'SAFETENSORS_SHAPE', one(undefined, '"[1]"')],
  ['shape true', 'SAFETENSORS_SHAPE', one(undefined, 'true')],
  ['an axis of Infinity', 'SAFETENSORS_NUMBER', one(undefined, '[Infinity]')],
  ['an axis of 1_000', 'SAFETENSORS_SYNTAX', one(undefined, '[1_000]')],
  ['an axis of 1n', 'SAFETENSORS_SYNTAX', one(undefined, '[1n]')],
  ['an axis in Arabic digits', 'SAFETENSORS_NUMBER', one(undefined, '[\u0661]')],
  ['an axis of true', 'SAFETENSORS_NUMBER', one(undefined, '[true]')],
  ['an axis of 1.', 'SAFETENSORS_NUMBER', one(undefined, '[1.]')],
  ['two axes without a comma', 'SAFETENSORS_SYNTAX', one(undefined, '[1 1]')],
  ['an overflow in front of a zero', 'SAFETENSORS_NUMBER', one(undefined, '[18446744073709551615,18446744073709551615,0]', '[0,0]', 0)],
  ['shape as a number', 'SAFETENSORS_SHAPE', one(undefined, '1')],
  ['shape as an object', 'SAFETENSORS_SHAPE', one(undefined, '{}')],
  ['shape null', 'SAFETENSORS_SHAPE', one(undefined, 'null')],
  ['an axis of 1.0', 'SAFETENSORS_NUMBER', one(undefined, '[1.0]')],
  ['an axis of 1e0', 'SAFETENSORS_NUMBER', one(undefined, '[1e0]')],
  ['an axis of -1', 'SAFETENSORS_NUMBER', one(undefined, '[-1]')],
  ['an axis of -0', 'SAFETENSORS_NUMBER', one(undefined, '[-0]', '[0,0]', 0)],
  ['an axis of +1', 'SAFETENSORS_NUMBER', one(undefined, '[+1]')],
  ['an axis of 01', 'SAFETENSORS_NUMBER', one(undefined, '[01]')],
  ['an axis of 0x1', 'SAFETENSORS_SYNTAX', one(undefined, '[0x1]')],
  ['an axis of "1"', 'SAFETENSORS_NUMBER', one(undefined, '["1"]')],
  ['an axis of null', 'SAFETENSORS_NUMBER', one(undefined, '[null]')],
  ['an axis of NaN', 'SAFETENSORS_NUMBER', one(undefined, '[NaN]')],
  ['an axis of 2^64', 'SAFETENSORS_NUMBER', one(undefined, '[18446744073709551616]')],
  ['an axis of 1e400', 'SAFETENSORS_NUMBER', one(undefined, `[1${'0'.repeat(400)}]`)],
  ['a nested shape', 'SAFETENSORS_NUMBER', one(undefined, '[[1]]')],
  ['a product of 2^64 that wraps to 4 bytes', 'SAFETENSORS_SHAPE_OVERFLOW', one(undefined, '[4294967296,4294967296]', '[0,0]', 0)],
  ['a product that wraps to 4', 'SAFETENSORS_SHAPE_OVERFLOW', one('"U8"', '[4194305,4194305,211106198978564]')],
  ['2^61 elements of 8 bytes', 'SAFETENSORS_SHAPE_OVERFLOW', one('"F64"', '[1048576,1048576,2097152]', '[0,0]', 0)],
  ['one element of 4 bits', 'SAFETENSORS_SUB_BYTE', one('"F4"', '[1]', '[0,1]', 1)],
  ['three elements of 4 bits', 'SAFETENSORS_SUB_BYTE', one('"F4"', '[3]', '[0,2]', 2)],
  ['two elements of 6 bits', 'SAFETENSORS_SUB_BYTE', one('"F6_E2M3"', '[2]', '[0,2]', 2)],
  ['one element of 6 bits', 'SAFETENSORS_SUB_BYTE', one('"F6_E3M2"', '[1]', '[0,1]', 1)],
  ['a scalar of 4 bits', 'SAFETENSORS_SUB_BYTE', one('"F4"', '[]', '[0,1]', 1)],
  // Offsets
  ['offsets as an object', 'SAFETENSORS_OFFSETS', one(undefined, undefined, '{"0":0,"1":4}')],
  ['offsets null', 'SAFETENSORS_OFFSETS', one(undefined, undefined, 'null')],
  ['offsets as text', 'SAFETENSORS_NUMBER', one(undefined, undefined, '["0","4"]')],
  ['an offset of 2^53 + 1', 'SAFETENSORS_NUMBER', one(undefined, undefined, '[0,9007199254740993]')],
  ['offsets that agree beyond 2^53', 'SAFETENSORS_NUMBER', one(undefined, undefined, '[9007199254740992,9007199254740996]')],
  ['an end of 2^64 - 1', 'SAFETENSORS_NUMBER', one(undefined, undefined, '[0,18446744073709551615]')],
  ['an offset of -0', 'SAFETENSORS_NUMBER', one(undefined, undefined, '[-0,4]')],
  ['offsets as a number', 'SAFETENSORS_OFFSETS', one(undefined, undefined, '4')],
  ['no offset', 'SAFETENSORS_OFFSETS', one(undefined, undefined, '[]')],
  ['one offset', 'SAFETENSORS_OFFSETS', one(undefined, undefined, '[0]')],
  ['three offsets', 'SAFETENSORS_OFFSETS', one(undefined, undefined, '[0,4,4]')],
  ['an offset of 4.0', 'SAFETENSORS_NUMBER', one(undefined, undefined, '[0,4.0]')],
  ['a negative offset', 'SAFETENSORS_NUMBER', one(undefined, undefined, '[-4,0]')],
  ['offsets the wrong way round', 'SAFETENSORS_OFFSETS', one(undefined, undefined, '[4,0]')],
  ['size too small for the shape', 'SAFETENSORS_SIZE', one(undefined, '[2]')],
  ['size too large for the shape', 'SAFETENSORS_SIZE', one(undefined, '[]', '[0,8]', 8)],
  ['an empty tensor with bytes', 'SAFETENSORS_SIZE', one(undefined, '[0]')],
  ['a scalar without bytes', 'SAFETENSORS_SIZE', one(undefined, '[]', '[0,0]', 0)],
  ['data that begins at byte 1', 'SAFETENSORS_HOLE', one('"U8"', '[3]', '[1,4]')],
  ['a hole', 'SAFETENSORS_HOLE', file(`{"a":${u8(0, 2)},"b":${u8(3, 4)}}`, 4)],
  ['a hole before an empty tensor', 'SAFETENSORS_HOLE', file(`{"a":${u8(0, 2)},"b":${u8(4, 4)}}`, 4)],
  ['an overlap', 'SAFETENSORS_OVERLAP', file(`{"a":${u8(0, 3)},"b":${u8(2, 4)}}`, 4)],
  ['two tensors in one place', 'SAFETENSORS_OVERLAP', file(`{"a":${u8(0, 4)},"b":${u8(0, 4)}}`, 4)],
  ['a tensor inside another', 'SAFETENSORS_OVERLAP', file(`{"a":${u8(0, 4)},"b":${u8(1, 2)}}`, 4)],
  ['an empty tensor inside another', 'SAFETENSORS_OVERLAP', file(`{"a":${u8(0, 4)},"b":${u8(2, 2)}}`, 4)],
  ['no data', 'SAFETENSORS_DATA_TRUNCATED', one(undefined, undefined, undefined, 0)],
  ['data one byte short', 'SAFETENSORS_DATA_TRUNCATED', one(undefined, undefined, undefined, 3)],
  ['a petabyte of data promised', 'SAFETENSORS_DATA_TRUNCATED', one('"U8"', '[1000000000000000]', '[0,1000000000000000]')],
  ['a ZIP archive behind the data', 'SAFETENSORS_DATA_TRAILING', bytesOf([...one()], 'PK\x05\x06', Array(18).fill(0))],
  ['a byte of which no tensor is', 'SAFETENSORS_DATA_TRAILING', file(`{"a":${u8(0, 0)}}`, 1)],
  ['an empty tensor behind the end', 'SAFETENSORS_HOLE', file(`{"a":${u8(0, 4)},"e":${u8(5, 5)}}`, 4)],
  ['tensors in the wrong order with a hole', 'SAFETENSORS_HOLE', file(`{"b":${u8(3, 4)},"a":${u8(0, 2)}}`, 4)],
  ['one byte behind the data', 'SAFETENSORS_DATA_TRAILING', one(undefined, undefined, undefined, 5)],
  ['data without a tensor', 'SAFETENSORS_DATA_TRAILING', file('{}', 4)],
];

const STRICTER_THAN_THE_REFERENCE: readonly Row[] = [
  ['white space before the header', 'SAFETENSORS_HEADER_START', file(` ${valid}`, 4)],
  ['a tensor twice', 'SAFETENSORS_TENSOR_DUPLICATE', file(`{"w":${entry()},"w":${entry()}}`, 4)],
  ['a tensor twice, once escaped', 'SAFETENSORS_TENSOR_DUPLICATE', file(`{"w":${entry()},"\\u0077":${entry()}}`, 4)],
  ['a key of metadata twice', 'SAFETENSORS_METADATA_DUPLICATE', file('{"__metadata__":{"a":"1","a":"2"}}')],
  ['a key of metadata twice, once escaped', 'SAFETENSORS_METADATA_DUPLICATE', file('{"__metadata__":{"a":"1","\\u0061":"2"}}')],
  ['metadata null', 'SAFETENSORS_METADATA', file('{"__metadata__":null}')],
  ['an unknown field', 'SAFETENSORS_FIELD_UNKNOWN', file(`{"w":{"x":1,"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4)],
  ['an entry written as an array', 'SAFETENSORS_ENTRY', file('{"w":["F32",[1],[0,4]]}', 4)],
  ['dtype written as an object', 'SAFETENSORS_DTYPE_UNKNOWN', one('{"F32":null}')],
  ['complex numbers', 'SAFETENSORS_DTYPE_UNSUPPORTED', one('"C64"', '[1]', '[0,8]', 8)],
  ['an 8-bit float without negative zero', 'SAFETENSORS_DTYPE_UNSUPPORTED', one('"F8_E4M3FNUZ"', '[4]')],
  ['another 8-bit float without negative zero', 'SAFETENSORS_DTYPE_UNSUPPORTED', one('"F8_E5M2FNUZ"', '[4]')],
  ['a tensor twice, once as a surrogate pair', 'SAFETENSORS_TENSOR_DUPLICATE', file(`{"\u{1f600}":${entry()},"\\ud83d\\ude00":${entry()}}`, 4)],
  ['an unknown field in another entry', 'SAFETENSORS_FIELD_UNKNOWN', file(`{"a":${u8(0, 4)},"w":{"dtype":"U8","shape":[0],"data_offsets":[4,4],"crc":"0"}}`, 4)],
  ['1000 axes', 'SAFETENSORS_SHAPE', one(undefined, `[${Array(1000).fill('1').join(',')}]`)],
  ['an overflow behind a zero', 'SAFETENSORS_NUMBER', one(undefined, '[0,18446744073709551615,18446744073709551615]', '[0,0]', 0)],
  ['line feeds before the header', 'SAFETENSORS_HEADER_START', file(`\n\n${valid}`, 4)],
  ['65 axes', 'SAFETENSORS_SHAPE', one(undefined, `[${Array(65).fill('1').join(',')}]`)],
  ['an axis of 2^53 beside an axis of 0', 'SAFETENSORS_NUMBER', one(undefined, '[0,9007199254740992]', '[0,0]', 0)],
  ['an overflow hidden by a zero', 'SAFETENSORS_SHAPE_OVERFLOW', one(undefined, '[0,4294967296,4294967296]', '[0,0]', 0)],
];

/** Files whose header is right and whose data is not: the error comes when the tensor `w` is read. */
export const MALFORMED_DATA: readonly MalformedCase[] = [
  { name: 'a boolean of 2', code: 'SAFETENSORS_BOOL', bytes: boolOf(2), reference: 'accepts' },
  { name: 'a boolean of 255', code: 'SAFETENSORS_BOOL', bytes: boolOf(255), reference: 'accepts' },
];

function boolOf(value: number): Uint8Array {
  const bytes = one('"BOOL"', '[4]');
  bytes[bytes.length - 1] = value;
  return bytes;
}

export const MALFORMED: readonly MalformedCase[] = [
  ...REJECTED_BY_BOTH.map(([name, code, bytes]) => ({ name, code, bytes, reference: 'rejects' as const })),
  ...STRICTER_THAN_THE_REFERENCE.map(([name, code, bytes]) => ({
    name,
    code,
    bytes,
    reference: 'accepts' as const,
  })),
];

/** Files that look odd and are right. */
export const UNUSUAL: readonly { readonly name: string; readonly bytes: Uint8Array }[] = [
  { name: 'nothing', bytes: file('{}') },
  { name: 'nothing, padded', bytes: file('{}      ') },
  { name: 'metadata alone', bytes: file('{"__metadata__":{"a":"b"}}') },
  { name: 'metadata behind the tensors', bytes: file(`{"w":${entry()},"__metadata__":{}}`, 4) },
  { name: 'an escaped __metadata__', bytes: file('{"\\u005f_metadata__":{"a":"b"}}') },
  { name: 'white space of all four kinds', bytes: file(`{\n\t"w" :\r ${entry()} } \n`, 4) },
  { name: 'fields in another order', bytes: file('{"w":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}}', 4) },
  { name: 'escaped field names', bytes: file('{"w":{"\\u0064type":"\\u004632","shape":[1],"data_offsets":[0,4]}}', 4) },
  { name: 'tensors in another order than their data', bytes: file(`{"b":${u8(2, 4)},"a":${u8(0, 2)}}`, 4) },
  { name: 'an empty tensor between others', bytes: file(`{"b":${u8(2, 4)},"e":${u8(2, 2)},"a":${u8(0, 2)}}`, 4) },
  { name: 'a scalar', bytes: one(undefined, '[]') },
  { name: 'a misaligned tensor', bytes: file(`{"a":${u8(0, 1)},"w":${entry(undefined, undefined, '[1,5]')}}`, 5) },
  { name: 'a header of odd length', bytes: file(`${valid} `, 4) },
  { name: 'an empty name', bytes: file(`{"":${entry()}}`, 4) },
  { name: 'a NUL in a name, escaped', bytes: file(`{"\\u0000":${entry()}}`, 4) },
  { name: '__proto__', bytes: file(`{"__proto__":${entry()}}`, 4) },
  { name: 'a path as a name', bytes: file(`{"../../etc/passwd":${entry()}}`, 4) },
  { name: 'composed and decomposed names', bytes: file(`{"\u00e9":${u8(0, 2)},"e\u0301":${u8(2, 4)}}`, 4) },
  { name: 'a surrogate pair as escapes', bytes: file(`{"\\ud83d\\ude00":${entry()}}`, 4) },
  { name: 'all simple escapes', bytes: file(`{"\\"\\\\\\/\\b\\f\\n\\r\\t":${entry()}}`, 4) },
  { name: '64 axes', bytes: one(undefined, `[${Array(64).fill('1').join(',')}]`) },
  { name: 'an axis of 0 beside a large one', bytes: one(undefined, '[0,4294967296]', '[0,0]', 0) },
  { name: 'toString', bytes: file(`{"toString":${entry()}}`, 4) },
  { name: 'names of Object.prototype', bytes: file(`{"hasOwnProperty":${u8(0, 1)},"constructor":${u8(1, 2)},"valueOf":${u8(2, 3)},"prototype":${u8(3, 4)}}`, 4) },
  { name: 'names that are numbers', bytes: file(`{"10":${u8(0, 2)},"9":${u8(2, 4)}}`, 4) },
  { name: 'a name of 1 MB', bytes: file(`{"${'n'.repeat(1_000_000)}":${entry()}}`, 4) },
  { name: 'metadata of 1 MB, escaped', bytes: file(`{"__metadata__":{"a":"${'\\u00e9'.repeat(170_000)}"}}`) },
  { name: 'bidirectional controls in a name', bytes: file(`{"a\u202eb\u2066":${entry()}}`, 4) },
  { name: 'a byte order mark inside a name', bytes: file(`{"\ufeffw":${entry()}}`, 4) },
  { name: 'escapes of one, two, three and four bytes', bytes: file(`{"\\u0041\\u00E9\\u20ac\\uD83D\\uDE00":${entry()}}`, 4) },
  { name: '__proto__ in metadata', bytes: file('{"__metadata__":{"__proto__":"x","constructor":"y"}}') },
  { name: 'a name that is a field', bytes: file(`{"dtype":${u8(0, 2)},"shape":${u8(2, 4)}}`, 4) },
  { name: 'a shape of zeros', bytes: one(undefined, '[0,0,0]', '[0,0]', 0) },
  { name: 'empty tensors alone', bytes: file(`{"a":${u8(0, 0)},"b":${u8(0, 0)}}`) },
  { name: 'an empty 4-bit tensor', bytes: one('"F4"', '[0]', '[0,0]', 0) },
  { name: 'all bytes of data as 64-bit integers', bytes: one('"I64"', '[2]', '[0,16]', 16) },
  { name: 'packed 4-bit floats', bytes: one('"F4"', '[2,4]') },
  { name: 'packed 6-bit floats', bytes: one('"F6_E3M2"', '[4]', '[0,3]', 3) },
];

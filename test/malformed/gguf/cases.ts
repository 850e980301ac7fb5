/**
 * Malformed GGUF files, one row each: what is wrong, the code of the error that must name it, the bytes. `reference` says what ggml
 * (gguf.cpp, d99724f2, its data loaded too) does: most rows it rejects as well;
 * the others are the cases where we are stricter.
 */
import type { GgufErrorCode } from 'tensorslim/gguf';
import { alignment, file, join, list, pair, tensor, text, u32, u64, type Piece } from './build.js';

export interface MalformedCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly code: GgufErrorCode;
  /** Whether the reference implementation reads the file, or ends the program. */
  readonly reference: 'rejects' | 'aborts' | 'accepts';
}

type Row = readonly [name: string, code: GgufErrorCode, bytes: Uint8Array];

const ALL = 2n ** 64n - 1n;
const key = (name: Piece): Uint8Array => pair(name, 0, [1]);
const withPairs = (...pairs: Uint8Array[]): Uint8Array => file({ pairs });
const one = (...parts: Parameters<typeof tensor>): Uint8Array => file({ tensors: [tensor(...parts)], data: 32 });
const two = (second: number | bigint, data = 64): Uint8Array =>
  file({ tensors: [tensor('a'), tensor('b', [8], 0, second)], data });
const cut = (bytes: Uint8Array, length: number): Uint8Array => bytes.slice(0, length);
const whole = one();

const REJECTED_BY_BOTH: readonly Row[] = [
  // The first 24 bytes
  ['an empty file', 'GGUF_TOO_SHORT', new Uint8Array(0)],
  ['the magic alone', 'GGUF_TOO_SHORT', join('GGUF')],
  ['8 bytes', 'GGUF_TOO_SHORT', cut(whole, 8)],
  ['23 bytes', 'GGUF_TOO_SHORT', cut(whole, 23)],
  ['another magic', 'GGUF_MAGIC', file({ magic: 'GGUX' })],
  ['the magic of GGML', 'GGUF_MAGIC', file({ magic: 'lmgg' })],
  ['the magic of GGJT', 'GGUF_MAGIC', file({ magic: 'tjgg' })],
  ['the magic backwards', 'GGUF_MAGIC', file({ magic: 'FUGG' })],
  ['a ZIP archive', 'GGUF_MAGIC', join('PK', [3, 4], new Uint8Array(40))],
  ['version 0', 'GGUF_VERSION', file({ version: 0 })],
  ['version 1', 'GGUF_VERSION_1', file({ version: 1 })],
  ['version 4', 'GGUF_VERSION', file({ version: 4 })],
  ['version 2^32 - 1', 'GGUF_VERSION', file({ version: 2 ** 32 - 1 })],
  ['version 3, big-endian', 'GGUF_BIG_ENDIAN', file({ version: 0x03000000 })],
  ['version 2, big-endian', 'GGUF_BIG_ENDIAN', file({ version: 0x02000000 })],
  // Counts
  ['1 tensor in no bytes', 'GGUF_TENSOR_COUNT', file({ tensorCount: 1, align: 1 })],
  ['2^32 tensors', 'GGUF_TENSOR_COUNT', file({ tensorCount: 2n ** 32n })],
  ['2^63 tensors', 'GGUF_TENSOR_COUNT', file({ tensorCount: 2n ** 63n })],
  ['2^64 - 1 tensors', 'GGUF_TENSOR_COUNT', file({ tensorCount: ALL })],
  ['1 key in no bytes', 'GGUF_KEY_COUNT', file({ keyCount: 1, align: 1 })],
  ['2^32 keys', 'GGUF_KEY_COUNT', file({ keyCount: 2n ** 32n })],
  ['2^63 keys', 'GGUF_KEY_COUNT', file({ keyCount: 2n ** 63n })],
  ['2^64 - 1 keys', 'GGUF_KEY_COUNT', file({ keyCount: ALL })],
  // Keys
  ['an empty key', 'GGUF_KEY_EMPTY', withPairs(key(''))],
  ['a key twice', 'GGUF_KEY_DUPLICATE', withPairs(key('a'), key('b'), key('a'))],
  ['a key longer than the file', 'GGUF_STRING_LENGTH', withPairs(join(text('a', 1000), new Uint8Array(20)))],
  ['a key of 2^64 - 1 bytes', 'GGUF_KEY_TOO_LONG', withPairs(join(text('a', ALL), new Uint8Array(20)))],
  // Values
  ['type 13', 'GGUF_VALUE_TYPE', withPairs(pair('a', 13, u64(0)))],
  ['type 2^32 - 1', 'GGUF_VALUE_TYPE', withPairs(pair('a', 2 ** 32 - 1, u64(0)))],
  ['text longer than the file', 'GGUF_STRING_LENGTH', withPairs(pair('a', 8, text('b', 1000)))],
  ['text of 2^63 bytes', 'GGUF_STRING_LENGTH', withPairs(pair('a', 8, text('b', 2n ** 63n)))],
  ['a list of lists', 'GGUF_ARRAY_NESTED', withPairs(list('a', 9, 1, join(u32(0), u64(1), [7])))],
  ['a list of no lists', 'GGUF_ARRAY_NESTED', withPairs(list('a', 9, 0, []))],
  ['a list of type 13', 'GGUF_VALUE_TYPE', withPairs(list('a', 13, 1, u64(0)))],
  ['a list longer than the file', 'GGUF_ARRAY_LENGTH', withPairs(list('a', 4, 1000, u32(1)))],
  ['a list of 2^61 int64', 'GGUF_ARRAY_LENGTH', withPairs(list('a', 11, 2n ** 61n, u64(1)))],
  ['a list of 2^61 + 1 int64', 'GGUF_ARRAY_LENGTH', withPairs(list('a', 11, 2n ** 61n + 1n, u64(1)))],
  ['a list of 2^64 - 1 bytes', 'GGUF_ARRAY_LENGTH', withPairs(list('a', 0, ALL, [1]))],
  ['a list of 2^60 texts', 'GGUF_ARRAY_LENGTH', withPairs(list('a', 8, 2n ** 60n, text('b')))],
  ['a list with a text too long', 'GGUF_STRING_LENGTH', withPairs(list('a', 8, 2, join(text('b'), text('c', 99))))],
  // The alignment
  ['alignment 0', 'GGUF_ALIGNMENT', withPairs(alignment(0))],
  ['alignment 3', 'GGUF_ALIGNMENT', withPairs(alignment(3))],
  ['alignment 13', 'GGUF_ALIGNMENT', withPairs(alignment(13))],
  ['alignment 48', 'GGUF_ALIGNMENT', withPairs(alignment(48))],
  ['alignment as text', 'GGUF_ALIGNMENT', withPairs(pair('general.alignment', 8, text('32')))],
  ['alignment as int32', 'GGUF_ALIGNMENT', withPairs(pair('general.alignment', 5, u32(32)))],
  ['alignment as uint64', 'GGUF_ALIGNMENT', withPairs(pair('general.alignment', 10, u64(32)))],
  // Tensors
  ['a name of 64 bytes', 'GGUF_NAME_TOO_LONG', one('w'.repeat(64))],
  ['a name of 2^64 - 1 bytes', 'GGUF_NAME_TOO_LONG', file({ tensors: [join(text('w', ALL), new Uint8Array(24))] })],
  ['a name twice', 'GGUF_NAME_DUPLICATE', file({ tensors: [tensor(), tensor('w', [8], 0, 32)], data: 64 })],
  ['5 axes', 'GGUF_RANK', one('w', [1, 1, 1, 1, 1])],
  ['2^32 - 1 axes', 'GGUF_RANK', one('w', [8], 0, 0, 2 ** 32 - 1)],
  ['an axis of 2^63', 'GGUF_SHAPE', one('w', [2n ** 63n])],
  ['an axis of 2^64 - 1', 'GGUF_SHAPE', one('w', [ALL])],
  ['2^63 elements', 'GGUF_SHAPE_OVERFLOW', one('w', [2n ** 31n, 2n ** 32n])],
  ['type 43', 'GGUF_TYPE_UNKNOWN', one('w', [8], 43)],
  ['type 999', 'GGUF_TYPE_UNKNOWN', one('w', [8], 999)],
  ['type -1', 'GGUF_TYPE_UNKNOWN', one('w', [8], 2 ** 32 - 1)],
  ['Q4_2, which was removed', 'GGUF_TYPE_REMOVED', one('w', [32], 4)],
  ['Q4_3, which was removed', 'GGUF_TYPE_REMOVED', one('w', [32], 5)],
  ['Q4_0_4_4, which was removed', 'GGUF_TYPE_REMOVED', one('w', [32], 31)],
  ['Q4_0_8_8, which was removed', 'GGUF_TYPE_REMOVED', one('w', [32], 33)],
  ['IQ4_NL_4_4, which was removed', 'GGUF_TYPE_REMOVED', one('w', [32], 36)],
  ['rows of Q8_0 that are no whole blocks', 'GGUF_BLOCK', one('w', [33], 8)],
  ['rows of Q4_K that are no whole blocks', 'GGUF_BLOCK', one('w', [128, 2], 12)],
  ['a scalar of Q4_0', 'GGUF_BLOCK', one('w', [], 2)],
  // Places
  ['offset 2^64 - 1', 'GGUF_OFFSET', one('w', [8], 0, ALL)],
  ['offset 2^64 - 32', 'GGUF_OFFSET', one('w', [8], 0, ALL - 31n)],
  ['offset 2^63', 'GGUF_OFFSET', one('w', [8], 0, 2n ** 63n)],
  ['an offset behind the file', 'GGUF_OFFSET', one('w', [8], 0, 96)],
  ['a second offset behind the file', 'GGUF_OFFSET', two(4096)],
  ['offset 1', 'GGUF_MISALIGNED', file({ tensors: [tensor('w', [8], 0, 1)], data: 64 })],
  ['offset 16 of alignment 32', 'GGUF_MISALIGNED', two(16)],
  ['a hole before the first tensor', 'GGUF_HOLE', file({ tensors: [tensor('w', [8], 0, 32)], data: 64 })],
  ['a hole between tensors', 'GGUF_HOLE', two(64, 96)],
  ['one place for two tensors', 'GGUF_OVERLAP', two(0)],
  [
    'the second tensor inside the first',
    'GGUF_OVERLAP',
    file({ tensors: [tensor('a', [32]), tensor('b', [8], 0, 64)], data: 160 }),
  ],
  [
    'tensors in another order than their data',
    'GGUF_ORDER',
    file({ tensors: [tensor('a', [8], 0, 32), tensor('b')], data: 64 }),
  ],
  // The end
  ['no data', 'GGUF_DATA_TRUNCATED', file({ tensors: [tensor()] })],
  ['no padding behind the header', 'GGUF_DATA_TRUNCATED', file({ tensors: [tensor()], align: 1 })],
  ['an empty tensor without padding before it', 'GGUF_DATA_TRUNCATED', file({ tensors: [tensor('w', [0])], align: 1 })],
  ['data one byte short', 'GGUF_DATA_TRUNCATED', cut(whole, whole.length - 1)],
  ['the second tensor missing', 'GGUF_DATA_TRUNCATED', two(32, 32)],
  ['a name cut off', 'GGUF_STRING_LENGTH', cut(file({ tensors: [tensor('w'.repeat(63))] }), 60)],
  ['axes cut off', 'GGUF_HEADER_TRUNCATED', cut(one('w', [8, 1, 1, 1]), 60)],
];

/** Files over which ggml ends the program. */
const FATAL: readonly Row[] = [
  ['2^52 elements of 4 bytes', 'GGUF_SHAPE_OVERFLOW', one('w', [2n ** 26n, 2n ** 26n])],
];

/** Files that ggml reads. */
const STRICTER: readonly Row[] = [
  ['2^64 elements, of which 64 bits show none', 'GGUF_SHAPE_OVERFLOW', one('w', [2n ** 32n, 2n ** 32n])],
  ['a key of 65,536 bytes', 'GGUF_KEY_TOO_LONG', withPairs(key('k'.repeat(65_536)))],
  ['a key that is no UTF-8', 'GGUF_UTF8', withPairs(key([0xff]))],
  ['a key with an overlong NUL', 'GGUF_UTF8', withPairs(key([0xc0, 0x80]))],
  ['the key __proto__', 'GGUF_KEY_PROTO', withPairs(list('__proto__', 0, 1, [7]))],
  ['a key with a part __proto__', 'GGUF_KEY_PROTO', withPairs(key('a.__proto__.b'))],
  ['a key with NUL', 'GGUF_NUL', withPairs(key('a\0b'))],
  ['text that is half a surrogate pair', 'GGUF_UTF8', withPairs(pair('a', 8, text([0xed, 0xa0, 0x80])))],
  ['a list with text that is no UTF-8', 'GGUF_UTF8', withPairs(list('a', 8, 1, text([0x80])))],
  ['boolean 2', 'GGUF_BOOL', withPairs(pair('a', 7, [2]))],
  ['boolean 255', 'GGUF_BOOL', withPairs(pair('a', 7, [255]))],
  ['boolean 2 in a list', 'GGUF_BOOL', withPairs(list('a', 7, 3, [0, 1, 2]))],
  ['alignment 2^21', 'GGUF_ALIGNMENT', withPairs(alignment(2 ** 21))],
  ['alignment 2^31', 'GGUF_ALIGNMENT', withPairs(alignment(2 ** 31))],
  ['a tensor without a name', 'GGUF_NAME_EMPTY', one('')],
  ['a name with NUL', 'GGUF_NUL', one('a\0b')],
  ['a name that is no UTF-8', 'GGUF_UTF8', one([0xfe])],
  ['2^64 elements beside an axis of 0', 'GGUF_SHAPE_OVERFLOW', one('w', [2n ** 32n, 2n ** 32n, 0])],
  ['a byte that is not 0 behind the header', 'GGUF_PADDING', file({ tensors: [tensor()], data: 32, fill: 1 })],
  ['a byte behind the data', 'GGUF_DATA_TRAILING', file({ tensors: [tensor()], data: 33 })],
  ['another file behind the data', 'GGUF_DATA_TRAILING', join(whole, 'PK', [3, 4])],
  ['data without tensors', 'GGUF_DATA_TRAILING', file({ data: 32 })],
];

export const MALFORMED: readonly MalformedCase[] = [
  ...REJECTED_BY_BOTH.map(([name, code, bytes]) => ({ name, code, bytes, reference: 'rejects' as const })),
  ...FATAL.map(([name, code, bytes]) => ({ name, code, bytes, reference: 'aborts' as const })),
  ...STRICTER.map(([name, code, bytes]) => ({ name, code, bytes, reference: 'accepts' as const })),
];

/** Files whose defect shows when the tensor `w` is read. */
export const MALFORMED_DATA: readonly MalformedCase[] = [
  {
    name: 'a byte that is not 0 behind a tensor',
    code: 'GGUF_PADDING',
    bytes: file({ tensors: [tensor('w', [1])], data: join(u32(0), [0, 1], new Uint8Array(26)) }),
    reference: 'accepts',
  },
];

/** Files that are rare but legal. */
export const UNUSUAL: readonly { readonly name: string; readonly bytes: Uint8Array }[] = [
  ['nothing', file()],
  ['nothing, without padding', file({ align: 1 })],
  ['version 2', file({ version: 2, tensors: [tensor()], data: 32 })],
  ['a scalar', file({ tensors: [tensor('w', [])], data: u32(7) })],
  ['an empty tensor', file({ tensors: [tensor('w', [0])] })],
  ['an empty tensor of blocks beside another', file({ tensors: [tensor('e', [32, 0], 8), tensor()], data: 32 })],
  ['no padding behind the last tensor', file({ tensors: [tensor('w', [1])], data: u32(7) })],
  ['half of the padding behind the last tensor', file({ tensors: [tensor('w', [1])], data: join(u32(7), u64(0)) })],
  ['4 axes', file({ tensors: [tensor('w', [2, 2, 2, 1])], data: 32 })],
  ['alignment 1', file({ pairs: [alignment(1)], tensors: [tensor('w', [1]), tensor('v', [1], 24, 4)], data: 5, align: 1 })],
  ['alignment 64', file({ pairs: [alignment(64)], tensors: [tensor(), tensor('v', [8], 0, 64)], data: join(new Uint8Array(32), new Uint8Array(32), new Uint8Array(32)), align: 64 })],
  ['a tensor called __proto__', one('__proto__')],
  ['keys called constructor and toString', withPairs(key('constructor'), key('toString'), key('__proto'))],
  ['a name of 63 bytes', one('w'.repeat(63))],
  ['a key of 65,535 bytes', withPairs(key('k'.repeat(65_535)))],
  ['text with NUL and a byte order mark', withPairs(pair('a', 8, text('\ufeff\0b')))],
  ['empty lists', withPairs(list('a', 8, 0, []), list('b', 7, 0, []), list('c', 10, 0, []))],
].map(([name, bytes]) => ({ name: name as string, bytes: bytes as Uint8Array }));

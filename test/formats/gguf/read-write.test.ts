import fc from 'fast-check';
import {
  buildGgufHeader,
  readGguf,
  writeGguf,
  type GgufMetadata,
  type GgufTensorData,
  type GgufTensorSpec,
  type GgufValue,
} from 'tensorslim/gguf';
import { describe, expect, it } from 'vitest';
import { GGML_TYPES, type GgmlTypeName } from '../../../src/core/ggml-types.js';
import { memoryTypeOf, storedArray } from '../../../src/formats/gguf/tensor-types.js';
import { DTYPES } from '../../../src/core/dtype.js';
import { detachedArray } from '../../support/wrong-types.js';

const TYPES = Object.keys(GGML_TYPES) as GgmlTypeName[];
const NUMBERS = ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'float64'] as const;
const BIG = ['uint64', 'int64'] as const;

/** Bytes by one rule, in the array of the type. */
function dataOf(type: GgmlTypeName, count: number): GgufTensorData['data'] {
  const { elements, bytes } = GGML_TYPES[type];
  return storedArray(
    type,
    Uint8Array.from({ length: (count / elements) * bytes }, (_, i) => (37 * i + 11) % 256),
  );
}

const word = fc.string({ unit: 'grapheme', maxLength: 12 });
const name = word.filter((text) => text !== '' && !text.includes('\0') && Buffer.from(text).length < 64);
const tensorOf = fc
  .record({
    name,
    type: fc.constantFrom(...TYPES),
    rows: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    blocks: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ name: label, type, rows, blocks }): GgufTensorData => {
    const shape = [...rows, blocks * GGML_TYPES[type].elements];
    return {
      name: label,
      type,
      shape,
      data: dataOf(
        type,
        shape.reduce((a, b) => a * b),
      ),
    };
  });

function numbersOf(of: (typeof NUMBERS)[number] | (typeof BIG)[number]): fc.Arbitrary<GgufValue> {
  const { array } = DTYPES[of];
  return fc.uint8Array({ maxLength: 40 }).map((bytes) => {
    const size = array.BYTES_PER_ELEMENT;
    const value = new array(bytes.slice(0, bytes.length - (bytes.length % size)).buffer);
    return { type: 'array', of, value } as GgufValue;
  });
}

const value: fc.Arbitrary<GgufValue | string | boolean> = fc.oneof(
  word,
  fc.boolean(),
  fc
    .constantFrom(...NUMBERS)
    .chain((type) => fc.integer({ min: 0, max: 127 }).map((number): GgufValue => ({ type, value: number }))),
  fc.double().map((number): GgufValue => ({ type: 'float64', value: number })),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((number): GgufValue => ({ type: 'uint64', value: number })),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((number): GgufValue => ({ type: 'int64', value: number })),
  fc.constantFrom(...NUMBERS, ...BIG).chain(numbersOf),
  fc.array(word, { maxLength: 5 }).map((list): GgufValue => ({ type: 'array', of: 'string', value: list })),
  fc
    .array(fc.boolean(), { maxLength: 5 })
    .map((list): GgufValue => ({ type: 'array', of: 'bool', value: list })),
);
const metadataOf: fc.Arbitrary<GgufMetadata> = fc
  .array(fc.tuple(name, value), { maxLength: 6 })
  .map((pairs) => new Map(pairs.filter(([key]) => !key.includes('__proto__'))));

function plain(given: GgufValue | string | boolean): GgufValue {
  if (typeof given === 'string') return { type: 'string', value: given };
  return typeof given === 'boolean' ? { type: 'bool', value: given } : given;
}

describe('writeGguf and readGguf', () => {
  it('give back all tensors and metadata, to the bit, at any alignment (200 runs)', () => {
    const tensors = fc.uniqueArray(tensorOf, { maxLength: 5, selector: (tensor) => tensor.name });
    const alignment = fc.constantFrom(undefined, 8, 32, 64, 4096);
    const property = fc.property(tensors, metadataOf, alignment, (list, metadata, align) => {
      const bytes = writeGguf(list, { metadata, ...(align && { alignment: align }) });
      const file = readGguf(bytes);
      expect(file.alignment).toBe(align ?? 32);
      expect(Array.from(file.tensors.keys())).toEqual(list.map((tensor) => tensor.name));
      for (const { name: label, type, shape, data } of list) {
        expect(file.tensor(label)).toMatchObject({ type, shape });
        expect(file.tensor(label).data).toEqual(data);
        expect((file.dataBegin + (file.tensors.get(label)?.begin ?? 1)) % file.alignment).toBe(0);
      }
      const kept = Array.from(file.metadata).filter(([key]) => key !== 'general.alignment');
      expect(kept).toEqual(Array.from(metadata, ([key, given]) => [key, plain(given)]));
      expect(bytes.length % file.alignment).toBe(0);
      expect(writeGguf(list, { metadata: file.metadata })).toEqual(bytes);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it.each(TYPES)('hold a tensor of type %s', (type) => {
    const { elements, id } = GGML_TYPES[type];
    const data = dataOf(type, 3 * elements);
    const file = readGguf(writeGguf([{ name: 'w', type, shape: [3, elements], data }]));
    expect(file.tensor('w')).toEqual({
      type,
      dtype: file.tensors.get('w')?.dtype,
      shape: [3, elements],
      data,
    });
    expect(file.tensors.get('w')?.dtype ?? 'uint8').toBe(memoryTypeOf(type));
    const plainType = Object.values(DTYPES).some(({ gguf }) => gguf === id);
    expect(file.tensors.get('w')?.dtype === null).toBe(!plainType);
  });

  it('share memory where the place allows and copy where not', () => {
    const bytes = writeGguf([{ name: 'w', type: 'F64', shape: [1], data: Float64Array.of(1.5) }]);
    expect(readGguf(bytes).tensor('w').data.buffer).toBe(bytes.buffer);
    const moved = new Uint8Array(bytes.length + 1);
    moved.set(bytes, 1);
    const { data } = readGguf(moved.subarray(1)).tensor('w');
    expect(data).toEqual(Float64Array.of(1.5));
    expect(data.buffer).not.toBe(moved.buffer);
  });

  it('show every tensor to check, which may refuse it', () => {
    const seen: string[] = [];
    const check = (label: string, { type, data }: { type: string; data: { length: number } }): void => {
      seen.push(`${label} ${type} ${data.length}`);
      if (seen.length === 3) throw new RangeError('enough');
    };
    const tensors = [{ name: 'w', type: 'Q8_0' as const, shape: [32], data: new Uint8Array(34) }];
    const file = readGguf(writeGguf(tensors, { check }), { check });
    file.tensor('w');
    expect(() => file.tensor('w')).toThrow('enough');
    expect(seen).toEqual(['w Q8_0 34', 'w Q8_0 34', 'w Q8_0 34']);
  });

  it('round single float32 values to nearest and keep NaN and infinities', () => {
    const float = (number: number): GgufValue => ({ type: 'float32', value: number });
    const metadata = new Map([
      ['a', float(1e-5)],
      ['b', float(NaN)],
      ['c', float(-Infinity)],
      ['d', float(-0)],
    ]);
    const values = Array.from(
      readGguf(writeGguf([], { metadata })).metadata.values(),
      (given) => given.value,
    );
    expect(values).toEqual([Math.fround(1e-5), NaN, -Infinity, -0]);
  });

  it('take whole numbers for 64-bit integers and give bigints', () => {
    const metadata = new Map([['a', { type: 'uint64', value: 7 } as unknown as GgufValue]]);
    expect(readGguf(writeGguf([], { metadata })).metadata.get('a')).toEqual({ type: 'uint64', value: 7n });
  });

  it('suggest a near name', () => {
    const file = readGguf(
      writeGguf([{ name: 'token_embd.weight', type: 'I8', shape: [0], data: new Int8Array(0) }]),
    );
    expect(() => file.tensor('token_emb.weight')).toThrow('did you mean "token_embd.weight"?');
    expect(() => file.tensor(1 as never)).toThrow(TypeError);
  });
});

describe('buildGgufHeader', () => {
  it('is the beginning of the file that writeGguf makes', () => {
    const tensors = [
      { name: 'a', type: 'I8' as const, shape: [3], data: Int8Array.of(1, 2, 3) },
      { name: 'b', type: 'Q4_0' as const, shape: [2, 32], data: new Uint8Array(36).fill(7) },
    ];
    const { bytes, entries, dataLength } = buildGgufHeader(tensors);
    const whole = writeGguf(tensors);
    expect(whole.subarray(0, bytes.length)).toEqual(bytes);
    expect(whole.length).toBe(bytes.length + dataLength);
    expect(entries).toEqual(readGguf(whole).tensors);
  });

  it('places tensors behind 2^32 bytes', () => {
    const specs = ['a', 'b', 'c'].map((label): GgufTensorSpec => ({
      name: label,
      type: 'F32',
      shape: [2 ** 20, 2 ** 12],
    }));
    const { entries, dataLength } = buildGgufHeader(specs);
    expect(entries.get('c')?.begin).toBe(2 ** 35);
    expect(dataLength).toBe(3 * 2 ** 34);
  });
});

const good = {
  name: 'w',
  type: 'F32' as GgmlTypeName,
  shape: [2],
  data: Float32Array.of(1, 2) as GgufTensorData['data'],
};
const refuse =
  (change: object, metadata?: unknown, more: object = {}): (() => unknown) =>
  () =>
    writeGguf([{ ...good, ...change }], {
      ...(metadata === undefined ? {} : { metadata: metadata as GgufMetadata }),
      ...more,
    });
const one = (key: unknown, given: unknown): unknown => new Map([[key, given]]);

describe('writeGguf refuses', () => {
  it.each<[string, () => unknown, new (...given: never[]) => Error, RegExp]>([
    ['no list', () => writeGguf(null as never), TypeError, /"tensors" expected an iterable/],
    ['no tensor', () => writeGguf([null] as never), TypeError, /"tensors" expected tensors/],
    [
      'an unknown option',
      () => writeGguf([], { metdata: new Map() } as never),
      RangeError,
      /did you mean "metadata"/,
    ],
    [
      'a check that is no function',
      refuse({}, undefined, { check: 1 }),
      TypeError,
      /"check" expected a function/,
    ],
    ['no name', refuse({ name: undefined }), TypeError, /"name" expected a string/],
    ['an empty name', refuse({ name: '' }), RangeError, /"name" expected text without NUL/],
    ['a name with NUL', refuse({ name: 'a\0' }), RangeError, /without NUL/],
    ['a name of 64 bytes', refuse({ name: 'ä'.repeat(32) }), RangeError, /at most 63 bytes/],
    ['a lone surrogate', refuse({ name: '\ud800' }), RangeError, /well-formed/],
    ['a name twice', () => writeGguf([good, good]), RangeError, /each name once/],
    ['an unknown type', refuse({ type: 'Q4_k' }), RangeError, /did you mean 'Q4_K'/],
    ['a number as type', refuse({ type: 2 }), RangeError, /one of F32, F16/],
    ['5 axes', refuse({ shape: [1, 1, 1, 1, 2] }), RangeError, /at most 4 axes/],
    [
      'rows that are no whole blocks',
      refuse({ type: 'Q8_0', shape: [33] }),
      RangeError,
      /whole blocks of 32/,
    ],
    ['a scalar of blocks', refuse({ type: 'Q8_0', shape: [] }), RangeError, /whole blocks/],
    ['2^53 bytes', refuse({ shape: [2 ** 26, 2 ** 25] }), RangeError, /below 2\^53 bytes/],
    ['codes in another array', refuse({ type: 'F16' }), TypeError, /a Uint16Array for F16/],
    ['blocks that are no bytes', refuse({ type: 'Q8_0', shape: [32] }), TypeError, /encode it/],
    ['too little data', refuse({ shape: [3] }), RangeError, /3 elements, got 2/],
    [
      'too few blocks',
      refuse({ type: 'Q8_0', shape: [32], data: new Uint8Array(33) }),
      RangeError,
      /34 bytes of blocks/,
    ],
    ['detached data', refuse({ data: detachedArray() }), TypeError, /with its memory/],
    ['metadata that is no Map', refuse({}, { a: 'b' }), TypeError, /a Map of values/],
    ['a key that is no text', refuse({}, one(1, 'b')), TypeError, /"metadata key" expected a string/],
    ['an empty key', refuse({}, one('', 'b')), RangeError, /text without NUL/],
    ['the key __proto__', refuse({}, one('a.__proto__', 'b')), RangeError, /other than __proto__/],
    ['a key of 65,536 bytes', refuse({}, one('k'.repeat(65_536), 'b')), RangeError, /at most 65535 bytes/],
    ['a number without type', refuse({}, one('a', 1)), TypeError, /a file stores the type/],
    ['an unknown type of value', refuse({}, one('a', { type: 'int' })), RangeError, /did you mean 'int8'/],
    [
      'a list of lists',
      refuse({}, one('a', { type: 'array', of: 'array', value: [] })),
      RangeError,
      /"of of/,
    ],
    ['uint8 256', refuse({}, one('a', { type: 'uint8', value: 256 })), RangeError, /from 0 to 255/],
    ['int8 0.5', refuse({}, one('a', { type: 'int8', value: 0.5 })), RangeError, /from -128 to 127/],
    ['uint64 -1', refuse({}, one('a', { type: 'uint64', value: -1n })), RangeError, /uint64 holds/],
    ['int64 2^63', refuse({}, one('a', { type: 'int64', value: 2n ** 63n })), RangeError, /int64 holds/],
    ['int64 2^53', refuse({}, one('a', { type: 'int64', value: 2 ** 53 })), TypeError, /a bigint/],
    ['float32 1e39', refuse({}, one('a', { type: 'float32', value: 1e39 })), RangeError, /float32 holds/],
    ['float64 as text', refuse({}, one('a', { type: 'float64', value: '1' })), TypeError, /a number/],
    ['bool 1', refuse({}, one('a', { type: 'bool', value: 1 })), TypeError, /a boolean/],
    [
      'a list in another array',
      refuse({}, one('a', { type: 'array', of: 'int8', value: [1] })),
      TypeError,
      /Int8Array/,
    ],
    [
      'a list of text with a number',
      refuse({}, one('a', { type: 'array', of: 'string', value: ['', 1] })),
      TypeError,
      /\[1\]"/,
    ],
    [
      'a hole in a list',
      refuse({}, one('a', { type: 'array', of: 'bool', value: new Array<boolean>(1) })),
      TypeError,
      /\[0\]"/,
    ],
    ['alignment 13', refuse({}, undefined, { alignment: 13 }), RangeError, /a power of two/],
    ['alignment 4', refuse({}, undefined, { alignment: 4 }), RangeError, /from 8 to/],
    ['alignment as text', refuse({}, one('general.alignment', '32')), RangeError, /type uint32/],
    [
      'two alignments',
      refuse({}, one('general.alignment', { type: 'uint32', value: 64 }), { alignment: 32 }),
      RangeError,
      /64 as in metadata/,
    ],
    [
      'a header above the limit',
      refuse({}, one('a', 'b'.repeat(100)), { limits: { maxHeaderBytes: 99 } }),
      RangeError,
      /limits.maxHeaderBytes/,
    ],
  ])('%s', (_, action, error, message) => {
    expect(action).toThrow(error);
    expect(action).toThrow(message);
    expect(action).toThrow(/^writeGguf: "/);
  });
});

describe('readGguf refuses', () => {
  it.each([
    ['null', null],
    ['text', 'GGUF'],
    ['a buffer', new ArrayBuffer(24)],
    ['floats', Float32Array.of(1)],
  ])('%s', (_, given) => {
    expect(() => readGguf(given as never)).toThrow(TypeError);
  });

  it('detached bytes, also when a tensor is read later', () => {
    const bytes = writeGguf([good]);
    const file = readGguf(bytes);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(() => file.tensor('w')).toThrow(/"bytes" expected an array with its memory/);
    expect(() => readGguf(bytes)).toThrow(TypeError);
  });
});

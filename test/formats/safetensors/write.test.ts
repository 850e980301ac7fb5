import { describe, expect, it } from 'vitest';
import { buildHeader, readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { DTYPES, type DType } from '../../../src/core/dtype.js';
import type { ArraySpec, NamedArray } from '../../../src/core/source.js';
import { detachedArray, foreignArray } from '../../support/wrong-types.js';

const W: NamedArray = { name: 'w', dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) };
const headerOf = (bytes: Uint8Array): string => {
  const length = new DataView(bytes.buffer).getUint32(0, true);
  return new TextDecoder().decode(bytes.subarray(8, 8 + length));
};

describe('writeSafetensors', () => {
  it('writes the length, the padded header and the data', () => {
    const bytes = writeSafetensors([W]);
    expect(headerOf(bytes)).toBe('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  ');
    expect(bytes.subarray(64)).toEqual(new Uint8Array(Float32Array.of(1, 2).buffer));
  });

  it('writes metadata first and sorted; none and empty metadata differ', () => {
    expect(
      headerOf(
        writeSafetensors(
          [],
          new Map([
            ['b', '2'],
            ['a', '1'],
          ]),
        ),
      ),
    ).toBe('{"__metadata__":{"a":"1","b":"2"}}      ');
    expect(headerOf(writeSafetensors([], new Map()))).toBe('{"__metadata__":{}}     ');
    expect(headerOf(writeSafetensors([]))).toBe('{}      ');
  });

  it('takes the part of a buffer that a view shows, arrays of other realms, Buffers and iterators', () => {
    const part = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
    expect(writeSafetensors([{ ...W, data: part }])).toEqual(writeSafetensors([W]));
    expect(writeSafetensors([{ ...W, data: foreignArray([1, 2]) }])).toEqual(writeSafetensors([W]));
    expect(writeSafetensors(new Set([W]).values())).toEqual(writeSafetensors([W]));
    const data = Buffer.from([1, 2]);
    const file = writeSafetensors([{ name: 'b', dtype: 'uint8', shape: [2], data }]);
    expect(readSafetensors(file).tensor('b').data).toEqual(Uint8Array.of(1, 2));
  });

  it('keeps NaN payloads, the sign of zero and subnormals', () => {
    const bits = Uint32Array.of(0x7fc12345, 0xff812345, 0x80000000, 1);
    const data = new Float32Array(bits.buffer);
    const file = readSafetensors(writeSafetensors([{ ...W, shape: [4], data }]));
    expect(new Uint32Array(file.tensor('w').data.buffer.slice(file.tensor('w').data.byteOffset))).toEqual(
      bits,
    );
  });

  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['null', null, /"tensors" expected an iterable of tensors, got null/],
    ['a record', { w: W.data }, /"tensors" expected an iterable/],
    ['a list of nothing', [undefined], /"tensors" expected tensors, got undefined/],
    ['a name that is a number', [{ ...W, name: 1 }], /"name" expected a string, got 1/],
    ['the name __metadata__', [{ ...W, name: '__metadata__' }], /"name" expected the name of a tensor/],
    ['a name twice', [W, W], /"name" expected each name once, got "w"/],
    ['a lone high surrogate in a name', [{ ...W, name: 'a\ud800b' }], /"name" expected well-formed Unicode/],
    ['a lone low surrogate in a name', [{ ...W, name: '\udc00' }], /"name" expected well-formed Unicode/],
    [
      'a type that is unknown',
      [{ ...W, dtype: 'float' }],
      /"dtype of "w"" expected an element type, got "float"/,
    ],
    ['a type of Object.prototype', [{ ...W, dtype: 'toString' }], /expected an element type/],
    [
      'a type that the format has not',
      [{ ...W, dtype: 'int4' }],
      /expected a type that safetensors has, got "int4" - store packed codes as uint8/,
    ],
    ['a shape that is no array', [{ ...W, shape: 2 }], /"shape of "w"" expected an array/],
    ['a fractional axis', [{ ...W, shape: [1.5] }], /"shape of "w""/],
    ['a negative axis', [{ ...W, shape: [-1] }], /"shape of "w""/],
    ['an axis of -0', [{ ...W, shape: [-0] }], /"shape of "w""/],
    ['a shape of 65 axes', [{ ...W, shape: Array(65).fill(1) }], /at most 64 axes/],
    ['a size above 2^53', [{ ...W, shape: [2 ** 40, 2 ** 40] }], /"shape of "w""/],
    ['a size above 2^53 bits', [{ ...W, shape: [2 ** 49] }], /below 2\^53 bits/],
    ['a size above 2^53 bits that a zero hides', [{ ...W, shape: [0, 2 ** 50] }], /below 2\^53 bits/],
    [
      'half a byte',
      [{ ...W, dtype: 'float4_e2m1fn', shape: [3] }],
      /whole bytes of float4_e2m1fn, got "3 elements"/,
    ],
    [
      'other data than the type says',
      [{ ...W, data: new Float64Array(2) }],
      /"data of "w"" expected a Float32Array for float32, got a Float64Array of 16 bytes/,
    ],
    ['a plain list as data', [{ ...W, data: [1, 2] }], /expected a Float32Array for float32/],
    ['no data', [{ ...W, data: undefined }], /expected a Float32Array/],
    [
      'too little data',
      [{ ...W, data: new Float32Array(1) }],
      /expected 2 elements, got 1 - the shape is \[2\]/,
    ],
    ['too much data', [{ ...W, data: new Float32Array(3) }], /expected 2 elements, got 3/],
    [
      'packed data of another length',
      [{ ...W, dtype: 'float4_e2m1fn', data: new Uint8Array(2) }],
      /expected "?1 packed bytes"?, got 2/,
    ],
    ['detached data', [{ ...W, data: detachedArray() }], /expected an array with its memory/],
    [
      'a boolean of 2',
      [{ ...W, dtype: 'bool', data: Uint8Array.of(1, 2) }],
      /expected 0 or 1, got "?2"? - store it as uint8/,
    ],
  ];
  it.each(cases)('refuses %s', (_, tensors, message) => {
    expect(() => writeSafetensors(tensors as NamedArray[])).toThrow(message);
    expect(() => writeSafetensors(tensors as NamedArray[])).toThrow(
      /^writeSafetensors: "[^]+" expected [^]+, got [^]+ - /,
    );
  });

  it.each([
    ['a record', { a: 'b' }, /"metadata" expected a Map of strings/],
    ['null', null, /"metadata" expected a Map/],
    ['a number as a value', new Map([['a', 1]]), /"metadata value of "a"" expected a string, got 1/],
    ['a number as a key', new Map([[1, 'a']]), /"metadata key" expected a string, got 1/],
    ['a lone surrogate as a value', new Map([['a', '\ud800']]), /well-formed Unicode/],
    ['a lone surrogate as a key', new Map([['\udfff', 'a']]), /well-formed Unicode/],
  ])('refuses metadata with %s', (_, metadata, message) => {
    expect(() => writeSafetensors([], metadata as unknown as Map<string, string>)).toThrow(message);
  });

  it('refuses a file that is larger than an array can be', () => {
    const data = new Uint8Array(2 ** 29);
    const tensors = Array.from({ length: 64 }, (_, i) => ({
      name: `t${i}`,
      dtype: 'uint8' as const,
      shape: [2 ** 29],
      data,
    }));
    expect(() => writeSafetensors(tensors)).toThrow(
      /a file that fits into one array, got "34359743\d+ bytes" - save it tensor by tensor/,
    );
  });

  it('keeps to the limit of the header, at the byte', () => {
    const length = headerOf(writeSafetensors([W])).length;
    expect(() => writeSafetensors([W], undefined, { maxHeaderBytes: length })).not.toThrow();
    // Too long by its padding, and too long without.
    for (const maxHeaderBytes of [length - 1, length - 10, 0]) {
      expect(() => writeSafetensors([W], undefined, { maxHeaderBytes })).toThrow(
        /a header of at most \d+ bytes/,
      );
    }
    expect(() => writeSafetensors([W], undefined, { maxHeaderBytes: NaN })).toThrow(
      /"limits.maxHeaderBytes"/,
    );
    expect(() => writeSafetensors([W], new Map([['k', 'x'.repeat(100_000_001)]]))).toThrow(
      /at most 100000000 bytes/,
    );
  });

  it('is read with the same limit', () => {
    const bytes = writeSafetensors([W]);
    expect(readSafetensors(bytes, { limits: { maxHeaderBytes: 56 } }).tensors.size).toBe(1);
    expect(() => readSafetensors(bytes, { limits: { maxHeaderBytes: 55 } })).toThrow(
      /raise limits.maxHeaderBytes/,
    );
  });
});

describe('buildHeader', () => {
  it('says where each tensor lies without its data', () => {
    const { bytes, entries, dataLength } = buildHeader([
      { name: 'small', dtype: 'uint8', shape: [3] },
      { name: 'large', dtype: 'float64', shape: [2, 2] },
    ]);
    expect(Array.from(entries, ([name, { begin, end }]) => [name, begin, end])).toEqual([
      ['large', 0, 32],
      ['small', 32, 35],
    ]);
    expect(dataLength).toBe(35);
    expect(headerOf(bytes)).toContain('"small":{"dtype":"U8","shape":[3],"data_offsets":[32,35]}');
  });

  it('holds places above 4 GiB', () => {
    const { entries, dataLength } = buildHeader([
      { name: 'a', dtype: 'float32', shape: [2 ** 31] },
      { name: 'b', dtype: 'float32', shape: [2 ** 40] },
    ]);
    expect(entries.get('b')).toMatchObject({ begin: 2 ** 33, end: 2 ** 33 + 2 ** 42 });
    expect(dataLength).toBe(2 ** 33 + 2 ** 42);
  });

  it('refuses data above 2^53 bytes in all', () => {
    const specs = Array.from({ length: 9 }, (_, i) => ({
      name: `${i}`,
      dtype: 'uint8' as const,
      shape: [2 ** 50 - 1],
    }));
    expect(() => buildHeader(specs)).toThrow(/"specs" expected data below 2\^53 bytes/);
  });

  it('names itself in its errors', () => {
    expect(() => buildHeader(null as unknown as ArraySpec[])).toThrow(/^buildHeader: "specs"/);
    expect(() => buildHeader([], undefined, { maxHeaderByte: 1 } as object)).toThrow(
      /buildHeader: "limits" .* did you mean "maxHeaderBytes"/,
    );
  });

  it('orders the types of one size as the reference does', () => {
    const stored = (Object.keys(DTYPES) as DType[]).filter((dtype) => DTYPES[dtype].safetensors !== null);
    const { entries } = buildHeader(stored.map((dtype) => ({ name: dtype, dtype, shape: [4] })));
    expect(Array.from(entries.keys())).toEqual([
      ...[
        'uint64',
        'int64',
        'float64',
        'float32',
        'uint32',
        'int32',
        'bfloat16',
        'float16',
        'uint16',
        'int16',
      ],
      ...['float8_e8m0fnu', 'float8_e4m3fn', 'float8_e5m2', 'int8', 'uint8'],
      ...['float6_e3m2fn', 'float6_e2m3fn', 'float4_e2m1fn', 'bool'],
    ]);
  });
});

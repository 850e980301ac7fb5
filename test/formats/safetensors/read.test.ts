import { describe, expect, it } from 'vitest';
import { parseHeader, readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { file, MALFORMED, MALFORMED_DATA, UNUSUAL } from '../../malformed/safetensors/cases.js';
import { NOT_TENSORS } from '../../support/wrong-types.js';

const TWO = writeSafetensors([
  { name: 'w', dtype: 'float64', shape: [1], data: Float64Array.of(Math.PI) },
  { name: 'b', dtype: 'uint8', shape: [3], data: Uint8Array.of(1, 2, 3) },
]);

describe('readSafetensors', () => {
  it('shares memory where the place allows it, and copies where not', () => {
    const file = readSafetensors(TWO);
    expect(file.tensor('w').data.buffer).toBe(TWO.buffer);
    const moved = new Uint8Array(TWO.length + 1);
    moved.set(TWO, 1);
    const other = readSafetensors(moved.subarray(1));
    expect(other.tensor('w').data).toEqual(Float64Array.of(Math.PI));
    expect(other.tensor('w').data.buffer).not.toBe(moved.buffer);
    expect(other.tensor('b').data.buffer).toBe(moved.buffer);
  });

  it('reads from a Buffer of a pool and from shared memory', () => {
    for (let shift = 0; shift < 8; shift++) {
      const pooled = Buffer.concat([Buffer.alloc(shift), TWO]).subarray(shift);
      expect(readSafetensors(pooled).tensor('w').data).toEqual(Float64Array.of(Math.PI));
      expect(Object.getPrototypeOf(readSafetensors(pooled).tensor('b').data)).toBe(Uint8Array.prototype);
    }
    const shared = new Uint8Array(new SharedArrayBuffer(TWO.length));
    shared.set(TWO);
    expect(readSafetensors(shared).tensor('b').data).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('refuses what are no bytes, by name', () => {
    for (const [name, value] of NOT_TENSORS) {
      if (name === 'bare bytes') continue;
      expect(() => readSafetensors(value as Uint8Array), name).toThrow(
        /^readSafetensors: "bytes" expected a Uint8Array/,
      );
    }
  });

  it('refuses bytes that were transferred away, before and after opening', () => {
    const bytes = TWO.slice();
    const opened = readSafetensors(bytes);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(() => readSafetensors(bytes)).toThrow(/"bytes" expected an array with its memory/);
    expect(() => opened.tensor('w')).toThrow(/"bytes" expected an array with its memory/);
  });

  it('suggests the nearest name', () => {
    const opened = readSafetensors(TWO);
    expect(() => opened.tensor('B')).toThrow(
      /tensor: "name" expected the name of a tensor of this model, got "B" - did you mean "b"\?/,
    );
    expect(() => opened.tensor('__proto__')).toThrow(/it holds 2 tensors/);
    expect(() => opened.tensor(undefined as unknown as string)).toThrow(TypeError);
  });

  it('refuses unknown options', () => {
    expect(() => readSafetensors(TWO, { limit: {} } as object)).toThrow(/did you mean "limits"/);
    expect(() => readSafetensors(TWO, { limits: { maxHeaderBytes: '1' } } as object)).toThrow(TypeError);
  });
});

describe('parseHeader', () => {
  it('reads the header alone', () => {
    const text = new TextEncoder().encode('{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}');
    const { tensors, metadata } = parseHeader(text, 3);
    expect(tensors).toEqual(
      new Map([['a', { dtype: 'uint8', shape: [3], byteLength: 3, begin: 0, end: 3 }]]),
    );
    expect(metadata.size).toBe(0);
  });

  it('refuses wrong arguments and headers above the limit', () => {
    const text = new TextEncoder().encode('{}');
    expect(() => parseHeader('{}' as unknown as Uint8Array, 0)).toThrow(
      /parseHeader: "headerBytes" expected a Uint8Array/,
    );
    expect(() => parseHeader(text, -1)).toThrow(/"dataLength"/);
    expect(() => parseHeader(text, 0, { maxHeaderBytes: 1 })).toThrow(/SAFETENSORS_HEADER_TOO_LARGE/);
    expect(() => parseHeader(new Uint8Array(0), 0)).toThrow(/an empty header/);
  });
});

describe('the verdict of the reference', () => {
  it('is never stricter than ours', () => {
    // `reference` was measured with safetensors 0.8.0: scripts/compare-safetensors.py fails when a row is wrong.
    const rejected = [...MALFORMED, ...MALFORMED_DATA].filter(({ reference }) => reference === 'rejects');
    expect(rejected.length).toBeGreaterThan(150);
    const accepted = rejected.filter(({ bytes }) => {
      try {
        readSafetensors(bytes);
        return true;
      } catch {
        return false;
      }
    });
    expect(accepted.map(({ name }) => name)).toEqual([]);
  });

  it('is laxer in the cases that docs list, and no others', () => {
    const stricter = [...MALFORMED, ...MALFORMED_DATA].filter(({ reference }) => reference === 'accepts');
    expect(Array.from(new Set(stricter.map(({ code }) => code))).sort()).toEqual([
      'SAFETENSORS_BOOL',
      'SAFETENSORS_DTYPE_UNKNOWN',
      'SAFETENSORS_DTYPE_UNSUPPORTED',
      'SAFETENSORS_ENTRY',
      'SAFETENSORS_FIELD_UNKNOWN',
      'SAFETENSORS_HEADER_START',
      'SAFETENSORS_METADATA',
      'SAFETENSORS_METADATA_DUPLICATE',
      'SAFETENSORS_NUMBER',
      'SAFETENSORS_SHAPE',
      'SAFETENSORS_SHAPE_OVERFLOW',
      'SAFETENSORS_TENSOR_DUPLICATE',
    ]);
  });
});

describe('names of Object.prototype', () => {
  const OWN = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '__defineGetter__',
  ];

  it('are ordinary names and values in every place, and change no prototype', () => {
    const before = Object.getOwnPropertyDescriptors(Object.prototype);
    const prototypes = [Array.prototype, Map.prototype, Function.prototype].map((p) =>
      Object.getOwnPropertyNames(p),
    );
    const list = OWN.map((name, i) => ({
      name,
      dtype: 'uint8' as const,
      shape: [1],
      data: Uint8Array.of(i),
    }));
    const opened = readSafetensors(writeSafetensors(list, new Map(OWN.map((name) => [name, name]))));
    expect(Array.from(opened.tensors.keys()).sort()).toEqual(OWN.slice().sort());
    OWN.forEach((name, i) => {
      expect(opened.tensor(name).data).toEqual(Uint8Array.of(i));
      expect(opened.metadata.get(name)).toBe(name);
    });
    for (const name of OWN) {
      const texts = [
        `{"w":{"dtype":"${name}","shape":[1],"data_offsets":[0,1]}}`,
        `{"w":{"${name}":{},"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`,
        `{"w":{"${name}":1}}`,
        `{"${name}":{"${name}":"${name}"}}`,
        `{"__metadata__":{"${name}":{"polluted":"yes"}}}`,
      ];
      for (const text of texts) expect(() => readSafetensors(file(text, 1))).toThrow(/SAFETENSORS_/);
    }
    for (const { bytes } of [...MALFORMED, ...UNUSUAL]) {
      try {
        readSafetensors(bytes);
      } catch {
        continue;
      }
    }
    expect(Object.getOwnPropertyDescriptors(Object.prototype)).toEqual(before);
    expect(
      [Array.prototype, Map.prototype, Function.prototype].map((p) => Object.getOwnPropertyNames(p)),
    ).toEqual(prototypes);
  });

  it('do not become options or limits when somebody has polluted them', () => {
    const polluted = Object.prototype as Record<string, unknown>;
    polluted.limits = { maxHeaderBytes: 0 };
    polluted.maxHeaderBytes = 0;
    try {
      expect(readSafetensors(TWO).tensors.size).toBe(2);
      expect(readSafetensors(TWO, { limits: {} }).tensors.size).toBe(2);
    } finally {
      delete polluted.limits;
      delete polluted.maxHeaderBytes;
    }
  });
});

describe('large headers', () => {
  it('take as many steps as they have bytes', () => {
    // 200,000 tensors, and 4 MB of escapes: minutes, not milliseconds, if either were quadratic.
    const many = Array.from(
      { length: 200_000 },
      (_, i) => `"t${i}":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`,
    );
    expect(readSafetensors(file(`{${many.join(',')}}`, 200_000)).tensors.size).toBe(200_000);
    const escapes = '\\n'.repeat(2_000_000);
    expect(readSafetensors(file(`{"__metadata__":{"a":"${escapes}"}}`)).metadata.get('a')).toHaveLength(
      2_000_000,
    );
    const names = Array.from({ length: 20_000 }, (_, i) => `"\\u0041${i}":"\\n"`);
    expect(readSafetensors(file(`{"__metadata__":{${names.join(',')}}}`)).metadata.size).toBe(20_000);
  });

  it('give no suggestion for a wrong name among very many', () => {
    const many = Array.from(
      { length: 1001 },
      (_, i) => `"t${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`,
    );
    expect(() => readSafetensors(file(`{${many.join(',')}}`)).tensor('t')).toThrow(/it holds 1001 tensors/);
  });
});

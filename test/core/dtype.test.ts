import { DTYPES, dtypeFrom, isDType, type DType } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { byteLengthOf, dtypeOfArray } from '../../src/core/dtype.js';

const ALL = Object.keys(DTYPES) as DType[];

describe('dtypeFrom', () => {
  it.each(['safetensors', 'onnx', 'gguf', 'npy'] as const)(
    '%s: every spelling leads back to its type',
    (format) => {
      const spelled = ALL.filter((dtype) => DTYPES[dtype][format] !== null);
      expect(spelled.length).toBeGreaterThan(7);
      for (const dtype of spelled)
        expect(dtypeFrom(format, DTYPES[dtype][format] as string | number)).toBe(dtype);
      expect(new Set(spelled.map((dtype) => DTYPES[dtype][format])).size).toBe(spelled.length);
    },
  );

  it('is null for what a format does not spell, whatever it is', () => {
    for (const spelling of ['F31', 'f32', '', '__proto__', 99, NaN, null, undefined]) {
      for (const format of ['safetensors', 'onnx', 'gguf', 'npy'] as const) {
        expect(dtypeFrom(format, spelling as string)).toBe(null);
      }
    }
    expect(dtypeFrom('npy', '>f4')).toBe(null);
    expect(dtypeFrom('onnx', '1')).toBe(null);
  });

  it('knows four formats', () => {
    expect(() => dtypeFrom('onx' as never, 1)).toThrow(`dtypeFrom: "format" expected one of`);
    expect(() => dtypeFrom('onx' as never, 1)).toThrow(`did you mean 'onnx'?`);
  });
});

it.each(ALL)('%s is a type, and its array holds a code per element or more', (dtype) => {
  expect(isDType(dtype)).toBe(true);
  const { bits, array } = DTYPES[dtype];
  expect(array.BYTES_PER_ELEMENT).toBe(Math.max(1, bits / 8));
  expect(byteLengthOf(dtype, 5)).toBe(Math.ceil((5 * bits) / 8));
});

it.each([
  'float64',
  'float32',
  'int64',
  'uint64',
  'int32',
  'uint32',
  'int16',
  'uint16',
  'int8',
  'uint8',
] as const)('an array of %s is known by itself', (dtype) => {
  expect(dtypeOfArray(new DTYPES[dtype].array(1))).toBe(dtype);
});

it('inherited names are no types', () => {
  for (const name of ['constructor', 'toString', '__proto__', '', 1, null]) expect(isDType(name)).toBe(false);
});

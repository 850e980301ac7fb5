import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { F32, U16, U8 } from '../../../src/core/arrays.js';
import { NumericError } from '../../../src/core/errors.js';
import { SMALL_FLOATS, type SmallFloat } from '../../../src/core/float-formats.js';
import { castFloat, decodeFloat, dequantizeFloat, quantizeFloat } from '../../../src/quantize/floats/cast.js';
import { floatErrorBound } from '../../../src/quantize/floats/float-tensor.js';
import type { FloatTensor } from '../../../src/quantize/floats/float-types.js';
import { readGolden } from '../../support/golden.js';
import { detachedArray, foreignArray, NOT_TENSORS } from '../../support/wrong-types.js';

const golden = readGolden('torch-minifloat.safetensors');
const dataOf = (name: string): F32 => {
  const entry = golden.get(`minifloat/${name}`);
  if (entry === undefined) throw new Error(`no golden array ${name}`);
  return entry.data as F32;
};
const NO_NAN: SmallFloat[] = ['float6_e2m3fn', 'float6_e3m2fn', 'float4_e2m1fn'];

describe.each(SMALL_FLOATS)('%s', (dtype) => {
  it('casts the hard inputs as torch and ml_dtypes do, from float32 and float64', () => {
    const x = dataOf('x');
    expect(castFloat(x, dtype)).toEqual(dataOf(`${dtype}/encode`));
    expect(castFloat(Float64Array.from(x), dtype)).toEqual(dataOf(`${dtype}/encode`));
  });

  it('decodes every code and casts the values back to the codes', () => {
    const values = dataOf(`${dtype}/decode`);
    const codes = Array.from(values, (_, code) => code);
    const array: U16 | U8 = values.length > 256 ? Uint16Array.from(codes) : Uint8Array.from(codes);
    const decoded = decodeFloat(array, dtype);
    expect(decoded).toEqual(values);
    const numbers = codes.filter((code) => !Number.isNaN(values[code]));
    const back = castFloat(
      Float32Array.from(numbers, (code) => values[code]),
      dtype,
      { overflow: 'infinity' },
    );
    expect(Array.from(back)).toEqual(numbers);
  });

  it('takes a scalar, an empty tensor, a strided view and an array of another realm', () => {
    expect(castFloat({ data: Float32Array.of(2), shape: [] }, dtype).length).toBe(1);
    expect(castFloat(new Float32Array(0), dtype).length).toBe(0);
    const strided = castFloat({ data: [1, 2, 4, 0.5], shape: [2], stride: [-2], offset: 2 }, dtype);
    expect(Array.from(decodeFloat(strided, dtype))).toEqual([4, 1]);
    expect(Array.from(decodeFloat(castFloat(foreignArray([1, 2]), dtype), dtype))).toEqual([1, 2]);
  });

  it('has an error bound of 0 only where an input must be its code', () => {
    const c = quantizeFloat(Float32Array.of(1, 2, 4), { dtype });
    const { maxAbs, l2 } = floatErrorBound(c);
    expect(maxAbs).toBeGreaterThan(0);
    expect(l2).toBeGreaterThan(maxAbs);
    expect(floatErrorBound(quantizeFloat(new Float32Array(0), { dtype }))).toEqual({ maxAbs: 0, l2: 0 });
  });
});

describe('castFloat', () => {
  it('overflows as told, infinities included', () => {
    const x = Float32Array.of(1e6, -1e6, Infinity, -Infinity);
    expect(castFloat(x, 'float16')).toEqual(Uint16Array.of(0x7c00, 0xfc00, 0x7c00, 0xfc00));
    expect(castFloat(x, 'float16', { overflow: 'saturate' })).toEqual(
      Uint16Array.of(0x7bff, 0xfbff, 0x7bff, 0xfbff),
    );
    expect(() => castFloat(x, 'float16', { overflow: 'throw' })).toThrow(
      `castFloat: "x[0]" expected values in the range of float16, got 1000000 - scale the values or pass overflow: 'saturate' [OVERFLOW]`,
    );
    expect(castFloat(Float32Array.of(1, -Infinity), 'bfloat16', { overflow: 'throw' })).toEqual(
      Uint16Array.of(0x3f80, 0xff80),
    );
    expect(castFloat(x, 'float8_e4m3fn')).toEqual(Uint8Array.of(0x7f, 0xff, 0x7f, 0xff));
    expect(castFloat(x, 'float8_e4m3fn', { overflow: 'saturate' })).toEqual(
      Uint8Array.of(0x7e, 0xfe, 0x7e, 0xfe),
    );
    expect(() => castFloat(Float32Array.of(1, -Infinity), 'float8_e4m3fn', { overflow: 'throw' })).toThrow(
      '"x[1]"',
    );
    expect(castFloat(x, 'float4_e2m1fn')).toEqual(Uint8Array.of(7, 15, 7, 15));
    expect(() => castFloat(x, 'float4_e2m1fn', { overflow: 'infinity' })).toThrow('"x[0]"');
  });

  it('gives the index of what it cannot cast, beyond the first chunk of float64 too', () => {
    const x = new Float64Array(10000);
    x[9000] = NaN;
    const caught = ((): unknown => {
      try {
        castFloat(x, 'float4_e2m1fn');
      } catch (error) {
        return error;
      }
      return null;
    })();
    expect(caught).toBeInstanceOf(NumericError);
    expect(caught).toMatchObject({ code: 'NAN', index: 9000 });
    x[9000] = 1e9;
    expect(() => castFloat(x, 'float16', { overflow: 'throw' })).toThrow('"x[9000]"');
    expect(() => castFloat(Float32Array.of(-1), 'float8_e8m0fnu', { overflow: 'throw' })).toThrow('"x[0]"');
  });

  it.each(NO_NAN)('names a NaN that %s cannot hold', (dtype) => {
    for (const overflow of ['saturate', 'infinity', 'throw'] as const) {
      expect(() => castFloat(Float32Array.of(0, NaN), dtype, { overflow })).toThrow(
        `castFloat: "x[1]" expected no NaN, which ${dtype} cannot hold, got NaN - replace NaN first [NAN]`,
      );
    }
  });

  it('rounds float64 once where torch would round twice', () => {
    // 1 + 2^-11 + 2^-40 lies above the middle of two float16; as a float32 it is the middle and would go to even.
    const x = 1 + 2 ** -11 + 2 ** -40;
    expect(castFloat(Float64Array.of(x, -x), 'float16')).toEqual(Uint16Array.of(0x3c01, 0xbc01));
    expect(castFloat(Float32Array.of(x), 'float16')).toEqual(Uint16Array.of(0x3c00));
    expect(castFloat(Float64Array.of(1e300, -1e-300, NaN), 'bfloat16')).toEqual(
      Uint16Array.of(0x7f80, 0x8000, 0x7fc0),
    );
    expect(
      castFloat(Float64Array.of(1e300), 'bfloat16', { rounding: 'truncate', overflow: 'saturate' }),
    ).toEqual(Uint16Array.of(0x7f7f));
  });

  it('stochastic rounding depends on seed and index alone', () => {
    const x = Float64Array.from({ length: 9000 }, (_, i) => Math.fround(i / 7));
    const whole = castFloat(x, 'bfloat16', { rounding: 'stochastic', seed: 5 });
    expect(castFloat(Float32Array.from(x), 'bfloat16', { rounding: 'stochastic', seed: 5 })).toEqual(whole);
    expect(castFloat(x, 'bfloat16', { rounding: 'stochastic', seed: 6 })).not.toEqual(whole);
  });

  it.each(NOT_TENSORS)('refuses %s', (_, value) => {
    expect(() => castFloat(value as never, 'float16')).toThrow(/^castFloat: "x[^"]*" expected/);
    expect(() => quantizeFloat(value as never, { dtype: 'float16' })).toThrow(
      /^quantizeFloat: "x[^"]*" expected/,
    );
  });

  it.each([
    ['an unknown type', 'float15', {}, `castFloat: "dtype" expected one of`],
    ['a misspelled type', 'float61', {}, `did you mean 'float16'?`],
    ['a large float', 'float32', {}, `castFloat: "dtype" expected one of`],
    ['no type', undefined, {}, `castFloat: "dtype" expected one of`],
    [
      'an unknown option',
      'float16',
      { round: 'up' },
      `castFloat: "options" expected known keys, got "round"`,
    ],
    ['an unknown rounding', 'float16', { rounding: 'halfeven' }, `did you mean 'halfEven'?`],
    ['an unknown overflow', 'float16', { overflow: 'wrap' }, `castFloat: "overflow" expected one of`],
    ['a negative seed', 'float16', { seed: -1 }, `castFloat: "seed" expected a whole number`],
    ['options of text', 'float16', 'halfEven', `castFloat: "options" expected a plain object`],
  ])('refuses %s', (_, dtype, options, message) => {
    expect(() => castFloat(Float32Array.of(1), dtype as never, options as never)).toThrow(message);
  });
});

describe('decodeFloat', () => {
  it.each([
    ['another array', Uint8Array.of(1), 'float16', 'decodeFloat: "codes" expected a Uint16Array for float16'],
    ['signed bytes', Int8Array.of(1), 'float8_e5m2', 'decodeFloat: "codes" expected a Uint8Array'],
    ['a plain array', [1], 'float8_e5m2', 'decodeFloat: "codes" expected a Uint8Array'],
    ['a DataView', new DataView(new ArrayBuffer(1)), 'float8_e5m2', 'expected a Uint8Array'],
    ['null', null, 'float8_e5m2', 'expected a Uint8Array'],
    [
      'a code out of range',
      Uint8Array.of(0, 64),
      'float6_e3m2fn',
      '"codes[1]" expected a whole number from 0 to 63',
    ],
    ['a detached array', new Uint8Array(detachedArray().buffer.byteLength), 'float17', '"dtype"'],
  ])('refuses %s', (_, codes, dtype, message) => {
    expect(() => decodeFloat(codes as never, dtype as never)).toThrow(message);
  });
});

describe('quantizeFloat', () => {
  const x = { data: Float32Array.of(0.1, -0.2, 0.3, 100, 5, 6), shape: [2, 3] };

  it('packs 6 and 4 bits into one stream', () => {
    const c = quantizeFloat({ data: Float32Array.of(0.5, 1, -6, 0), shape: [4] }, { dtype: 'float4_e2m1fn' });
    expect(c.codes).toEqual(Uint8Array.of(0x21, 0x0f));
    expect(dequantizeFloat(c)).toEqual(Float32Array.of(0.5, 1, -6, 0));
    const six = quantizeFloat(x, { dtype: 'float6_e2m3fn' });
    expect(six.codes.length).toBe(5);
    expect(dequantizeFloat(six)).toEqual(decodeFloat(castFloat(x, 'float6_e2m3fn'), 'float6_e2m3fn'));
  });

  it('records how far saturated values lay outside', () => {
    expect(quantizeFloat(x, { dtype: 'float4_e2m1fn' }).overflow).toBeCloseTo(93, 10);
    expect(quantizeFloat(x, { dtype: 'float4_e2m1fn', rounding: 'truncate' }).overflow).toBeCloseTo(92, 10);
    expect(quantizeFloat(Float32Array.of(6.9), { dtype: 'float4_e2m1fn' }).overflow).toBe(0);
    expect(quantizeFloat(x, { dtype: 'float16' }).overflow).toBe(0);
    expect(quantizeFloat(Float32Array.of(-Infinity), { dtype: 'float4_e2m1fn' }).overflow).toBe(Infinity);
  });

  it('proves nothing where a code is infinite or NaN', () => {
    const bounds = [Float32Array.of(1, 1e6), Float32Array.of(1, NaN)].map((data) =>
      floatErrorBound(quantizeFloat(data, { dtype: 'float16' })),
    );
    expect(bounds).toEqual([
      { maxAbs: Infinity, l2: Infinity },
      { maxAbs: Infinity, l2: Infinity },
    ]);
  });

  it('writes into out, of this realm or another', () => {
    const c = quantizeFloat(x, { dtype: 'bfloat16' });
    const out = new Float32Array(6);
    expect(dequantizeFloat(c, { out })).toBe(out);
    expect(dequantizeFloat(c, { out: foreignArray([0, 0, 0, 0, 0, 0]) })[3]).toBe(100);
    expect(() => dequantizeFloat(c, { out: new Float32Array(5) })).toThrow(
      '"out" expected 6 elements, got 5',
    );
    expect(() => dequantizeFloat(c, { out: new Float64Array(6) as never })).toThrow(
      '"out" expected a Float32Array',
    );
    expect(() => dequantizeFloat(c, { out: detachedArray() })).toThrow(
      '"out" expected an array with its memory',
    );
    expect(() => dequantizeFloat(c, { outt: out } as never)).toThrow('did you mean "out"?');
  });

  it('is a plain record that can be cloned and prints well', () => {
    const c = quantizeFloat(x, { dtype: 'float8_e5m2' });
    expect(structuredClone(c)).toEqual({ ...c });
    expect(inspect(c)).toBe('FloatTensor float8_e5m2 [2, 3], 6 bytes: 46, 178, 53, 86, 69, 70');
  });

  it.each([
    ['null', null],
    ['an array', []],
    ['another kind', { kind: 'affine' }],
    ['an unknown type', { dtype: 'float32' }],
    ['an unknown rounding', { rounding: 'up' }],
    ['another array', { codes: new Float32Array(6) }],
    ['too few codes', { codes: new Uint8Array(5) }],
    ['a wrong shape', { shape: [7] }],
    ['no shape', { shape: undefined }],
    ['a negative overflow', { overflow: -1 }],
    ['an overflow of NaN', { overflow: NaN }],
    ['an overflow of text', { overflow: '1' }],
  ])('everything that reads a FloatTensor refuses %s', (_, change) => {
    const c = { ...quantizeFloat(x, { dtype: 'float8_e5m2' }), ...change };
    const bad = (change === null || Array.isArray(change) ? change : c) as FloatTensor;
    expect(() => dequantizeFloat(bad)).toThrow(/^dequantizeFloat: "c[^"]*" expected/);
    expect(() => floatErrorBound(bad)).toThrow(/^floatErrorBound: "c[^"]*" expected/);
  });

  it('refuses missing and unknown options', () => {
    expect(() => quantizeFloat(x, undefined as never)).toThrow('quantizeFloat: "dtype" expected one of');
    expect(() => quantizeFloat(x, { dtype: 'float16', bits: 4 } as never)).toThrow('got "bits"');
  });
});

import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { Matrix, MatrixTransposeView } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { DType } from '../../src/core/dtype.js';
import { tensor, toContiguous, type TensorLike } from '../../src/core/tensor.js';
import { detachedArray, foreignArray, NOT_TENSORS } from '../support/wrong-types.js';

const enter = (x: unknown): ReturnType<typeof toContiguous> => toContiguous(x as TensorLike, 'f');

describe('toContiguous', () => {
  it('takes a float array as one axis and does not copy it', () => {
    const x = Float32Array.of(1, 2, 3);
    expect(enter(x)).toEqual({ data: x, shape: [3], size: 3 });
    expect(enter(x).data).toBe(x);
    const y = new Float64Array(0);
    expect(enter(y)).toEqual({ data: y, shape: [0], size: 0 });
  });

  it('takes {data, shape} without copying, a scalar and an empty axis too', () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect(enter({ data, shape: [2, 3] }).data).toBe(data);
    expect(enter({ data: Float64Array.of(7), shape: [] })).toEqual({
      data: Float64Array.of(7),
      shape: [],
      size: 1,
    });
    expect(enter({ data: new Float32Array(0), shape: [3, 0, 2] }).size).toBe(0);
  });

  it('shares the memory of a contiguous part', () => {
    const data = Float32Array.of(0, 1, 2, 3, 4, 5);
    const view = enter({ data, shape: [2, 2], stride: [2, 1], offset: 1 });
    expect(view.data).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(view.data.buffer).toBe(data.buffer);
    expect(enter({ data, shape: [2], offset: 4 }).data).toEqual(Float32Array.of(4, 5));
  });

  it('copies zero strides, negative strides and transposed views', () => {
    const data = Float64Array.of(1, 2, 3, 4, 5, 6);
    expect([...enter({ data, shape: [2, 3], stride: [0, 1] }).data]).toEqual([1, 2, 3, 1, 2, 3]);
    expect([...enter({ data, shape: [6], stride: [-1], offset: 5 }).data]).toEqual([6, 5, 4, 3, 2, 1]);
    expect([...enter({ data, shape: [3, 2], stride: [1, 3] }).data]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it('ignores the stride of an axis of length 1 and the offset of an empty view', () => {
    const data = Float32Array.of(1, 2);
    expect(enter({ data, shape: [1, 2], stride: [99, 1] }).data).toBe(data);
    expect(enter({ data, shape: [0, 2], stride: [2, 1], offset: 50 }).size).toBe(0);
  });

  it('copies nothing of the shape: later changes do not reach the result', () => {
    const shape = [2];
    const result = enter({ data: Float32Array.of(1, 2), shape });
    shape[0] = 5;
    expect(result.shape).toEqual([2]);
  });

  it('takes arrays of another realm and of a subclass as plain ones over the same memory', () => {
    const foreign = foreignArray([1, 2.5]);
    expect(foreign instanceof Float32Array).toBe(false);
    const own = enter(foreign).data;
    expect(own instanceof Float32Array).toBe(true);
    expect(own.buffer).toBe(foreign.buffer);
    class Sub extends Float64Array {}
    expect(Object.getPrototypeOf(enter(new Sub(2)).data)).toBe(Float64Array.prototype);
    const record = runInNewContext('({ data: new Int8Array([1, -2]), shape: [2] })') as unknown;
    expect(enter(record).data).toEqual(Float32Array.of(1, -2));
  });

  it('accepts shared memory', () => {
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared[1] = 3;
    expect([...enter(shared).data]).toEqual([0, 3]);
  });

  it('turns integers into the float type that holds them exactly', () => {
    const cases: [ArrayLike<number | bigint>, ArrayLike<number>][] = [
      [Int8Array.of(-128, 127), Float32Array.of(-128, 127)],
      [Uint8Array.of(255), Float32Array.of(255)],
      [Uint8ClampedArray.of(255), Float32Array.of(255)],
      [Int16Array.of(-32768), Float32Array.of(-32768)],
      [Uint16Array.of(65535), Float32Array.of(65535)],
      [Int32Array.of(-2147483648, 16777217), Float64Array.of(-2147483648, 16777217)],
      [Uint32Array.of(4294967295), Float64Array.of(4294967295)],
      [BigInt64Array.of(-9007199254740992n), Float64Array.of(-9007199254740992)],
      [BigUint64Array.of(18446744073709549568n), Float64Array.of(18446744073709549568)],
      [[0.1, NaN, -0], Float64Array.of(0.1, NaN, -0)],
    ];
    for (const [data, want] of cases) {
      expect(enter({ data, shape: [data.length] }).data).toEqual(want);
    }
    const strided = enter({ data: Int16Array.of(1, 2, 3, 4), shape: [2], stride: [-2], offset: 3 });
    expect(strided.data).toEqual(Float32Array.of(4, 2));
  });

  it('names the first 64-bit integer that float64 cannot hold', () => {
    const data = BigInt64Array.of(1n, 9007199254740993n);
    expect(() => enter({ data, shape: [2] })).toThrow(
      'f: "x.data[1]" expected an integer that float64 holds',
    );
  });

  it('decodes records whose dtype is a small float', () => {
    expect(enter({ data: Uint16Array.of(0x3c00, 0xc000), shape: [2], dtype: 'float16' }).data).toEqual(
      Float32Array.of(1, -2),
    );
    expect(enter({ data: Uint8Array.of(7, 15), shape: [2], dtype: 'float4_e2m1fn' }).data).toEqual(
      Float32Array.of(6, -6),
    );
    expect(() => enter({ data: Uint8Array.of(16), shape: [1], dtype: 'float4_e2m1fn' })).toThrow(
      'f: "x.data[0]" expected a whole number from 0 to 15',
    );
    expect(() => enter({ data: Uint8Array.of(16), shape: [1], dtype: 'float16' })).toThrow(
      'f: "x.data" expected a Uint16Array for dtype float16',
    );
  });

  it('takes a Matrix, its views and anything like it as float64', () => {
    const matrix = new Matrix([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(enter(matrix)).toEqual({ data: Float64Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3], size: 6 });
    expect(enter(new MatrixTransposeView(matrix))).toEqual({
      data: Float64Array.of(1, 4, 2, 5, 3, 6),
      shape: [3, 2],
      size: 6,
    });
  });

  it.each(NOT_TENSORS)('refuses %s and names function and argument', (_, value) => {
    expect(() => enter(value)).toThrow(/^f: "x[^"]*" expected .+ - .+$/);
  });

  it.each([
    ['a shape that is too large', { data: new Float32Array(3), shape: [2, 2] }, 'expected 4 elements, got 3'],
    ['a shape that is too small', { data: new Float32Array(3), shape: [2] }, 'expected 2 elements, got 3'],
    ['a negative length', { data: new Float32Array(3), shape: [-3] }, 'whole numbers >= 0'],
    ['a fraction', { data: new Float32Array(3), shape: [1.5, 2] }, 'whole numbers >= 0'],
    ['an overflowing product', { data: new Float32Array(3), shape: [2 ** 40, 2 ** 40] }, 'below 2^53'],
    ['65 axes', { data: new Float32Array(1), shape: new Array(65).fill(1) }, 'at most 64 axes'],
    [
      'a short stride',
      { data: new Float32Array(4), shape: [2, 2], stride: [1] },
      'an array of 2 whole numbers',
    ],
    [
      'a stride with a hole',
      { data: new Float32Array(4), shape: [2], stride: new Array(1) },
      'whole numbers',
    ],
    ['a fractional stride', { data: new Float32Array(4), shape: [2], stride: [0.5] }, 'whole numbers'],
    ['a stride that is no list', { data: new Float32Array(4), shape: [2], stride: 1 }, 'whole numbers'],
    ['a fractional offset', { data: new Float32Array(4), shape: [2], offset: 0.5 }, 'a whole number'],
    ['an offset of text', { data: new Float32Array(4), shape: [2], offset: '1' }, 'a whole number'],
    ['a reach below 0', { data: new Float32Array(4), shape: [4], stride: [-1] }, 'from index -3 to 0'],
    ['a reach beyond the end', { data: new Float32Array(4), shape: [2], stride: [4] }, 'from index 0 to 4'],
    ['an offset beyond', { data: new Float32Array(4), shape: [1], offset: 4 }, 'inside its data'],
    ['a huge stride', { data: new Float32Array(4), shape: [2 ** 20], stride: [2 ** 52] }, 'inside its data'],
    [
      'a broadcast without room',
      { data: Float32Array.of(1), shape: [2 ** 50], stride: [0] },
      'fits into memory',
    ],
    ['a matrix without room', { rows: 2 ** 25, columns: 2 ** 25, get: () => 0 }, 'fits into memory'],
    ['a matrix of NaN rows', { rows: NaN, columns: 1, get: () => 0 }, 'whole numbers >= 0'],
  ])('refuses %s', (_, value, message) => {
    expect(() => enter(value)).toThrow(message);
    expect(() => enter(value)).toThrow(RangeError);
  });

  it('uses the name of the argument that the caller gives', () => {
    expect(() => toContiguous(1 as never, 'measure', 'original')).toThrow('measure: "original" expected');
  });
});

describe('tensor', () => {
  it('keeps a typed array and its type', () => {
    const data = Int16Array.of(1, 2);
    const t = tensor(data, [2, 1]);
    expect(t).toEqual({ data, shape: [2, 1], dtype: 'int16' });
    expect(t.data).toBe(data);
    const types: [ArrayLike<unknown>, DType][] = [
      [new Float64Array(1), 'float64'],
      [new Float32Array(1), 'float32'],
      [new BigInt64Array(1), 'int64'],
      [new BigUint64Array(1), 'uint64'],
      [new Int32Array(1), 'int32'],
      [new Uint32Array(1), 'uint32'],
      [new Uint16Array(1), 'uint16'],
      [new Int8Array(1), 'int8'],
      [new Uint8Array(1), 'uint8'],
    ];
    for (const [array, dtype] of types) expect(tensor(array as never, [1]).dtype).toBe(dtype);
  });

  it('stores plain numbers as float32 or as the dtype says', () => {
    expect(tensor([0.1], []).data).toEqual(Float32Array.of(0.1));
    expect(tensor([0.1], [1], 'float64').data).toEqual(Float64Array.of(0.1));
    expect(tensor([-8, 7], [2], 'int4').data).toEqual(Int8Array.of(-8, 7));
    expect(tensor([0, 1], [2], 'bool').data).toEqual(Uint8Array.of(0, 1));
    expect(tensor([2 ** 32 - 1], [1], 'uint32').data).toEqual(Uint32Array.of(2 ** 32 - 1));
    expect(tensor([-5], [1], 'int64').data).toEqual(BigInt64Array.of(-5n));
    expect(tensor([5], [1], 'uint64').data).toEqual(BigUint64Array.of(5n));
  });

  it.each([
    ['a wrong length', [1, 2], [3], undefined, 'tensor: "data" expected 3 elements, got 2'],
    ['an unknown type', [1], [1], 'float17', 'tensor: "dtype" expected an element type'],
    ['an inherited type name', [1], [1], 'toString', 'tensor: "dtype" expected an element type'],
    ['codes out of range', Uint8Array.of(4), [1], 'uint2', 'whole number from 0 to 3'],
    ['codes out of signed range', Int8Array.of(8), [1], 'int4', 'whole number from -8 to 7'],
    ['a bool of 2', Uint8Array.of(2), [1], 'bool', 'whole number from 0 to 1'],
    ['numbers out of range', [300], [1], 'uint8', 'tensor: "data[0]" expected a whole number from 0 to 255'],
    ['a fraction as integer', [1.5], [1], 'int32', 'tensor: "data[0]"'],
    ['NaN as integer', [NaN], [1], 'int32', 'tensor: "data[0]"'],
    ['a negative uint64', [-1], [1], 'uint64', 'tensor: "data[0]"'],
    ['numbers as codes', [1], [1], 'float16', 'expected a typed array of float16 codes'],
    ['another array than the dtype', new Float32Array(1), [1], 'int8', 'expected a Int8Array for dtype int8'],
    ['clamped bytes', new Uint8ClampedArray(1), [1], undefined, 'expected a Uint8Array for dtype uint8'],
    ['text', 'ab', [2], undefined, 'expected a typed array or an array of numbers'],
    ['a text element', [1, '2'], [2], undefined, 'tensor: "data[1]" expected a number'],
    ['a detached array', detachedArray(), [0], undefined, 'expected an array with its memory'],
    ['no shape', [1], undefined, undefined, 'tensor: "shape" expected an array of axis lengths'],
  ])('refuses %s', (_, data, shape, dtype, message) => {
    expect(() => tensor(data as never, shape as never, dtype as never)).toThrow(message);
  });

  it('prints its type, shape and first elements, and stays a plain record', () => {
    const t = tensor([1, -0, 2.123456789, 4, 5, 6, 7, 8, 9, 10], [5, 2]);
    expect(inspect(t)).toBe('tensor float32 [5, 2]: 1, -0, 2.1235, 4, 5, 6, 7, 8, ... 2 more');
    expect(inspect(tensor(BigInt64Array.of(3n), []))).toBe('tensor int64 []: 3');
    expect(Object.keys(t)).toEqual(['data', 'shape', 'dtype']);
    expect(structuredClone(t)).toEqual({ data: t.data, shape: [5, 2], dtype: 'float32' });
  });
});

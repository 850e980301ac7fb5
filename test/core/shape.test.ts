import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteLengthOf, DTYPES, isDType } from '../../src/core/dtype.js';
import { elementCount, normalizeAxis, rowMajorStrides, sameShape } from '../../src/core/shape.js';

describe('shapes', () => {
  it('count elements up to 2^53 - 1, and do not let a zero hide an overflow', () => {
    expect(elementCount([], 'f')).toBe(1);
    expect(elementCount([2, 0, 3], 'f')).toBe(0);
    expect(elementCount([2 ** 26, 2 ** 26], 'f')).toBe(2 ** 52);
    expect(() => elementCount([2 ** 27, 2 ** 26], 'f')).toThrow('below 2^53');
    expect(() => elementCount([0, 2 ** 30, 2 ** 30], 'f')).toThrow('below 2^53');
    expect(() => elementCount([-0], 'f')).toThrow('got -0');
  });

  it('have row-major strides that count the elements one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 5 }), (shape) => {
        const strides = rowMajorStrides(shape);
        const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis], 0);
        expect(last).toBe(elementCount(shape, 'f') - 1);
        expect(strides.at(-1) ?? 1).toBe(1);
      }),
      { numRuns: 500 },
    );
  });

  it('are the same when rank and lengths are', () => {
    expect(sameShape([], [])).toBe(true);
    expect(sameShape([2, 3], [2, 3])).toBe(true);
    expect(sameShape([2, 3], [3, 2])).toBe(false);
    expect(sameShape([2], [2, 1])).toBe(false);
  });

  it('take axes from the front and from the back', () => {
    expect([-3, -1, 0, 2].map((axis) => normalizeAxis(axis, 3, 'f'))).toEqual([0, 2, 0, 2]);
    for (const axis of [-4, 3, 0.5, NaN]) {
      expect(() => normalizeAxis(axis, 3, 'f')).toThrow('f: "axis" expected a whole number from -3 to 2');
    }
  });
});

describe('element types', () => {
  it('have unique spellings in each format', () => {
    for (const key of ['safetensors', 'onnx', 'gguf', 'npy'] as const) {
      const names = Object.values(DTYPES).flatMap((traits) => traits[key] ?? []);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('take whole bytes, packed below 8 bits', () => {
    expect(byteLengthOf('int4', 3)).toBe(2);
    expect(byteLengthOf('float6_e2m3fn', 4)).toBe(3);
    expect(byteLengthOf('float64', 2)).toBe(16);
    expect(byteLengthOf('uint2', 0)).toBe(0);
  });

  it('are known by name, inherited names excluded', () => {
    expect(isDType('float32')).toBe(true);
    expect(['__proto__', 'toString', 'F32', 1, null].some(isDType)).toBe(false);
  });
});

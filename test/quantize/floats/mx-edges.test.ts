import { inspect } from 'node:util';
import {
  byteSize,
  decompress,
  dequantizeFloat8,
  dequantizeMx,
  dequantizeNvfp4,
  errorBound,
  fromBytes,
  measureError,
  NumericError,
  quantizeFloat8,
  quantizeMx,
  quantizeNvfp4,
  setBackend,
  toBytes,
  type Compressed,
  type TensorLike,
} from 'tensorslim';
import { afterEach, describe, expect, it } from 'vitest';
import { MX_CASES } from '../../support/blocks.js';

const LARGEST = 3.4028234663852886e38;
const TINY = 2 ** -149;

interface Scheme {
  readonly name: string;
  readonly quantize: (x: TensorLike) => Compressed;
}

const SCHEMES: readonly Scheme[] = [
  ...MX_CASES.map(([element, scaleMode]) => ({
    name: `mx ${element} ${scaleMode}`,
    quantize: (x: TensorLike) => quantizeMx(x, { element, scaleMode }),
  })),
  ...([1, 2] as const).map((levels) => ({
    name: `nvfp4 of ${levels} level(s)`,
    quantize: (x: TensorLike) => quantizeNvfp4(x, { levels }),
  })),
  ...(['float8_e4m3fn', 'float8_e5m2'] as const).map((dtype) => ({
    name: `float8 ${dtype}`,
    quantize: (x: TensorLike) => quantizeFloat8(x, { dtype }),
  })),
];

/** Every finite special case of a tensor: with each scheme it has codes, finite values and a bound that holds. */
const FINITE: readonly (readonly [string, number[], number[]])[] = [
  ['-0 among others', [-0, 0, 1, -1], [4]],
  ['only -0', [-0, -0], [2]],
  ['one subnormal', [TINY], [1]],
  ['subnormals', [TINY, -3 * TINY, 2 ** -130, -(2 ** -127)], [4]],
  ['a subnormal beside an ordinary number', [TINY, 1], [2]],
  ['the smallest normal number', [2 ** -126, -(2 ** -126)], [2]],
  ['nothing', [], [0]],
  ['nothing in two axes', [], [3, 0]],
  ['no rows', [], [0, 32]],
  ['a scalar', [0.7], []],
  ['one element', [-3.25], [1]],
  ['all equal', new Array<number>(50).fill(0.3), [50]],
  ['all equal and negative', new Array<number>(50).fill(-7e-5), [5, 10]],
  ['all zero', new Array<number>(40).fill(0), [8, 5]],
  ['the largest float32', [LARGEST, -LARGEST, 1, 0], [2, 2]],
  ['the largest float32 alone', [LARGEST], [1]],
  ['a tail of one', Array.from({ length: 33 }, (_, i) => i - 16), [33]],
  ['tails of odd rows', Array.from({ length: 105 }, (_, i) => Math.sin(i)), [3, 35]],
  ['an outlier', [...new Array<number>(40).fill(1e-6), 1e6], [41]],
];

afterEach(() => setBackend('auto'));

describe.each(SCHEMES)('$name', ({ quantize }) => {
  it.each(FINITE)(
    '%s: finite values, a bound that holds, bytes and backends that agree',
    (_, list, shape) => {
      const x = { data: Float32Array.from(list), shape };
      const c = quantize(x);
      const values = decompress(c).data as Float32Array;
      expect(values.every(Number.isFinite)).toBe(true);
      const bound = errorBound(c);
      expect(bound.maxAbs).toBeLessThan(Infinity);
      expect(measureError(x, c).maxAbs).toBeLessThanOrEqual(bound.maxAbs);
      expect(decompress(c).shape).toEqual(shape);
      const bytes = toBytes(c);
      expect(fromBytes(bytes)).toEqual(c);
      expect(byteSize(c)).toBeLessThan(bytes.length);
      list.forEach((v, i) => {
        if (v === 0) expect(values[i] === 0).toBe(true);
      });
      setBackend('scalar');
      expect(quantize(x)).toEqual(c);
      expect(decompress(c).data).toEqual(values);
    },
  );

  it.each([
    ['NaN', [1, 2, NaN], 2],
    ['Infinity', [Infinity, NaN], 0],
    ['-Infinity', [0, -Infinity], 1],
  ])('%s: an error with the index of the first', (_, list, index) => {
    const attempt = (): Compressed => quantize(Float32Array.from(list));
    expect(attempt).toThrow(NumericError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'NON_FINITE', index }) as Error);
    expect(() => quantize(Float64Array.of(1e300))).toThrow('got 1e+300 at index 0');
  });

  it('prints and pictures itself, and is a plain record', () => {
    const c = quantize({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
    expect(structuredClone(c)).toEqual({ ...c });
    expect(inspect(c)).toMatch(
      /^(Mx|Nvfp4|Float8)Tensor .*\[2, 2\], \d+ bytes, (1 scale: \S+|2 scales: \S+, \S+)$/,
    );
    const pictured = c as unknown as { toHTML(): string; toSVG(): string };
    expect(pictured.toSVG()).toMatch(/^<svg /);
    expect(pictured.toHTML()).toContain('largest error, proved');
    expect(() => (quantize(new Float32Array(0)) as unknown as typeof pictured).toHTML()).not.toThrow();
  });
});

describe("nonFinite 'propagate'", () => {
  it.each(MX_CASES)('%s, %s: the block becomes NaN, the others stay', (element, scaleMode) => {
    const x = Float32Array.from({ length: 100 }, (_, i) => (i === 40 ? NaN : i === 97 ? -Infinity : i + 1));
    const c = quantizeMx(x, { element, scaleMode, nonFinite: 'propagate' });
    const clean = quantizeMx(
      x.map((v) => (Number.isFinite(v) ? v : 1)),
      { element, scaleMode },
    );
    expect(Array.from(c.scales)).toEqual([clean.scales[0], 255, clean.scales[2], 255]);
    dequantizeMx(c).forEach((value, i) => {
      const isLost = (i >= 32 && i < 64) || i >= 96;
      expect(value).toBe(isLost ? NaN : dequantizeMx(clean)[i]);
    });
    expect(errorBound(c)).toEqual({ maxAbs: Infinity, l2: Infinity });
    expect(fromBytes(toBytes(c))).toEqual(c);
  });
});

describe('layout', () => {
  it('MXFP4: two codes to a byte, the first in the low nibble, signs in bit 3, the scale 2^(s - 127)', () => {
    const c = quantizeMx(Float32Array.of(6, -0.5, 1.5, -0), { element: 'float4_e2m1fn' });
    expect(Array.from(c.codes)).toEqual([0x97, 0x83]);
    expect(Array.from(c.scales)).toEqual([127]);
  });

  it("'int8': whole numbers of 2^-6, -128 never", () => {
    const c = quantizeMx(Float32Array.of(1, -0.5, 1.999, -1.999), { element: 'int8' });
    expect(c.codes).toEqual(Int8Array.of(64, -32, 127, -127));
    expect(Array.from(c.scales)).toEqual([127]);
  });

  it('blocks run along the last axis, and rows do not share them', () => {
    const data = Float32Array.from({ length: 80 }, (_, i) => 2 ** Math.floor(i / 10));
    const c = quantizeMx({ data, shape: [2, 40] }, { element: 'float8_e5m2' });
    expect(Array.from(c.scales)).toEqual([115, 115, 119, 119]);
  });

  it('a float64 is rounded to float32 first', () => {
    const x = Float64Array.of(2.5 + 2 ** -40, 4);
    expect(dequantizeMx(quantizeMx(x, { element: 'float4_e2m1fn' }))[0]).toBe(2);
  });

  it('zeros have the least scale, and NVFP4 its least', () => {
    const zeros = new Float32Array(16);
    expect(Array.from(quantizeMx(zeros, { element: 'float4_e2m1fn' }).scales)).toEqual([0]);
    const c = quantizeNvfp4(zeros);
    expect(Array.from(c.scales)).toEqual([8]);
    expect(c.tensorScale).toBe(2 ** -120);
    expect(errorBound(quantizeFloat8(zeros)).maxAbs).toBeLessThan(2 ** -148);
  });

  it('near the largest float32 scales stop where values stay finite', () => {
    const c = quantizeMx(Float32Array.of(LARGEST), { element: 'float4_e2m1fn', scaleMode: 'ceil' });
    expect(Array.from(c.scales)).toEqual([252]);
    expect(dequantizeMx(c)[0]).toBe(6 * 2 ** 125);
  });
});

describe('wrong arguments', () => {
  it.each([
    [() => quantizeMx(new Float32Array(1), {} as never), 'quantizeMx: "element" expected one of'],
    [
      () => quantizeMx(new Float32Array(1), { element: 'int8', blockSize: 0 }),
      '"blockSize" expected a whole number from 1 to 65536',
    ],
    [
      () => quantizeMx(new Float32Array(1), { element: 'int8', scaleMode: 'up' as never }),
      '"scaleMode" expected one of',
    ],
    [
      () => quantizeMx(new Float32Array(1), { element: 'int8', nonFinite: 'skip' as never }),
      '"nonFinite" expected one of',
    ],
    [() => quantizeMx(new Float32Array(1), { element: 'int8', block: 1 } as never), 'got "block"'],
    [
      () => quantizeNvfp4(new Float32Array(1), { levels: 3 as never }),
      'quantizeNvfp4: "levels" expected 1 or 2',
    ],
    [
      () => quantizeNvfp4(new Float32Array(1), { levels: '1' as never }),
      'quantizeNvfp4: "levels" expected 1 or 2',
    ],
    [
      () => quantizeFloat8(new Float32Array(1), { dtype: 'float16' as never }),
      'quantizeFloat8: "dtype" expected one of',
    ],
    [
      () => quantizeFloat8(new Float32Array(1), { granularity: { kind: 'axis', axis: 1 } }),
      'quantizeFloat8: ',
    ],
  ])('%#: a named error', (attempt, message) => {
    expect(attempt).toThrow(message);
  });

  const mx = quantizeMx(Float32Array.of(1, 2, 3), { element: 'float6_e2m3fn' });
  const nv = quantizeNvfp4(Float32Array.of(1, 2, 3));
  const f8 = quantizeFloat8(Float32Array.of(1, 2, 3));
  it.each([
    ['no record', () => dequantizeMx(null as never), 'expected an MxTensor'],
    ['another kind', () => dequantizeMx(nv as never), 'expected an MxTensor'],
    ['short codes', () => dequantizeMx({ ...mx, codes: new Uint8Array(2) }), '"c.codes" expected 3 bytes'],
    [
      'codes of another type',
      () => dequantizeMx({ ...mx, codes: new Int8Array(3) }),
      '"c.codes" expected a Uint8Array',
    ],
    [
      'scales of another number',
      () => dequantizeMx({ ...mx, scales: new Uint8Array(2) }),
      '"c.scales" expected 1 bytes',
    ],
    ['a wrong block', () => dequantizeMx({ ...mx, blockSize: 1.5 }), '"c.blockSize"'],
    ['a wrong shape', () => dequantizeMx({ ...mx, shape: [-1] }), '"c.shape"'],
    ['a wrong out', () => dequantizeMx(mx, { out: new Float32Array(2) }), '"out" expected 3 elements, got 2'],
    ['no record', () => dequantizeNvfp4(mx as never), 'expected an Nvfp4Tensor'],
    ['levels', () => dequantizeNvfp4({ ...nv, levels: 3 as never }), '"c.levels" expected 1 or 2'],
    ['a tensor scale of 0', () => dequantizeNvfp4({ ...nv, tensorScale: 0 }), '"c.tensorScale"'],
    ['an infinite tensor scale', () => dequantizeNvfp4({ ...nv, tensorScale: Infinity }), '"c.tensorScale"'],
    ['a tensor scale of float64', () => dequantizeNvfp4({ ...nv, tensorScale: 0.1 }), '"c.tensorScale"'],
    [
      'a tensor scale beside one level',
      () => dequantizeNvfp4({ ...nv, levels: 1 }),
      '"c.tensorScale" expected 1',
    ],
    ['an overflow', () => dequantizeNvfp4({ ...nv, overflow: -1 }), '"c.overflow"'],
    ['short codes', () => dequantizeNvfp4({ ...nv, codes: new Uint8Array(1) }), '"c.codes" expected 2 bytes'],
    ['no record', () => dequantizeFloat8(mx as never), 'expected a Float8Tensor'],
    [
      'scales of another type',
      () => dequantizeFloat8({ ...f8, scale: new Float64Array(1) as never }),
      '"c.scale" expected a Float32Array',
    ],
    [
      'scales of another number',
      () => dequantizeFloat8({ ...f8, scale: new Float32Array(2) }),
      '"c.scale" expected 1 scales',
    ],
    ['a negative scale', () => dequantizeFloat8({ ...f8, scale: Float32Array.of(-1) }), '"c.scale[0]"'],
    [
      'short codes',
      () => dequantizeFloat8({ ...f8, codes: new Uint8Array(1) }),
      '"c.codes" expected 3 bytes',
    ],
  ])('%s: refused', (_, attempt, message) => {
    expect(attempt).toThrow(message);
  });
});

describe('foreign codes', () => {
  it('that are not finite decode, with an infinite bound', () => {
    const mx = quantizeMx(Float32Array.of(1, 2), { element: 'float8_e5m2' });
    const foreign = { ...mx, codes: Uint8Array.of(0x7c, 0xfd) };
    expect(Array.from(dequantizeMx(foreign))).toEqual([Infinity, NaN]);
    expect(errorBound(foreign).maxAbs).toBe(Infinity);
    const nv = quantizeNvfp4(Float32Array.of(1, 2));
    expect(errorBound({ ...nv, scales: Uint8Array.of(0x7f) }).maxAbs).toBe(Infinity);
    const f8 = quantizeFloat8(Float32Array.of(1, 2));
    expect(errorBound({ ...f8, codes: Uint8Array.of(0x7f, 0) }).maxAbs).toBe(Infinity);
    expect(errorBound({ ...f8, scale: Float32Array.of(1e37) }).maxAbs).toBe(Infinity);
    expect(errorBound({ ...mx, scales: Uint8Array.of(254) }).maxAbs).toBe(Infinity);
  });
});

import fc from 'fast-check';
import {
  createRandom,
  dequantizeAffine,
  int8Activations,
  int8Bias,
  int8Multipliers,
  int8Weights,
  matmulInt8,
  quantizeAffine,
  quantizeWith,
  setBackend,
  type Int8Matrix,
} from 'tensorslim';
import { afterEach, describe, expect, it } from 'vitest';

afterEach(() => setBackend('auto'));

const zeroOf = (matrix: Int8Matrix, i: number): number => {
  const { zeroPoint } = matrix;
  if (zeroPoint === undefined || zeroPoint === null) return 0;
  if (typeof zeroPoint === 'number') return zeroPoint;
  return zeroPoint.length === 1 ? zeroPoint[0] : zeroPoint[i];
};

/** The definition, in float64: exact while sums stay below 2^53. */
function expected(a: Int8Matrix, b: Int8Matrix, isTransposed: boolean, bias?: Int32Array): number[] {
  const [m, k] = a.shape;
  const n = b.shape[isTransposed ? 0 : 1];
  const out: number[] = [];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = bias?.[j] ?? 0;
      for (let c = 0; c < k; c++) {
        const right = b.codes[isTransposed ? j * k + c : c * n + j] - zeroOf(b, j);
        sum += (a.codes[i * k + c] - zeroOf(a, i)) * right;
      }
      out.push(sum);
    }
  }
  return out;
}

const codes = (isSigned: boolean, count: number): fc.Arbitrary<Int8Array | Uint8Array> => {
  const byte = isSigned ? fc.integer({ min: -128, max: 127 }) : fc.integer({ min: 0, max: 255 });
  return fc
    .array(byte, { minLength: count, maxLength: count })
    .map((list) => (isSigned ? Int8Array.from(list) : Uint8Array.from(list)));
};
const matrix = (rows: number, columns: number, zeros: number): fc.Arbitrary<Int8Matrix> =>
  fc.boolean().chain((isSigned) => {
    const zero = isSigned ? fc.integer({ min: -128, max: 127 }) : fc.integer({ min: 0, max: 255 });
    const list = fc.array(zero, { minLength: zeros, maxLength: zeros }).map((z) => Int32Array.from(z));
    return fc.record({
      codes: codes(isSigned, rows * columns),
      shape: fc.constant([rows, columns]),
      zeroPoint: fc.oneof(fc.constant(null), zero, list),
    });
  });

const small = fc.integer({ min: 0, max: 9 });
const product = fc
  .record({ m: small, n: small, k: fc.integer({ min: 0, max: 60 }), isTransposed: fc.boolean() })
  .chain(({ m, n, k, isTransposed }) =>
    fc.record({
      a: matrix(m, k, m),
      b: isTransposed ? matrix(n, k, n) : matrix(k, n, n),
      isTransposed: fc.constant(isTransposed),
      bias: fc.option(
        fc.array(fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), { minLength: n, maxLength: n }),
      ),
    }),
  );

describe('matmulInt8()', () => {
  it('is exact for every mix of types, zero points and orientation', () => {
    fc.assert(
      fc.property(product, fc.constantFrom('simd', 'scalar'), ({ a, b, isTransposed, bias }, backend) => {
        setBackend(backend);
        const given = bias === null ? undefined : Int32Array.from(bias);
        const before = [a.codes.slice(), b.codes.slice()];
        const sums = matmulInt8(a, b, { transposeB: isTransposed, ...(given && { bias: given }) });
        expect(Array.from(sums)).toEqual(expected(a, b, isTransposed, given));
        expect([a.codes, b.codes]).toEqual(before);
      }),
      { numRuns: 600 },
    );
  });

  it.each(['simd', 'scalar'] as const)(
    'is exact for inner axes of 65,536, ends and chance (%s)',
    (backend) => {
      setBackend(backend);
      const k = 65_536;
      const random = createRandom(3);
      const a = new Int8Array(2 * k).map((_, i) => (i < k ? -128 : random.uint32()));
      const b = new Int8Array(5 * k).map((_, i) => (i < k ? -128 : i < 2 * k ? 127 : random.uint32()));
      const left = { codes: a, shape: [2, k] };
      const right = { codes: b, shape: [5, k] };
      const sums = matmulInt8(left, right, { transposeB: true });
      expect(Array.from(sums)).toEqual(expected(left, right, true));
      expect(sums[0]).toBe(2 ** 30);
    },
  );

  it('refuses inner axes whose sums could leave int32, and takes the longest that cannot', () => {
    const of = (k: number, type: Int8ArrayConstructor | Uint8ArrayConstructor, zeroPoint: number) => () =>
      matmulInt8(
        { codes: new type(k).fill(type === Int8Array ? -128 : 255), shape: [1, k], zeroPoint },
        { codes: new Int8Array(k).fill(-128), shape: [1, k] },
        { transposeB: true },
      );
    expect(of(131_071, Int8Array, 0)()[0]).toBe(131_071 * 2 ** 14);
    expect(of(131_072, Int8Array, 0)).toThrow(
      /^matmulInt8: "a.shape" expected an inner axis of at most 131071,/,
    );
    expect(of(65_793, Uint8Array, 0)()[0]).toBe(65_793 * 255 * -128);
    expect(of(65_794, Uint8Array, 0)).toThrow(/at most 65793/);
    expect(of(65_793, Int8Array, 127)()[0]).toBe(65_793 * 255 * 128);
  });

  it('returns reals, with scales per row and per column', () => {
    const a = { codes: Int8Array.of(1, 2, 3, 4), shape: [2, 2], scale: Float32Array.of(0.5, 2) };
    const b = { codes: Int8Array.of(1, 0, 0, 1), shape: [2, 2], scale: Float32Array.of(1, 0.25) };
    expect(matmulInt8(a, b, { output: 'float32' })).toEqual(Float32Array.of(0.5, 0.25, 6, 2));
    expect(matmulInt8(a, { ...b, scale: 3 }, { output: 'float32' })).toEqual(Float32Array.of(1.5, 3, 18, 24));
  });

  it('takes affine tensors as they are', () => {
    const random = createRandom(5);
    const x = { data: Float32Array.from({ length: 4 * 64 }, () => random.normal()), shape: [4, 64] };
    const w = { data: Float32Array.from({ length: 8 * 64 }, () => random.normal()), shape: [8, 64] };
    const a = quantizeAffine(x, { bits: 8, mapping: 'asymmetric', granularity: { kind: 'token' } });
    const b = quantizeAffine(w, { bits: 8, granularity: { kind: 'axis', axis: 0 } });
    const y = matmulInt8(a, b, { transposeB: true, output: 'float32' });
    const [left, right] = [dequantizeAffine(a), dequantizeAffine(b)];
    y.forEach((value, at) => {
      const [i, j] = [Math.floor(at / 8), at % 8];
      let sum = 0;
      for (let c = 0; c < 64; c++) sum += left[i * 64 + c] * right[j * 64 + c];
      expect(Math.abs(value - sum)).toBeLessThan(1e-5);
    });
    expect(() => matmulInt8(a, b, { output: 'float32' })).toThrow('one scale for the tensor or per column');
  });

  it('runs a layer in the convention of TFLite to within a step of its real output', () => {
    const random = createRandom(9);
    const [tokens, inputs, outputs] = [5, 96, 12];
    const w = Float32Array.from({ length: outputs * inputs }, () => random.normal());
    const x = Float32Array.from({ length: tokens * inputs }, () => random.normal());
    const bias = Float32Array.from({ length: outputs }, () => random.normal());
    const weights = int8Weights({ data: w, shape: [outputs, inputs] });
    const input = quantizeWith({ data: x, shape: [tokens, inputs] }, int8Activations({ min: -4, max: 4 }));
    const output = int8Activations({ min: -40, max: 40 });
    const codes = matmulInt8(input, weights, {
      transposeB: true,
      bias: int8Bias(bias, input.scale[0], weights.scale),
      output: {
        ...int8Multipliers(input.scale[0], weights.scale, output.scale[0]),
        zeroPoint: output.zeroPoint?.[0] ?? 0,
      },
    });
    expect(codes).toBeInstanceOf(Int8Array);
    const [left, right] = [dequantizeAffine(input), dequantizeAffine(weights)];
    codes.forEach((code, at) => {
      const [i, j] = [Math.floor(at / outputs), at % outputs];
      let sum = bias[j];
      for (let c = 0; c < inputs; c++) sum += left[i * inputs + c] * right[j * inputs + c];
      const real = Math.min(Math.max(sum / output.scale[0] + (output.zeroPoint?.[0] ?? 0), -128), 127);
      expect(Math.abs(code - real)).toBeLessThan(1);
    });
  });

  const square = { codes: Int8Array.of(1, 2, 3, 4), shape: [2, 2] };
  it.each<[string, unknown, unknown, unknown, typeof TypeError, string]>([
    ['no matrix', null, square, {}, TypeError, '"a"'],
    ['floats', { codes: new Float32Array(4), shape: [2, 2] }, square, {}, TypeError, '"a.codes"'],
    ['packed codes', square, { codes: new Uint16Array(4), shape: [2, 2] }, {}, TypeError, '"b.codes"'],
    ['a shape of another size', { ...square, shape: [2, 3] }, square, {}, RangeError, '"a.shape"'],
    ['three axes', square, { ...square, shape: [1, 2, 2] }, {}, RangeError, '"b.shape"'],
    ['unlike inner axes', { ...square, shape: [1, 4] }, square, {}, RangeError, '"b.shape"'],
    ['a zero point beyond the type', { ...square, zeroPoint: 128 }, square, {}, RangeError, '"a.zeroPoint"'],
    ['a zero point between codes', { ...square, zeroPoint: 0.5 }, square, {}, RangeError, '"a.zeroPoint"'],
    [
      'three zero points',
      square,
      { ...square, zeroPoint: new Int32Array(3) },
      {},
      RangeError,
      '"b.zeroPoint"',
    ],
    ['no scales', square, square, { output: 'float32' }, TypeError, '"b.scale"'],
    [
      'a negative scale',
      { ...square, scale: -1 },
      { ...square, scale: 1 },
      { output: 'float32' },
      RangeError,
      '"a.scale"',
    ],
    ['another output', square, square, { output: 'float64' }, RangeError, '"output"'],
    ['half a rule', square, square, { output: { multiplier: 1 } }, TypeError, '"shift"'],
    [
      'a bias in the rule',
      square,
      square,
      { output: { multiplier: 1, shift: 0, bias: 1 } },
      RangeError,
      '"bias"',
    ],
    ['a short bias', square, square, { bias: Int32Array.of(1) }, RangeError, '"bias"'],
    [
      'a bias that could overflow',
      square,
      square,
      { bias: Int32Array.of(0, 2 ** 31 - 1) },
      RangeError,
      '"a.shape"',
    ],
    ['transposeB as a number', square, square, { transposeB: 1 }, TypeError, '"transposeB"'],
    [
      'groups',
      square,
      { ...square, granularity: { kind: 'group', groupSize: 1 } },
      {},
      RangeError,
      '"b.granularity"',
    ],
  ])('refuses %s', (_, a, b, options, kind, text) => {
    const call = (): unknown => matmulInt8(a as Int8Matrix, b as Int8Matrix, options as never);
    expect(call).toThrow(kind);
    expect(call).toThrow(text);
  });
});

describe('the convention of TFLite', () => {
  it('gives weights -127 .. 127 without zero point, per output channel or for all', () => {
    const w = { data: Float32Array.of(1, -0.5, -4, 2), shape: [2, 2] };
    const q = int8Weights(w);
    expect([q.zeroPoint, q.codeMin, q.codeMax]).toEqual([null, -127, 127]);
    expect(q.codes).toEqual(Int8Array.of(127, -64, -127, 64));
    expect(int8Weights(w, { axis: null }).scale).toEqual(Float32Array.of(4 / 127));
    expect(int8Weights(w, { axis: 1 }).scale.length).toBe(2);
  });

  it.each([
    [0, 255, 1, -128],
    [-255, 0, 1, 127],
    [-128, 127, 1, 0],
    [-1, 1, 2 / 255, -1],
    [5, 10, 10 / 255, -128],
    [0, 0, 1, -128],
    [0, 1e-45, 1, -128],
  ])('takes activations from %d to %d', (min, max, scale, zeroPoint) => {
    const q = int8Activations({ min, max });
    expect(q.scale).toEqual(Float32Array.of(scale));
    expect(q.zeroPoint).toEqual(Int32Array.of(zeroPoint));
  });

  it('rounds biases half away from zero and refuses those beyond int32', () => {
    expect(int8Bias(Float32Array.of(0.5, -0.5, 1.49), 1, 1)).toEqual(Int32Array.of(1, -1, 1));
    expect(int8Bias(Float32Array.of(2 ** 31 - 128, 0), 1, Float32Array.of(1, 0))).toEqual(
      Int32Array.of(2 ** 31 - 128, 0),
    );
    expect(() => int8Bias(Float32Array.of(0, 2 ** 31), 1, 1)).toThrow(
      /^int8Bias: "bias\[1\]" expected a bias below 2\^31/,
    );
    expect(() => int8Bias(Float32Array.of(1), 1, 0)).toThrow(RangeError);
  });

  it.each<[string, () => unknown, string]>([
    ['a range upside down', () => int8Activations({ min: 1, max: 0 }), '"range.max"'],
    ['a range without end', () => int8Activations({ min: 0, max: Infinity }), '"range.max"'],
    ['no range', () => int8Activations(undefined as never), '"range.min"'],
    ['a scale of 0', () => int8Bias(Float32Array.of(1), 0, 1), '"inputScale"'],
    ['a scale as text', () => int8Multipliers('1' as never, 1, 1), '"inputScale"'],
    ['scales as a list', () => int8Multipliers(1, [1] as never, 1), '"weightScale"'],
    ['a negative scale', () => int8Multipliers(1, Float32Array.of(1, -1), 1), '"weightScale[1]"'],
    [
      'two scales for one bias',
      () => int8Bias(Float32Array.of(1), 1, Float32Array.of(1, 1)),
      '"weightScale"',
    ],
    ['a quotient of 2^30', () => int8Multipliers(2 ** 30, 1, 1), '"weightScale"'],
    ['a boolean as axis', () => int8Weights(new Float32Array(1), { axis: true as never }), 'axis'],
  ])('refuses %s', (_, call, text) => {
    expect(call).toThrow(text);
  });
});

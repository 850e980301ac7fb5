import {
  dequantizeMx,
  dequantizeNvfp4,
  quantizeFloat8,
  quantizeMx,
  quantizeNvfp4,
  type Float8,
  type Granularity,
  type MxElement,
  type ScaleMode,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { kernels } from '../../../src/kernels/dispatch.js';
import { readGolden } from '../../support/golden.js';
import { bitsOf } from '../../support/kernels.js';

const torchao = readGolden('torchao-mx.safetensors');
const ggml = readGolden('ggml-mx.safetensors');

function array(golden: typeof ggml, name: string): { data: Float32Array; shape: number[] } {
  const found = golden.get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found as { data: Float32Array; shape: number[] };
}

const bytes = (golden: typeof ggml, name: string): Uint8Array =>
  array(golden, name).data as unknown as Uint8Array;

const FLOATS = ['float8_e4m3fn', 'float8_e5m2', 'float6_e2m3fn', 'float6_e3m2fn', 'float4_e2m1fn'] as const;
const MODES: readonly ScaleMode[] = ['floor', 'ceil', 'even', 'rceil'];

/** torchao leaves 6-bit codes one to a byte. */
function unpacked(element: MxElement, codes: Uint8Array, size: number): Uint8Array {
  if (!element.startsWith('float6')) return codes;
  const out = new Uint8Array(size);
  kernels().unpackBits(out, codes as never, size, 6, 0);
  return out;
}

describe('torchao to_mx', () => {
  const x = array(torchao, 'input');
  it.each(FLOATS.flatMap((element) => MODES.map((mode) => [element, mode] as const)))(
    '%s, %s: the same codes and scales',
    (element, scaleMode) => {
      const c = quantizeMx(x, { element, scaleMode });
      const name = `mx/${element}/${scaleMode}`;
      expect(Array.from(c.scales)).toEqual(Array.from(bytes(torchao, `${name}/scales`)));
      const codes = unpacked(element, c.codes as Uint8Array, x.data.length);
      expect(bitsOf(codes)).toBe(bitsOf(bytes(torchao, `${name}/codes`)));
    },
  );
});

describe('microxcaling quantize_mx_op, rounding to even', () => {
  const golden = readGolden('microxcaling.safetensors');
  const x = array(torchao, 'input');
  const ELEMENTS: readonly (readonly [string, MxElement])[] = [
    ['int8', 'int8'],
    ['fp8_e4m3', 'float8_e4m3fn'],
    ['fp8_e5m2', 'float8_e5m2'],
    ['fp6_e2m3', 'float6_e2m3fn'],
    ['fp6_e3m2', 'float6_e3m2fn'],
    ['fp4_e2m1', 'float4_e2m1fn'],
  ];
  it.each(ELEMENTS)(
    '%s: the same values, but where its logarithm rounds up to a power of two',
    (name, element) => {
      const ours = dequantizeMx(quantizeMx(x, { element }));
      const theirs = array(golden, name).data;
      const differing = new Set<number>();
      ours.forEach((value, i) => {
        if (value !== theirs[i]) differing.add(Math.floor(i / 32));
      });
      const largest = Array.from(differing, (block) =>
        Math.max(...x.data.subarray(block * 32, block * 32 + 32).map(Math.abs)),
      );
      expect(largest).toEqual([256 - 2 ** -16, 65536 - 2 ** -8]);
    },
  );
});

describe('torchao nvfp4_quantize', () => {
  it.each(
    ['normal', 'mixed', 'large', 'ties'].flatMap((name) => [1, 2].map((levels) => [name, levels] as const)),
  )('%s, %i level(s): the same codes and scales', (name, levels) => {
    const c = quantizeNvfp4(array(torchao, `nvfp4/${name}/input`), { levels: levels as 1 | 2 });
    expect(Array.from(c.scales)).toEqual(Array.from(bytes(torchao, `nvfp4/${name}/${levels}/scales`)));
    expect(bitsOf(c.codes)).toBe(bitsOf(bytes(torchao, `nvfp4/${name}/${levels}/codes`)));
    if (levels === 2) expect(c.tensorScale).toBe(array(torchao, `nvfp4/${name}/2/tensor_scale`).data[0]);
  });
});

describe('torchao _choose_scale_float8 and _quantize_affine_float8', () => {
  const x = array(torchao, 'float8/input');
  const rows = x.shape[0] - (x.shape[0] % 8);
  const cases: [string, Granularity, typeof x][] = [
    ['tensor', { kind: 'tensor' }, x],
    ['axis', { kind: 'axis', axis: 0 }, x],
    [
      'block',
      { kind: 'block', blockShape: [8, 64] },
      { data: x.data.subarray(0, rows * x.shape[1]), shape: [rows, x.shape[1]] },
    ],
  ];
  it.each(
    (['float8_e4m3fn', 'float8_e5m2'] as Float8[]).flatMap((dtype) =>
      cases.map(([name, granularity, t]) => ({ dtype, name, granularity, t })),
    ),
  )('$dtype per $name: the same codes and scales', ({ dtype, name, granularity, t }) => {
    const c = quantizeFloat8(t, { dtype, granularity });
    expect(bitsOf(c.scale)).toBe(bitsOf(array(torchao, `float8/${dtype}/${name}/scale`).data));
    const expected = bytes(torchao, `float8/${dtype}/${name}/codes`);
    // A row of zeros is NaN there and 0 here.
    const width = x.shape[1];
    const zeros = t.data.map((_, i) =>
      t.data.subarray(i - (i % width), i - (i % width) + width).every((v) => v === 0) ? 1 : 0,
    );
    c.codes.forEach((code, i) => {
      if (name !== 'axis' || zeros[i] === 0) expect(code).toBe(expected[i]);
    });
  });
});

describe('ggml', () => {
  const CASES = ['normal', 'ties', 'outliers', 'degenerate', 'student_t', 'antisymmetric', 'tiny', 'large'];

  it.each(CASES)('MXFP4 of %s: the same values, but for ties between magnitudes', (name) => {
    const x = array(ggml, `input/${name}`);
    const ours = dequantizeMx(quantizeMx(x, { element: 'float4_e2m1fn' }));
    const theirs = array(ggml, `mxfp4/${name}/dequantized`).data;
    let ties = 0;
    ours.forEach((value, i) => {
      if (Math.abs(value) === Math.abs(theirs[i])) return;
      // A tie: both are as near, theirs is the smaller, ours has the even code.
      expect(Math.abs(value - x.data[i])).toBe(Math.abs(theirs[i] - x.data[i]));
      expect(Math.abs(theirs[i])).toBeLessThan(Math.abs(value));
      ties++;
    });
    expect(ties > 0).toBe(name === 'ties');
  });

  it.each(CASES)(
    'NVFP4 of %s, one level: the same values in blocks whose scale is a normal number',
    (name) => {
      const x = array(ggml, `input/${name}`);
      const c = quantizeNvfp4(x, { levels: 1 });
      const ours = dequantizeNvfp4(c);
      const theirs = array(ggml, `nvfp4/${name}/dequantized`).data;
      let compared = 0;
      let ties = 0;
      ours.forEach((value, i) => {
        const block = x.data.subarray(i - (i % 16), i - (i % 16) + 16);
        if (Math.max(...block.map(Math.abs)) / 6 < 2 ** -6) return;
        compared++;
        if (Math.abs(value) === Math.abs(theirs[i])) return;
        expect(Math.abs(Math.abs(value - x.data[i]) - Math.abs(theirs[i] - x.data[i]))).toBeLessThan(1e-6);
        ties++;
      });
      expect(ties).toBeLessThanOrEqual(name === 'ties' ? 0.15 * compared : 0);
      if (['student_t', 'ties', 'large'].includes(name)) expect(compared).toBeGreaterThan(30);
    },
  );
});

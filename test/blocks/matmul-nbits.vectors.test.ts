import { describe, expect, it } from 'vitest';
import { decodeMatMulNBits, encodeMatMulNBits, type MatMulNBitsOptions } from 'tensorslim/blocks';
import { castFloat } from 'tensorslim/quantize';
import { readGolden } from '../support/golden.js';

const bytesOf = (array: Float32Array | Uint16Array | Uint8Array): number[] => [
  ...new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
];

const golden = readGolden('onnxruntime-matmulnbits.safetensors');
const settings = [...golden.keys()]
  .filter((name) => name.endsWith('/codes'))
  .map((name) => name.slice(0, -6));
const array = (name: string): Float32Array => golden.get(name)?.data as Float32Array;

/** 'matmulnbits/64x24/bits=4/block=16/sym' */
function settingOf(name: string): { w: string; options: MatMulNBitsOptions; K: number; N: number } {
  const [room, size, bits, block, mapping] = name.split('/');
  const [K, N] = size.split('x').map(Number);
  return {
    w: `${room}/${size}`,
    K,
    N,
    options: {
      bits: Number(bits.slice(5)) as 4 | 8,
      blockSize: Number(block.slice(6)),
      mapping: mapping === 'sym' ? 'symmetric' : 'asymmetric',
    },
  };
}

describe('MatMulNBits against the quantizer of ONNX Runtime', () => {
  it('has all 36 settings', () => {
    expect(settings.length).toBe(36);
  });

  it.each(settings)('makes the same bytes: %s', (name) => {
    const { w, K, N, options } = settingOf(name);
    const q = encodeMatMulNBits({ data: array(`${w}/w`), shape: [K, N] }, options);
    expect([...q.codes]).toEqual([...array(`${name}/codes`)]);
    expect(bytesOf(q.scales)).toEqual(bytesOf(array(`${name}/scales`)));
    const zeros = golden.get(`${name}/zero_points`);
    expect(q.zeroPoints === null ? undefined : [...q.zeroPoints]).toEqual(zeros && [...zeros.data]);
  });

  it.each(settings)('stands for the weights that gave its outputs: %s', (name) => {
    const { w, K, N, options } = settingOf(name);
    const values = decodeMatMulNBits(encodeMatMulNBits({ data: array(`${w}/w`), shape: [K, N] }, options));
    const x = array(`${w}/x`);
    const y = array(`${name}/y`);
    for (let i = 0; i < y.length; i++) {
      const [row, n] = [Math.floor(i / N), i % N];
      let sum = 0;
      let size = 0;
      for (let k = 0; k < K; k++) {
        sum += x[row * K + k] * values[k * N + n];
        size += Math.abs(x[row * K + k] * values[k * N + n]);
      }
      // ONNX Runtime sums K products in float32, in an order of its own.
      expect(Math.abs(y[i] - sum)).toBeLessThanOrEqual(size * K * 2 ** -24);
    }
  });
});

describe('MatMulNBits against the C functions of ONNX Runtime', () => {
  const hard = readGolden('matmulnbits.safetensors');
  const cases = [...hard.keys()].filter((name) => name.endsWith('/codes')).map((name) => name.slice(0, -6));
  const w = { data: hard.get('w')?.data as Float32Array, shape: [65, 6] };

  it.each(cases)('makes the same bytes: %s', (name) => {
    const [scaleDtype, bits, blockSize, mapping] = name.split('/');
    const half = { data: castFloat(w, 'float16'), shape: w.shape, dtype: 'float16' };
    const q = encodeMatMulNBits(scaleDtype === 'float16' ? half : w, {
      bits: Number(bits) as 2 | 4 | 8,
      blockSize: Number(blockSize),
      mapping: mapping as 'symmetric',
      scaleDtype: scaleDtype as 'float16',
    });
    expect([...q.codes]).toEqual([...(hard.get(`${name}/codes`)?.data ?? [])]);
    expect(bytesOf(q.scales)).toEqual(bytesOf(hard.get(`${name}/scales`)?.data as Float32Array));
    const zeros = hard.get(`${name}/zeroPoints`);
    expect(q.zeroPoints === null ? undefined : [...q.zeroPoints]).toEqual(zeros && [...zeros.data]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blocksToMatMulNBits,
  decodeBlocks,
  decodeFbgemmRows,
  decodeMatMulNBits,
  encodeBlocks,
  encodeFbgemmRows,
  encodeMatMulNBits,
  matMulNBitsToBlocks,
  packAwq,
  packBitsandbytes,
  packCompressedTensors,
  packGptq,
  packMatMulNBits,
  unpackAwq,
  unpackBitsandbytes,
  unpackCompressedTensors,
  unpackGptq,
  unpackMatMulNBits,
  type AffineCodes,
} from 'tensorslim/blocks';
import {
  dequantizeAffine,
  dequantizeCodebook,
  dequantizeFloat8,
  dequantizeMx,
  dequantizeNvfp4,
  quantizeAffine,
  quantizeCodebook,
  quantizeFloat8,
  quantizeMx,
  quantizeNvfp4,
  type AffineTensor,
} from 'tensorslim/quantize';
import { readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { createRandom } from '../../src/core/random.js';
import { affineOf, codesOf, randomMatrix, type Matrix } from '../support/packings.js';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** A tensor whose every part the other one has too. */
function expectSame(got: AffineCodes, m: Matrix): void {
  expect([...codesOf(got)]).toEqual([...m.codes]);
  const middle = 2 ** (m.bits - 1);
  const zeros = got.zeroPoint ?? new Int32Array(m.zeros.length);
  expect([...zeros].map((zero) => zero - got.codeMin)).toEqual([...m.zeros]);
  if (got.codeMin < 0) expect(m.zeros.every((zero) => zero === middle)).toBe(true);
  expect([...got.scale]).toEqual([...affineOf(m).scale]);
  // Its own room takes it.
  expect(dequantizeAffine(got)).toEqual(dequantizeAffine(affineOf(m)));
}

const normals = (rows: number, columns: number, seed: number): { data: Float32Array; shape: number[] } => {
  const random = createRandom(seed);
  return {
    data: Float32Array.from({ length: rows * columns }, () => random.normal()),
    shape: [rows, columns],
  };
};

const shuffled = (length: number, seed: number): Int32Array<ArrayBuffer> => {
  const random = createRandom(seed);
  const order = Int32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = random.uint32() % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
};

describe('packings of affine codes', () => {
  const gptqSizes = fc.record({
    bits: fc.constantFrom(2, 3, 4, 8) as fc.Arbitrary<2 | 3 | 4 | 8>,
    rows: fc.integer({ min: 1, max: 2 }).map((n) => n * 32),
    columns: fc.integer({ min: 1, max: 4 }).map((n) => n * 32),
    groupSize: fc.integer({ min: 1, max: 130 }),
    seed: seeds,
  });

  it('gives every code and zero point of GPTQ back, in both versions', () => {
    fc.assert(
      fc.property(gptqSizes, fc.constantFrom(1, 2), (sizes, version) => {
        const m = randomMatrix(sizes);
        const arrays = packGptq(affineOf(m), { version: version as 1 });
        const { tensor, inputOrder } = unpackGptq(arrays, { bits: sizes.bits, version: version as 1 });
        expect(inputOrder).toBe(null);
        expectSame(tensor, m);
      }),
      { numRuns: 60 },
    );
  });

  it('gives reordered inputs of GPTQ and compressed-tensors back as a permutation inside groups', () => {
    fc.assert(
      fc.property(gptqSizes, (sizes) => {
        const m = randomMatrix(sizes);
        const order = shuffled(m.columns, sizes.seed);
        const q = affineOf(m);
        const both = [
          unpackGptq(packGptq(q, { inputOrder: order, prefix: 'a.' }), { bits: sizes.bits, prefix: 'a.' }),
          unpackCompressedTensors(packCompressedTensors(q, { inputOrder: order }), {
            format: 'pack-quantized',
            bits: m.bits,
            groupSize: Math.min(m.groupSize, m.columns),
          }),
        ];
        for (const { tensor, inputOrder } of both) {
          const [wanted, got] = [dequantizeAffine(q), dequantizeAffine(tensor)];
          const column = inputOrder ?? Int32Array.from({ length: m.columns }, (_, i) => i);
          const byInput = (values: Float32Array, by: Int32Array, r: number): number[] => {
            const row = new Array<number>(m.columns);
            by.forEach((input, i) => (row[input] = values[r * m.columns + i]));
            return row;
          };
          for (let r = 0; r < m.rows; r++) {
            expect(byInput(got, column, r)).toEqual(byInput(wanted, order, r));
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('gives every code and zero point of AWQ back, also by way of GPTQ', () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 4 }).map((n) => n * 8),
      columns: fc.integer({ min: 1, max: 70 }),
      groupSize: fc.integer({ min: 1, max: 80 }),
      seed: seeds,
    });
    fc.assert(
      fc.property(sizes, (some) => {
        const m = randomMatrix({ ...some, bits: 4 });
        const groupSize = Math.min(m.groupSize, m.columns);
        const tensor = unpackAwq(packAwq(affineOf(m), { prefix: 'x.' }), { prefix: 'x.', groupSize });
        expectSame(tensor, m);
        if (m.columns % 8 === 0) expectSame(unpackGptq(packGptq(tensor), { bits: 4 }).tensor, m);
      }),
      { numRuns: 60 },
    );
  });

  it('gives every code and zero point of compressed-tensors back, for odd sizes too', () => {
    const sizes = fc.record({
      bits: fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8) as fc.Arbitrary<4>,
      rows: fc.integer({ min: 1, max: 20 }),
      columns: fc.integer({ min: 1, max: 70 }),
      groupSize: fc.integer({ min: 1, max: 80 }),
      seed: seeds,
    });
    fc.assert(
      fc.property(sizes, (some) => {
        const m = randomMatrix(some);
        const groupSize = Math.min(m.groupSize, m.columns);
        const packed = packCompressedTensors(affineOf(m));
        expectSame(
          unpackCompressedTensors(packed, { format: 'pack-quantized', bits: m.bits, groupSize }).tensor,
          m,
        );
        if (m.bits !== 8) return;
        const whole = packCompressedTensors(affineOf(m), { format: 'int-quantized' });
        expectSame(unpackCompressedTensors(whole, { format: 'int-quantized', groupSize }).tensor, m);
      }),
      { numRuns: 80 },
    );
  });

  it('gives every code and zero point of MatMulNBits back', () => {
    const sizes = fc.record({
      bits: fc.constantFrom(2, 4, 8) as fc.Arbitrary<4>,
      rows: fc.integer({ min: 1, max: 5 }),
      columns: fc.integer({ min: 1, max: 150 }),
      groupSize: fc.constantFrom(16, 32, 64, 128, 256),
      seed: seeds,
    });
    fc.assert(
      fc.property(sizes, fc.constantFrom('float32', 'float16'), (some, scaleDtype) => {
        const m = randomMatrix(some);
        expectSame(
          unpackMatMulNBits(packMatMulNBits(affineOf(m), { scaleDtype: scaleDtype as 'float16' })),
          m,
        );
      }),
      { numRuns: 60 },
    );
  });

  it.each(['symmetric', 'symmetricFull', 'asymmetric'] as const)(
    'takes %s tensors of quantizeAffine, and what they stand for passes through every packing',
    (mapping) => {
      const w = normals(64, 96, 3);
      const granularity = { kind: 'group', groupSize: 32 } as const;
      const q = quantizeAffine(w, { bits: 4, mapping, granularity, scaleDtype: 'float16' });
      const values = dequantizeAffine(q);
      const back: AffineTensor[] = [
        unpackGptq(packGptq(q), { bits: 4 }).tensor,
        unpackAwq(packAwq(q)),
        unpackCompressedTensors(packCompressedTensors(q), { format: 'pack-quantized', bits: 4 }).tensor,
        unpackMatMulNBits(packMatMulNBits(q)),
      ];
      for (const tensor of back) expect(dequantizeAffine(tensor)).toEqual(values);
      expect(decodeMatMulNBits(packMatMulNBits(q), { inputAxis: -1 })).toEqual(values);
    },
  );

  it.each(['tensor', 'axis', 'token'] as const)('takes one scale per %s', (kind) => {
    const granularity = kind === 'axis' ? ({ kind, axis: 0 } as const) : { kind };
    const q = quantizeAffine(normals(32, 64, 5), { bits: 8, granularity, scaleDtype: 'float16' });
    const values = dequantizeAffine(q);
    expect(dequantizeAffine(unpackGptq(packGptq(q), { bits: 8 }).tensor)).toEqual(values);
    for (const format of ['pack-quantized', 'int-quantized'] as const) {
      const { tensor } = unpackCompressedTensors(packCompressedTensors(q, { format }), { format, bits: 8 });
      expect(dequantizeAffine(tensor)).toEqual(values);
    }
  });
});

describe('packings of other kinds', () => {
  it('gives float8, NVFP4 and MXFP4 weights back', () => {
    const w = normals(8, 64, 11);
    const float8 = quantizeFloat8(w, { granularity: { kind: 'axis', axis: 0 } });
    const eight = unpackCompressedTensors(packCompressedTensors(float8), { format: 'float-quantized' });
    expect(dequantizeFloat8(eight.tensor)).toEqual(dequantizeFloat8(float8));
    const mx = quantizeMx(w, { element: 'float4_e2m1fn' });
    const four = unpackCompressedTensors(packCompressedTensors(mx), { format: 'mxfp4-pack-quantized' });
    expect(dequantizeMx(four.tensor)).toEqual(dequantizeMx(mx));
    const nv = quantizeNvfp4(w);
    const { tensor } = unpackCompressedTensors(packCompressedTensors(nv), { format: 'nvfp4-pack-quantized' });
    const [wanted, got] = [dequantizeNvfp4(nv), dequantizeNvfp4(tensor)];
    // 1 / tensorScale is rounded once, and its reciprocal once more, and every value once with each scale.
    wanted.forEach((value, i) =>
      expect(Math.abs(got[i] - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -22),
    );
  });

  it.each([
    { kind: 'tensor' },
    { kind: 'group', groupSize: 32 },
    { kind: 'block', blockShape: [4, 32] },
  ] as const)('gives float8 scales back: $kind', (granularity) => {
    const c = quantizeFloat8(normals(8, 64, 2), { granularity });
    const { tensor } = unpackCompressedTensors(packCompressedTensors(c), { format: 'float-quantized' });
    expect(dequantizeFloat8(tensor)).toEqual(dequantizeFloat8(c));
  });

  it('gives weights of bitsandbytes back from a safetensors file, nested or not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), fc.boolean(), seeds, (size, doubleQuant, seed) => {
        const c = quantizeCodebook(normals(1, size, seed), { codebook: 'nf4', blockSize: 32, doubleQuant });
        const file = readSafetensors(writeSafetensors(packBitsandbytes(c, { prefix: 'up.' })));
        const arrays = [...file.tensors.keys()].map((name) => ({ name, ...file.tensor(name) }));
        const { tensor, dtype } = unpackBitsandbytes(arrays, { prefix: 'up.' });
        expect(dtype).toBe('float32');
        expect(dequantizeCodebook(tensor)).toEqual(dequantizeCodebook(c));
      }),
      { numRuns: 40 },
    );
  });
});

describe('MatMulNBits and ggml', () => {
  it.each([
    [4, 'Q4_0'],
    [8, 'Q8_0'],
  ] as const)('turns %s bits into %s and back without loss', (bits, type) => {
    const w = normals(6, 128, bits);
    const q = encodeMatMulNBits(w, { bits, inputAxis: -1, scaleDtype: 'float16' });
    const blocks = matMulNBitsToBlocks(q);
    expect(blocks.type).toBe(type);
    expect(decodeBlocks(blocks.bytes, { type, shape: blocks.shape })).toEqual(
      decodeMatMulNBits(q, { inputAxis: -1 }),
    );
    expect(blocksToMatMulNBits(blocks, { scaleDtype: 'float16' })).toEqual(q);
    const foreign = encodeBlocks(w, { type });
    const there = blocksToMatMulNBits(foreign);
    expect(decodeMatMulNBits(there, { inputAxis: -1 })).toEqual(
      decodeBlocks(foreign.bytes, { type, shape: foreign.shape }),
    );
    expect(matMulNBitsToBlocks(there)).toEqual(foreign);
  });
});

describe('bounds', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 4 }), seeds);

  it('of MatMulNBits hold, and a symmetric block reaches the full step at its far end', () => {
    let worst = 0;
    const check = (K: number, N: number, data: Float32Array, bits: 2 | 4 | 8): void => {
      for (const mapping of ['symmetric', 'asymmetric'] as const) {
        const q = encodeMatMulNBits({ data, shape: [K, N] }, { bits, blockSize: 16, mapping });
        const values = decodeMatMulNBits(q);
        const blocks = Math.ceil(K / 16);
        values.forEach((value, i) => {
          const s = Math.abs(q.scales[(i % N) * blocks + Math.floor(Math.floor(i / N) / 16)]);
          const slack = (2 ** bits + 2) * 2 ** -22 * s;
          const steps = mapping === 'symmetric' ? 1 : 0.5;
          expect(Math.abs(value - data[i])).toBeLessThanOrEqual(steps * s + slack);
          if (mapping === 'symmetric') worst = Math.max(worst, s === 0 ? 0 : Math.abs(value - data[i]) / s);
        });
      }
    };
    fc.assert(
      fc.property(sizes, fc.constantFrom(2, 4, 8), ([K, N, seed], bits) => {
        check(K, N, normals(K, N, seed).data, bits as 4);
      }),
      { numRuns: 60 },
    );
    check(2, 1, Float32Array.of(-1, 0.9999), 4);
    expect(worst).toBeGreaterThan(0.99);
  });

  it('of rows of FBGEMM hold and are reached', () => {
    let worst = 0;
    const check = (rows: number, columns: number, data: Float32Array, bits: 2 | 4 | 8): void => {
      const layouts = bits === 8 ? (['float32', 'float16'] as const) : (['float16'] as const);
      for (const scaleDtype of layouts) {
        const shape = [rows, columns] as const;
        const table = encodeFbgemmRows({ data, shape }, { bits, scaleDtype, scaleAt: 'start' });
        const values = decodeFbgemmRows(table.bytes, { bits, scaleDtype, scaleAt: 'start', shape });
        for (let r = 0; r < rows; r++) {
          const row = data.subarray(r * columns, (r + 1) * columns);
          const [min, max] = [Math.min(...row), Math.max(...row)];
          const view = new DataView(table.bytes.buffer, r * table.rowBytes);
          const half = decodeMatMulNBits({
            ...{ kind: 'matmulnbits', K: 1, N: 2, bits: 8, blockSize: 16, zeroPoints: null },
            codes: Uint8Array.from({ length: 32 }, () => 129),
            scales: Uint16Array.of(view.getUint16(0, true), view.getUint16(2, true)),
            scaleDtype: 'float16',
          });
          const isHalf = scaleDtype === 'float16';
          const [s, b] = isHalf ? half : [view.getFloat32(0, true), view.getFloat32(4, true)];
          const top = (2 ** bits - 1) * s;
          const bound = isHalf ? Math.max(Math.abs(s) / 2, b - min, max - b - top) : s / 2 + 1e-8;
          const slack = 2 ** -21 * Math.max(Math.abs(min), Math.abs(max));
          row.forEach((x, c) => {
            const error = Math.abs(values[r * columns + c] - x);
            expect(error).toBeLessThanOrEqual(bound + slack);
            worst = Math.max(worst, error / (bound + slack));
          });
        }
      }
    };
    fc.assert(
      fc.property(sizes, fc.constantFrom(2, 4, 8), ([columns, rows, seed], bits) => {
        check(rows, columns, normals(rows, columns, seed).data, bits as 4);
      }),
      { numRuns: 60 },
    );
    check(1, 3, Float32Array.of(0, 1.4999, 3), 2);
    expect(worst).toBeGreaterThan(0.99);
  });
});

import { describe, expect, it } from 'vitest';
import {
  blocksToMatMulNBits,
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
  type NamedArrays,
} from 'tensorslim/blocks';
import { quantizeAffine, quantizeCodebook, quantizeMx, quantizeNvfp4 } from 'tensorslim/quantize';
import { affineOf, randomMatrix } from '../support/packings.js';

const sizes = { rows: 32, columns: 64, bits: 4, groupSize: 32, seed: 1 } as const;
const q = affineOf(randomMatrix(sizes));
const w = { data: Float32Array.from({ length: 64 }, (_, i) => (i % 7) - 3), shape: [32, 2] };
const weight = encodeMatMulNBits(w);
const nf4 = quantizeCodebook(w, { codebook: 'nf4' });
type Loose = (...values: unknown[]) => unknown;

/** What each function must refuse, and how the message begins. */
const refusals: [name: string, call: () => unknown, error: string, message: string][] = [
  ['3 bits', () => encodeMatMulNBits(w, { bits: 3 as 4 }), 'RangeError', 'encodeMatMulNBits: "bits"'],
  [
    'blocks of 48',
    () => encodeMatMulNBits(w, { blockSize: 48 }),
    'RangeError',
    'encodeMatMulNBits: "blockSize"',
  ],
  [
    'an axis',
    () => encodeMatMulNBits(w, { inputAxis: 0 as -1 }),
    'RangeError',
    'encodeMatMulNBits: "inputAxis"',
  ],
  ['a vector', () => encodeMatMulNBits(w.data), 'RangeError', 'encodeMatMulNBits: "w"'],
  [
    'a mapping',
    () => encodeMatMulNBits(w, { mapping: 'sym' as 'symmetric' }),
    'RangeError',
    'encodeMatMulNBits: "mapping"',
  ],
  [
    'NaN',
    () => encodeMatMulNBits({ data: Float32Array.of(1, NaN), shape: [2, 1] }),
    'NumericError',
    'encodeMatMulNBits: "w"',
  ],
  [
    'a range beyond float32',
    () => encodeMatMulNBits({ data: Float32Array.of(-3e38, 3e38), shape: [2, 1] }, { mapping: 'asymmetric' }),
    'NumericError',
    'encodeMatMulNBits: "w" expected a range',
  ],
  [
    'scales beyond float16',
    () => encodeMatMulNBits({ data: Float32Array.of(1e7), shape: [1, 1] }, { scaleDtype: 'float16' }),
    'NumericError',
    'encodeMatMulNBits: "w" expected scales',
  ],
  ['no weight', () => (decodeMatMulNBits as Loose)(null), 'TypeError', 'decodeMatMulNBits: "q"'],
  [
    'short codes',
    () => decodeMatMulNBits({ ...weight, codes: new Uint8Array(3) }),
    'RangeError',
    'decodeMatMulNBits: "q.codes"',
  ],
  [
    'other scales',
    () => decodeMatMulNBits({ ...weight, scaleDtype: 'float16' }),
    'TypeError',
    'decodeMatMulNBits: "q.scales"',
  ],
  [
    'groups of 24',
    () => packMatMulNBits(affineOf(randomMatrix({ ...sizes, groupSize: 24 }))),
    'RangeError',
    'packMatMulNBits: "blockSize"',
  ],
  [
    '3 bits',
    () => packMatMulNBits(affineOf(randomMatrix({ ...sizes, bits: 3 }))),
    'RangeError',
    'packMatMulNBits: "bits"',
  ],
  ['K', () => unpackMatMulNBits({ ...weight, K: -1 }), 'RangeError', 'unpackMatMulNBits: "q.K"'],
  [
    'zero points',
    () =>
      matMulNBitsToBlocks(
        encodeMatMulNBits({ data: w.data.map((v) => v + 9), shape: [32, 2] }, { mapping: 'asymmetric' }),
      ),
    'RangeError',
    'matMulNBitsToBlocks: "q.zeroPoints"',
  ],
  [
    'scales',
    () => matMulNBitsToBlocks({ ...weight, scales: Float32Array.of(0.1, 0.1) }),
    'RangeError',
    'matMulNBitsToBlocks: "q.scale[0]" expected a float16',
  ],
  [
    'blocks of 16',
    () => matMulNBitsToBlocks(encodeMatMulNBits(w, { blockSize: 16 })),
    'RangeError',
    'matMulNBitsToBlocks: "q.blockSize"',
  ],
  [
    '2 bits',
    () => matMulNBitsToBlocks(encodeMatMulNBits(w, { bits: 2 })),
    'RangeError',
    'matMulNBitsToBlocks: "q.bits"',
  ],
  [
    'a type',
    () => blocksToMatMulNBits(encodeBlocks(w.data, { type: 'Q4_1' })),
    'RangeError',
    'blocksToMatMulNBits: "t.type"',
  ],
  [
    'a shape',
    () => blocksToMatMulNBits(encodeBlocks(w.data, { type: 'Q4_0' })),
    'RangeError',
    'blocksToMatMulNBits: "t.shape"',
  ],
  [
    '5 bits',
    () => packGptq(affineOf(randomMatrix({ ...sizes, bits: 5 }))),
    'RangeError',
    'packGptq: "q.bits"',
  ],
  [
    'odd sizes',
    () => packGptq(affineOf(randomMatrix({ ...sizes, rows: 30 }))),
    'RangeError',
    'packGptq: "q.shape"',
  ],
  ['a version', () => packGptq(q, { version: 3 as 1 }), 'RangeError', 'packGptq: "version"'],
  [
    'an order',
    () => packGptq(q, { inputOrder: new Int32Array(64) }),
    'RangeError',
    'packGptq: "inputOrder[1]"',
  ],
  ['scales', () => packGptq({ ...q, scale: q.scale.map(() => 0.1) }), 'RangeError', 'packGptq: "q.scale[0]"'],
  [
    'a zero point',
    () => packGptq({ ...q, zeroPoint: new Int32Array(64).fill(16) }),
    'RangeError',
    'packGptq: "q.zeroPoint[0]"',
  ],
  ['16 bits', () => packGptq(quantizeAffine(w, { bits: 16 })), 'RangeError', 'packGptq: "q.bits"'],
  [
    'columns',
    () => packGptq({ ...q, granularity: { kind: 'axis', axis: 1 } }),
    'RangeError',
    'packGptq: "q.granularity"',
  ],
  ['a high code', () => packGptq({ ...q, codeMax: 3 }), 'RangeError', 'packGptq: "q.codes['],
  ['an empty matrix', () => packGptq({ ...q, shape: [0, 64] }), 'RangeError', 'packGptq: "q.shape"'],
  ['8 bits', () => packAwq(affineOf(randomMatrix({ ...sizes, bits: 8 }))), 'RangeError', 'packAwq: "q.bits"'],
  [
    'outputs',
    () => packAwq(affineOf(randomMatrix({ ...sizes, rows: 12 }))),
    'RangeError',
    'packAwq: "q.shape"',
  ],
  [
    '4 bits',
    () => packCompressedTensors(q, { format: 'int-quantized' }),
    'RangeError',
    'packCompressedTensors: "q.bits"',
  ],
  ['no tensor', () => (packCompressedTensors as Loose)(nf4), 'RangeError', 'packCompressedTensors: "q.kind"'],
  [
    'blocks of 16',
    () => packCompressedTensors(quantizeMx(w.data, { element: 'float4_e2m1fn', blockSize: 16 })),
    'RangeError',
    'packCompressedTensors: "q.blockSize"',
  ],
  [
    'an element',
    () => packCompressedTensors(quantizeMx(w.data, { element: 'int8' })),
    'RangeError',
    'packCompressedTensors: "q.element"',
  ],
  [
    'half a block',
    () => packCompressedTensors(quantizeNvfp4(w)),
    'RangeError',
    'packCompressedTensors: "q.shape"',
  ],
  [
    'dynamic8',
    () => packBitsandbytes(quantizeCodebook(w, { codebook: 'dynamic8' })),
    'RangeError',
    'packBitsandbytes: "c.name"',
  ],
  [
    'blocks of 33',
    () => packBitsandbytes(quantizeCodebook(w, { codebook: 'nf4', blockSize: 33 })),
    'RangeError',
    'packBitsandbytes: "c.blockSize"',
  ],
  ['3 bits', () => encodeFbgemmRows(w, { bits: 3 as 4 }), 'RangeError', 'encodeFbgemmRows: "bits"'],
  [
    'float32 scales',
    () => encodeFbgemmRows(w, { bits: 4, scaleDtype: 'float32' }),
    'RangeError',
    'encodeFbgemmRows: "scaleDtype"',
  ],
  [
    'NaN',
    () => encodeFbgemmRows({ data: Float32Array.of(NaN), shape: [1, 1] }, { bits: 8 }),
    'NumericError',
    'encodeFbgemmRows: "x"',
  ],
  [
    'a range beyond float32',
    () => encodeFbgemmRows({ data: Float32Array.of(-3e38, 3e38), shape: [1, 2] }, { bits: 8 }),
    'NumericError',
    'encodeFbgemmRows: "x" expected a range',
  ],
  [
    'a bias beyond float16',
    () => encodeFbgemmRows({ data: Float32Array.of(1e5, 2e5), shape: [1, 2] }, { bits: 4 }),
    'NumericError',
    'encodeFbgemmRows: "x" expected scale and bias',
  ],
  [
    'a length',
    () => decodeFbgemmRows(new Uint8Array(5), { bits: 8, shape: [1, 4] }),
    'RangeError',
    'decodeFbgemmRows: "bytes"',
  ],
];

it.each(refusals)('refuses %s', (_, call, error, message) => {
  let thrown: unknown;
  try {
    call();
  } catch (reason) {
    thrown = reason;
  }
  expect([(thrown as Error).name, (thrown as Error).message.slice(0, message.length)]).toEqual([
    error,
    message,
  ]);
});

/** The arrays with one of them changed, or left out. */
function changed(arrays: NamedArrays, name: string, change: object | null): NamedArrays {
  return arrays.flatMap((array) => {
    if (array.name !== name) return [array];
    return change === null ? [] : [{ ...array, ...change }];
  });
}

const gptq = packGptq(q);
const awq = packAwq(q);
const packed = packCompressedTensors(q);
const nested = packBitsandbytes(quantizeCodebook(w, { codebook: 'nf4', doubleQuant: true }));
const state = 'weight.quant_state.bitsandbytes__nf4';
const stateData = (text: string): object => ({ data: new TextEncoder().encode(text), shape: [text.length] });
const good = '{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [32, 2]}';
const nv = packCompressedTensors(quantizeNvfp4({ data: w.data, shape: [2, 32] }));

const hostile: [name: string, call: () => unknown, code: string][] = [
  ...['qweight', 'qzeros', 'scales', 'g_idx'].flatMap((name): [string, () => unknown, string][] => [
    [`GPTQ without ${name}`, () => unpackGptq(changed(gptq, name, null), { bits: 4 }), 'PACKED_ARRAYS'],
    [
      `GPTQ with ${name} of bytes`,
      () => unpackGptq(changed(gptq, name, { dtype: 'uint8' }), { bits: 4 }),
      'PACKED_ARRAYS',
    ],
    [
      `GPTQ with another shape of ${name}`,
      () => unpackGptq(changed(gptq, name, { shape: [3, 5] }), { bits: 4 }),
      'PACKED_ARRAYS',
    ],
    [
      `GPTQ with ${name} that says nothing`,
      () => unpackGptq(changed(gptq, name, { shape: [0, 2 ** 40], data: new Int32Array(0) }), { bits: 4 }),
      'PACKED_ARRAYS',
    ],
  ]),
  ['GPTQ of other bits', () => unpackGptq(gptq, { bits: 8 }), 'PACKED_ARRAYS'],
  ['GPTQ twice', () => unpackGptq([...gptq, ...gptq], { bits: 4 }), 'PACKED_ARRAYS'],
  [
    'a group that is not there',
    () => unpackGptq(changed(gptq, 'g_idx', { data: new Int32Array(64).fill(2) }), { bits: 4 }),
    'PACKED_GROUPS',
  ],
  [
    'a group below 0',
    () =>
      unpackGptq(changed(gptq, 'g_idx', { data: new Int32Array(64).map((_, i) => (i < 32 ? 0 : -1)) }), {
        bits: 4,
      }),
    'PACKED_GROUPS',
  ],
  [
    'unequal groups',
    () => unpackGptq(changed(gptq, 'g_idx', { data: new Int32Array(64).fill(1, 10) }), { bits: 4 }),
    'PACKED_GROUPS',
  ],
  [
    'infinite scales',
    () => unpackGptq(changed(gptq, 'scales', { data: new Uint16Array(64).fill(0x7c00) }), { bits: 4 }),
    'PACKED_SCALE',
  ],
  ['AWQ without zero points', () => unpackAwq(changed(awq, 'qzeros', null)), 'PACKED_ARRAYS'],
  ['AWQ in other groups', () => unpackAwq(awq, { groupSize: 16 }), 'PACKED_ARRAYS'],
  [
    'AWQ with NaN',
    () => unpackAwq(changed(awq, 'scales', { data: new Uint16Array(64).fill(0x7e00) })),
    'PACKED_SCALE',
  ],
  [
    'a shape beyond its words',
    () =>
      unpackCompressedTensors(changed(packed, 'weight_shape', { data: BigInt64Array.of(32n, 2n ** 50n) }), {
        format: 'pack-quantized',
        bits: 4,
      }),
    'PACKED_ARRAYS',
  ],
  [
    'a shape below 0',
    () =>
      unpackCompressedTensors(changed(packed, 'weight_shape', { data: BigInt64Array.of(-32n, 64n) }), {
        format: 'pack-quantized',
        bits: 4,
      }),
    'PACKED_ARRAYS',
  ],
  [
    'other bits',
    () => unpackCompressedTensors(packed, { format: 'pack-quantized', bits: 8 }),
    'PACKED_ARRAYS',
  ],
  ['another format', () => unpackCompressedTensors(packed, { format: 'float-quantized' }), 'PACKED_ARRAYS'],
  [
    'a global scale of 0',
    () =>
      unpackCompressedTensors(changed(nv, 'weight_global_scale', { data: Float32Array.of(0) }), {
        format: 'nvfp4-pack-quantized',
      }),
    'PACKED_ARRAYS',
  ],
  ['no state', () => unpackBitsandbytes(changed(nested, state, null)), 'PACKED_STATE'],
  ['no JSON', () => unpackBitsandbytes(changed(nested, state, stateData('{'))), 'PACKED_STATE'],
  ['a list', () => unpackBitsandbytes(changed(nested, state, stateData('[]'))), 'PACKED_STATE'],
  [
    'another type',
    () => unpackBitsandbytes(changed(nested, state, stateData(good.replace('nf4', 'fp4')))),
    'PACKED_STATE',
  ],
  [
    'a blocksize',
    () => unpackBitsandbytes(changed(nested, state, stateData(good.replace('64', '65')))),
    'PACKED_STATE',
  ],
  [
    'a dtype',
    () => unpackBitsandbytes(changed(nested, state, stateData(good.replace('float32', 'int8')))),
    'PACKED_STATE',
  ],
  [
    'a shape',
    () => unpackBitsandbytes(changed(nested, state, stateData(good.replace('32, 2', '-1')))),
    'PACKED_STATE',
  ],
  [
    'a huge shape',
    () => unpackBitsandbytes(changed(nested, state, stateData(good.replace('32, 2', '9007199254740991, 9')))),
    'PACKED_STATE',
  ],
  [
    'a long state',
    () => unpackBitsandbytes(changed(nested, state, stateData(good.padEnd(5000)))),
    'PACKED_STATE',
  ],
  [
    'magnitudes of another type',
    () => unpackBitsandbytes(changed(nested, state, stateData(good))),
    'PACKED_ARRAYS',
  ],
  [
    'magnitudes below 0',
    () => unpackBitsandbytes(changed(nested, 'weight.nested_absmax', { data: Float32Array.of(-1) })),
    'PACKED_SCALE',
  ],
];

describe('unpacking of what cannot be trusted', () => {
  it.each(hostile)('refuses %s', (_, call, code) => {
    let thrown: unknown;
    try {
      call();
    } catch (reason) {
      thrown = reason;
    }
    expect([(thrown as Error).name, (thrown as { code: string }).code]).toEqual(['FormatError', code]);
  });
});

describe('edges', () => {
  it('has nothing for weights without elements', () => {
    const empty = encodeMatMulNBits({ data: new Float32Array(0), shape: [0, 2 ** 40] });
    expect([empty.codes.length, decodeMatMulNBits(empty).length]).toEqual([0, 0]);
    expect(encodeFbgemmRows({ data: new Float32Array(0), shape: [0, 4] }, { bits: 8 }).bytes.length).toBe(0);
  });

  it('turns blocks into zeros whose reciprocal scale is beyond float32', () => {
    const tiny = { data: Float32Array.of(1e-42, -3e-39), shape: [2, 1] };
    expect(decodeMatMulNBits(encodeMatMulNBits(tiny)).every((value) => value === 0)).toBe(true);
  });

  it('stores a zero point of 0 as the highest one in version 1, and reads it back', () => {
    const m = randomMatrix(sizes);
    const zero = affineOf({ ...m, zeros: new Uint8Array(m.zeros.length) });
    const arrays = packGptq(zero);
    const qzeros = arrays.find(({ name }) => name === 'qzeros')?.data as Int32Array;
    expect(qzeros.every((word) => word === -1)).toBe(true);
    expect(unpackGptq(arrays, { bits: 4 }).tensor.zeroPoint?.every((z) => z === 0)).toBe(true);
  });

  it('never changes its input', () => {
    const before = JSON.stringify([w, Array.from(q.codes), Array.from(q.scale)]);
    packGptq(q, { inputOrder: Int32Array.from({ length: 64 }, (_, i) => 63 - i) });
    encodeMatMulNBits(w);
    encodeFbgemmRows(w, { bits: 2 });
    expect(JSON.stringify([w, Array.from(q.codes), Array.from(q.scale)])).toBe(before);
  });
});

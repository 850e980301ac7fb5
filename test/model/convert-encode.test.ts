import { describe, expect, it } from 'vitest';
import { measureError, tensor, type Tensor } from 'tensorslim';
import { decodeBlocks, encodeBlocks, type BlockType } from 'tensorslim/blocks';
import { imatrixAccumulator } from 'tensorslim/gguf';
import { encodeGgufTensor, MIX_NAMES, planGguf, type GgufPlanEntry } from 'tensorslim/model';
import { createRandom } from '../../src/core/random.js';
import { smallLlama } from '../support/convert.js';

const ENTRY: GgufPlanEntry = {
  name: 'w',
  type: 'Q8_0',
  shape: [4, 32],
  source: 'hf.w',
  rotaryHeads: 0,
  fallback: null,
  importance: null,
  values: null,
};

function matrix(rows: number, width: number, seed = 1): Tensor {
  const random = createRandom(seed);
  return tensor(
    Float32Array.from({ length: rows * width }, () => random.normal()),
    [rows, width],
  );
}

/** Rows in the order of ggml, made as llama.cpp's converter says it: [heads, 2, half] with its last two axes swapped. */
function interleaved(x: Float32Array, width: number, heads: number): Float32Array {
  const rows = x.length / width;
  const half = rows / heads / 2;
  const out = new Float32Array(x.length);
  let to = 0;
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < half; i++) {
      for (let part = 0; part < 2; part++) {
        const from = (head * 2 + part) * half + i;
        out.set(x.subarray(from * width, (from + 1) * width), width * to++);
      }
    }
  }
  return out;
}

describe('encodeGgufTensor()', () => {
  it.each(MIX_NAMES)(
    'makes the bytes of encodeBlocks of every tensor under %s, rows in the order of ggml',
    (type) => {
      const { source, files, tensors } = smallLlama({
        layers: 1,
        hidden: 256,
        feedForward: 256,
        vocabulary: 259,
      });
      const { entries } = planGguf(source, files, { type, vocabulary: 'none' });
      for (const entry of entries) {
        const original = tensors.get(entry.source ?? '') as Tensor;
        const { data } = encodeGgufTensor(entry, original);
        const x = original.data as Float32Array;
        const ordered = entry.rotaryHeads === 0 ? x : interleaved(x, 256, entry.rotaryHeads);
        const expected =
          entry.type === 'F32'
            ? new Uint8Array(ordered.buffer, ordered.byteOffset, ordered.byteLength)
            : encodeBlocks({ data: ordered, shape: entry.shape }, { type: entry.type as BlockType }).bytes;
        expect(Buffer.compare(new Uint8Array(data.buffer), expected)).toBe(0);
      }
    },
  );

  it('gives slabs of a million elements the bytes of the whole, and errors the same sums', () => {
    const [rows, width] = [1100, 1024];
    const x = matrix(rows, width);
    const { data, measures } = encodeGgufTensor({ ...ENTRY, shape: [rows, width] }, x);
    const whole = encodeBlocks(x, { type: 'Q8_0' });
    expect(Buffer.compare(data as Uint8Array, whole.bytes)).toBe(0);
    const restored = decodeBlocks(whole.bytes, { type: 'Q8_0', shape: [rows, width] });
    const expected = measureError(x, tensor(restored, [rows, width]));
    expect(measures.maxAbs).toBe(expected.maxAbs);
    expect(measures.l2 / expected.l2).toBeCloseTo(1, 12);
  });

  it('moves the elements of a bias as the rows of its matrix', () => {
    const x = tensor(
      Float32Array.from({ length: 12 }, (_, i) => i),
      [12],
    );
    const { data } = encodeGgufTensor({ ...ENTRY, type: 'F32', shape: [12], rotaryHeads: 2 }, x);
    expect(Array.from(data as Float32Array)).toEqual([0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);
  });

  it.each([
    ['float16', Uint16Array.of(0x3c00, 0xc000), [1, -2]],
    ['bfloat16', Uint16Array.of(0x3f80, 0xc000), [1, -2]],
    ['float64', Float64Array.of(1, 1 + 2 ** -40), [1, 1]],
  ] as const)('reads %s', (dtype, codes, expected) => {
    const { data, measures } = encodeGgufTensor(
      { ...ENTRY, type: 'F32', shape: [2] },
      tensor(codes, [2], dtype),
    );
    expect([Array.from(data as Float32Array), measures.maxAbs]).toEqual([expected, 0]);
  });

  it('keeps float16 and bfloat16 bits in their own types', () => {
    const codes = Uint16Array.from({ length: 64 }, (_, i) => 0x3c00 + 7 * i);
    for (const [type, dtype] of [
      ['F16', 'float16'],
      ['BF16', 'bfloat16'],
    ] as const) {
      const { data, measures } = encodeGgufTensor(
        { ...ENTRY, type, shape: [2, 32] },
        tensor(codes, [2, 32], dtype),
      );
      expect([data, measures.sqnrDb]).toEqual([codes, Infinity]);
    }
  });

  it('weighs columns by an importance matrix, and does without for weights that it has not seen', () => {
    const { source, files, tensors } = smallLlama({ layers: 1 });
    const seen = imatrixAccumulator();
    const inputs = Float32Array.from({ length: 256 }, (_, i) => (i % 7 === 0 ? 8 : 0.25));
    seen.add('blk.0.ffn_gate.weight', { data: inputs, shape: [1, 256] });
    const plan = planGguf(source, files, { type: 'Q4_K_M', imatrix: seen.imatrix() });
    expect(plan.entries.filter(({ importance }) => importance !== null)).toHaveLength(1);
    const entry = plan.entries.find(({ name }) => name === 'blk.0.ffn_gate.weight') as GgufPlanEntry;
    const x = tensors.get(entry.source ?? '') as Tensor;
    const importance = inputs.map((v) => v * v);
    const expected = encodeBlocks(x, { type: 'Q4_K', importance }).bytes;
    const { data } = encodeGgufTensor(entry, x);
    expect(Buffer.compare(data as Uint8Array, expected)).toBe(0);
    expect(Buffer.compare(data as Uint8Array, encodeBlocks(x, { type: 'Q4_K' }).bytes)).not.toBe(0);
    expect(plan.metadata.get('quantize.imatrix.entries_count')).toEqual({ type: 'uint32', value: 1 });
  });

  it('refuses an importance matrix of another model, and one that is all zero', () => {
    const { source, files, tensors } = smallLlama({ layers: 1 });
    const seen = imatrixAccumulator();
    seen.add('output.weight', { data: new Float32Array(128).fill(1), shape: [1, 128] });
    expect(() => planGguf(source, files, { type: 'Q4_0', imatrix: seen.imatrix() })).toThrow(
      /"output\.weight" expected 256 numbers, got 128.*CONVERT_IMATRIX/,
    );
    const importance = new Float32Array(256);
    const entry = { ...ENTRY, name: 'output.weight', type: 'Q4_K', shape: [259, 256], importance } as const;
    expect(() => encodeGgufTensor(entry, tensors.get('lm_head.weight') as Tensor)).toThrow(
      /tensor "output\.weight".*IMPORTANCE_ZERO/,
    );
  });

  it.each([NaN, Infinity, -Infinity])(
    "refuses %d by the model's name and index, rows moved or not",
    (bad) => {
      for (const rotaryHeads of [0, 2]) {
        const x = matrix(8, 32);
        (x.data as Float32Array)[3 * 32 + 5] = bad;
        const run = (): unknown => encodeGgufTensor({ ...ENTRY, shape: [8, 32], rotaryHeads }, x);
        expect(run).toThrow(new RegExp(`"hf\\.w" expected finite.*got ${bad} at index 101 .*NON_FINITE`));
        expect(run).toThrow(expect.objectContaining({ code: 'NON_FINITE', index: 101 }));
      }
    },
  );

  it('refuses what float16 cannot hold', () => {
    const x = tensor(Float32Array.of(1, 65519, 65520, 2), [2, 2]);
    const entry = { ...ENTRY, type: 'F16', shape: [2, 2] } as const;
    expect(() => encodeGgufTensor(entry, x)).toThrow(expect.objectContaining({ code: 'OVERFLOW', index: 2 }));
  });

  it('takes empty tensors', () => {
    const { data, measures } = encodeGgufTensor({ ...ENTRY, shape: [0, 32] }, tensor([], [0, 32]));
    expect([data.length, measures.mse]).toEqual([0, 0]);
  });
});

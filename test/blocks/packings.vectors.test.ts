import { describe, expect, it } from 'vitest';
import {
  packAwq,
  packBitsandbytes,
  packCompressedTensors,
  packGptq,
  unpackCompressedTensors,
  type CodebookCodes,
  type NamedArrays,
} from 'tensorslim/blocks';
import { affineOf, codesOf, randomMatrix } from '../support/packings.js';
import { readGolden } from '../support/golden.js';

const golden = readGolden('checkpoints.safetensors');
const data = (arrays: NamedArrays, name: string): number[] =>
  Array.from((arrays.find((array) => array.name === name)?.data ?? []) as ArrayLike<number>);

describe('compressed-tensors words against pack_to_int32', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8] as const)('packs and unpacks %s bits', (bits) => {
    const signed = Int8Array.from(golden.get(`packed/${bits}/codes`)?.data as Uint8Array);
    const codes = Uint8Array.from(signed, (code) => code + 2 ** (bits - 1));
    // As zero points of one group each, codes are packed along the outputs.
    const q = affineOf({ rows: 5, columns: 37, bits, groupSize: 1, codes, zeros: codes });
    const arrays = packCompressedTensors(q);
    expect(data(arrays, 'weight_packed')).toEqual([...(golden.get(`packed/${bits}/columns`)?.data ?? [])]);
    expect(data(arrays, 'weight_zero_point')).toEqual([...(golden.get(`packed/${bits}/rows`)?.data ?? [])]);
    const { tensor } = unpackCompressedTensors(arrays, { format: 'pack-quantized', bits });
    expect([...codesOf(tensor)]).toEqual([...codes]);
  });
});

describe('states of 4-bit weights against bitsandbytes', () => {
  const plain = (name: 'nf4' | 'fp4', shape: number[], blockSize: number): CodebookCodes => {
    const size = shape.reduce((a, b) => a * b, 1);
    return {
      kind: 'codebook',
      codes: new Uint8Array(Math.ceil(size / 2)),
      bits: 4,
      codebook: Float32Array.from({ length: 16 }, (_, i) => i),
      name,
      absmax: new Float32Array(Math.ceil(size / blockSize)),
      blockSize,
      shape,
      overflow: 0,
      fit: null,
    };
  };

  it.each(['float32', 'float16'] as const)('writes the state of %s weights to the byte', (dtype) => {
    const arrays = packBitsandbytes(plain('fp4', [3, 5, 7], 32), { dtype });
    expect(data(arrays, 'weight.quant_state.bitsandbytes__fp4')).toEqual([
      ...(golden.get(`plain/torch.${dtype}`)?.data ?? []),
    ]);
  });

  it.each(Array.from(golden.get('offsets')?.data ?? [], (offset, i) => [offset, i]))(
    'writes the nested offset %s to the byte',
    (offset, i) => {
      const absmax = {
        codes: new Uint8Array(2),
        absmax: new Float32Array(1),
        codebook: new Float32Array(256),
        offset,
        blockSize: 256,
      } as const;
      const arrays = packBitsandbytes({ ...plain('nf4', [2, 64], 64), absmax }, { dtype: 'bfloat16' });
      const text = String.fromCharCode(...data(arrays, 'weight.quant_state.bitsandbytes__nf4'));
      expect(text).toBe(String.fromCharCode(...(golden.get(`nested/${i}`)?.data ?? [])));
    },
  );
});

/** The words of AutoGPTQ's pack for a column of codes, as its loops build them. */
function gptqWords(codes: number[], bits: number): number[] {
  const words: number[] = [];
  if (bits !== 3) {
    const perWord = 32 / bits;
    for (let i = 0; i < codes.length; i += perWord) {
      words.push(codes.slice(i, i + perWord).reduce((word, code, j) => word | (code << (bits * j)), 0));
    }
    return words;
  }
  for (let i = 0; i < codes.length; i += 32) {
    const ten = (from: number, shift: number): number =>
      codes.slice(from, from + 10).reduce((word, code, j) => word | (code << (3 * j + shift)), 0);
    words.push(ten(i, 0) | (codes[i + 10] << 30));
    words.push(((codes[i + 10] >> 2) & 1) | ten(i + 11, 1) | (codes[i + 21] << 31));
    words.push(((codes[i + 21] >> 1) & 3) | ten(i + 22, 2));
  }
  return words;
}

describe('GPTQ words against the formula of its packers', () => {
  it.each([2, 3, 4, 8] as const)('packs codes and zero points of %s bits', (bits) => {
    const m = randomMatrix({ rows: 32, columns: 64, bits, groupSize: 32, seed: bits });
    for (const version of [1, 2] as const) {
      const arrays = packGptq(affineOf(m), { version });
      const words = data(arrays, 'qweight');
      const zeroWords = data(arrays, 'qzeros');
      for (let r = 0; r < 32; r++) {
        const column = words.filter((_, i) => i % 32 === r);
        expect(column).toEqual(gptqWords([...m.codes.subarray(r * 64, (r + 1) * 64)], bits));
      }
      for (let g = 0; g < 2; g++) {
        const zeros = [...m.zeros].filter((_, i) => i % 2 === g);
        const stored = zeros.map((zero) => (zero - (version === 1 ? 1 : 0)) & (2 ** bits - 1));
        expect(zeroWords.slice(g * bits, (g + 1) * bits)).toEqual(gptqWords(stored, bits));
      }
    }
  });
});

describe('AWQ words against the formula of its packer', () => {
  it('puts eight outputs in the order 0 2 4 6 1 3 5 7', () => {
    const m = randomMatrix({ rows: 16, columns: 6, bits: 4, groupSize: 3, seed: 9 });
    const arrays = packAwq(affineOf(m));
    const order = [0, 2, 4, 6, 1, 3, 5, 7];
    const pack = (codes: Uint8Array, columns: number): number[] =>
      Array.from({ length: columns * 2 }, (_, i) =>
        order.reduce((word, output, nibble) => {
          const row = (i % 2) * 8 + output;
          return word | (codes[row * columns + Math.floor(i / 2)] << (4 * nibble));
        }, 0),
      );
    expect(data(arrays, 'qweight')).toEqual(pack(m.codes, 6));
    expect(data(arrays, 'qzeros')).toEqual(pack(m.zeros, 2));
  });
});

describe('what AutoGPTQ and AutoAWQ pack', () => {
  const tools = readGolden('gptq-awq.safetensors');
  const cases = [...tools.keys()].filter((name) => name.endsWith('/codes')).map((name) => name.slice(0, -6));

  it.each(cases)('is what we pack: %s', (name) => {
    const [tool, bits] = name.split('/');
    const part = (key: string): number[] => Array.from(tools.get(`${name}/${key}`)?.data ?? []);
    const q = {
      ...affineOf({
        rows: 32,
        columns: 96,
        bits: Number(bits) as 4,
        groupSize: 32,
        codes: Uint8Array.from(part('codes')),
        zeros: Uint8Array.from(part('zeros')),
      }),
      scale: Float32Array.from(part('values')),
    };
    const arrays = tool === 'awq' ? packAwq(q) : packGptq(q);
    for (const { name: key, shape } of arrays) {
      expect([key, data(arrays, key)]).toEqual([key, part(key)]);
      expect(shape).toEqual(tools.get(`${name}/${key}`)?.shape);
    }
  });
});

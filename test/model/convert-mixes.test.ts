import { describe, expect, it } from 'vitest';
import { MIX_NAMES, type MixName } from 'tensorslim/model';
import { chooseType, fileTypeOf, type MixTensor, type TensorRole } from '../../src/model/convert/mixes.js';

const PLACE: Omit<MixTensor, 'role'> = {
  layer: -1,
  layers: 32,
  width: 4096,
  headsPerKeyValue: 1,
  hasImatrix: false,
  isTied: false,
  hasSmallValues: false,
};

const chosen = (mix: MixName, role: TensorRole, more: Partial<MixTensor> = {}): string =>
  chooseType(mix, { ...PLACE, role, ...more }, false).type;

/** Layers of 32 whose tensor has the type. */
function layersWith(mix: MixName, role: TensorRole, type: string, more: Partial<MixTensor> = {}): number[] {
  const layers = Array.from({ length: more.layers ?? 32 }, (_, layer) => layer);
  return layers.filter((layer) => chosen(mix, role, { layer, ...more }) === type);
}

const range = (end: number): number[] => Array.from({ length: end }, (_, i) => i);
/** llama.cpp's use_more_bits of 32 layers. */
const MORE_BITS_OF_32 = [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31];

describe('chooseType() as llama_tensor_get_type', () => {
  it.each<[MixName, TensorRole, string, number[]]>([
    ['Q4_K_M', 'attentionValue', 'Q6_K', MORE_BITS_OF_32],
    ['Q4_K_M', 'feedForwardDown', 'Q6_K', MORE_BITS_OF_32],
    ['Q5_K_M', 'attentionValue', 'Q6_K', MORE_BITS_OF_32],
    ['Q5_K_M', 'feedForwardDown', 'Q6_K', MORE_BITS_OF_32],
    ['Q4_K_S', 'attentionValue', 'Q5_K', range(4)],
    ['Q4_K_S', 'feedForwardDown', 'Q5_K', range(4)],
    ['Q3_K_M', 'attentionValue', 'Q5_K', range(2)],
    ['Q3_K_M', 'feedForwardDown', 'Q5_K', range(2)],
    ['Q3_K_L', 'attentionOutput', 'Q5_K', range(32)],
    ['Q2_K', 'attentionValue', 'Q3_K', range(32)],
    ['Q2_K', 'feedForwardDown', 'Q3_K', range(32)],
    ['IQ4_XS', 'feedForwardDown', 'Q5_K', range(4)],
    ['Q4_0', 'feedForwardDown', 'Q4_0', range(32)],
  ])('%s gives %s the type %s in these layers', (mix, role, type, layers) => {
    expect(layersWith(mix, role, type)).toEqual(layers);
  });

  it('leaves the other layers their base, in Q3_K_M one better', () => {
    expect(chosen('Q4_K_M', 'attentionValue', { layer: 5 })).toBe('Q4_K');
    expect(chosen('Q3_K_M', 'attentionValue', { layer: 5 })).toBe('Q4_K');
    expect(chosen('Q3_K_M', 'attentionOutput', { layer: 5 })).toBe('Q4_K');
    expect(chosen('Q2_K', 'attentionOutput', { layer: 5 })).toBe('Q3_K');
    for (const mix of MIX_NAMES) expect(chosen(mix, 'other')).toBe(mix.replace(/(_K)_[SML]$/, '$1'));
  });

  it('counts parts of few layers as integers: of 4, none is in the first eighth', () => {
    expect(layersWith('Q4_K_M', 'feedForwardDown', 'Q6_K', { layers: 4 })).toEqual([2, 3]);
    expect(layersWith('Q4_K_S', 'feedForwardDown', 'Q5_K', { layers: 4 })).toEqual([]);
    expect(layersWith('Q4_K_S', 'attentionValue', 'Q5_K', { layers: 4 })).toEqual(range(4));
  });

  it('gives the output Q6_K, or Q8_0 under Q8_0, and tied embeddings the same', () => {
    expect(chosen('Q2_K', 'output')).toBe('Q6_K');
    expect(chosen('Q4_0', 'output')).toBe('Q6_K');
    expect(chosen('Q8_0', 'output')).toBe('Q8_0');
    expect(chosen('F16', 'output')).toBe('F16');
    expect(chosen('Q4_K_M', 'tokenEmbedding')).toBe('Q4_K');
    expect(chosen('Q4_K_M', 'tokenEmbedding', { isTied: true })).toBe('Q6_K');
    expect(chosen('TQ2_0', 'tokenEmbedding')).toBe('Q4_K');
  });

  it('spends more on values that several heads share', () => {
    const shared = { headsPerKeyValue: 4, layer: 10 };
    expect(chosen('Q2_K', 'attentionValue', shared)).toBe('Q4_K');
    expect(chosen('IQ4_XS', 'attentionValue', shared)).toBe('Q5_K');
    expect(chosen('IQ4_XS', 'attentionValue', { ...shared, headsPerKeyValue: 3 })).toBe('IQ4_XS');
    const large = { layers: 80, hasSmallValues: true, layer: 11 };
    expect(chosen('Q4_K_M', 'attentionValue', large)).toBe('Q5_K');
    expect(chosen('Q3_K_S', 'attentionValue', large)).toBe('Q5_K');
    expect(chosen('Q3_K_S', 'feedForwardDown', large)).toBe('Q3_K');
  });

  it('guards the first layers of Q4_0 and Q5_0 where there is an importance matrix, and IQ4 where there is none', () => {
    const seen = { hasImatrix: true };
    expect(layersWith('Q4_0', 'feedForwardDown', 'Q4_1', seen)).toEqual(range(4));
    expect(layersWith('Q5_0', 'feedForwardDown', 'Q5_1', seen)).toEqual(range(4));
    expect(layersWith('IQ4_NL', 'feedForwardDown', 'Q5_K', seen)).toEqual([]);
  });

  it('gives every matrix the base where the file is pure', () => {
    for (const role of ['output', 'tokenEmbedding', 'attentionValue', 'feedForwardDown'] as const) {
      expect(chooseType('Q4_K_M', { ...PLACE, role, layer: 0 }, true)).toEqual({
        type: 'Q4_K',
        fallback: null,
      });
    }
  });
});

describe('chooseType() for rows that are no whole blocks', () => {
  it.each<[MixName, number, string]>([
    ['Q2_K', 160, 'Q4_0'],
    ['Q3_K_S', 160, 'Q4_0'],
    ['Q4_K_S', 160, 'Q5_0'],
    ['Q5_K_S', 160, 'Q5_1'],
    ['Q6_K', 160, 'Q8_0'],
    ['IQ4_XS', 160, 'IQ4_NL'],
    ['TQ1_0', 160, 'Q4_0'],
    ['TQ2_0', 160, 'Q4_0'],
    ['Q2_0', 160, 'Q4_0'],
    ['Q4_K_S', 80, 'F16'],
    ['Q4_0', 80, 'F16'],
    ['NVFP4', 96, 'F16'],
  ])('of %s, %d elements, takes %s and says why', (mix, width, type) => {
    const { type: got, fallback } = chooseType(mix, { ...PLACE, role: 'other', width }, false);
    expect(got).toBe(type);
    expect(fallback?.reason).toMatch(new RegExp(`^rows of ${width} elements are no whole blocks of \\d+$`));
  });

  it('takes Q8_0 for the output, which Q6_K does not fit', () => {
    const { type, fallback } = chooseType('Q4_0', { ...PLACE, role: 'output', width: 160 }, false);
    expect([type, fallback?.wanted]).toEqual(['Q8_0', 'Q6_K']);
  });

  it('changes nothing where they are whole', () => {
    for (const mix of MIX_NAMES)
      expect(chooseType(mix, { ...PLACE, role: 'other' }, false).fallback).toBeNull();
  });
});

describe('fileTypeOf()', () => {
  it("is llama.cpp's llama_ftype, each number once", () => {
    const numbers = MIX_NAMES.map((name) => [name, fileTypeOf(name)]);
    const expected = { Q4_0: 2, Q8_0: 7, Q2_K: 10, Q3_K_M: 12, Q4_K_S: 14, Q4_K_M: 15, Q6_K: 18, BF16: 32 };
    expect(Object.fromEntries(numbers)).toMatchObject(expected);
    expect(new Set(numbers.map(([, number]) => number)).size).toBe(MIX_NAMES.length);
  });
});

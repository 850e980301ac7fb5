import { describe, expect, it } from 'vitest';
import { NumericError } from 'tensorslim';
import {
  BLOCK_TYPES,
  decodeBlocks,
  encodeBlocks,
  validateBlocks,
  type BlockType,
  type EncodeBlocksOptions,
} from 'tensorslim/blocks';
import { NOT_TENSORS } from '../support/wrong-types.js';

const TYPES = Object.keys(BLOCK_TYPES) as BlockType[];
const ENCODED = TYPES.filter((type) => BLOCK_TYPES[type].canEncode);

const ramp = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => (i % 37) - 18);

function errorOf(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

const codeOf = (action: () => unknown): [string, number | null] => {
  const error = errorOf(action);
  return error instanceof NumericError ? [error.code, error.index] : [error.message, null];
};

describe('BLOCK_TYPES', () => {
  it('knows sizes, numbers and what can be encoded', () => {
    expect(BLOCK_TYPES.Q4_K).toEqual({
      type: 'Q4_K',
      elementsPerBlock: 256,
      bytesPerBlock: 144,
      bitsPerWeight: 4.5,
      ggmlId: 12,
      canEncode: true,
      needsImportance: false,
    });
    expect(TYPES.filter((type) => !BLOCK_TYPES[type].canEncode)).toEqual(
      TYPES.filter((type) => /^IQ[123]/.test(type)),
    );
    expect(TYPES.filter((type) => BLOCK_TYPES[type].needsImportance)).toEqual(['IQ1_S', 'IQ2_XXS', 'IQ2_XS']);
    expect(BLOCK_TYPES.Q3_K.bitsPerWeight).toBe(3.4375);
  });
});

describe.each(ENCODED)('encodeBlocks to %s', (type) => {
  const { elementsPerBlock, bytesPerBlock } = BLOCK_TYPES[type];

  it('returns a record of whole rows and leaves the input as it was', () => {
    const x = ramp(6 * elementsPerBlock);
    const before = x.slice();
    const tensor = encodeBlocks({ data: x, shape: [3, 2 * elementsPerBlock] }, { type });
    expect(tensor).toMatchObject({ kind: 'block', type, shape: [3, 2 * elementsPerBlock] });
    expect(tensor.bytes.length).toBe(6 * bytesPerBlock);
    expect(x).toEqual(before);
    const again = encodeBlocks({ data: Float64Array.from(x), shape: [6 * elementsPerBlock] }, { type });
    expect(again.bytes).toEqual(tensor.bytes);
  });

  it('gives the same bytes for one column as for rows of it', () => {
    const x = ramp(2 * elementsPerBlock);
    const importance = Float32Array.from({ length: elementsPerBlock }, (_, i) => 1 + (i % 5));
    const rows = encodeBlocks({ data: x, shape: [2, elementsPerBlock] }, { type, importance });
    const second = encodeBlocks(x.subarray(elementsPerBlock), { type, importance });
    expect(rows.bytes.subarray(bytesPerBlock)).toEqual(second.bytes);
  });

  it('makes nothing of nothing', () => {
    expect(
      encodeBlocks({ data: new Float32Array(0), shape: [0, elementsPerBlock] }, { type }).bytes.length,
    ).toBe(0);
    expect(encodeBlocks({ data: new Float32Array(0), shape: [3, 0] }, { type }).bytes.length).toBe(0);
    expect(decodeBlocks(new Uint8Array(0), { type, shape: [3, 0] })).toEqual(new Float32Array(0));
  });

  it('keeps zeros', () => {
    const { bytes } = encodeBlocks(new Float32Array(elementsPerBlock), { type });
    const values = decodeBlocks(bytes, { type, shape: [elementsPerBlock] });
    expect(values.every((value) => value === 0)).toBe(true);
    expect(validateBlocks(bytes, { type })).toEqual([]);
  });

  it('refuses what is not finite, and names the first', () => {
    const x = ramp(2 * elementsPerBlock);
    x[1] = NaN;
    expect(codeOf(() => encodeBlocks(x, { type }))).toEqual(['NON_FINITE', 1]);
    const y = new Float64Array(elementsPerBlock);
    y[0] = 1e39;
    expect(codeOf(() => encodeBlocks(y, { type }))).toEqual(['NON_FINITE', 0]);
    expect(errorOf(() => encodeBlocks(y, { type })).message).toMatch(/got 1e\+39 at index 0/);
  });

  it.runIf(elementsPerBlock > 1)('refuses rows that are no whole blocks', () => {
    const error = errorOf(() =>
      encodeBlocks({ data: ramp(2 * elementsPerBlock), shape: [elementsPerBlock, 2] }, { type }),
    );
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toContain(`rows of a multiple of ${elementsPerBlock} elements for ${type}, got 2`);
    expect(() => encodeBlocks({ data: ramp(1), shape: [] }, { type })).toThrow(RangeError);
  });
});

describe('encodeBlocks', () => {
  it.each(NOT_TENSORS)('refuses %s', (_, value) => {
    expect(errorOf(() => encodeBlocks(value as never, { type: 'Q8_0' })).message).toMatch(
      /^encodeBlocks: "x/,
    );
  });

  it('refuses types it does not know or does not make', () => {
    const to = (type: unknown): string =>
      errorOf(() => encodeBlocks(ramp(256), { type } as EncodeBlocksOptions)).message;
    expect(to('Q4K')).toMatch(/did you mean 'Q4_K'/);
    expect(to(12)).toMatch(/^encodeBlocks: "type" expected one of/);
    expect(to(undefined)).toMatch(/^encodeBlocks: "type" expected one of/);
    expect(to('toString')).toMatch(/^encodeBlocks: "type" expected one of/);
    expect(to('IQ2_XS')).toMatch(/^encodeBlocks: "type" expected a type that can be encoded, got "IQ2_XS"/);
    expect(() => encodeBlocks(ramp(256), { type: 'Q8_0', kind: 1 } as never)).toThrow(RangeError);
    expect(() => encodeBlocks(ramp(256), undefined as never)).toThrow(/"type"/);
  });

  it('refuses importance that says nothing', () => {
    const by = (importance: unknown): [string, number | null] =>
      codeOf(() => encodeBlocks(ramp(64), { type: 'Q4_0', importance } as EncodeBlocksOptions));
    const list = (at: number, value: number): number[] =>
      ramp(64).map((_, i) => (i === at ? value : 1)) as never;
    expect(by(new Float32Array(64))).toEqual(['IMPORTANCE_ZERO', null]);
    expect(by(list(3, -1))).toEqual(['IMPORTANCE_NEGATIVE', 3]);
    expect(by(list(4, NaN))).toEqual(['IMPORTANCE_NOT_FINITE', 4]);
    expect(by(list(5, Infinity))).toEqual(['IMPORTANCE_NOT_FINITE', 5]);
    expect(by(new Float64Array(64).fill(1e39))).toEqual(['IMPORTANCE_NOT_FINITE', 0]);
    expect(by(new Float32Array(32).fill(1))[0]).toMatch(/"importance" expected 64 numbers, .* got 32/);
    expect(by('all')[0]).toMatch(/"importance" expected a Float32Array/);
    expect(by(null)[0]).toMatch(/"importance" expected a Float32Array/);
  });

  it('takes zero importance in some places', () => {
    const importance = Float32Array.from({ length: 512 }, (_, i) => (i < 256 ? 0 : i % 2));
    for (const type of ENCODED) {
      const { bytes } = encodeBlocks(ramp(512), { type, importance });
      expect([type, validateBlocks(bytes, { type })]).toEqual([type, []]);
    }
  });

  it('gives an MXFP4 block of the smallest numbers the smallest scale', () => {
    const x = new Float32Array(32).fill(2 ** -127);
    const { bytes } = encodeBlocks(x, { type: 'MXFP4' });
    expect(bytes[0]).toBe(0);
    expect(decodeBlocks(bytes, { type: 'MXFP4', shape: [32] })).toEqual(x);
  });

  it('takes the exponent of MXFP4 from a logarithm that rounds', () => {
    const below = Math.fround(8 - 2 ** -21);
    const codeFor = (a: number): number =>
      encodeBlocks(new Float32Array(32).fill(a), { type: 'MXFP4' }).bytes[0];
    expect([below, 8, 2 ** 20 * (1 - 2 ** -24), 1 - 2 ** -24].map(codeFor)).toEqual([128, 128, 145, 124]);
  });
});

describe('decodeBlocks', () => {
  const { bytes } = encodeBlocks(ramp(64), { type: 'Q5_1' });

  it('writes to the array it is given', () => {
    const out = new Float32Array(64);
    expect(decodeBlocks(bytes, { type: 'Q5_1', shape: [2, 32], out })).toBe(out);
    expect(out).toEqual(decodeBlocks(bytes, { type: 'Q5_1', shape: [64] }));
    expect(() => decodeBlocks(bytes, { type: 'Q5_1', shape: [64], out: new Float32Array(63) })).toThrow(
      RangeError,
    );
    expect(() =>
      decodeBlocks(bytes, { type: 'Q5_1', shape: [64], out: new Float64Array(64) as never }),
    ).toThrow(TypeError);
  });

  it('reads bytes at any offset', () => {
    for (const type of ['F16', 'BF16', 'Q4_K'] as const) {
      const tensor = encodeBlocks(ramp(256), { type });
      const moved = new Uint8Array(tensor.bytes.length + 1);
      moved.set(tensor.bytes, 1);
      const options = { type, shape: [256] };
      expect(decodeBlocks(moved.subarray(1), options)).toEqual(decodeBlocks(tensor.bytes, options));
    }
  });

  it('refuses bytes, shapes and types that do not fit together', () => {
    const by = (...[data, options]: [unknown, unknown]): string =>
      errorOf(() => decodeBlocks(data as Uint8Array, options as never)).message;
    expect(by(bytes, { type: 'Q5_1', shape: [32] })).toMatch(
      /"bytes" expected 24 bytes, 1 blocks of Q5_1, got 48/,
    );
    expect(by(bytes, { type: 'Q5_1', shape: [65] })).toMatch(/"shape" expected rows of a multiple of 32/);
    expect(by(bytes, { type: 'Q5_1' })).toMatch(/"shape" expected an array/);
    expect(by(bytes, { type: 'Q5_1', shape: [-32] })).toMatch(/"shape/);
    expect(by(bytes, { shape: [64] })).toMatch(/"type"/);
    expect(by([...bytes], { type: 'Q5_1', shape: [64] })).toMatch(/"bytes" expected a Uint8Array/);
    expect(by(new Uint16Array(24), { type: 'Q5_1', shape: [64] })).toMatch(/"bytes" expected a Uint8Array/);
  });
});

describe('validateBlocks', () => {
  const problemsOf = (
    type: BlockType,
    change: (bytes: Uint8Array) => void,
  ): [string, number | null, number][] => {
    const bytes = encodeOrZero(type);
    change(bytes);
    return validateBlocks(bytes, { type }).map(({ code, block, offset }) => [code, block, offset]);
  };
  const encodeOrZero = (type: BlockType): Uint8Array => new Uint8Array(2 * BLOCK_TYPES[type].bytesPerBlock);

  it.each(TYPES)('finds nothing in zeros of %s, and a length that is no whole blocks', (type) => {
    expect(problemsOf(type, () => undefined)).toEqual([]);
    const { bytesPerBlock } = BLOCK_TYPES[type];
    expect(validateBlocks(new Uint8Array(bytesPerBlock + 1), { type })).toMatchObject([
      { code: 'SIZE', block: null, offset: bytesPerBlock },
    ]);
  });

  it('finds scales and minima that are no numbers', () => {
    const at =
      (...places: number[]) =>
      (bytes: Uint8Array): void => {
        for (const place of places) bytes[place] = 0xfc;
      };
    expect(problemsOf('Q4_0', at(19))).toEqual([['SCALE_NOT_FINITE', 1, 18]]);
    expect(problemsOf('Q4_1', at(1, 3))).toEqual([
      ['SCALE_NOT_FINITE', 0, 0],
      ['MIN_NOT_FINITE', 0, 2],
    ]);
    expect(problemsOf('Q2_K', at(83))).toEqual([['MIN_NOT_FINITE', 0, 82]]);
    expect(problemsOf('Q6_K', at(209, 419))).toEqual([
      ['SCALE_NOT_FINITE', 0, 208],
      ['SCALE_NOT_FINITE', 1, 418],
    ]);
    expect(problemsOf('IQ1_M', at(53, 55))).toEqual([['SCALE_NOT_FINITE', 0, 48]]);
    expect(problemsOf('IQ1_M', at(55))).toEqual([]);
    expect(problemsOf('MXFP4', (bytes) => void bytes.fill(255, 17, 18))).toEqual([['SCALE_INVALID', 1, 17]]);
    expect(problemsOf('NVFP4', (bytes) => void bytes.fill(127, 2, 3))).toEqual([['SCALE_INVALID', 0, 2]]);
    expect(problemsOf('F16', at(3))).toEqual([['VALUE_NOT_FINITE', 1, 2]]);
    expect(problemsOf('BF16', (bytes) => void bytes.set([0x80, 0x7f, 0x7f, 0x7f]))).toEqual([
      ['VALUE_NOT_FINITE', 0, 0],
    ]);
  });

  it('agrees with what decoding gives', () => {
    for (const type of TYPES.filter((name) => !['MXFP4', 'NVFP4'].includes(name))) {
      const { bytesPerBlock, elementsPerBlock } = BLOCK_TYPES[type];
      const bytes = Uint8Array.from(
        { length: 64 * bytesPerBlock },
        (_, i) => (i * 193 + (i >> 3) * 71 + 124) & 255,
      );
      const values = decodeBlocks(bytes, { type, shape: [64 * elementsPerBlock] });
      const bad = new Set(validateBlocks(bytes, { type }).map(({ block }) => block));
      for (let b = 0; b < 64; b++) {
        const block = values.subarray(b * elementsPerBlock, (b + 1) * elementsPerBlock);
        expect([type, b, block.every(Number.isFinite)]).toEqual([type, b, !bad.has(b)]);
      }
    }
  });

  it('lists at most 100 problems', () => {
    expect(validateBlocks(new Uint8Array(1801).fill(255), { type: 'Q4_0' })).toHaveLength(100);
    expect(validateBlocks(new Uint8Array(18_001).fill(255), { type: 'Q4_0' })).toHaveLength(100);
  });

  it('shows large numbers that became infinite', () => {
    const { bytes } = encodeBlocks(new Float32Array(32).fill(1e30), { type: 'Q8_0' });
    expect(validateBlocks(bytes, { type: 'Q8_0' })).toMatchObject([{ code: 'SCALE_NOT_FINITE', block: 0 }]);
  });
});

import { quantizeCodebook, type NestedAbsmax } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../../support/golden.js';

const golden = readGolden('bnb4.safetensors');
const dynamic = readGolden('bnb-dynamic.safetensors');
const dataOf = (name: string, from = golden): Float32Array | Uint8Array => {
  const entry = from.get(name);
  if (entry === undefined) throw new Error(`no golden array ${name}`);
  return entry.data as Float32Array | Uint8Array;
};
const cases = ['thresholds', 'normal', 'student'].flatMap((input) =>
  (['nf4', 'fp4'] as const).flatMap((codebook) =>
    [16, 32, 64, 128, 256].map((blockSize) => ({ input, codebook, blockSize })),
  ),
);

describe('bitsandbytes codes of 4 bits, as ONNX Runtime makes them', () => {
  it.each(cases)(
    'equal ours to the bit: $codebook of $input, blocks of $blockSize',
    ({ input, codebook, blockSize }) => {
      const c = quantizeCodebook(dataOf(`${input}/x`) as Float32Array, { codebook, blockSize });
      expect(c.absmax).toEqual(dataOf(`${input}/${codebook}/${blockSize}/absmax`));
      expect(c.codes).toEqual(dataOf(`${input}/${codebook}/${blockSize}/codes`));
    },
  );

  it('are compared on every array of the file', () => {
    expect(golden.size).toBe(3 + 2 * cases.length);
  });
});

describe("bitsandbytes' dynamic map, as its own functions make it", () => {
  const x = dataOf('x', dynamic) as Float32Array;

  it('is ours to the bit', () => {
    expect(quantizeCodebook(x, { codebook: 'dynamic8' }).codebook).toEqual(dataOf('map', dynamic));
  });

  it.each([64, 256, 4096])('gives the same codes and magnitudes in blocks of %d', (blockSize) => {
    const c = quantizeCodebook(x, { codebook: 'dynamic8', blockSize });
    expect(c.codes).toEqual(dataOf(`${blockSize}/codes`, dynamic));
    expect(c.absmax).toEqual(dataOf(`${blockSize}/absmax`, dynamic));
  });

  it('nests magnitudes the same way', () => {
    const c = quantizeCodebook(x, { codebook: 'nf4', blockSize: 8, doubleQuant: true });
    const { codes, absmax, offset } = c.absmax as NestedAbsmax;
    expect(offset).toBe(dataOf('nested/offset', dynamic)[0]);
    expect(absmax).toEqual(dataOf('nested/absmax', dynamic));
    expect(codes).toEqual(dataOf('nested/codes', dynamic));
  });
});

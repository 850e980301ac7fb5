import { quantizeCodebook } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../support/golden.js';

const golden = readGolden('bnb4.safetensors');
const dataOf = (name: string): Float32Array | Uint8Array => {
  const entry = golden.get(name);
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

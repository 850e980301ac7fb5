import { decodeTfjsWeight, encodeTfjsWeight, quantizeTfjs } from 'tensorslim/tfjs';
import { describe, expect, it } from 'vitest';
import { NumericError } from '../../../src/core/errors.js';
import { readGolden } from '../../support/golden.js';

const golden = readGolden('tfjs-quantization.safetensors');
const cases = Array.from(golden.keys())
  .filter((name) => name.endsWith('/x'))
  .map((name) => name.slice(0, -2));

const arrayOf = (name: string): { data: ArrayLike<number> } => {
  const array = golden.get(name);
  if (array === undefined) throw new Error(`the fixture has no ${name}`);
  return array;
};
const valuesOf = (name: string): Float32Array => Float32Array.from(arrayOf(`${name}/x`).data);

describe('weights of the golden file', () => {
  it('are 80 cases', () => {
    expect(cases).toHaveLength(80);
  });

  it.each(cases)('%s: the codes, scale and min of quantization.py under numpy 2, to the bit', (name) => {
    const x = valuesOf(name);
    for (const dtype of ['uint8', 'uint16'] as const) {
      const [scale, min] = Array.from(arrayOf(`${name}/${dtype}/range`).data);
      const { data, quantization } = encodeTfjsWeight(x, dtype);
      expect(data).toEqual(arrayOf(`${name}/${dtype}`).data);
      // JSON has no -0, so that a minimum of -0 becomes 0.
      expect(quantization).toEqual({ dtype, scale, min: min + 0 });
      const { codes, scale: ownScale, min: ownMin } = quantizeTfjs(x, { dtype });
      expect([codes, ownScale, ownMin]).toEqual([data, scale, min + 0]);
    }
  });

  it.each(cases)('%s: the float16 codes of numpy, or an error where numpy gives infinity', (name) => {
    const x = valuesOf(name);
    const expected = Uint16Array.from(arrayOf(`${name}/float16`).data);
    const infinite = expected.findIndex((code) => (code & 0x7fff) === 0x7c00);
    if (infinite < 0) {
      const { data, quantization } = encodeTfjsWeight(x, 'float16');
      expect(data).toEqual(expected);
      expect(quantization).toEqual({ dtype: 'float16' });
      return;
    }
    expect(() => encodeTfjsWeight(x, 'float16')).toThrow(NumericError);
    expect(() => encodeTfjsWeight(x, 'float16')).toThrow(
      expect.objectContaining({ code: 'OVERFLOW', index: infinite }),
    );
  });

  it.each(cases)('%s: decodes to within half a step of the weight', (name) => {
    const x = valuesOf(name);
    for (const dtype of ['uint8', 'uint16'] as const) {
      const { data, quantization } = encodeTfjsWeight(x, dtype);
      const decoded = decodeTfjsWeight(data, quantization, 'float32');
      const { scale } = quantizeTfjs(x, { dtype });
      for (let i = 0; i < x.length; i++) {
        const rounding = Math.abs(x[i]) * 2 ** -23 + 2 ** -149;
        expect(Math.abs(decoded[i] - x[i])).toBeLessThanOrEqual((scale / 2) * (1 + 1e-9) + rounding);
      }
    }
  });
});

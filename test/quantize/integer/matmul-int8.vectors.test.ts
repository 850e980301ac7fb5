import { matmulInt8, quantizeMultiplier, requantize, type Int8Matrix } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../../support/golden.js';

const golden = readGolden('ort-integer.safetensors');

function arrayOf(name: string): { data: ArrayLike<number> & { buffer: ArrayBufferLike }; shape: number[] } {
  const found = golden.get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

/** Bytes of the golden file as codes of either sign. */
function codesOf(name: string, type: string): Int8Array<ArrayBuffer> | Uint8Array<ArrayBuffer> {
  const bytes = arrayOf(name).data as Uint8Array<ArrayBuffer>;
  return type === 'int8' ? new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
}

describe.each([
  ['uint8', 'uint8'],
  ['uint8', 'int8'],
  ['int8', 'int8'],
])('ONNX Runtime, %s by %s', (aType, bType) => {
  const name = `${aType}-${bType}`;
  const a: Int8Matrix = { codes: codesOf(`${name}/a`, aType), shape: [5, 70] };
  const b: Int8Matrix = { codes: codesOf(`${name}/b`, bType), shape: [70, 9] };
  const zeroOf = (key: string, type: string) => Int32Array.from(codesOf(`${name}/${key}`, type));
  const left = { ...a, zeroPoint: zeroOf('aZero', aType) };
  const right = { ...b, zeroPoint: zeroOf('bZero', bType) };

  it('gives the sums of MatMulInteger', () => {
    expect(matmulInt8(a, b)).toEqual(arrayOf(`${name}/plain`).data);
    expect(matmulInt8(left, right)).toEqual(arrayOf(`${name}/zero`).data);
    const columns = { ...b, zeroPoint: zeroOf('bZeros', bType) };
    expect(matmulInt8(left, columns)).toEqual(arrayOf(`${name}/zeros`).data);
  });

  it('gives the codes of QLinearMatMul, or the next ones', () => {
    const scale = (Math.fround(0.02) * Math.fround(0.01)) / Math.fround(0.7);
    const [low, high] = aType === 'int8' ? [-128, 127] : [0, 255];
    const rule = { zeroPoint: zeroOf('yZero', aType)[0], codeMin: low, codeMax: high };
    const found = requantize(matmulInt8(left, right), { ...quantizeMultiplier(scale), ...rule });
    const expected = codesOf(`${name}/linear`, aType);
    const distances = Array.from(found, (code, i) => Math.abs(code - expected[i]));
    expect(Math.max(...distances)).toBeLessThanOrEqual(1);
    expect(distances.filter((d) => d > 0).length).toBeLessThanOrEqual(2);
    // As many as are clamped would hide a difference.
    expect(found.filter((code) => code > low && code < high).length).toBeGreaterThan(20);
  });
});

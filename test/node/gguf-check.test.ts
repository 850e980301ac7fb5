import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBlocks } from 'tensorslim/blocks';
import { readGguf, writeGguf, type GgufTensorData } from 'tensorslim/gguf';
import { checkGgufTensor, openGguf, saveGguf } from 'tensorslim/node';
import { afterAll, describe, expect, it } from 'vitest';
import { NumericError } from '../../src/core/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'tensorslim-gguf-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const blocks = encodeBlocks({ data: new Float32Array(512).fill(1), shape: [2, 256] }, { type: 'Q4_K' }).bytes;
/** The second block with a scale of infinity. */
const broken = blocks.slice();
broken.set([0x00, 0x7c], 144);
const q4 = (data: Uint8Array): GgufTensorData => ({ name: 'w', type: 'Q4_K', shape: [2, 256], data });

describe('checkGgufTensor', () => {
  it.each<[string, GgufTensorData, string, number]>([
    ['a scale that is infinite', q4(broken), 'SCALE_NOT_FINITE', 1],
    ['NaN', { name: 'w', type: 'F32', shape: [3], data: Float32Array.of(0, 1, NaN) }, 'VALUE_NOT_FINITE', 2],
    [
      'infinity',
      { name: 'w', type: 'F64', shape: [2], data: Float64Array.of(-Infinity, 1) },
      'VALUE_NOT_FINITE',
      0,
    ],
    [
      'a float16 NaN',
      { name: 'w', type: 'F16', shape: [2], data: Uint16Array.of(0, 0x7e00) },
      'VALUE_NOT_FINITE',
      1,
    ],
    [
      'a bfloat16 infinity',
      { name: 'w', type: 'BF16', shape: [2], data: Uint16Array.of(0x7f80, 0) },
      'VALUE_NOT_FINITE',
      0,
    ],
  ])('refuses %s, in memory and on disk, reading and writing', async (_, tensor, code, index) => {
    const bytes = writeGguf([tensor]);
    const path = join(folder, 'm.gguf');
    writeFileSync(path, bytes);
    const model = await openGguf(path, { check: checkGgufTensor });
    const error = (await model.read('w').catch((reason: unknown) => reason)) as NumericError;
    await model.close();
    expect(error).toBeInstanceOf(NumericError);
    expect([error.code, error.index]).toEqual([code, index]);
    expect(error.message).toMatch(
      /^checkGgufTensor: "w" expected .+, got .+ - convert the model again \[\w+\]$/,
    );
    rmSync(path);
    const saved = saveGguf(path, [tensor], () => tensor.data, { check: checkGgufTensor });
    await expect(saved).rejects.toMatchObject({ code });
    expect(readdirSync(folder)).toEqual([]);
    expect(() => writeGguf([tensor], { check: checkGgufTensor })).toThrow(NumericError);
    expect(() => readGguf(bytes, { check: checkGgufTensor }).tensor('w')).toThrow(NumericError);
  });

  it.each<[string, GgufTensorData]>([
    ['sound blocks', q4(blocks)],
    ['floats', { name: 'w', type: 'F32', shape: [2], data: Float32Array.of(1, -0) }],
    ['integers', { name: 'w', type: 'I8', shape: [1], data: Int8Array.of(-128) }],
    ['a type without a rule', { name: 'w', type: 'Q8_K', shape: [256], data: new Uint8Array(292).fill(255) }],
    ['nothing', { name: 'w', type: 'F32', shape: [0], data: new Float32Array(0) }],
  ])('lets pass %s', (_, tensor) => {
    expect(() => writeGguf([tensor], { check: checkGgufTensor })).not.toThrow();
  });
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  importance,
  readGguf,
  readImatrix,
  writeGguf,
  writeImatrix,
  type GgufTensorData,
} from 'tensorslim/gguf';
import { openGguf } from 'tensorslim/node';
import { describe, expect, it } from 'vitest';
import { GGML_TYPES, type GgmlTypeName } from '../../../src/core/ggml-types.js';
import { storedArray } from '../../../src/formats/gguf/tensor-types.js';

const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/gguf/${name}`, import.meta.url));
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(pathOf(name)));

/** A tensor whose bytes follow the rule of scripts/make-gguf-fixtures.py. */
function byRule(name: string, type: GgmlTypeName, shape: readonly number[]): GgufTensorData {
  const { elements, bytes } = GGML_TYPES[type];
  const length = (shape.reduce((a, b) => a * b) / elements) * bytes;
  const stored = Uint8Array.from({ length }, (_, i) => (37 * i + 11) % 256);
  return { name, type, shape, data: storedArray(type, stored) };
}

describe('files of the Python package gguf 0.19.0', () => {
  it('hold every type of tensor and metadata, and are written again to the byte', () => {
    const bytes = fixture('types.gguf');
    const file = readGguf(bytes);
    const values = Array.from(file.metadata, ([key, { value }]) => [key, value]);
    expect(values.filter(([key]) => /^[al]\./.test(key as string))).toEqual([
      ['a.uint8', 255],
      ['a.int8', -128],
      ['a.uint16', 65535],
      ['a.int16', -32768],
      ['a.uint32', 2 ** 32 - 1],
      ['a.int32', -(2 ** 31)],
      ['a.float32', Math.fround(0.1)],
      ['a.bool', true],
      ['a.string', 'grüße \u{1f389}'],
      ['a.uint64', 2n ** 64n - 1n],
      ['a.int64', -(2n ** 63n)],
      ['a.float64', 0.1],
      ['l.int32', Int32Array.of(-1, 0, 1)],
      ['l.float32', Float32Array.of(0.1, -0.5)],
      ['l.uint64', BigUint64Array.of(2n ** 64n - 1n, 0n)],
      ['l.bool', [true, false]],
      ['l.string', ['', 'a', 'ä']],
    ]);
    const types = Array.from(file.tensors.values(), ({ type }) => type);
    // The package does not know Q2_0 yet and has Q8_1 wrong.
    expect(new Set(types).size).toBe(types.length);
    expect(types.length).toBeGreaterThanOrEqual(33);
    const tensors = types.map((type) => byRule(`${type}.weight`, type, [2, GGML_TYPES[type].elements]));
    for (const { name, data, shape } of tensors) expect(file.tensor(name)).toMatchObject({ shape, data });
    expect(writeGguf(tensors, { metadata: file.metadata })).toEqual(bytes);
  });

  it('are laid out by the alignment that they name', () => {
    const bytes = fixture('alignment.gguf');
    const { alignment, metadata } = readGguf(bytes);
    expect(alignment).toBe(128);
    const tensors = [byRule('v', 'F32', [3]), byRule('w', 'Q8_0', [2, 1, 3, 32])];
    expect(writeGguf(tensors, { metadata })).toEqual(bytes);
  });

  it('may be one of several', async () => {
    const model = await openGguf(pathOf('split-00001-of-00003.gguf'));
    expect(model.files).toHaveLength(3);
    expect(Array.from(model.entries.keys())).toEqual(['a', 'b', 'c', 'd', 'e']);
    for (const name of model.entries.keys()) {
      expect((await model.read(name)).data).toEqual(byRule(name, 'F32', [2, 4]).data);
    }
    await model.close();
  });
});

describe('importance matrices laid out as llama-imatrix lays them out', () => {
  it('are read from GGUF, and written again to the byte', () => {
    const bytes = fixture('imatrix.gguf');
    const matrix = readImatrix(bytes);
    expect(matrix).toMatchObject({ chunkCount: 1, chunkSize: 2, datasets: ['calibration.txt'] });
    expect(importance(matrix, 'blk.0.ffn_up_exps.weight')).toEqual(Float32Array.of(81, 81, 5, 10, 1, 1));
    expect(writeImatrix(matrix)).toEqual(bytes);
  });

  it('are turned into the older form to the byte', () => {
    const bytes = fixture('imatrix.dat');
    expect(writeImatrix(readImatrix(fixture('imatrix.gguf')), { format: 'dat' })).toEqual(bytes);
    expect(writeImatrix(readImatrix(bytes), { format: 'dat' })).toEqual(bytes);
  });
});

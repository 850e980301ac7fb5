/** @huggingface/gguf reads our files to the same tensors. Runs where the package is installed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GGML_TYPES, type GgmlTypeName } from '../../../src/core/ggml-types.js';
import { corpus } from './corpus.js';

interface Parsed {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tensorInfos: readonly {
    readonly name: string;
    readonly shape: readonly bigint[];
    readonly dtype: number;
    readonly offset: bigint;
  }[];
  readonly tensorDataOffset: bigint;
}

type Gguf = (path: string, options: { readonly allowLocalFile: true }) => Promise<Parsed>;

const PACKAGE = '@huggingface/gguf';
const installed = ((): string | null => {
  try {
    return createRequire(import.meta.url).resolve(PACKAGE);
  } catch {
    return null;
  }
})();

describe.skipIf(installed === null)('@huggingface/gguf', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tensorslim-hf-gguf-'));
  let gguf: Gguf;
  beforeAll(async () => {
    ({ gguf } = (await import(/* @vite-ignore */ pathToFileURL(String(installed)).href)) as { gguf: Gguf });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('reads 60 files with every type to the same names, shapes, types and bytes', async () => {
    const types = Object.keys(GGML_TYPES) as GgmlTypeName[];
    for (const { name, bytes, tensors } of corpus(60, types)) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      const { tensorInfos, tensorDataOffset, metadata } = await gguf(path, { allowLocalFile: true });
      expect(metadata['general.architecture']).toBe('test');
      expect(tensorInfos).toHaveLength(tensors.length);
      for (const [i, tensor] of tensors.entries()) {
        const { shape, dtype, offset, name: label } = tensorInfos[i];
        expect([label, dtype]).toEqual([tensor.name, GGML_TYPES[tensor.type].id]);
        expect(Array.from(shape, Number).reverse()).toEqual(tensor.shape);
        const begin = Number(tensorDataOffset + offset);
        const { buffer, byteOffset, byteLength } = tensor.data;
        const stored = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
        expect(bytes.subarray(begin, begin + byteLength)).toEqual(stored);
      }
    }
  });
});

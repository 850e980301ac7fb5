import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { binarize } from '../../../src/quantize/index.js';

interface Fixture {
  readonly shape: number[];
  readonly bits: number[];
  readonly ubinary: number[];
  readonly binary: number[];
}

const path = new URL('../../fixtures/embeddings-binary.json', import.meta.url);
const fixture = JSON.parse(readFileSync(path, 'utf8')) as Fixture;
const vectors = { data: new Float32Array(Uint32Array.from(fixture.bits).buffer), shape: fixture.shape };

describe('binarize', () => {
  it('equals quantize_embeddings of transformers.js to the byte', () => {
    expect(binarize(vectors).codes).toEqual(Uint8Array.from(fixture.ubinary));
    expect(binarize(vectors, { precision: 'binary' }).codes).toEqual(Int8Array.from(fixture.binary));
  });
});

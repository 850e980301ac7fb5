/**
 * Writes test/fixtures/embeddings-binary.json: vectors, and what quantize_embeddings of transformers.js makes of them. In a folder of its own:
 *   npm install --ignore-scripts @huggingface/transformers@4.3.1
 *   cp <repository>/scripts/make-embedding-fixtures.mjs . && node make-embedding-fixtures.mjs > embeddings-binary.json
 */
import { Tensor, quantize_embeddings } from '@huggingface/transformers';

const DIMENSIONS = 40;
const COUNT = 12;

/** Any numbers will do, as long as every run has the same. */
let state = 1;
const next = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;

const values = Float32Array.from({ length: COUNT * DIMENSIONS }, next);
const hard = [0, -0, 1e-45, -1e-45, 1e-30, -1e-30, 3.4e38, -3.4e38];
hard.forEach((value, i) => (values[7 * i] = value));
const tensor = new Tensor('float32', values, [COUNT, DIMENSIONS]);
const bytes = (precision) => Array.from(quantize_embeddings(tensor, precision).data);
const bits = Array.from(new Uint32Array(values.buffer));
const result = { shape: [COUNT, DIMENSIONS], bits, ubinary: bytes('ubinary'), binary: bytes('binary') };
process.stdout.write(`${JSON.stringify(result)}\n`);

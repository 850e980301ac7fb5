import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeGgufTensor, planGguf, type GgufPlanEntry } from 'tensorslim/model';
import { convertToGguf } from 'tensorslim/node';
import { readSafetensors } from 'tensorslim/safetensors';
import type { Tensor } from 'tensorslim';
import { smallLlama, type SmallModel, type SmallOptions } from '../support/convert.js';
import { llamaLogits, type Llama } from '../support/llama.js';
import { readLlama, tinyLlamaFolder } from '../support/tiny-llama.js';

const SIZES = { layers: 2, hidden: 32, feedForward: 48, heads: 4, keyValueHeads: 2, headSize: 8 };
const TOKENS = [5, 17, 200, 3, 99, 258, 0, 42];

/** What the converted tensors compute under ggml's order, or the model's own under Hugging Face's. */
function logitsOf(model: SmallModel, options: SmallOptions, isConverted: boolean): Float32Array {
  const { entries, architecture } = planGguf(model.source, model.files, { type: 'F32' });
  const weightOf = (entry: GgufPlanEntry): Float32Array => {
    const original = model.tensors.get(entry.source ?? '') as Tensor;
    return (isConverted ? encodeGgufTensor(entry, original).data : original.data) as Float32Array;
  };
  const llama: Llama = {
    ...SIZES,
    ...options,
    vocabulary: 259,
    epsilon: 1e-5,
    ropeBase: 10_000,
    isInterleaved: isConverted && architecture === 'llama',
    weights: new Map(entries.map((entry) => [entry.name, weightOf(entry)])),
  };
  return llamaLogits(llama, TOKENS);
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, v, i) => Math.max(largest, Math.abs(v - b[i])), 0);
}

describe('a converted model computes what the model computes', () => {
  it.each<[string, SmallOptions]>([
    ['llama', {}],
    ['llama whose heads have keys of their own', { keyValueHeads: 4 }],
    ['llama with biases', { hasBiases: true }],
    ['tied llama', { isTied: true }],
    ['llama with small heads', { headSize: 4 }],
    ['qwen2', { architecture: 'Qwen2ForCausalLM', hasBiases: true }],
  ])('%s', (_, options) => {
    const model = smallLlama({ ...SIZES, ...options });
    const before = logitsOf(model, options, false);
    expect(largestDifference(before, logitsOf(model, options, true))).toBeLessThan(1e-4);
    expect(before.every(Number.isFinite)).toBe(true);
  });

  it('and would not if its rows had kept their places', () => {
    const model = smallLlama(SIZES);
    const { entries } = planGguf(model.source, model.files, { type: 'F32' });
    const weights = new Map(
      entries.map(({ name, source }) => [name, model.tensors.get(source ?? '')?.data as Float32Array]),
    );
    const more = { vocabulary: 259, epsilon: 1e-5, ropeBase: 10_000, isInterleaved: true };
    const wrong = llamaLogits({ ...SIZES, ...more, weights }, TOKENS);
    expect(largestDifference(wrong, logitsOf(model, {}, false))).toBeGreaterThan(0.01);
  });
});

const folder = tinyLlamaFolder();
const scratch = mkdtempSync(join(tmpdir(), 'tensorslim-forward-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.runIf(folder !== null)('the trained model', () => {
  it('gives the logits that PyTorch gives, when its GGUF file is read back', async () => {
    const reference = readSafetensors(readFileSync(join(folder ?? '', 'reference.safetensors')));
    const tokens = Array.from(reference.tensor('tokens').data as Int32Array);
    const path = join(scratch, 'f32.gguf');
    await convertToGguf(folder ?? '', path, { type: 'F32' });
    const logits = llamaLogits(await readLlama(path), tokens);
    expect(largestDifference(logits, reference.tensor('logits').data as Float32Array)).toBeLessThan(1e-4);
  });

  it('takes the bits per weight that ggml takes under the same mixes', async () => {
    for (const [type, bits] of [
      ['Q4_K_M', 4.844],
      ['Q5_K_M', 5.6772],
    ] as const) {
      const { tensors } = await convertToGguf(folder ?? '', join(scratch, 'mix.gguf'), { type });
      const matrices = tensors.filter(({ shape }) => shape.length === 2);
      const bytes = matrices.reduce((sum, tensor) => sum + tensor.bytes, 0);
      const elements = matrices.reduce((sum, { shape: [rows, width] }) => sum + rows * width, 0);
      expect((8 * bytes) / elements).toBeCloseTo(bits, 3);
    }
  });
});

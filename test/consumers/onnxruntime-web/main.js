/** Weights of encodeMatMulNBits in a MatMulNBits node, run by onnxruntime-web (WebAssembly), against their own decoded values. */
import assert from 'node:assert/strict';
import * as ort from 'onnxruntime-web';
import { decodeMatMulNBits, encodeMatMulNBits } from 'tensorslim/blocks';
import { matMulNBitsModel } from './onnx.js';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

const ROWS = 3;

/** Numbers between -1 and 1 without a pattern, the same in every run. */
const numbers = (count, seed) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((i + 1) * 12.9898 + seed * 78.233) * 2 ** -(i % 4));

async function check(K, N, options) {
  const w = { data: numbers(K * N, 1), shape: [K, N] };
  const x = numbers(ROWS * K, 2);
  const q = encodeMatMulNBits(w, options);
  const session = await ort.InferenceSession.create(matMulNBitsModel(q, ROWS));
  const { y } = await session.run({ x: new ort.Tensor('float32', x, [ROWS, K]) });
  const values = decodeMatMulNBits(q);
  let worst = 0;
  for (let i = 0; i < ROWS * N; i++) {
    let sum = 0;
    let size = 0;
    for (let k = 0; k < K; k++) {
      const product = x[Math.floor(i / N) * K + k] * values[k * N + (i % N)];
      sum += product;
      size += Math.abs(product);
    }
    const error = Math.abs(y.data[i] - sum);
    // K products summed in float32, in any order.
    assert.ok(
      error <= size * K * 2 ** -24,
      `${JSON.stringify(options)}: y[${i}] is ${y.data[i]}, expected ${sum}`,
    );
    worst = Math.max(worst, error);
  }
  await session.release();
  return worst;
}

let count = 0;
for (const bits of [4, 8, 2]) {
  for (const blockSize of [16, 32, 64, 128]) {
    for (const mapping of ['symmetric', 'asymmetric']) {
      for (const K of [256, 100]) {
        const worst = await check(K, 24, { bits, blockSize, mapping });
        process.stdout.write(
          `${bits} bits, blocks of ${blockSize}, ${mapping}, K ${K}: largest difference ${worst.toExponential(2)}\n`,
        );
        count++;
      }
    }
  }
}
process.stdout.write(`${count} MatMulNBits graphs give y\n`);

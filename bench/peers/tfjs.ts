/**
 * tfjs on its CPU backend: each result is read back, because that is when the work is known to be done. It is read outside of
 * `tidy`, which would look for tensors in every element of an array that it is handed.
 */
import * as tf from '@tensorflow/tfjs';
import type { F32, I32, I8 } from '../../src/core/arrays.js';

tf.enableProdMode();
await tf.setBackend('cpu');

/** Runs `work` and returns the data of the tensor that it makes. */
function dataOf(work: () => tf.Tensor): Float32Array | Int32Array | Uint8Array {
  const result = tf.tidy(work);
  const data = result.dataSync();
  result.dispose();
  return data;
}

export function tfjsAbsmax(x: F32): () => number {
  const tensor = tf.tensor1d(x);
  return () => dataOf(() => tf.max(tf.abs(tensor)))[0];
}

export function tfjsQuantize(x: F32, scale: number): () => I32 {
  const tensor = tf.tensor1d(x);
  const reciprocal = Math.fround(1 / scale);
  return () =>
    dataOf(() => tf.cast(tf.clipByValue(tf.round(tf.mul(tensor, reciprocal)), -127, 127), 'int32')) as I32;
}

export function tfjsDequantize(codes: I8, scale: number): () => F32 {
  const tensor = tf.tensor1d(Int32Array.from(codes), 'int32');
  return () => dataOf(() => tf.mul(tf.cast(tensor, 'float32'), scale)) as F32;
}

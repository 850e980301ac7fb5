/** tfjs on its CPU backend: each result is read back, because that is when the work is known to be done. */
import * as tf from '@tensorflow/tfjs';
import type { F32, I32, I8 } from '../../src/core/arrays.js';

tf.enableProdMode();
await tf.setBackend('cpu');

export function tfjsAbsmax(x: F32): () => number {
  const tensor = tf.tensor1d(x);
  return () => tf.tidy(() => tf.max(tf.abs(tensor)).dataSync()[0]);
}

export function tfjsQuantize(x: F32, scale: number): () => I32 {
  const tensor = tf.tensor1d(x);
  const reciprocal = Math.fround(1 / scale);
  return () =>
    tf.tidy(
      () =>
        tf
          .cast(tf.clipByValue(tf.round(tf.mul(tensor, reciprocal)), -127, 127), 'int32')
          .dataSync<'int32'>() as I32,
    );
}

export function tfjsDequantize(codes: I8, scale: number): () => F32 {
  const tensor = tf.tensor1d(Int32Array.from(codes), 'int32');
  return () => tf.tidy(() => tf.mul(tf.cast(tensor, 'float32'), scale).dataSync<'float32'>() as F32);
}

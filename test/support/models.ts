import { sourceOfTensors } from 'tensorslim/model';
import { tensor, type Tensor } from '../../src/core/tensor.js';
import { hash32 } from '../../src/core/random.js';
import type { TensorSource } from '../../src/core/source.js';

/** `count` numbers from a bell-shaped distribution (a sum of four uniform ones), the same for the same seed. */
export function bell(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < 4; k++) sum += hash32(seed, 4 * i + k) / 2 ** 32 - 0.5;
    return sum;
  });
}

/** A small transformer layer: matrices, a norm, biases, integers, half floats and a mask with infinities. */
export function smallTensors(): Map<string, Tensor> {
  const mask = new Float32Array(64).fill(-Infinity);
  mask[0] = 0;
  return new Map<string, Tensor>([
    ['embed/table', tensor(bell(64 * 48, 1), [64, 48])],
    ['layer/0/kernel', tensor(bell(48 * 40, 2), [48, 40])],
    ['layer/0/bias', tensor(bell(40, 3), [40])],
    ['layer/0/norm/scale', tensor(bell(2048, 4), [1, 2048])],
    ['layer/1/kernel', tensor(Float64Array.from(bell(40 * 40, 5)), [40, 40])],
    [
      'head',
      tensor(
        Uint16Array.from({ length: 2000 }, (_, i) => 0x3000 + i),
        [40, 50],
        'float16',
      ),
    ],
    [
      'ids',
      tensor(
        Int32Array.from({ length: 2000 }, (_, i) => i),
        [2, 1000],
      ),
    ],
    ['mask', tensor(mask, [64])],
    ['__proto__', tensor(bell(1024, 6), [32, 32])],
    ['empty', tensor(new Float32Array(0), [0, 4096])],
    ['step', tensor(Float32Array.of(7), [])],
  ]);
}

export const smallModel = (): TensorSource => sourceOfTensors(smallTensors());

/** The tensor that every row works on: normal numbers of the size of a network's weights, the same in every run. */
import type { F32 } from '../src/core/arrays.js';
import { createRandom } from '../src/core/random.js';

export function weights(elements: number): F32 {
  const random = createRandom(1);
  const x = new Float32Array(elements);
  for (let i = 0; i < elements; i++) x[i] = 0.05 * random.normal();
  return x;
}

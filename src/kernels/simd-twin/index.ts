/** All SIMD kernels as one `Kernels`. */
import type { Simd } from '../memory.js';
import { Stage } from '../tiles.js';
import type { Kernels } from '../types.js';
import { simdAffine } from './affine.js';
import { simdReduce } from './reduce.js';

export function createSimdKernels(simd: Simd): Kernels {
  const stage = new Stage(simd.buffer);
  return {
    name: 'simd',
    ...simdReduce(simd.exports, stage),
    ...simdAffine(simd.exports, stage),
  } as unknown as Kernels;
}

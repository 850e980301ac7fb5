/** All SIMD kernels as one `Kernels`. */
import type { Simd } from '../memory.js';
import { Stage, TILE_ELEMENTS } from '../tiles.js';
import type { Kernels } from '../types.js';
import { simdAffine } from './affine.js';
import { simdCodebook } from './codebook.js';
import { simdError } from './error.js';
import { simdFloat } from './float.js';
import { simdFused } from './fused.js';
import { simdMx } from './mx.js';
import { simdPack } from './pack.js';
import { simdReduce } from './reduce.js';

/** `tileElements` is for tests that want many tile edges: at least 64, at most TILE_ELEMENTS, a multiple of 16. */
export function createSimdKernels(simd: Simd, tileElements: number = TILE_ELEMENTS): Kernels {
  const stage = new Stage(simd.buffer, tileElements);
  const reduce = simdReduce(simd.exports, stage);
  return {
    name: 'simd',
    ...reduce,
    ...simdAffine(simd.exports, stage),
    ...simdCodebook(simd.exports, stage, reduce),
    ...simdPack(simd.exports, stage),
    ...simdFloat(simd.exports, stage),
    ...simdFused(simd.exports, stage),
    ...simdMx(simd.exports, stage),
    ...simdError(simd, stage),
  };
}

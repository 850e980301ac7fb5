/** All SIMD kernels as one `Kernels`. */
import { instantiate, sharedMemory } from '../memory.js';
import type { SimdExports } from '../simd-exports.js';
import { SIMD_WASM_BASE64, SIMD_WASM_BYTES } from '../simd.generated.js';
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

/** The functions of simd/*.ts and the memory that they work on. */
export interface Simd {
  readonly buffer: ArrayBuffer;
  readonly exports: SimdExports;
}

let instance: Simd | null | undefined;

/** The instance, or null where the engine has no WebAssembly SIMD or forbids it. */
export function simdInstance(): Simd | null {
  if (instance === undefined) {
    const exports = instantiate(SIMD_WASM_BASE64, SIMD_WASM_BYTES);
    const memory = sharedMemory();
    instance =
      exports === null || memory === null ? null : { buffer: memory.buffer, exports: exports as SimdExports };
  }
  return instance;
}

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
    ...simdError(simd.exports, simd.buffer, stage),
  };
}

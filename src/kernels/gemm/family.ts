/** The family of gemm/types.ts. */
import type { KernelFamily } from '../family.js';
import { kernelFamily, openModule } from '../family.js';
import { referenceGemm } from './reference.js';
import { scalarGemm } from './scalar.js';
import { SIMD_WASM_BASE64, SIMD_WASM_BYTES } from './simd.generated.js';
import type { GemmExports } from './twin.js';
import { simdGemm } from './twin.js';
import type { GemmKernels } from './types.js';

/** The SIMD twin, with tiles of this many elements for tests; null where the engine has none. */
export function createSimdGemm(tileElements?: number): GemmKernels | null {
  const module = openModule<GemmExports>(SIMD_WASM_BASE64, SIMD_WASM_BYTES, tileElements);
  return module === null ? null : simdGemm(module);
}

export const gemm: KernelFamily<GemmKernels> = kernelFamily(referenceGemm, scalarGemm, () =>
  createSimdGemm(),
);

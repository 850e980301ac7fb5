/** The family of vectors/types.ts. */
import type { KernelFamily } from '../family.js';
import { kernelFamily, openModule } from '../family.js';
import { referenceVectors } from './reference.js';
import { scalarVectors } from './scalar.js';
import { SIMD_WASM_BASE64, SIMD_WASM_BYTES } from './simd.generated.js';
import type { VectorExports } from './twin.js';
import { simdVectors } from './twin.js';
import type { VectorKernels } from './types.js';

/** The SIMD twin, with tiles of this many elements for tests; null where the engine has none. */
export function createSimdVectors(tileElements?: number): VectorKernels | null {
  const module = openModule<VectorExports>(SIMD_WASM_BASE64, SIMD_WASM_BYTES, tileElements);
  return module === null ? null : simdVectors(module);
}

export const vectorFamily: KernelFamily<VectorKernels> = kernelFamily(referenceVectors, scalarVectors, () =>
  createSimdVectors(),
);

/** The family of sparse/types.ts. */
import type { KernelFamily } from '../family.js';
import { kernelFamily, openModule } from '../family.js';
import { referenceSparse } from './reference.js';
import { scalarSparse } from './scalar.js';
import { SIMD_WASM_BASE64, SIMD_WASM_BYTES } from './simd.generated.js';
import type { SparseExports } from './twin.js';
import { simdSparse } from './twin.js';
import type { SparseKernels } from './types.js';

/** The SIMD twin, with tiles of this many elements for tests; null where the engine has none. */
export function createSimdSparse(tileElements?: number): SparseKernels | null {
  const module = openModule<SparseExports>(SIMD_WASM_BASE64, SIMD_WASM_BYTES, tileElements);
  return module === null ? null : simdSparse(module);
}

export const sparse: KernelFamily<SparseKernels> = kernelFamily(referenceSparse, scalarSparse, () =>
  createSimdSparse(),
);

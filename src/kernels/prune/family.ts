/** The family of prune/types.ts. */
import type { KernelFamily } from '../family.js';
import { kernelFamily, openModule } from '../family.js';
import { referencePrune } from './reference.js';
import { scalarPrune } from './scalar.js';
import { SIMD_WASM_BASE64, SIMD_WASM_BYTES } from './simd.generated.js';
import type { PruneExports } from './twin.js';
import { simdPrune } from './twin.js';
import type { PruneKernels } from './types.js';

/** The SIMD twin, with tiles of this many elements for tests; null where the engine has none. */
export function createSimdPrune(tileElements?: number): PruneKernels | null {
  const module = openModule<PruneExports>(SIMD_WASM_BASE64, SIMD_WASM_BYTES, tileElements);
  return module === null ? null : simdPrune(module);
}

export const pruneFamily: KernelFamily<PruneKernels> = kernelFamily(referencePrune, scalarPrune, () =>
  createSimdPrune(),
);

/** The family of svd/types.ts. */
import type { KernelFamily } from '../family.js';
import { kernelFamily, openModule } from '../family.js';
import { referenceSvd } from './reference.js';
import { scalarSvd } from './scalar.js';
import { SIMD_WASM_BASE64, SIMD_WASM_BYTES } from './simd.generated.js';
import type { SvdExports } from './twin.js';
import { simdSvd } from './twin.js';
import type { SvdKernels } from './types.js';

/** The SIMD twin, with tiles of this many elements for tests; null where the engine has none. */
export function createSimdSvd(tileElements?: number): SvdKernels | null {
  const module = openModule<SvdExports>(SIMD_WASM_BASE64, SIMD_WASM_BYTES, tileElements);
  return module === null ? null : simdSvd(module);
}

export const svdKernels: KernelFamily<SvdKernels> = kernelFamily(referenceSvd, scalarSvd, () =>
  createSimdSvd(),
);

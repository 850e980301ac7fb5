/** The family of hadamard/types.ts. */
import type { KernelFamily } from '../family.js';
import { kernelFamily, openModule } from '../family.js';
import { referenceHadamard } from './reference.js';
import { scalarHadamard } from './scalar.js';
import { SIMD_WASM_BASE64, SIMD_WASM_BYTES } from './simd.generated.js';
import type { HadamardExports } from './twin.js';
import { simdHadamard } from './twin.js';
import type { HadamardKernels } from './types.js';

/** The SIMD twin, with tiles of this many elements for tests; null where the engine has none. */
export function createSimdHadamard(tileElements?: number): HadamardKernels | null {
  const module = openModule<HadamardExports>(SIMD_WASM_BASE64, SIMD_WASM_BYTES, tileElements);
  return module === null ? null : simdHadamard(module);
}

export const hadamardFamily: KernelFamily<HadamardKernels> = kernelFamily(
  referenceHadamard,
  scalarHadamard,
  () => createSimdHadamard(),
);

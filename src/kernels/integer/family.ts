/** The family of integer/types.ts. */
import type { KernelFamily } from '../family.js';
import { kernelFamily, openModule } from '../family.js';
import { referenceInteger } from './reference.js';
import { scalarInteger } from './scalar.js';
import { SIMD_WASM_BASE64, SIMD_WASM_BYTES } from './simd.generated.js';
import type { IntegerExports } from './twin.js';
import { simdInteger } from './twin.js';
import type { IntegerKernels } from './types.js';

/** The SIMD twin, with tiles of this many elements for tests; null where the engine has none. */
export function createSimdInteger(tileElements?: number): IntegerKernels | null {
  const module = openModule<IntegerExports>(SIMD_WASM_BASE64, SIMD_WASM_BYTES, tileElements);
  return module === null ? null : simdInteger(module);
}

export const integer: KernelFamily<IntegerKernels> = kernelFamily(referenceInteger, scalarInteger, () =>
  createSimdInteger(),
);

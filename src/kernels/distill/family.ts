/** The family of distill/types.ts. */
import type { KernelFamily } from '../family.js';
import { kernelFamily, openModule } from '../family.js';
import { referenceDistill } from './reference.js';
import { scalarDistill } from './scalar.js';
import { SIMD_WASM_BASE64, SIMD_WASM_BYTES } from './simd.generated.js';
import type { DistillExports } from './twin.js';
import { simdDistill } from './twin.js';
import type { DistillKernels } from './types.js';

/** The SIMD twin, with tiles of this many elements for tests; null where the engine has none. */
export function createSimdDistill(tileElements?: number): DistillKernels | null {
  const module = openModule<DistillExports>(SIMD_WASM_BASE64, SIMD_WASM_BYTES, tileElements);
  return module === null ? null : simdDistill(module);
}

export const distillFamily: KernelFamily<DistillKernels> = kernelFamily(referenceDistill, scalarDistill, () =>
  createSimdDistill(),
);

/** Which implementation of the kernels is in use. All give the same bits; nothing is made before the first use. */
import { rangeError } from '../core/errors.js';
import { kernelFamily, useImplementation } from './family.js';
import { referenceKernels } from './reference/index.js';
import { scalarKernels } from './scalar/index.js';
import { createSimdKernels, simdInstance } from './simd-twin/index.js';
import type { Kernels } from './types.js';

const family = kernelFamily<Kernels>(referenceKernels, scalarKernels, () => {
  const simd = simdInstance();
  return simd === null ? null : createSimdKernels(simd);
});

/** The kernels in use: what `setBackend` chose, else SIMD where the engine has it, else scalar. */
export const kernels: () => Kernels = family.inUse;

/** One implementation by name, for tests and comparisons. */
export const kernelsOf: (name: 'reference' | 'scalar' | 'simd') => Kernels = family.of;

/**
 * Chooses the implementation that all later calls use; every one gives the same bits.
 *
 * @param name 'auto' (the default): SIMD where the engine has it, else scalar; 'simd'; 'scalar': plain TypeScript.
 * @throws RangeError when the name is none of these, or for 'simd' when the engine cannot run it.
 * @example
 * setBackend('scalar');
 * backend(); // 'scalar'
 * setBackend('auto');
 * @see backend
 */
export function setBackend(name: 'auto' | 'simd' | 'scalar'): void {
  if (name !== 'auto' && name !== 'simd' && name !== 'scalar') {
    throw rangeError('setBackend', 'name', "'auto', 'simd' or 'scalar'", name, "'auto' suits most programs");
  }
  if (name === 'simd') kernelsOf(name);
  useImplementation(name);
}

/**
 * Returns the name of the implementation in use, after trying SIMD if nothing was chosen before.
 *
 * @example
 * backend(); // 'simd', on every current engine
 * @see setBackend
 */
export function backend(): 'simd' | 'scalar' {
  return kernels().name === 'simd' ? 'simd' : 'scalar';
}

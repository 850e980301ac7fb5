/** Which implementation of the kernels is in use. All give the same bits; nothing is made before the first use. */
import { rangeError } from '../core/errors.js';
import { simdInstance } from './memory.js';
import { referenceKernels } from './reference/index.js';
import { scalarKernels } from './scalar/index.js';
import { createSimdKernels } from './simd-twin/index.js';
import type { Kernels } from './types.js';

let simdKernels: Kernels | null | undefined;
let chosen: Kernels | null = null;

function simdOrNull(): Kernels | null {
  if (simdKernels === undefined) {
    const simd = simdInstance();
    simdKernels = simd === null ? null : createSimdKernels(simd);
  }
  return simdKernels;
}

/** The kernels in use: what `setBackend` chose, else SIMD where the engine has it, else scalar. */
export function kernels(): Kernels {
  chosen ??= simdOrNull() ?? scalarKernels;
  return chosen;
}

/** One implementation by name, for tests and comparisons. */
export function kernelsOf(name: 'reference' | 'scalar' | 'simd'): Kernels {
  if (name === 'reference') return referenceKernels;
  if (name === 'scalar') return scalarKernels;
  const simd = simdOrNull();
  if (simd === null) {
    throw rangeError(
      'setBackend',
      'name',
      'a backend that this engine can run',
      name,
      `the engine has no WebAssembly SIMD or forbids compiling: use 'auto' or 'scalar', which gives the same bits`,
    );
  }
  return simd;
}

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
  chosen = name === 'auto' ? null : kernelsOf(name);
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

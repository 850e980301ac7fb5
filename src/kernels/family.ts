/**
 * Kernel families: sets of kernels, each with a reference, a scalar and a SIMD implementation that give the same bits. The kernels of
 * types.ts are one; a folder of this room with a module of its own, such as hadamard/, is another: who does not import a family does not
 * carry its WebAssembly. `setBackend` chooses for all of them at once.
 */
import { rangeError } from '../core/errors.js';
import { instantiate, sharedMemory } from './memory.js';
import { Stage, TILE_ELEMENTS } from './tiles.js';

export interface KernelFamily<K> {
  /** What `setBackend` chose, else SIMD where the engine has it, else scalar. */
  readonly inUse: () => K;
  /** One implementation by name, for tests and comparisons. */
  readonly of: (name: 'reference' | 'scalar' | 'simd') => K;
}

let choice: 'auto' | 'simd' | 'scalar' = 'auto';

/** What every family uses from now on; `setBackend` checks that the engine can. */
export function useImplementation(name: 'auto' | 'simd' | 'scalar'): void {
  choice = name;
}

/** A family of these three implementations; `makeSimd` is called once, at the first use, and gives null where the engine has no SIMD. */
export function kernelFamily<K>(reference: K, scalar: K, makeSimd: () => K | null): KernelFamily<K> {
  let made: K | null | undefined;
  const simdOrNull = (): K | null => {
    if (made === undefined) made = makeSimd();
    return made;
  };

  return {
    inUse: () => (choice === 'scalar' ? scalar : (simdOrNull() ?? scalar)),
    of(name) {
      if (name === 'reference') return reference;
      if (name === 'scalar') return scalar;
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
    },
  };
}

/** A family's module at work: its functions, and the stage that brings arrays to them. */
export interface Module<E> {
  readonly exports: E;
  readonly stage: Stage;
  readonly buffer: ArrayBuffer;
}

/**
 * The module of a family over the shared memory, or null where the engine has none. `tileElements` is for tests that want many tile edges:
 * at least 64, at most TILE_ELEMENTS, a multiple of 16.
 */
export function openModule<E>(
  base64: string,
  bytes: number,
  tileElements: number = TILE_ELEMENTS,
): Module<E> | null {
  const exports = instantiate(base64, bytes);
  const memory = sharedMemory();
  if (exports === null || memory === null) return null;
  return { exports: exports as E, stage: new Stage(memory.buffer, tileElements), buffer: memory.buffer };
}

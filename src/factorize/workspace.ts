/** Memory that a factorization works in. */
import type { F32, F64 } from '../core/arrays.js';
import { allocate, free } from '../kernels/memory.js';

export interface Workspace {
  /** Zeros, in the kernels' memory as long as it has room. */
  float64(length: number): F64;
  float32(length: number): F32;
}

/** What `work` returns, which must lie in arrays of its own: those of the workspace are gone afterwards. */
export function withWorkspace<T>(work: (space: Workspace) => T): T {
  const taken: (F32 | F64)[] = [];
  const take = <D extends 'float32' | 'float64'>(
    length: number,
    dtype: D,
  ): ReturnType<typeof allocate<D>> => {
    const array = allocate(length, dtype);
    taken.push(array as F32 | F64);
    return array;
  };
  try {
    return work({
      float64: (length) => take(length, 'float64'),
      float32: (length) => take(length, 'float32'),
    });
  } finally {
    taken.forEach((array) => free(array));
  }
}

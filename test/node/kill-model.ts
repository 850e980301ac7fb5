/** The model that is saved and killed: 2 MiB in 16 tensors, every element saying which version it is of. */
import type { ArraySpec } from '../../src/core/source.js';

export type Version = 'old' | 'new';

export const KILL_SPECS: readonly ArraySpec[] = Array.from({ length: 16 }, (_, i) => ({
  name: `layer.${i}`,
  dtype: 'float32',
  shape: [32, 1024],
}));

export function dataOf({ shape }: ArraySpec, version: Version): ReturnType<typeof Float32Array.of> {
  return new Float32Array(shape[0] * shape[1]).fill(version === 'old' ? 1 : 2);
}

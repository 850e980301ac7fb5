/**
 * Experiment 7: absmax from an ordinary array through tiles of 128, 256 and 512 KiB (half of what `createSimdKernels` gets here
 * is what kernels with an output use). A kernel that only reads has the second cache to itself: 512 KiB was best in each of six processes.
 */
import { createSimdKernels } from '../../src/kernels/simd-twin/index.js';
import { ELEMENTS, reporter, simd, wave } from './lab.js';

const x = wave(ELEMENTS);
const out = new Float32Array(1);
const expected = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const report = reporter();
for (const tile of [16384, 32768, 65536]) {
  const kernels = createSimdKernels(simd(), tile);
  report(`absmax, tiles of ${(2 * 4 * tile) / 1024} KiB`, 4 * ELEMENTS, () => {
    kernels.absmaxRuns(out, x, 1, ELEMENTS, ELEMENTS);
  });
  if (out[0] !== expected) throw new Error('absmax is wrong');
}

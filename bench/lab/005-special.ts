/**
 * Experiment 5: quantization works 64 elements at once in the hope that none is NaN, infinite or beyond 2^22 steps, and does
 * them again, carefully, where one is. What does that cost, in tiles that stay in the second cache?
 */
import { allocate } from '../../src/kernels/memory.js';
import { ELEMENTS, reporter, simd, wave } from './lab.js';

const COUNT = 32768;
const { exports: wasm } = simd();
const x = allocate(COUNT);
const codes = allocate(COUNT, 'int8').byteOffset;
const parameters = allocate(1);
parameters[0] = 1 / 127;
const report = reporter();

for (const [name, every] of [
  ['no special number', Infinity],
  ['a NaN in 4096', 4096],
  ['a NaN in 64', 64],
] as const) {
  x.set(wave(COUNT).map((value, i) => (i % every === 7 ? NaN : value)));
  for (const [kind, run] of [
    ['one run', COUNT],
    ['runs of 32', 32],
  ] as const) {
    const scales = allocate(COUNT / run).fill(1 / 127).byteOffset;
    report(`${kind}, ${name}`, 5 * ELEMENTS, () => {
      for (let at = 0; at < ELEMENTS; at += COUNT) {
        wasm.quantizeRuns(0, codes, x.byteOffset, scales, 0, 1, COUNT, run, -127, 127, 0, 0, 0, 0);
      }
    });
  }
}

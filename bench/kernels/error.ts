import type { F32 } from '../../src/core/arrays.js';
import { errorLoop } from '../peers/loops.js';
import type { KernelCase } from './case.js';
import { SUMS } from './case.js';

/** x with 8 significant bits left: errors of the usual size. */
function rounded(x: F32): F32 {
  return x.map((value) => {
    const split = Math.fround(value * 65537);
    return split - Math.fround(split - value);
  });
}

export const errorCases: readonly KernelCase[] = [
  {
    name: 'error sums of two tensors',
    bytesPerElement: 8,
    trial: (kernels, source, room) => {
      const a = room.input(source);
      const b = room.input(rounded(source));
      let sums = kernels.errorSums(a, b);
      return {
        run: () => (sums = kernels.errorSums(a, b)),
        result: () => [sums.maxAbs, sums.sumSquaredError, sums.sumSquaredA, sums.sumSquaredB, sums.dot],
      };
    },
    peers: [
      {
        name: 'loop',
        tolerance: SUMS,
        trial: (x) => {
          const b = rounded(x);
          let sums: number[] = [];
          return { run: () => (sums = errorLoop(x, b)), result: () => sums };
        },
      },
    ],
  },
];

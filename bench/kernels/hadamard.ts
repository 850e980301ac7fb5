import type { F32 } from '../../src/core/arrays.js';
import { hadamardFamily } from '../../src/kernels/hadamard/family.js';
import type { HadamardRule } from '../../src/kernels/hadamard/types.js';
import type { KernelCase } from './case.js';
import { EXACT } from './case.js';

const WIDTH = 4096;

const rule: HadamardRule = {
  power: WIDTH,
  base: 1,
  matrix: new Float32Array(0),
  before: null,
  after: null,
  scale: 1 / 64,
};

/** One pass over the row for each step, as it is usually written. */
function butterflyLoop(out: F32, x: F32): void {
  out.set(x);
  for (let row = 0; row < out.length; row += WIDTH) {
    for (let h = 1; h < WIDTH; h *= 2) {
      for (let block = row; block < row + WIDTH; block += 2 * h) {
        for (let i = block; i < block + h; i++) {
          const a = out[i];
          const b = out[i + h];
          out[i] = a + b;
          out[i + h] = a - b;
        }
      }
    }
    for (let i = row; i < row + WIDTH; i++) out[i] /= 64;
  }
}

export const hadamardCases: readonly KernelCase[] = [
  {
    name: 'hadamard, rows of 4096',
    bytesPerElement: 8,
    trial: (kernels, source, room) => {
      const twin = hadamardFamily.of(kernels.name);
      const x = room.input(source);
      const out = room.float32(source.length);
      return { run: () => twin.hadamard(out, x, source.length / WIDTH, rule), result: () => [out] };
    },
    peers: [
      {
        name: 'loop',
        tolerance: EXACT,
        trial: (x) => {
          const out = new Float32Array(x.length);
          return { run: () => butterflyLoop(out, x), result: () => [out] };
        },
      },
    ],
  },
];

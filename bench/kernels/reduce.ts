import type { KernelCase } from './case.js';
import { EXACT, SUMS } from './case.js';
import { absmaxLoop, minmaxLoop, momentsLoop } from '../peers/loops.js';
import { matrixMinmax } from '../peers/ml-matrix.js';
import { tfjsAbsmax } from '../peers/tfjs.js';

export const reduceCases: readonly KernelCase[] = [
  {
    name: 'absmax, per tensor',
    bytesPerElement: 4,
    trial: (kernels, source, room) => {
      const x = room.input(source);
      const out = room.float32(1);
      return { run: () => kernels.absmaxRuns(out, x, 1, x.length, x.length), result: () => [out] };
    },
    numpy: 'absmax',
    peers: [
      {
        name: 'loop',
        tolerance: EXACT,
        trial: (x) => {
          let best = 0;
          return { run: () => (best = absmaxLoop(x)), result: () => [best] };
        },
      },
      {
        name: 'tfjs cpu',
        tolerance: EXACT,
        trial: (x) => {
          let best = 0;
          const work = tfjsAbsmax(x);
          return { run: () => (best = work()), result: () => [best] };
        },
      },
    ],
  },
  {
    name: 'minmax, per tensor',
    bytesPerElement: 4,
    trial: (kernels, source, room) => {
      const x = room.input(source);
      const min = room.float32(1);
      const max = room.float32(1);
      return {
        run: () => kernels.minmaxRuns(min, max, x, 1, x.length, x.length),
        result: () => [min, max],
      };
    },
    peers: [
      {
        name: 'loop',
        tolerance: EXACT,
        trial: (x) => {
          let range = [0, 0];
          return { run: () => (range = minmaxLoop(x)), result: () => range };
        },
      },
      {
        name: 'ml-matrix (float64)',
        tolerance: EXACT,
        trial: (x) => {
          let range = [0, 0];
          const work = matrixMinmax(x);
          return { run: () => (range = work()), result: () => range };
        },
      },
    ],
  },
  {
    name: 'moments, per tensor',
    bytesPerElement: 4,
    trial: (kernels, source, room) => {
      const x = room.input(source);
      const out = room.float64(2);
      return { run: () => kernels.momentsRuns(out, x, 1, x.length, x.length), result: () => [...out] };
    },
    peers: [
      {
        name: 'loop',
        tolerance: SUMS,
        trial: (x) => {
          let sums = [0, 0];
          return { run: () => (sums = momentsLoop(x)), result: () => sums };
        },
      },
    ],
  },
];

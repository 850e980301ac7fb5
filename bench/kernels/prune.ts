import type { F32, U8 } from '../../src/core/arrays.js';
import { setBackend } from '../../src/kernels/dispatch.js';
import { pruneFamily } from '../../src/kernels/prune/family.js';
import { maskTopK } from '../../src/prune/top-k.js';
import type { KernelCase, Trial } from './case.js';
import { EXACT } from './case.js';

/** The same mask by a sort of all magnitudes, as it is usually written. */
function maskBySort(mask: U8, x: F32): void {
  const half = x.length >> 1;
  const sorted = x.map(Math.abs).sort();
  const threshold = sorted[half];
  let above = 0;
  while (sorted[x.length - 1 - above] > threshold) above++;
  let ties = half - above;
  for (let i = 0; i < x.length; i++) {
    const value = Math.abs(x[i]);
    mask[i] = value > threshold || (value === threshold && ties-- > 0) ? 1 : 0;
  }
}

const sortTrial = (x: F32): Trial => {
  const mask = new Uint8Array(x.length);
  return { run: () => maskBySort(mask, x), result: () => [mask] };
};

function twoOfFourLoop(mask: U8, x: F32): void {
  for (let at = 0; at < x.length; at += 4) {
    for (let i = 0; i < 4; i++) {
      let larger = 0;
      for (let j = 0; j < 4; j++) {
        const [a, b] = [Math.abs(x[at + i]), Math.abs(x[at + j])];
        if (b > a || (b === a && j < i)) larger++;
      }
      mask[at + i] = larger < 2 ? 1 : 0;
    }
  }
}

export const pruneCases: readonly KernelCase[] = [
  {
    name: 'mask half the magnitudes, exact count',
    // Three passes of reading, and the mask.
    bytesPerElement: 13,
    trial: (kernels, source, room) => {
      if (kernels.name === 'reference') return sortTrial(source);
      const x = room.input(source);
      let mask: U8 = new Uint8Array(0);
      const name = kernels.name;
      return {
        run: () => {
          setBackend(name);
          mask = maskTopK([x], { sparsity: 0.5, order: 'magnitude', scope: 'global' })[0];
          setBackend('auto');
        },
        result: () => [mask],
      };
    },
    peers: [{ name: 'sort', tolerance: EXACT, trial: sortTrial }],
    numpy: 'partition mask',
    torch: 'topk mask',
    // They keep all or any of the magnitudes that equal the threshold.
    foreign: { distance: 1, share: 1e-5 },
  },
  {
    name: 'mask half of each row of 4096',
    bytesPerElement: 5,
    trial: (kernels, source, room) => {
      const twin = pruneFamily.of(kernels.name);
      const x = room.input(source);
      const mask = room.bytes(source.length);
      const rows = source.length / 4096;
      return {
        run: () => void twin.maskRows(mask, x, 0, rows, 4096, 2048, 'magnitude', false),
        result: () => [mask],
      };
    },
    peers: [],
  },
  {
    name: 'mask 2:4',
    bytesPerElement: 5,
    trial: (kernels, source, room) => {
      const twin = pruneFamily.of(kernels.name);
      const x = room.input(source);
      const mask = room.bytes(source.length);
      return {
        run: () => void twin.maskGroups(mask, x, source.length / 4, 4, 2, 'magnitude'),
        result: () => [mask],
      };
    },
    peers: [
      {
        name: 'loop',
        tolerance: EXACT,
        trial: (x) => {
          const mask = new Uint8Array(x.length);
          return { run: () => twoOfFourLoop(mask, x), result: () => [mask] };
        },
      },
    ],
  },
];

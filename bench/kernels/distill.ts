import { distillFamily } from '../../src/kernels/distill/family.js';
import type { KernelCase } from './case.js';

const CLASSES = 32_768;

/** As it is usually written. */
function softmaxLoop(out: Float32Array, x: Float32Array): void {
  for (let at = 0; at < x.length; at += CLASSES) {
    const end = Math.min(at + CLASSES, x.length);
    let most = -Infinity;
    for (let i = at; i < end; i++) most = Math.max(most, x[i]);
    let sum = 0;
    for (let i = at; i < end; i++) {
      out[i] = Math.exp(x[i] - most);
      sum += out[i];
    }
    for (let i = at; i < end; i++) out[i] /= sum;
  }
}

const totals = new Float64Array(4);

export const distillCases: readonly KernelCase[] = [
  {
    name: 'softmax, rows of 32768',
    bytesPerElement: 8,
    trial: (kernels, source, room) => {
      const twin = distillFamily.of(kernels.name);
      const x = room.input(source);
      const out = room.float32(source.length);
      const run = (): void => {
        for (let at = 0; at < x.length; at += CLASSES) {
          const count = Math.min(CLASSES, x.length - at);
          const most = twin.largest(x, at, count);
          totals.fill(0);
          twin.exponentials(out, x, at, count, most, 1, totals);
          const sum = totals[0] + totals[1] + (totals[2] + totals[3]);
          twin.multiply(out, at, count, Math.fround(1 / sum));
        }
      };
      return { run, result: () => [out] };
    },
    peers: [
      {
        name: 'loop',
        // Relative to a probability: two units in the last place.
        tolerance: { distance: 3e-7, share: 1 },
        trial: (x) => {
          const out = new Float32Array(x.length);
          return { run: () => softmaxLoop(out, x), result: () => [out] };
        },
      },
    ],
  },
];

/** What the experiments share. Each runs alone: `node scripts/run.mjs bench/lab/001-tiles.ts`; docs keep what they showed. */
import type { F32, U8 } from '../../src/core/arrays.js';
import type { Simd } from '../../src/kernels/simd-twin/index.js';
import { simdInstance } from '../../src/kernels/simd-twin/index.js';

export const ELEMENTS: number = 2 ** 24;

export function simd(): Simd {
  const instance = simdInstance();
  if (instance === null) throw new Error('this engine has no WebAssembly SIMD');
  return instance;
}

/** Numbers in [-1, 1). Filled, because a page that was never written is a page of zeros that all such pages share. */
export function wave(elements: number): F32 {
  return new Float32Array(elements).map((_, i) => ((i * 2654435761) >>> 8) / 2 ** 23 - 1);
}

/** Least of 15 times, in milliseconds. */
export function best(work: () => void): number {
  let least = Infinity;
  for (let trial = 0; trial < 15; trial++) {
    const begin = performance.now();
    work();
    least = Math.min(least, performance.now() - begin);
  }
  return least;
}

/** Prints time, traffic, and the share of the traffic of one Float32Array.set of all elements, measured now. */
export function reporter(): (name: string, bytes: number, work: () => void) => void {
  const source = wave(ELEMENTS);
  const target = wave(ELEMENTS);
  const copyMs = best(() => target.set(source));
  const copyRate = (8 * ELEMENTS) / copyMs / 1e6;
  process.stdout.write(
    `Float32Array.set of ${ELEMENTS} elements: ${copyMs.toFixed(2)} ms, ${copyRate.toFixed(1)} GB/s\n`,
  );
  return (name, bytes, work) => {
    const milliseconds = best(work);
    const rate = bytes / milliseconds / 1e6;
    process.stdout.write(
      `${name.padEnd(44)}${milliseconds.toFixed(2).padStart(7)} ms ${rate.toFixed(1).padStart(6)} GB/s ${((100 * rate) / copyRate).toFixed(0).padStart(4)} %\n`,
    );
  };
}

/** Throws when two byte arrays differ: an experiment that computes something else shows nothing. */
export function same(name: string, found: U8, expected: U8): void {
  if (Buffer.compare(found, expected) !== 0) throw new Error(`${name} is wrong`);
}

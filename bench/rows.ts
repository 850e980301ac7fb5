/** The rows of one kernel at one size: its twins, where they can work on either kind of array, and its peers. */
import type { F32 } from '../src/core/arrays.js';
import { kernelsOf } from '../src/kernels/dispatch.js';
import { check, numbersOf } from './compare.js';
import type { KernelCase, Room, Tolerance, Trial } from './kernels/case.js';
import { EXACT, memoryRoom, ordinaryRoom } from './kernels/case.js';
import type { Copy, Effort, Measurement } from './measure.js';
import { BRIEF, SMOKE, measure, measureForeign } from './measure.js';
import { runNumpy } from './peers/numpy.js';
import { runTorch } from './peers/torch.js';

export interface Row extends Measurement {
  readonly kernel: string;
  readonly implementation: string;
  readonly arrays: string;
  readonly elements: number;
}

export interface Bench {
  readonly x: F32;
  readonly copy: Copy;
  readonly effort: Effort;
  readonly hasNumpy: boolean;
  readonly hasTorch: boolean;
}

/** Calls of peers that take longer are not worth many samples. */
const SLOW_MS = 100;

export function* rowsOf(kernel: KernelCase, bench: Bench): Generator<Row> {
  const { x, copy, effort } = bench;
  const elements = x.length;
  const reference = kernel.trial(kernelsOf('reference'), x, ordinaryRoom);
  reference.run();
  const expected = numbersOf(reference.result());

  const row = (
    implementation: string,
    arrays: string,
    trial: Trial,
    tolerance: Tolerance,
    slowMs: number,
  ): Row => {
    const begin = performance.now();
    trial.run();
    const isSlow = performance.now() - begin > slowMs;
    check(`${kernel.name}, ${implementation}`, numbersOf(trial.result()), expected, tolerance);
    const measured = measure(
      () => trial.run(),
      copy,
      elements,
      kernel.bytesPerElement,
      isSlow && effort !== SMOKE ? BRIEF : effort,
    );
    return { kernel: kernel.name, implementation, arrays, elements, ...measured };
  };
  const twinRow = (name: 'simd' | 'scalar', room: Room): Row => {
    const result = row(name, room.label, kernel.trial(kernelsOf(name), x, room), EXACT, Infinity);
    room.release();
    return result;
  };

  yield twinRow('simd', ordinaryRoom);
  yield twinRow('simd', memoryRoom());
  yield twinRow('scalar', ordinaryRoom);
  for (const { name, tolerance, trial } of kernel.peers)
    yield row(name, 'ordinary', trial(x), tolerance, SLOW_MS);
  const foreignRow = (implementation: string, run: typeof runNumpy, name: string): Row => {
    const { milliseconds, result } = run(name, x, effort === SMOKE ? 2 : 60);
    check(`${kernel.name}, ${implementation}`, numbersOf([result]), expected, kernel.foreign ?? EXACT);
    const measured = measureForeign(milliseconds, copy, elements, kernel.bytesPerElement, effort);
    return { kernel: kernel.name, implementation, arrays: 'own', elements, ...measured };
  };
  if (kernel.numpy !== undefined && bench.hasNumpy) {
    yield foreignRow(`numpy ${kernel.numpy}`, runNumpy, kernel.numpy);
  }
  if (kernel.torch !== undefined && bench.hasTorch) {
    yield foreignRow(`torch ${kernel.torch}`, runTorch, kernel.torch);
  }
}

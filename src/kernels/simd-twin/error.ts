/** Error sums over the WebAssembly functions of simd/error.ts. */
import { slotAddress } from '../layout.js';
import type { SimdExports } from '../simd-exports.js';
import type { Stage } from '../tiles.js';
import type { Kernels } from '../types.js';

/** Staging slots. */
const A = 1;
const B = 2;
const LANES = 3;

export type ErrorKernels = Pick<Kernels, 'errorSums'>;

export function simdError(wasm: SimdExports, buffer: ArrayBuffer, stage: Stage): ErrorKernels {
  const lanes = new Float64Array(buffer, slotAddress(LANES), 20);
  const sum = (first: number): number =>
    lanes[first] + lanes[first + 2] + (lanes[first + 1] + lanes[first + 3]);

  return {
    errorSums(a, b) {
      wasm.errorClear(lanes.byteOffset);
      const step = Math.min(stage.elementsFor(a, b), Math.max(a.length, 1));
      for (let begin = 0; begin < a.length; begin += step) {
        const count = Math.min(step, a.length - begin);
        wasm.errorLanes(
          lanes.byteOffset,
          stage.read(a, begin, count, A),
          stage.read(b, begin, count, B),
          count,
        );
      }
      const sumSquaredError = sum(0);
      return {
        // Squares are never negative, so their sum is NaN exactly when a difference is.
        maxAbs: Number.isNaN(sumSquaredError) ? NaN : Math.max(lanes[16], lanes[17], lanes[18], lanes[19]),
        sumSquaredError,
        sumSquaredA: sum(4),
        sumSquaredB: sum(8),
        dot: sum(12),
      };
    },
  };
}

/** Half-precision floats over the WebAssembly functions of simd/float.ts. */
import type { F32, U16 } from '../../core/arrays.js';
import type { SimdExports } from '../simd-exports.js';
import type { Stage } from '../tiles.js';
import type { Kernels } from '../types.js';

/** Staging slots. */
const OUT = 0;
const IN = 1;

export type FloatKernels = Pick<
  Kernels,
  'encodeFloat16' | 'decodeFloat16' | 'encodeBfloat16' | 'decodeBfloat16'
>;

export function simdFloat(wasm: SimdExports, stage: Stage): FloatKernels {
  /** Calls `work` for each tile of as many elements as `input` has. */
  const eachTile = <Out extends F32 | U16, In extends F32 | U16>(
    out: Out,
    input: In,
    work: (out: number, input: number, count: number) => void,
  ): void => {
    const step = Math.min(stage.elementsFor(out, input), Math.max(input.length, 1));
    for (let begin = 0; begin < input.length; begin += step) {
      const count = Math.min(step, input.length - begin);
      work(stage.place(out, begin, OUT), stage.read(input, begin, count, IN), count);
      stage.write(out, begin, count, OUT);
    }
  };

  return {
    encodeFloat16: (out, x) => eachTile(out, x, wasm.encodeFloat16),
    decodeFloat16: (out, codes) => eachTile(out, codes, wasm.decodeFloat16),
    encodeBfloat16: (out, x) => eachTile(out, x, wasm.encodeBfloat16),
    decodeBfloat16: (out, codes) => eachTile(out, codes, wasm.decodeBfloat16),
  };
}

/** Bit streams over the WebAssembly functions of simd/pack.ts. */
import type { SimdExports } from '../simd-exports.js';
import type { Stage } from '../tiles.js';
import type { Kernels } from '../types.js';

/** Staging slots. */
const OUT = 0;
const IN = 1;

/** Codes are counted in 32 bits: an array of more is worked in parts even where it lies in the memory. */
const MOST_CODES = 2 ** 30;

export type PackKernels = Pick<Kernels, 'packBits' | 'unpackBits'>;

export function simdPack(wasm: SimdExports, stage: Stage): PackKernels {
  return {
    packBits(packed, codes, count, bits, codeMin) {
      // Codes take one byte each: a tile holds four times as many as of float32. Its size is a multiple of 8 codes.
      const step = Math.min(4 * stage.elementsFor(packed, codes), MOST_CODES);
      for (let begin = 0; begin < count; begin += step) {
        const part = Math.min(step, count - begin);
        const first = (begin / 8) * bits;
        const from = stage.read(codes, begin, part, IN);
        wasm.packBits(stage.place(packed, first, OUT), from, part, bits, codeMin);
        stage.write(packed, first, Math.ceil((part * bits) / 8), OUT);
      }
    },

    unpackBits(codes, packed, count, bits, codeMin) {
      const step = Math.min(4 * stage.elementsFor(packed, codes), MOST_CODES);
      for (let begin = 0; begin < count; begin += step) {
        const part = Math.min(step, count - begin);
        const from = stage.read(packed, (begin / 8) * bits, Math.ceil((part * bits) / 8), IN);
        wasm.unpackBits(stage.place(codes, begin, OUT), from, part, bits, codeMin);
        stage.write(codes, begin, part, OUT);
      }
    },
  };
}

/** The scalar kernels of this family. */
import {
  decodeIq1M,
  decodeIq1S,
  decodeIq2S,
  decodeIq2Xs,
  decodeIq2Xxs,
  decodeIq3S,
  decodeIq3Xxs,
} from './decode.js';
import type { GridKernels } from './types.js';

export const scalarGridBlocks: GridKernels = {
  decode: {
    IQ1_S: decodeIq1S,
    IQ1_M: decodeIq1M,
    IQ2_XXS: decodeIq2Xxs,
    IQ2_XS: decodeIq2Xs,
    IQ2_S: decodeIq2S,
    IQ3_XXS: decodeIq3Xxs,
    IQ3_S: decodeIq3S,
  },
};

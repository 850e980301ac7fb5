/** All scalar kernels as one `Kernels`. */
import type { Kernels } from '../types.js';
import {
  dequantizeLevels,
  dequantizeLevels4,
  quantizeBlocks4,
  quantizeLevels,
  quantizeLevels4,
} from './codebook.js';
import { dequantizeColumns, dequantizeRuns } from './dequantize.js';
import { errorSums } from './error.js';
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from './float.js';
import { dequantizePackedRuns4, quantizePackRuns4 } from './fused.js';
import { decodeFloatRuns, decodePackedFloatRuns4, encodeFloatRuns, quantizePackMx4 } from './mx.js';
import { packBits, unpackBits } from './pack.js';
import { quantizeColumns, quantizeRuns } from './quantize.js';
import {
  absmaxColumns,
  absmaxRuns,
  firstNonFinite,
  minmaxColumns,
  minmaxRuns,
  momentsRuns,
} from './reduce.js';

export const scalarKernels: Kernels = {
  name: 'scalar',
  absmaxRuns,
  absmaxColumns,
  minmaxRuns,
  minmaxColumns,
  momentsRuns,
  firstNonFinite,
  quantizeRuns,
  quantizeColumns,
  dequantizeRuns,
  dequantizeColumns,
  quantizePackRuns4,
  dequantizePackedRuns4,
  quantizeLevels,
  dequantizeLevels,
  quantizeLevels4,
  quantizeBlocks4,
  dequantizeLevels4,
  packBits,
  unpackBits,
  encodeFloatRuns,
  decodeFloatRuns,
  quantizePackMx4,
  decodePackedFloatRuns4,
  encodeFloat16,
  decodeFloat16,
  encodeBfloat16,
  decodeBfloat16,
  errorSums,
};

/** All scalar kernels as one `Kernels`. */
import type { Kernels } from '../types.js';
import { dequantizeColumns, dequantizeRuns } from './dequantize.js';
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
} as unknown as Kernels;

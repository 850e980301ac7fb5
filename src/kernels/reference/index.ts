/** All reference kernels as one `Kernels`. */
import type { Kernels } from '../types.js';
import { dequantizeColumns, dequantizeRuns, quantizeColumns, quantizeRuns } from './affine.js';
import {
  absmaxColumns,
  absmaxRuns,
  firstNonFinite,
  minmaxColumns,
  minmaxRuns,
  momentsRuns,
} from './reduce.js';

export const referenceKernels: Kernels = {
  name: 'reference',
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

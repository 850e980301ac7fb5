/** All reference kernels as one `Kernels`. */
import type { Kernels } from '../types.js';
import * as reduce from './reduce.js';

export const referenceKernels: Kernels = { name: 'reference', ...reduce } as unknown as Kernels;

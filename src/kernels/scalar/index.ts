/** All scalar kernels as one `Kernels`. */
import type { Kernels } from '../types.js';
import * as reduce from './reduce.js';

export const scalarKernels: Kernels = { name: 'scalar', ...reduce } as unknown as Kernels;

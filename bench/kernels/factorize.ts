/** Products and singular values of square matrices: one element is one of the matrix, n^2 of them, and n operations or more go to each. */
import type { F32, F64 } from '../../src/core/arrays.js';
import { randomizedSvd } from '../../src/factorize/randomized-svd.js';
import { svd } from '../../src/factorize/svd.js';
import { setBackend } from '../../src/kernels/dispatch.js';
import { gemm } from '../../src/kernels/gemm/family.js';
import type { Product } from '../../src/kernels/gemm/types.js';
import type { Kernels } from '../../src/kernels/types.js';
import { matrixProduct, matrixSingularValues } from '../peers/ml-matrix.js';
import type { KernelCase, Tolerance, Trial } from './case.js';

const sideOf = (x: F32): number => Math.sqrt(x.length);

/** ml-matrix adds in float64, we in float32. */
const FLOAT32_SUMS: Tolerance = { distance: 1e-3, share: 1 };
const VALUES: Tolerance = { distance: 1e-12, share: 1 };

const square = (n: number): Product => ({
  rows: n,
  columns: n,
  depth: n,
  aRow: n,
  aColumn: 1,
  bRow: n,
  bColumn: 1,
  isSymmetric: false,
});

/** Decompositions choose their kernels by the backend; the reference of theirs is the scalar one. */
function onBackend(kernels: Kernels, work: () => F64): Trial {
  let found: F64 = new Float64Array(0);
  return {
    run: () => {
      setBackend(kernels.name === 'simd' ? 'simd' : 'scalar');
      try {
        found = work();
      } finally {
        setBackend('auto');
      }
    },
    result: () => [found],
  };
}

export const factorizeCases: readonly KernelCase[] = [
  {
    // 2 n operations for each element: GFLOP/s at 2^20 are 2048 over ns/element.
    name: 'float32 GEMM',
    bytesPerElement: 12,
    elements: [2 ** 16, 2 ** 20],
    trial: (kernels, x, room) => {
      const n = sideOf(x);
      const [a, c] = [room.input(x), room.float32(x.length)];
      const twin = gemm.of(kernels.name);
      return { run: () => twin.gemmF32(c, a, a, square(n)), result: () => [c] };
    },
    peers: [{ name: 'ml-matrix mmul', tolerance: FLOAT32_SUMS, trial: (x) => matrixProduct(x, sideOf(x)) }],
  },
  {
    name: 'float64 GEMM of float32',
    bytesPerElement: 16,
    elements: [2 ** 16, 2 ** 20],
    trial: (kernels, x, room) => {
      const n = sideOf(x);
      const [a, c] = [room.input(x), room.float64(x.length)];
      const twin = gemm.of(kernels.name);
      return { run: () => twin.gemmF64(c, a, a, square(n)), result: () => [c] };
    },
    peers: [],
  },
  {
    name: 'svd, float64, u, s and v',
    bytesPerElement: 24,
    elements: [2 ** 16, 2 ** 18],
    trial: (kernels, x) => {
      const a = { data: Float64Array.from(x), shape: [sideOf(x), sideOf(x)] };
      return onBackend(kernels, () => svd(a).s);
    },
    peers: [{ name: 'ml-matrix SVD', tolerance: VALUES, trial: (x) => matrixSingularValues(x, sideOf(x)) }],
  },
  {
    name: 'randomized svd, float32, rank 64',
    bytesPerElement: 4,
    elements: [2 ** 20, 2 ** 22],
    trial: (kernels, x) => {
      const a = { data: x, shape: [sideOf(x), sideOf(x)] };
      return onBackend(kernels, () => randomizedSvd(a, { rank: 64 }).s);
    },
    peers: [],
  },
];

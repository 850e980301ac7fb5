/** The speeds promised for products and decompositions, against ml-matrix in the same run. */
import type { Row } from './rows.js';
import type { Verdict } from './targets.js';

const MEMORY = "kernels' memory";

/** Least quotient of ml-matrix's time and that of the SIMD twin in the kernels' memory. */
const DECOMPOSITIONS: readonly {
  kernel: string;
  peer: string;
  elements: number;
  factor: number;
  aim?: number;
}[] = [
  { kernel: 'float32 GEMM', peer: 'ml-matrix mmul', elements: 2 ** 20, factor: 25 },
  { kernel: 'svd, float64, u, s and v', peer: 'ml-matrix SVD', elements: 2 ** 16, factor: 3, aim: 5 },
  { kernel: 'svd, float64, u, s and v', peer: 'ml-matrix SVD', elements: 2 ** 18, factor: 3, aim: 5 },
];

export function judgeDecompositions(rows: readonly Row[]): Verdict[] {
  return DECOMPOSITIONS.map(({ kernel, peer, elements, factor, aim }): Verdict => {
    const find = (implementation: string, arrays: string): Row | undefined =>
      rows.find(
        (row) =>
          row.kernel === kernel &&
          row.implementation === implementation &&
          row.arrays === arrays &&
          row.elements === elements,
      );
    const own = find('simd', MEMORY);
    const other = find(peer, 'ordinary');
    const side = Math.sqrt(elements);
    const target = `${kernel} against ${peer}, ${side} x ${side}`;
    const wanted = `>= ${factor}x${aim === undefined ? '' : ` (aim ${aim}x)`}`;
    if (own === undefined || other === undefined)
      return { target, wanted, measured: '-', verdict: 'not measured' };
    const ratio = other.nsPerElement / own.nsPerElement;
    return { target, wanted, measured: `${ratio.toFixed(1)}x`, verdict: ratio >= factor ? 'pass' : 'below' };
  });
}

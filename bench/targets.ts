/** The speeds that the project promises, held against what was measured. */
import type { Row } from './rows.js';
import { judgeDecompositions } from './targets-factorize.js';
import { judgeMasks } from './targets-prune.js';

export interface Verdict {
  readonly target: string;
  readonly wanted: string;
  readonly measured: string;
  readonly verdict: 'pass' | 'below' | 'not measured';
}

/** Targets are stated for 16 M elements: small tensors lie in the cache and say nothing about memory. */
export const TARGET_ELEMENTS: number = 2 ** 24;

/** Weights of a layer that no cache holds in any width. */
export const MATRIX_ELEMENTS: number = 2 ** 26;

const MEMORY = "kernels' memory";

/** Least percentage of Float32Array.set's bandwidth, one thread. */
const SHARES: readonly { kernel: string; arrays: string; percent: number; aim?: number }[] = [
  { kernel: 'quantize int8, per tensor', arrays: 'ordinary', percent: 40, aim: 55 },
  { kernel: 'dequantize int8, per tensor', arrays: 'ordinary', percent: 40 },
  { kernel: 'absmax, per tensor', arrays: 'ordinary', percent: 55 },
  { kernel: 'quantize 4 bits packed, groups of 32, float32 scales', arrays: 'ordinary', percent: 25 },
  { kernel: 'quantize NF4, blocks of 64', arrays: 'ordinary', percent: 10 },
  { kernel: 'dequantize NF4, blocks of 64', arrays: 'ordinary', percent: 30 },
  { kernel: 'float16 encode', arrays: 'ordinary', percent: 15, aim: 25 },
  { kernel: 'quantize MXFP4 packed, blocks of 32', arrays: 'ordinary', percent: 15 },
  { kernel: 'hadamard, rows of 4096', arrays: 'ordinary', percent: 20 },
  { kernel: 'hadamard, rows of 4096', arrays: MEMORY, percent: 20 },
  { kernel: 'softmax, rows of 32768', arrays: 'ordinary', percent: 15 },
  { kernel: 'quantize int8, per tensor', arrays: MEMORY, percent: 50 },
  { kernel: 'dequantize int8, per tensor', arrays: MEMORY, percent: 80 },
  { kernel: 'absmax, per tensor', arrays: MEMORY, percent: 80 },
];

/** Least quotient of two times for int8 quantization per tensor. */
const SPEEDUPS: readonly { implementation: string; peer: string; factor: number }[] = [
  { implementation: 'scalar', peer: 'Math.round loop', factor: 2.5 },
  { implementation: 'simd', peer: 'numpy rint-clip-astype', factor: 5 },
];

/** Least quotient of two times of the SIMD twins, for 8192 x 8192 weights in the kernels' memory. */
const PRODUCTS: readonly { kernel: string; factor: number; aim?: number }[] = [
  { kernel: 'int8 GEMV', factor: 1.6, aim: 2 },
  { kernel: '4-bit GEMV, groups of 32, int8 x', factor: 1.3 },
  { kernel: '4-bit GEMV, groups of 32, float32 x', factor: 1.3 },
];

/**
 * Least MB/s of float32 that the SIMD twins encode from ordinary arrays: what ggml's C code takes on one thread of a machine whose
 * Float32Array.set moves 20 GB/s, times what is wanted of it.
 */
const ENCODERS: readonly { type: string; megabytes: number; factor: number; aim?: number }[] = [
  { type: 'Q4_0', megabytes: 1370, factor: 1.5 },
  { type: 'Q4_1', megabytes: 1520, factor: 1.5 },
  { type: 'Q5_0', megabytes: 1260, factor: 1.5 },
  { type: 'Q5_1', megabytes: 1650, factor: 1.5 },
  { type: 'Q8_0', megabytes: 980, factor: 1.5 },
  { type: 'MXFP4', megabytes: 730, factor: 1.5 },
  { type: 'Q2_K', megabytes: 67, factor: 3, aim: 5 },
  { type: 'Q3_K', megabytes: 336, factor: 1.5 },
  { type: 'Q4_K', megabytes: 60, factor: 3, aim: 5 },
  { type: 'Q5_K', megabytes: 72, factor: 3, aim: 5 },
  { type: 'Q6_K', megabytes: 135, factor: 2 },
  { type: 'IQ4_NL', megabytes: 18, factor: 3, aim: 5 },
  { type: 'IQ4_XS', megabytes: 18, factor: 3, aim: 5 },
];

/** The largest tensor of each type's row counts: searches are bound by arithmetic, so its size does not matter. */
function judgeEncoders(rows: readonly Row[]): Verdict[] {
  return ENCODERS.map(({ type, megabytes, factor, aim }): Verdict => {
    const row = [...rows]
      .reverse()
      .find(
        ({ kernel, implementation, arrays }) =>
          kernel === `encode ${type} blocks` && implementation === 'simd' && arrays === 'ordinary',
      );
    const target = `encode ${type} blocks against ${megabytes} MB/s of ggml's C`;
    const wanted = `>= ${factor}x${aim === undefined ? '' : ` (aim ${aim}x)`}`;
    if (row === undefined) return { target, wanted, measured: '-', verdict: 'not measured' };
    const ratio = 4000 / row.nsPerElement / megabytes;
    return { target, wanted, measured: `${ratio.toFixed(1)}x`, verdict: ratio >= factor ? 'pass' : 'below' };
  });
}

function judgeProducts(rows: readonly Row[]): Verdict[] {
  const find = (kernel: string): Row | undefined =>
    rows.find(
      (row) =>
        row.kernel === kernel &&
        row.implementation === 'simd' &&
        row.arrays === MEMORY &&
        row.elements === MATRIX_ELEMENTS,
    );
  return PRODUCTS.map(({ kernel, factor, aim }): Verdict => {
    const own = find(kernel);
    const float32 = find('float32 GEMV');
    const target = `${kernel} against float32 GEMV, 8192 x 8192`;
    const wanted = `>= ${factor}x${aim === undefined ? '' : ` (aim ${aim}x)`}`;
    if (own === undefined || float32 === undefined) {
      return { target, wanted, measured: '-', verdict: 'not measured' };
    }
    const ratio = float32.nsPerElement / own.nsPerElement;
    return { target, wanted, measured: `${ratio.toFixed(1)}x`, verdict: ratio >= factor ? 'pass' : 'below' };
  });
}

/** Sparse weights against dense ones of the same backend, 4096 x 4096 in the kernels' memory. */
function judgeSparse(rows: readonly Row[]): Verdict {
  const find = (kernel: string): Row | undefined =>
    rows.find(
      (row) =>
        row.kernel === kernel &&
        row.implementation === 'simd' &&
        row.arrays === MEMORY &&
        row.elements === TARGET_ELEMENTS,
    );
  const own = find('CSR GEMV, 90 % zeros');
  const dense = find('float32 GEMV, beside sparse ones');
  const target = 'CSR GEMV, 90 % zeros, against float32 GEMV, 4096 x 4096';
  const wanted = '>= 2x (aim 3x)';
  if (own === undefined || dense === undefined)
    return { target, wanted, measured: '-', verdict: 'not measured' };
  const ratio = dense.nsPerElement / own.nsPerElement;
  return { target, wanted, measured: `${ratio.toFixed(1)}x`, verdict: ratio >= 2 ? 'pass' : 'below' };
}

export function judge(rows: readonly Row[]): Verdict[] {
  const find = (kernel: string, implementation: string, arrays?: string): Row | undefined =>
    rows.find(
      (row) =>
        row.kernel === kernel &&
        row.implementation === implementation &&
        (arrays === undefined || row.arrays === arrays) &&
        row.elements === TARGET_ELEMENTS,
    );
  const shares = SHARES.map(({ kernel, arrays, percent, aim }): Verdict => {
    const row = find(kernel, 'simd', arrays);
    const target = `${kernel}, ${arrays}`;
    const wanted = `>= ${percent} %${aim === undefined ? '' : ` (aim ${aim} %)`}`;
    if (row === undefined) return { target, wanted, measured: '-', verdict: 'not measured' };
    const measured = `${row.percentOfCopy.toFixed(0)} %`;
    return { target, wanted, measured, verdict: row.percentOfCopy >= percent ? 'pass' : 'below' };
  });
  const speedups = SPEEDUPS.map(({ implementation, peer, factor }): Verdict => {
    const kernel = 'quantize int8, per tensor';
    const own = find(kernel, implementation, 'ordinary');
    const other = find(kernel, peer);
    const target = `${kernel}: ${implementation} against ${peer}`;
    const wanted = `>= ${factor}x`;
    if (own === undefined || other === undefined) {
      return { target, wanted, measured: '-', verdict: 'not measured' };
    }
    const ratio = other.nsPerElement / own.nsPerElement;
    return { target, wanted, measured: `${ratio.toFixed(1)}x`, verdict: ratio >= factor ? 'pass' : 'below' };
  });
  return [
    ...shares,
    ...speedups,
    ...judgeProducts(rows),
    judgeSparse(rows),
    ...judgeDecompositions(rows),
    ...judgeMasks(rows),
    ...judgeEncoders(rows),
  ];
}

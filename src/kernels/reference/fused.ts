/** The fused kernels, as the kernels that they stand for, one run after another. */
import type { F32, I32, U8 } from '../../core/arrays.js';
import type { CodeRule, Kernels } from '../types.js';
import { dequantizeRuns, quantizeRuns } from './affine.js';
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from './float.js';
import { packBits, unpackBits } from './pack.js';
import { absmaxRuns } from './reduce.js';

/** `scale` rounded in place to what `dtype` can hold. */
function roundScale(scale: F32, dtype: 'float32' | 'float16' | 'bfloat16'): void {
  const codes = new Uint16Array(scale.length);
  if (dtype === 'float16') {
    encodeFloat16(codes, scale);
    decodeFloat16(scale, codes);
  }
  if (dtype === 'bfloat16') {
    encodeBfloat16(codes, scale);
    decodeBfloat16(scale, codes);
  }
}

export const quantizePackRuns4: Kernels['quantizePackRuns4'] = (
  packed,
  scale,
  x,
  runs,
  run,
  divisor,
  scaleDtype,
  codeMin,
  codeMax,
) => {
  const rule: CodeRule = {
    codeMin,
    codeMax,
    rounding: 'halfEven',
    arithmetic: 'reciprocal',
    seed: 0,
    position: 0,
  };
  absmaxRuns(scale, x, runs, run, run);
  for (let j = 0; j < runs; j++) scale[j] = scale[j] / divisor;
  roundScale(scale.subarray(0, runs), scaleDtype);
  const codes = new Int8Array(runs * run);
  quantizeRuns(codes, x, scale, null, runs, run, run, rule);
  packBits(packed, codes, codes.length, 4, codeMin);
};

export function dequantizePackedRuns4(
  out: F32,
  packed: U8,
  scale: F32,
  zeroPoint: I32 | null,
  runs: number,
  run: number,
  codeMin: number,
): void {
  const codes = new Int8Array(runs * run);
  unpackBits(codes, packed, codes.length, 4, codeMin);
  dequantizeRuns(out, codes, scale, zeroPoint, runs, run, run);
}

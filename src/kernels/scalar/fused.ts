/** The fused kernels for 4 bits in plain TypeScript. */
import type { F32, I32, U8 } from '../../core/arrays.js';
import type { Kernels } from '../types.js';
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from './float.js';
import { absmaxRuns } from './reduce.js';

/** 2^52 + 2^51: see float.ts. */
const MAGIC = 6755399441055744;
const SMALLEST_NORMAL = 2 ** -126;

/** Scales are rounded in pieces of this many, so that the room for their codes can be made once. */
const ROOM = new Uint16Array(256);

function roundScales(scale: F32, runs: number, dtype: 'float16' | 'bfloat16'): void {
  for (let begin = 0; begin < runs; begin += ROOM.length) {
    const part = scale.subarray(begin, Math.min(begin + ROOM.length, runs));
    const codes = ROOM.subarray(0, part.length);
    if (dtype === 'float16') {
      encodeFloat16(codes, part);
      decodeFloat16(part, codes);
    } else {
      encodeBfloat16(codes, part);
      decodeBfloat16(part, codes);
    }
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
  absmaxRuns(scale, x, runs, run, run);
  for (let j = 0; j < runs; j++) scale[j] = scale[j] / divisor;
  if (scaleDtype !== 'float32') roundScales(scale, runs, scaleDtype);
  for (let j = 0; j < runs; j++) {
    const s = scale[j];
    const reciprocal = Math.fround(1 / s);
    const magnitude = Math.abs(reciprocal);
    const begin = j * run;
    if (magnitude >= SMALLEST_NORMAL && magnitude < Infinity) {
      packProducts(packed, x, begin, begin + run, reciprocal, codeMin, codeMax);
    } else {
      // A divisor of NaN gives the code of 0 everywhere, as a scale of 0 must.
      packQuotients(packed, x, begin, begin + run, s === 0 ? NaN : s, codeMin, codeMax);
    }
  }
};

/** The code of q, minus codeMin. */
function offsetCode(q: number, codeMin: number, codeMax: number): number {
  if (q >= codeMax) return codeMax - codeMin;
  if (q >= codeMin) return q + MAGIC - MAGIC - codeMin;
  return q < codeMin ? 0 : Math.min(Math.max(0, codeMin), codeMax) - codeMin;
}

function packProducts(
  packed: U8,
  x: F32,
  begin: number,
  end: number,
  reciprocal: number,
  codeMin: number,
  codeMax: number,
): void {
  for (let i = begin; i < end; i += 2) {
    const low = offsetCode(Math.fround(x[i] * reciprocal), codeMin, codeMax);
    const high = offsetCode(Math.fround(x[i + 1] * reciprocal), codeMin, codeMax);
    packed[i / 2] = low | (high << 4);
  }
}

function packQuotients(
  packed: U8,
  x: F32,
  begin: number,
  end: number,
  divisor: number,
  codeMin: number,
  codeMax: number,
): void {
  for (let i = begin; i < end; i += 2) {
    const low = offsetCode(Math.fround(x[i] / divisor), codeMin, codeMax);
    const high = offsetCode(Math.fround(x[i + 1] / divisor), codeMin, codeMax);
    packed[i / 2] = low | (high << 4);
  }
}

export function dequantizePackedRuns4(
  out: F32,
  packed: U8,
  scale: F32,
  zeroPoint: I32 | null,
  runs: number,
  run: number,
  codeMin: number,
): void {
  const half = run / 2;
  for (let j = 0; j < runs; j++) {
    const s = scale[j];
    const offset = codeMin - (zeroPoint === null ? 0 : zeroPoint[j]);
    const end = (j + 1) * half;
    for (let k = j * half; k < end; k++) {
      const byte = packed[k];
      out[2 * k] = s * ((byte & 15) + offset);
      out[2 * k + 1] = s * ((byte >> 4) + offset);
    }
  }
}

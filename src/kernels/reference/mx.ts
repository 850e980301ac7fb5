/** Small floats with a scale per run, as their definition reads. */
import { powerCode } from '../../core/block-scale.js';
import { decodeCode, FLOAT_FORMATS } from '../../core/float-formats.js';
import { encodeBits } from '../../core/minifloat.js';
import type { Kernels } from '../types.js';
import { packBits, unpackBits } from './pack.js';
import { absmaxRuns } from './reduce.js';
import { forEachRun } from './regions.js';

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

export const encodeFloatRuns: Kernels['encodeFloatRuns'] = (
  codes,
  x,
  scale,
  rows,
  width,
  run,
  element,
  arithmetic,
) => {
  forEachRun(rows, width, run, (j, begin, end) => {
    for (let i = begin; i < end; i++) {
      const y = arithmetic === 'product' ? x[i] * scale[j] : x[i] / scale[j];
      scratch[0] = Number.isNaN(y) ? 0 : y;
      codes[i] = encodeBits(scratchBits[0], FLOAT_FORMATS[element], 'halfEven', 'saturate');
    }
  });
};

export const decodeFloatRuns: Kernels['decodeFloatRuns'] = (out, codes, scale, rows, width, run, element) => {
  forEachRun(rows, width, run, (j, begin, end) => {
    for (let i = begin; i < end; i++) out[i] = decodeCode(codes[i], FLOAT_FORMATS[element]) * scale[j];
  });
};

export const quantizePackMx4: Kernels['quantizePackMx4'] = (packed, scale, x, runs, run, rule) => {
  const divisor = new Float32Array(runs);
  absmaxRuns(divisor, x, runs, run, run);
  for (let j = 0; j < runs; j++) {
    scale[j] = powerCode(divisor[j], rule);
    divisor[j] = decodeCode(scale[j], FLOAT_FORMATS.float8_e8m0fnu);
  }
  const codes = new Uint8Array(runs * run);
  encodeFloatRuns(codes, x, divisor, runs, run, run, 'float4_e2m1fn', 'quotient');
  packBits(packed, codes, codes.length, 4, 0);
};

export const decodePackedFloatRuns4: Kernels['decodePackedFloatRuns4'] = (out, packed, scale, runs, run) => {
  const codes = new Uint8Array(runs * run);
  unpackBits(codes, packed, codes.length, 4, 0);
  decodeFloatRuns(out, codes, scale, runs, run, run, 'float4_e2m1fn');
};

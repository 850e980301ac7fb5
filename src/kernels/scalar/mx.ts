/** Small floats with a scale per run in plain TypeScript. */
import { NAN_SCALE, powerCode } from '../../core/block-scale.js';
import { decodeTable, FLOAT_FORMATS, powerOfTwo } from '../../core/float-formats.js';
import { encodeTable, tableIndex } from '../../core/minifloat.js';
import type { Kernels } from '../types.js';
import { absmaxRuns } from './reduce.js';

/** Room for the bits of one value: a table of 2^14 entries has its code. Four times as fast as the arithmetic for one number. */
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
  const table = encodeTable(FLOAT_FORMATS[element], 'halfEven', 'saturate');
  const isProduct = arithmetic === 'product';
  const perRow = Math.ceil(width / run);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < perRow; j++) {
      const s = scale[r * perRow + j];
      const end = r * width + Math.min((j + 1) * run, width);
      for (let i = r * width + j * run; i < end; i++) {
        const y = isProduct ? x[i] * s : x[i] / s;
        scratch[0] = y === y ? y : 0;
        codes[i] = table[tableIndex(scratchBits[0])];
      }
    }
  }
};

export const decodeFloatRuns: Kernels['decodeFloatRuns'] = (out, codes, scale, rows, width, run, element) => {
  const values = decodeTable(FLOAT_FORMATS[element]);
  const perRow = Math.ceil(width / run);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < perRow; j++) {
      const s = scale[r * perRow + j];
      const end = r * width + Math.min((j + 1) * run, width);
      for (let i = r * width + j * run; i < end; i++) out[i] = values[codes[i]] * s;
    }
  }
};

const absmax = new Float32Array(1);

export const quantizePackMx4: Kernels['quantizePackMx4'] = (packed, scale, x, runs, run, rule) => {
  const table = encodeTable(FLOAT_FORMATS.float4_e2m1fn, 'halfEven', 'saturate');
  for (let j = 0; j < runs; j++) {
    const end = (j + 1) * run;
    absmaxRuns(absmax, x.subarray(j * run, end), 1, run, run);
    const code = powerCode(absmax[0], rule);
    scale[j] = code;
    if (code === NAN_SCALE) {
      packed.fill(0, (j * run) / 2, end / 2);
      continue;
    }
    const factor = powerOfTwo(127 - code);
    for (let i = j * run; i < end; i += 2) {
      scratch[0] = x[i] * factor;
      const low = table[tableIndex(scratchBits[0])];
      scratch[0] = x[i + 1] * factor;
      packed[i / 2] = low | (table[tableIndex(scratchBits[0])] << 4);
    }
  }
};

export const decodePackedFloatRuns4: Kernels['decodePackedFloatRuns4'] = (out, packed, scale, runs, run) => {
  const values = decodeTable(FLOAT_FORMATS.float4_e2m1fn);
  const half = run / 2;
  for (let j = 0; j < runs; j++) {
    const s = scale[j];
    for (let k = j * half; k < (j + 1) * half; k++) {
      const byte = packed[k];
      out[2 * k] = values[byte & 15] * s;
      out[2 * k + 1] = values[byte >> 4] * s;
    }
  }
};

import type { F32, U8 } from '../../src/core/arrays.js';
import { powerRule, topOf } from '../../src/core/block-scale.js';
import { decodeTable, FLOAT_FORMATS } from '../../src/core/float-formats.js';
import { kernelsOf } from '../../src/kernels/dispatch.js';
import { quantizeMx4Loop } from '../peers/loops.js';
import type { KernelCase } from './case.js';
import { EXACT } from './case.js';

const BLOCK = 32;
/** Four bytes in, half a byte and a 32nd of a scale of one byte out; the other way round for the inverse. */
const BYTES4 = 4 + 0.5 + 1 / BLOCK;
/** Scales as float32, as the kernels of one byte per code take them. */
const BYTES8 = 4 + 1 + 4 / BLOCK;
const RULE = powerRule('floor', topOf('float4_e2m1fn'));

function quantized(x: F32): { packed: U8; scale: F32 } {
  const packed = new Uint8Array(x.length / 2);
  const powers = new Uint8Array(x.length / BLOCK);
  kernelsOf('scalar').quantizePackMx4(packed, powers, x, powers.length, BLOCK, RULE);
  const values = decodeTable(FLOAT_FORMATS.float8_e8m0fnu);
  return { packed, scale: Float32Array.from(powers, (code) => values[code]) };
}

/** Scales that bring each block to the range of float8_e4m3fn. */
function factors(x: F32): F32 {
  const scale = new Float32Array(x.length / BLOCK);
  kernelsOf('scalar').absmaxRuns(scale, x, scale.length, BLOCK, BLOCK);
  return scale.map((absmax) => 448 / absmax);
}

export const mxCases: readonly KernelCase[] = [
  {
    name: `quantize MXFP4 packed, blocks of ${BLOCK}`,
    bytesPerElement: BYTES4,
    trial: (kernels, source, room) => {
      const x = room.input(source);
      const packed = room.bytes(x.length / 2);
      const scale = room.bytes(x.length / BLOCK);
      return {
        run: () => kernels.quantizePackMx4(packed, scale, x, scale.length, BLOCK, RULE),
        result: () => [packed, scale],
      };
    },
    peers: [
      {
        name: 'loop',
        tolerance: EXACT,
        trial: (x) => {
          const packed = new Uint8Array(x.length / 2);
          const scale = new Uint8Array(x.length / BLOCK);
          return { run: () => quantizeMx4Loop(packed, scale, x, BLOCK), result: () => [packed, scale] };
        },
      },
    ],
  },
  {
    name: `dequantize MXFP4 packed, blocks of ${BLOCK}`,
    bytesPerElement: BYTES4 + 3 / BLOCK,
    trial: (kernels, source, room) => {
      const made = quantized(source);
      const packed = room.bytes(made.packed.length);
      packed.set(made.packed);
      const scale = room.input(made.scale);
      const out = room.float32(source.length);
      return {
        run: () => kernels.decodePackedFloatRuns4(out, packed, scale, scale.length, BLOCK),
        result: () => [out],
      };
    },
    peers: [],
  },
  {
    name: `encode float8_e4m3fn, blocks of ${BLOCK}`,
    bytesPerElement: BYTES8,
    trial: (kernels, source, room) => {
      const x = room.input(source);
      const scale = room.input(factors(source));
      const codes = room.bytes(x.length);
      return {
        run: () => kernels.encodeFloatRuns(codes, x, scale, 1, x.length, BLOCK, 'float8_e4m3fn', 'product'),
        result: () => [codes],
      };
    },
    peers: [],
  },
  {
    name: `decode float8_e4m3fn, blocks of ${BLOCK}`,
    bytesPerElement: BYTES8,
    trial: (kernels, source, room) => {
      const scale = room.input(factors(source));
      const codes = room.bytes(source.length);
      kernelsOf('scalar').encodeFloatRuns(
        codes,
        source,
        scale,
        1,
        source.length,
        BLOCK,
        'float8_e4m3fn',
        'product',
      );
      const out = room.float32(source.length);
      return {
        run: () => kernels.decodeFloatRuns(out, codes, scale, 1, out.length, BLOCK, 'float8_e4m3fn'),
        result: () => [out],
      };
    },
    peers: [],
  },
];

import type { F32, I8 } from '../../src/core/arrays.js';
import { kernelsOf } from '../../src/kernels/dispatch.js';
import type { CodeRule } from '../../src/kernels/types.js';
import { dequantizeLoop, quantizeColumnsLoop, quantizeLoop } from '../peers/loops.js';
import { tfjsDequantize, tfjsQuantize } from '../peers/tfjs.js';
import type { KernelCase } from './case.js';
import { EXACT, NEAR_TIES } from './case.js';

const RULE: CodeRule = {
  codeMin: -127,
  codeMax: 127,
  rounding: 'halfEven',
  arithmetic: 'reciprocal',
  seed: 0,
  position: 0,
};

/** Columns of the per-column case: one row of a middling linear layer. */
const WIDTH = 512;

function scaleFor(x: F32): F32 {
  const scale = new Float32Array(1);
  kernelsOf('scalar').absmaxRuns(scale, x, 1, x.length, x.length);
  scale[0] /= 127;
  return scale;
}

function columnScalesFor(x: F32): F32 {
  const scale = new Float32Array(WIDTH);
  kernelsOf('scalar').absmaxColumns(scale, x, x.length / WIDTH, WIDTH);
  return scale.map((absmax) => absmax / 127);
}

function codesFor(x: F32): I8 {
  const codes = new Int8Array(x.length);
  kernelsOf('scalar').quantizeRuns(codes, x, scaleFor(x), null, 1, x.length, x.length, RULE);
  return codes;
}

export const affineCases: readonly KernelCase[] = [
  {
    name: 'quantize int8, per tensor',
    bytesPerElement: 5,
    trial: (kernels, source, room) => {
      const x = room.input(source);
      const scale = room.input(scaleFor(source));
      const codes = room.int8(x.length);
      return {
        run: () => kernels.quantizeRuns(codes, x, scale, null, 1, x.length, x.length, RULE),
        result: () => [codes],
      };
    },
    numpy: 'rint-clip-astype',
    peers: [
      {
        name: 'Math.round loop',
        tolerance: NEAR_TIES,
        trial: (x) => {
          const codes = new Int8Array(x.length);
          const [scale] = scaleFor(x);
          return { run: () => quantizeLoop(codes, x, scale), result: () => [codes] };
        },
      },
      {
        name: 'tfjs cpu',
        tolerance: EXACT,
        trial: (x) => {
          let codes = new Int32Array(0);
          const work = tfjsQuantize(x, scaleFor(x)[0]);
          return { run: () => (codes = work()), result: () => [codes] };
        },
      },
    ],
  },
  {
    name: `quantize int8, per column of ${WIDTH}`,
    bytesPerElement: 5,
    trial: (kernels, source, room) => {
      const x = room.input(source);
      const scale = room.input(columnScalesFor(source));
      const codes = room.int8(x.length);
      return {
        run: () => kernels.quantizeColumns(codes, x, scale, null, x.length / WIDTH, WIDTH, RULE),
        result: () => [codes],
      };
    },
    peers: [
      {
        name: 'Math.round loop',
        tolerance: NEAR_TIES,
        trial: (x) => {
          const codes = new Int8Array(x.length);
          const scale = columnScalesFor(x);
          return {
            run: () => quantizeColumnsLoop(codes, x, scale, x.length / WIDTH, WIDTH),
            result: () => [codes],
          };
        },
      },
    ],
  },
  {
    name: 'dequantize int8, per tensor',
    bytesPerElement: 5,
    trial: (kernels, source, room) => {
      const scale = room.input(scaleFor(source));
      const codes = room.int8(source.length);
      codes.set(codesFor(source));
      const out = room.float32(source.length);
      return {
        run: () => kernels.dequantizeRuns(out, codes, scale, null, 1, out.length, out.length),
        result: () => [out],
      };
    },
    numpy: 'astype-multiply',
    peers: [
      {
        name: 'loop',
        tolerance: EXACT,
        trial: (x) => {
          const codes = codesFor(x);
          const [scale] = scaleFor(x);
          const out = new Float32Array(x.length);
          return { run: () => dequantizeLoop(out, codes, scale), result: () => [out] };
        },
      },
      {
        name: 'tfjs cpu',
        tolerance: EXACT,
        trial: (x) => {
          let out = new Float32Array(0);
          const work = tfjsDequantize(codesFor(x), scaleFor(x)[0]);
          return { run: () => (out = work()), result: () => [out] };
        },
      },
    ],
  },
];

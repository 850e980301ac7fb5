import type { F32, U8 } from '../../src/core/arrays.js';
import { kernelsOf } from '../../src/kernels/dispatch.js';
import { dequantize4Loop, quantize4Loop } from '../peers/loops.js';
import type { KernelCase } from './case.js';
import { EXACT, NEAR_TIES } from './case.js';

const GROUP = 32;
/** Four bytes in, half a byte and a 32nd of a float32 scale out; the other way round for the inverse. */
const BYTES = 4 + 0.5 + 4 / GROUP;

function quantized(x: F32): { packed: U8; scale: F32 } {
  const packed = new Uint8Array(x.length / 2);
  const scale = new Float32Array(x.length / GROUP);
  kernelsOf('scalar').quantizePackRuns4(packed, scale, x, scale.length, GROUP, 7, 'float32', -8, 7);
  return { packed, scale };
}

const quantizeCase = (scaleDtype: 'float32' | 'float16'): KernelCase => ({
  name: `quantize 4 bits packed, groups of ${GROUP}, ${scaleDtype} scales`,
  bytesPerElement: BYTES,
  trial: (kernels, source, room) => {
    const x = room.input(source);
    const packed = room.bytes(x.length / 2);
    const scale = room.float32(x.length / GROUP);
    return {
      run: () => kernels.quantizePackRuns4(packed, scale, x, scale.length, GROUP, 7, scaleDtype, -8, 7),
      result: () => [packed, scale],
    };
  },
  peers:
    scaleDtype === 'float16'
      ? []
      : [
          {
            name: 'Math.round loop',
            // A difference of one in the high nibble is 16 in the byte.
            tolerance: { ...NEAR_TIES, distance: 17 },
            trial: (x) => {
              const packed = new Uint8Array(x.length / 2);
              const scale = new Float32Array(x.length / GROUP);
              return { run: () => quantize4Loop(packed, scale, x, GROUP), result: () => [packed, scale] };
            },
          },
        ],
});

export const fusedCases: readonly KernelCase[] = [
  quantizeCase('float32'),
  quantizeCase('float16'),
  {
    name: `dequantize 4 bits packed, groups of ${GROUP}`,
    bytesPerElement: BYTES,
    trial: (kernels, source, room) => {
      const made = quantized(source);
      const packed = room.bytes(made.packed.length);
      packed.set(made.packed);
      const scale = room.input(made.scale);
      const out = room.float32(source.length);
      return {
        run: () => kernels.dequantizePackedRuns4(out, packed, scale, null, scale.length, GROUP, -8),
        result: () => [out],
      };
    },
    peers: [
      {
        name: 'loop',
        tolerance: EXACT,
        trial: (x) => {
          const { packed, scale } = quantized(x);
          const out = new Float32Array(x.length);
          return { run: () => dequantize4Loop(out, packed, scale, GROUP), result: () => [out] };
        },
      },
    ],
  },
];

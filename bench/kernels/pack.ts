import type { F32, I8 } from '../../src/core/arrays.js';
import { kernelsOf } from '../../src/kernels/dispatch.js';
import { pack4Loop, unpack4Loop } from '../peers/loops.js';
import type { KernelCase, Peer } from './case.js';
import { EXACT } from './case.js';

/** Codes of `bits` bits, all of them used. */
function codesFor(x: F32, bits: number): I8 {
  const half = 2 ** (bits - 1);
  const codes = new Int8Array(x.length);
  for (let i = 0; i < x.length; i++) {
    codes[i] = Math.max(-half, Math.min(half - 1, Math.floor(x[i] * 10 * half)));
  }
  return codes;
}

const packCase = (bits: number, peers: readonly Peer[]): KernelCase => ({
  name: `pack ${bits} bits`,
  bytesPerElement: 1 + bits / 8,
  trial: (kernels, source, room) => {
    const codes = room.int8(source.length);
    codes.set(codesFor(source, bits));
    const packed = room.bytes((source.length * bits) / 8);
    return {
      run: () => kernels.packBits(packed, codes, codes.length, bits, -(2 ** (bits - 1))),
      result: () => [packed],
    };
  },
  peers,
});

const unpackCase = (bits: number, peers: readonly Peer[]): KernelCase => ({
  name: `unpack ${bits} bits`,
  bytesPerElement: 1 + bits / 8,
  trial: (kernels, source, room) => {
    const codeMin = -(2 ** (bits - 1));
    const packed = room.bytes((source.length * bits) / 8);
    kernelsOf('scalar').packBits(packed, codesFor(source, bits), source.length, bits, codeMin);
    const codes = room.int8(source.length);
    return {
      run: () => kernels.unpackBits(codes, packed, codes.length, bits, codeMin),
      result: () => [codes],
    };
  },
  peers,
});

export const packCases: readonly KernelCase[] = [
  packCase(4, [
    {
      name: 'loop',
      tolerance: EXACT,
      trial: (x) => {
        const codes = codesFor(x, 4);
        const packed = new Uint8Array(x.length / 2);
        return { run: () => pack4Loop(packed, codes), result: () => [packed] };
      },
    },
  ]),
  packCase(3, []),
  unpackCase(4, [
    {
      name: 'loop',
      tolerance: EXACT,
      trial: (x) => {
        const packed = new Uint8Array(x.length / 2);
        pack4Loop(packed, codesFor(x, 4));
        const codes = new Int8Array(x.length);
        return { run: () => unpack4Loop(codes, packed), result: () => [codes] };
      },
    },
  ]),
  unpackCase(3, []),
];

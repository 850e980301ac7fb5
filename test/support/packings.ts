import { createRandom } from '../../src/core/random.js';
import type { AffineCodes } from 'tensorslim/blocks';

/** Codes and zero points from 0 on, a byte each. */
export interface Matrix {
  rows: number;
  columns: number;
  bits: AffineCodes['bits'];
  groupSize: number;
  codes: Uint8Array;
  zeros: Uint8Array;
}

export function randomMatrix({ seed, ...sizes }: Omit<Matrix, 'codes' | 'zeros'> & { seed: number }): Matrix {
  const { rows, columns, bits, groupSize } = sizes;
  const random = createRandom(seed);
  const draw = (): number => random.uint32() % 2 ** bits;
  const codes = Uint8Array.from({ length: rows * columns }, draw);
  const zeros = Uint8Array.from({ length: rows * Math.ceil(columns / groupSize) }, draw);
  return { ...sizes, codes, zeros };
}

/** Bits written one by one, so that no packer of the library is trusted. */
export function bitStream(codes: Uint8Array, bits: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  codes.forEach((code, i) => {
    for (let b = 0; b < bits; b++) {
      const at = i * bits + b;
      if ((code >> b) & 1) bytes[at >> 3] |= 1 << (at & 7);
    }
  });
  return bytes;
}

/** The asymmetric tensor of these codes; scales are 1, 2, 3 ... */
export function affineOf({ rows, columns, bits, groupSize, codes, zeros }: Matrix): AffineCodes {
  return {
    kind: 'affine',
    codes: bits === 8 ? Uint8Array.from(codes) : bitStream(codes, bits),
    scale: Float32Array.from(zeros, (_, i) => (i % 1000) + 1),
    zeroPoint: Int32Array.from(zeros),
    bits,
    codeMin: 0,
    codeMax: 2 ** bits - 1,
    mapping: 'asymmetric',
    granularity: { kind: 'group', axis: -1, groupSize },
    shape: [rows, columns],
    scaleDtype: 'float16',
    rounding: 'halfEven',
    overflow: 0,
  };
}

/** The codes of a tensor of at most 8 bits, counted from 0. */
export function codesOf(q: AffineCodes): Uint8Array {
  const size = q.shape.reduce((a, b) => a * b, 1);
  if (q.bits === 8) return Uint8Array.from(q.codes as Uint8Array, (code) => code - q.codeMin);
  return Uint8Array.from({ length: size }, (_, i) => {
    let code = 0;
    for (let b = 0; b < q.bits; b++) {
      const at = i * q.bits + b;
      code |= ((q.codes[at >> 3] >> (at & 7)) & 1) << b;
    }
    return code;
  });
}

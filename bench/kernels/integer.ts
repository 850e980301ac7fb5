/** Products of square matrices with vectors: one element is one weight. */
import type { F32, I16, I32 } from '../../src/core/arrays.js';
import { gemm } from '../../src/kernels/gemm/family.js';
import { integer } from '../../src/kernels/integer/family.js';
import type { GroupedCodes } from '../../src/kernels/integer/types.js';
import type { Kernels } from '../../src/kernels/types.js';
import { MATRIX_ELEMENTS } from '../targets.js';
import type { KernelCase, Room, Tolerance, Trial } from './case.js';

const SIZES = [2 ** 20, MATRIX_ELEMENTS];
const TOKENS = 64;

/** One running sum of float32 products in float64, in place of eight in float32. */
const FLOAT32_SUMS: Tolerance = { distance: 1e-3, share: 1 };

const sideOf = (x: F32): number => Math.sqrt(x.length);
const wholeVector = (count: number): I16 => new Int16Array(count).map((_, k) => ((k * 37) % 255) - 127);
const realVector = (count: number): F32 => Float32Array.from(wholeVector(count), (v) => v / 127);

/** Weights of a layer as codes: 0.05 is what bench/data.ts multiplies normal numbers by. */
function int8Codes(x: F32, room: Room): Int8Array {
  const codes = room.int8(x.length);
  for (let i = 0; i < x.length; i++) codes[i] = Math.max(-127, Math.min(127, Math.trunc(600 * x[i])));
  return codes;
}

function grouped(x: F32, room: Room, bits: 4 | 8, group: number): GroupedCodes {
  const side = sideOf(x);
  const size = Math.min(group, side);
  const scale = room.float32(x.length / size).fill(0.01);
  const shape = { scale, offsets: null, rows: side, columns: side, group: size };
  if (bits === 8) return { bits, codes: int8Codes(x, room) as GroupedCodes['codes'], offset: 0, ...shape };
  const codes = room.bytes(x.length / 2);
  for (let i = 0; i < codes.length; i++) codes[i] = Math.trunc(4000 * Math.abs(x[2 * i])) & 255;
  return { bits, codes, offset: 8, ...shape };
}

function partSums(x: I16, part: number): I32 {
  const sums = new Int32Array(x.length / part);
  x.forEach((v, k) => (sums[Math.floor(k / part)] += v));
  return sums;
}

function wholeTrial(kernels: Kernels, source: F32, room: Room, bits: 4 | 8, group: number): Trial {
  const twin = integer.of(kernels.name);
  const w = grouped(source, room, bits, group);
  const x = wholeVector(w.columns);
  const y = room.float32(w.rows);
  const sums = partSums(x, w.group);
  return { run: () => twin.groupDots(y, w, x, sums, w.group), result: () => [y] };
}

function realTrial(kernels: Kernels, source: F32, room: Room, bits: 4 | 8, group: number): Trial {
  const twin = integer.of(kernels.name);
  const w = grouped(source, room, bits, group);
  const x = realVector(w.columns);
  const y = room.float32(w.rows);
  const sums = new Float32Array(w.columns / w.group).fill(0.5);
  return { run: () => twin.weightDots(y, w, x, sums), result: () => [y] };
}

function productTrial(kernels: Kernels, source: F32, room: Room, tokens: number): Trial {
  const twin = integer.of(kernels.name);
  const side = sideOf(source);
  const b = int8Codes(source, room) as GroupedCodes['codes'];
  const a = wholeVector(tokens * side);
  const out = new Int32Array(tokens * side);
  return { run: () => twin.products(out, a, b, tokens, side, side), result: () => [out] };
}

const dots = (
  name: string,
  trial: typeof wholeTrial,
  bits: 4 | 8,
  group: number,
  bytesPerElement: number,
): KernelCase => ({
  name,
  bytesPerElement,
  elements: SIZES,
  trial: (kernels, source, room) => trial(kernels, source, room, bits, group),
  peers: [],
});

export const integerCases: readonly KernelCase[] = [
  {
    name: 'float32 GEMV',
    bytesPerElement: 4,
    elements: SIZES,
    trial: (kernels, source, room) => {
      const twin = gemm.of(kernels.name);
      const side = sideOf(source);
      const w = room.input(source);
      const x = realVector(side);
      const y = room.float32(side);
      return { run: () => twin.gemvF32(y, w, x, side, side), result: () => [y] };
    },
    peers: [
      {
        name: 'loop',
        tolerance: FLOAT32_SUMS,
        trial: (w) => {
          const side = sideOf(w);
          const x = realVector(side);
          const y = new Float32Array(side);
          return { run: () => gemvLoop(y, w, x), result: () => [y] };
        },
      },
    ],
  },
  {
    name: 'int8 GEMV',
    bytesPerElement: 1,
    elements: SIZES,
    trial: (kernels, source, room) => productTrial(kernels, source, room, 1),
    peers: [],
  },
  dots('int8 GEMV, one scale per row, int8 x', wholeTrial, 8, Infinity, 1),
  dots('int8 GEMV, one scale per row, float32 x', realTrial, 8, Infinity, 1),
  dots('4-bit GEMV, groups of 32, int8 x', wholeTrial, 4, 32, 0.5 + 4 / 32),
  dots('4-bit GEMV, groups of 32, float32 x', realTrial, 4, 32, 0.5 + 4 / 32),
  dots('4-bit GEMV, groups of 128, int8 x', wholeTrial, 4, 128, 0.5 + 4 / 128),
  dots('4-bit GEMV, groups of 128, float32 x', realTrial, 4, 128, 0.5 + 4 / 128),
  {
    // 128 operations for each weight: GOP/s are 128 over ns/element.
    name: `int8 GEMM, ${TOKENS} tokens`,
    bytesPerElement: 1,
    elements: [2 ** 20],
    trial: (kernels, source, room) => productTrial(kernels, source, room, TOKENS),
    peers: [],
  },
];

function gemvLoop(y: F32, w: F32, x: F32): void {
  for (let r = 0; r < y.length; r++) {
    let sum = 0;
    for (let k = 0; k < x.length; k++) sum += w[r * x.length + k] * x[k];
    y[r] = sum;
  }
}

/** Products of square matrices with 90 % zeros with vectors: one element is one weight, stored or not. */
import type { F32, U16, U32, U8 } from '../../src/core/arrays.js';
import { gemm } from '../../src/kernels/gemm/family.js';
import { sparse } from '../../src/kernels/sparse/family.js';
import type { Kernels } from '../../src/kernels/types.js';
import { MATRIX_ELEMENTS, TARGET_ELEMENTS } from '../targets.js';
import type { KernelCase, Room, Tolerance, Trial } from './case.js';

const SIZES = [2 ** 20, TARGET_ELEMENTS, MATRIX_ELEMENTS];

/** 1.645 deviations of 0.05, which bench/data.ts multiplies normal numbers by: a tenth lies beyond. */
const THRESHOLD = 0.08224;

/** Sums in another order. */
const FLOAT32_SUMS: Tolerance = { distance: 1e-3, share: 1 };

interface Rows {
  readonly side: number;
  readonly values: F32;
  readonly indices: U16;
  readonly pointers: U32;
  readonly bits: U8;
}

const vectorOf = (side: number): F32 => new Float32Array(side).map((_, k) => (((k * 37) % 255) - 127) / 127);

function rowsOf(w: F32, room: Room): Rows {
  const side = Math.sqrt(w.length);
  const count = w.reduce((sum, v) => sum + (Math.abs(v) > THRESHOLD ? 1 : 0), 0);
  const values = room.float32(count);
  const indices = room.uint16(count);
  const bits = room.bytes(w.length / 8);
  const pointers = new Uint32Array(side + 1);
  let n = 0;
  for (let i = 0; i < w.length; i++) {
    if (Math.abs(w[i]) > THRESHOLD) {
      bits[i >> 3] |= 1 << (i & 7);
      indices[n] = i % side;
      values[n++] = w[i];
    }
    if (i % side === side - 1) pointers[(i + 1) / side] = n;
  }
  return { side, values, indices, pointers, bits };
}

function csrTrial(kernels: Kernels, source: F32, room: Room): Trial {
  const twin = sparse.of(kernels.name);
  const { side, values, indices, pointers } = rowsOf(source, room);
  const [x, y] = [vectorOf(side), room.float32(side)];
  return { run: () => twin.csrGemv(y, values, indices, pointers, x, side), result: () => [y] };
}

function bitmaskTrial(kernels: Kernels, source: F32, room: Room): Trial {
  const twin = sparse.of(kernels.name);
  const { side, values, bits } = rowsOf(source, room);
  const [x, y] = [vectorOf(side), room.float32(side)];
  return { run: () => twin.bitmaskGemv(y, values, bits, x, side, side), result: () => [y] };
}

function denseTrial(kernels: Kernels, source: F32, room: Room): Trial {
  const twin = gemm.of(kernels.name);
  const w = room.input(source);
  const side = Math.sqrt(source.length);
  const [x, y] = [vectorOf(side), room.float32(side)];
  return { run: () => twin.gemvF32(y, w, x, side, side), result: () => [y] };
}

/** One running sum for each row, as it is usually written. */
function loopTrial(source: F32): Trial {
  const { side, values, indices, pointers } = rowsOf(source, {
    float32: (length) => new Float32Array(length),
    uint16: (length) => new Uint16Array(length),
    bytes: (length) => new Uint8Array(length),
  } as Room);
  const x = vectorOf(side);
  const y = new Float32Array(side);
  const run = (): void => {
    for (let r = 0; r < side; r++) {
      let sum = 0;
      for (let i = pointers[r]; i < pointers[r + 1]; i++) sum += values[i] * x[indices[i]];
      y[r] = sum;
    }
  };
  return { run, result: () => [y] };
}

export const sparseCases: readonly KernelCase[] = [
  {
    name: 'CSR GEMV, 90 % zeros',
    bytesPerElement: 0.6,
    elements: SIZES,
    trial: csrTrial,
    peers: [{ name: 'loop', tolerance: FLOAT32_SUMS, trial: loopTrial }],
  },
  {
    name: 'bitmask GEMV, 90 % zeros',
    bytesPerElement: 0.525,
    elements: SIZES,
    trial: bitmaskTrial,
    peers: [],
  },
  {
    name: 'float32 GEMV, beside sparse ones',
    bytesPerElement: 4,
    elements: SIZES,
    trial: denseTrial,
    peers: [],
  },
];

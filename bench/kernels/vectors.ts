import type { F32, U8 } from '../../src/core/arrays.js';
import { vectorFamily } from '../../src/kernels/vectors/family.js';
import type { KernelCase } from './case.js';
import { EXACT } from './case.js';

/** Dimensions of a vector, or subspaces of one. */
const WIDTH = 64;

/** Any bytes, every value among them. */
function bytesOf(x: F32, into: U8, most: number): U8 {
  for (let i = 0; i < into.length; i++) into[i] = Math.abs(Math.floor(x[i] * 4096)) % (most + 1);
  return into;
}

function popcountLoop(out: Int32Array, query: U8, codes: U8): void {
  for (let i = 0; i < out.length; i++) {
    let bits = 0;
    for (let b = 0; b < WIDTH; b++) {
      let other = query[b] ^ codes[i * WIDTH + b];
      for (; other !== 0; other &= other - 1) bits++;
    }
    out[i] = bits;
  }
}

export const vectorCases: readonly KernelCase[] = [
  {
    name: 'hamming, 512 bits, per byte',
    bytesPerElement: 1 + 4 / WIDTH,
    trial: (kernels, source, room) => {
      const twin = vectorFamily.of(kernels.name);
      const codes = bytesOf(source, room.bytes(source.length), 255);
      const query = codes.slice(0, WIDTH);
      const out = new Int32Array(source.length / WIDTH);
      return {
        run: () => twin.hamming(out, query, codes, out.length, WIDTH),
        result: () => [out],
      };
    },
    peers: [
      {
        name: 'loop',
        tolerance: EXACT,
        trial: (x) => {
          const codes = bytesOf(x, new Uint8Array(x.length), 255);
          const query = codes.slice(0, WIDTH);
          const out = new Int32Array(x.length / WIDTH);
          return { run: () => popcountLoop(out, query, codes), result: () => [out] };
        },
      },
    ],
  },
  {
    name: 'scan of 8-bit vectors, per dimension',
    bytesPerElement: 1 + 4 / WIDTH,
    trial: (kernels, source, room) => {
      const twin = vectorFamily.of(kernels.name);
      const codes = bytesOf(source, room.bytes(source.length), 255);
      const query = source.slice(0, WIDTH);
      const low = source.slice(WIDTH, 2 * WIDTH);
      const step = source.slice(2 * WIDTH, 3 * WIDTH);
      const out = room.float32(source.length / WIDTH);
      return {
        run: () => twin.scanLevels(out, query, low, step, codes, out.length, WIDTH, false),
        result: () => [out],
      };
    },
    peers: [],
  },
  {
    name: 'scan of product codes, 256 centroids, per code',
    bytesPerElement: 1 + 4 / WIDTH,
    trial: (kernels, source, room) => {
      const twin = vectorFamily.of(kernels.name);
      const codes = bytesOf(source, room.bytes(source.length), 255);
      const tables = Float32Array.from({ length: WIDTH * 256 }, (_, i) => source[i % source.length]);
      const out = room.float32(source.length / WIDTH);
      return {
        run: () => twin.scanTables(out, tables, codes, out.length, WIDTH, 256),
        result: () => [out],
      };
    },
    peers: [],
  },
];

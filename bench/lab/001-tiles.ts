/**
 * Experiment 1: which way of moving data is fastest for kernels that write, at 2^14, 2^20 and 2^24 elements?
 *   direct     arrays in the kernels' memory, one call for all of it
 *   tiled out  arrays in the kernels' memory, output through a staging tile and a native copy
 *   in place   arrays in the kernels' memory, one call per tile, nothing copied
 *   tiled      ordinary arrays: native copy in, kernel, native copy out
 * Run: npx esbuild bench/lab/001-tiles.ts --bundle --platform=node --format=esm --outfile=001.mjs && node 001.mjs
 */
import { HEAP_BEGIN } from '../../src/kernels/layout.js';
import { allocate, free, simdInstance } from '../../src/kernels/memory.js';

const simd = simdInstance();
if (simd === null) throw new Error('this engine has no SIMD');
const { buffer, exports: wasm } = simd;
const scales = allocate(1);
scales[0] = 1 / 127;

type Tile = (to: number, from: number, count: number) => void;

interface Subject {
  readonly name: string;
  readonly inBytes: number;
  readonly outBytes: number;
  readonly tile: Tile;
}

const subjects: Subject[] = [
  {
    name: 'quantize',
    inBytes: 4,
    outBytes: 1,
    tile: (to, from, n) =>
      wasm.quantizeRuns(0, to, from, scales.byteOffset, 0, 1, n, n, -128, 127, 0, 0, 0, 0),
  },
  {
    name: 'dequantize',
    inBytes: 1,
    outBytes: 4,
    tile: (to, from, n) => wasm.dequantizeRuns(0, to, from, scales.byteOffset, 0, 1, n, n),
  },
];

/** Two staging areas of 4 MiB, for tiles larger than the library's own. */
const staging = allocate(2 ** 23, 'uint8');
const stageIn = staging.byteOffset;
const stageOut = staging.byteOffset + 2 ** 22;

function best(work: () => void, elements: number): number {
  const repeats = Math.max(1, Math.floor(2 ** 22 / elements));
  let least = Infinity;
  for (let trial = 0; trial < 9; trial++) {
    const begin = performance.now();
    for (let i = 0; i < repeats; i++) work();
    least = Math.min(least, (performance.now() - begin) / repeats);
  }
  return least / 1000;
}

for (const elements of [2 ** 14, 2 ** 20, 2 ** 24]) {
  // Filled, because a page that was never written is a page of zeros that all such pages share: reading it is free.
  const source = new Float32Array(elements).map((_, i) => ((i * 2654435761) >>> 8) / 2 ** 23 - 1);
  const target = new Float32Array(elements);
  const copySeconds = best(() => target.set(source), elements);
  const copy = (8 * elements) / copySeconds / 1e9;
  console.log(`\n${elements} elements, copy ${copy.toFixed(1)} GB/s`);
  for (const { name, inBytes, outBytes, tile } of subjects) {
    const userIn = new Uint8Array(source.buffer.slice(0, elements * inBytes));
    const userOut = new Uint8Array(elements * outBytes);
    const ownIn = allocate(elements * inBytes, 'uint8');
    const ownOut = allocate(elements * outBytes, 'uint8');
    ownIn.set(userIn);
    const memory = new Uint8Array(buffer);
    tile(ownOut.byteOffset, ownIn.byteOffset, elements);
    const expected = ownOut.slice();

    const report = (way: string, output: Uint8Array, work: () => void): void => {
      output.fill(0);
      work();
      if (Buffer.compare(output, expected) !== 0) throw new Error(`${name} ${way} is wrong`);
      const rate = ((inBytes + outBytes) * elements) / best(work, elements) / 1e9;
      console.log(
        `${name.padEnd(11)}${way.padEnd(22)}${rate.toFixed(2).padStart(7)} GB/s ${((100 * rate) / copy).toFixed(0).padStart(4)} %`,
      );
    };
    report('direct', ownOut, () => tile(ownOut.byteOffset, ownIn.byteOffset, elements));
    for (const count of [2048, 4096, 8192, 16384, 32768, 65536, 131072, 2 ** 18, 2 ** 20]) {
      if (count > elements) continue;
      const eachTile = (visit: (at: number) => void): void => {
        for (let at = 0; at < elements; at += count) visit(at);
      };
      const outTile = memory.subarray(stageOut, stageOut + count * outBytes);
      const inTile = memory.subarray(stageIn, stageIn + count * inBytes);
      report(`in place ${count}`, ownOut, () =>
        eachTile((at) => tile(ownOut.byteOffset + at * outBytes, ownIn.byteOffset + at * inBytes, count)),
      );
      report(`tiled out ${count}`, ownOut, () =>
        eachTile((at) => {
          tile(stageOut, ownIn.byteOffset + at * inBytes, count);
          ownOut.set(outTile, at * outBytes);
        }),
      );
      report(`tiled ${count}`, userOut, () =>
        eachTile((at) => {
          inTile.set(userIn.subarray(at * inBytes, (at + count) * inBytes));
          tile(stageOut, stageIn, count);
          userOut.set(outTile, at * outBytes);
        }),
      );
    }
    free(ownIn);
    free(ownOut);
  }
}
if (scales.byteOffset < HEAP_BEGIN) throw new Error('the heap begins too early');

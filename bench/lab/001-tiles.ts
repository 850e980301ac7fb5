/**
 * Experiment 1: how long should a tile be? Ordinary arrays of 2^24 elements: native copy in, kernel, native copy out. Input
 * tiles begin at a page, output tiles in the middle of one (experiment 2 says why).
 * Last: the same kernels in place, on arrays in the kernels' memory.
 */
import { allocate } from '../../src/kernels/memory.js';
import { ELEMENTS, reporter, same, simd, wave } from './lab.js';

const { buffer, exports: wasm } = simd();
const parameters = allocate(1024, 'float32');
const scale = parameters.byteOffset;
const result = scale + 64;
parameters[0] = 1 / 127;

interface Subject {
  readonly name: string;
  readonly inBytes: number;
  readonly outBytes: number;
  tile(to: number, from: number, count: number): void;
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'absmax',
    inBytes: 4,
    outBytes: 0,
    tile: (_, from, n) => wasm.absmaxRuns(result, from, 1, n, n, 1),
  },
  {
    name: 'quantize',
    inBytes: 4,
    outBytes: 1,
    tile: (to, from, n) => wasm.quantizeRuns(0, to, from, scale, 0, 1, n, n, -127, 127, 0, 0, 0, 0),
  },
  {
    name: 'dequantize',
    inBytes: 1,
    outBytes: 4,
    tile: (to, from, n) => wasm.dequantizeRuns(0, to, from, scale, 0, 1, n, n),
  },
];

const stage = Math.ceil((allocate(2 ** 24, 'uint8').byteOffset + 1) / 4096) * 4096;
const stageOut = stage + 2 ** 23 + 2048;
const report = reporter();

for (const { name, inBytes, outBytes, tile } of SUBJECTS) {
  const userIn = new Uint8Array(wave((ELEMENTS * inBytes) / 4).buffer);
  const userOut = new Uint8Array(ELEMENTS * outBytes);
  const ownIn = allocate(ELEMENTS * inBytes, 'uint8');
  const ownOut = allocate(ELEMENTS * outBytes, 'uint8');
  ownIn.set(userIn);
  const traffic = ELEMENTS * (inBytes + outBytes);
  report(`${name} in place`, traffic, () => tile(ownOut.byteOffset, ownIn.byteOffset, ELEMENTS));
  for (const kibibytes of [16, 32, 64, 128, 256, 512, 1024, 2048, 4096]) {
    const count = (kibibytes * 1024) / 4;
    const inTile = new Uint8Array(buffer, stage, count * inBytes);
    const outTile = new Uint8Array(buffer, stageOut, count * outBytes);
    userOut.fill(0);
    report(`${name} by ${kibibytes} KiB of float32`, traffic, () => {
      for (let at = 0; at < ELEMENTS; at += count) {
        inTile.set(new Uint8Array(userIn.buffer, at * inBytes, count * inBytes));
        tile(stageOut, stage, count);
        userOut.set(outTile, at * outBytes);
      }
    });
    same(name, userOut, ownOut);
  }
}

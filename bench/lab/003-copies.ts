/**
 * Experiment 3: which way of copying 64 MiB into a tile of 256 KiB at the start of a page is fastest, and does it pay to
 * copy much at once but to work in pieces that fit the first cache?
 */
import { allocate } from '../../src/kernels/memory.js';
import { ELEMENTS, reporter, simd, wave } from './lab.js';

const COUNT = 65536;
const { buffer, exports: wasm } = simd();
const address = Math.ceil((allocate(2 ** 20, 'uint8').byteOffset + 1) / 4096) * 4096;
const result = allocate(1).byteOffset;
const source = wave(ELEMENTS);
const report = reporter();

const eachTile = (visit: (at: number) => void) => (): void => {
  for (let at = 0; at < ELEMENTS; at += COUNT) visit(at);
};

const floats = new Float32Array(buffer, address, COUNT);
const bytes = new Uint8Array(buffer, address, 4 * COUNT);
const words = new BigUint64Array(buffer, address, COUNT / 2);
const doubles = new Float64Array(buffer, address, COUNT / 2);
const views = Array.from({ length: ELEMENTS / COUNT }, (_, i) => source.subarray(i * COUNT, (i + 1) * COUNT));
const sourceDoubles = new Float64Array(source.buffer);

const set = eachTile((at) => floats.set(source.subarray(at, at + COUNT)));
report('set of float32', 8 * ELEMENTS, set);
report(
  'set of float32, views made before',
  8 * ELEMENTS,
  eachTile((at) => floats.set(views[at / COUNT])),
);
report(
  'set of bytes',
  8 * ELEMENTS,
  eachTile((at) => bytes.set(new Uint8Array(source.buffer, 4 * at, 4 * COUNT))),
);
report(
  'set of 64-bit words',
  8 * ELEMENTS,
  eachTile((at) => words.set(new BigUint64Array(source.buffer, 4 * at, COUNT / 2))),
);
report(
  'loop over float64 (may change NaN bits)',
  8 * ELEMENTS,
  eachTile((at) => {
    for (let i = 0, j = at / 2; i < COUNT / 2; i++, j++) doubles[i] = sourceDoubles[j];
  }),
);
for (const piece of [4096, 16384, COUNT]) {
  report(
    `set of float32, absmax of pieces of ${piece}`,
    4 * ELEMENTS,
    eachTile((at) => {
      floats.set(source.subarray(at, at + COUNT));
      for (let i = 0; i < COUNT; i += piece) {
        wasm.absmaxRuns(result, address + 4 * i, 1, piece, piece, i === 0 ? 0 : 1);
      }
    }),
  );
}

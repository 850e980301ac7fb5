/**
 * Experiment 4: a large array in the kernels' memory, read as one stream (pieces of half a MiB, one after another) and as the
 * two streams that absmax makes of its halves; and what quantization, which writes too, reaches in one stream.
 */
import { allocate } from '../../src/kernels/memory.js';
import { ELEMENTS, reporter, simd, wave } from './lab.js';

const PIECE = 2 ** 16;
const { exports: wasm } = simd();
const x = allocate(ELEMENTS);
x.set(wave(ELEMENTS));
const codes = allocate(ELEMENTS, 'int8').byteOffset;
const parameters = allocate(32);
parameters[0] = 1 / 127;
const scale = parameters.byteOffset;
const result = scale + 64;
const from = x.byteOffset;
const report = reporter();

report('absmax, one stream', 4 * ELEMENTS, () => {
  for (let at = 0; at < ELEMENTS; at += PIECE) wasm.absmaxRuns(result, from + 4 * at, 1, PIECE, PIECE, 1);
});
report('absmax, two streams', 4 * ELEMENTS, () => wasm.absmaxRuns(result, from, 1, ELEMENTS, ELEMENTS, 0));
report('quantize, one stream', 5 * ELEMENTS, () =>
  wasm.quantizeRuns(0, codes, from, scale, 0, 1, ELEMENTS, ELEMENTS, -127, 127, 0, 0, 0, 0),
);

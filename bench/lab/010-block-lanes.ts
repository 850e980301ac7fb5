/**
 * Experiment 10: how searches of block types gain from lanes, and decoders from tiles. Encoders of 2^16 elements, scalar against SIMD, in ns per
 * element; decoders of 2^22 through tiles of 2^11 to 2^16 elements against one `set` of their output, in GB/s written. The searches gain 4 to 20 times,
 * those that weigh candidates by all lanes at once most; decoders want the largest tile.
 */
import { blockKernels, createSimdBlocks } from '../../src/kernels/blocks/family.js';
import type { BlockEncoder } from '../../src/kernels/blocks/types.js';
import { createSimdKBlocks, kBlockKernels } from '../../src/kernels/blocks-k/family.js';
import { best, same, wave } from './lab.js';

const SMALL = 2 ** 16;
const LARGE = 2 ** 22;
const ROW = 4096;
/** Bytes enough for every type. */
const BYTES_PER_ELEMENT = 34 / 32;

const line = (text: string): void => void process.stdout.write(`${text}\n`);

const encodersOf = (name: 'scalar' | 'simd'): Record<string, BlockEncoder> => ({
  ...blockKernels.of(name).encode,
  ...kBlockKernels.of(name).encode,
});

const scalar = encodersOf('scalar');
const simd = encodersOf('simd');
const x = wave(SMALL);
const importance = wave(ROW).map((value) => value * value);
const room = (): Uint8Array<ArrayBuffer> => new Uint8Array(SMALL * BYTES_PER_ELEMENT);
for (const type of ['IQ4_NL', 'IQ4_XS', 'Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K']) {
  for (const weights of [null, importance]) {
    const [one, other] = [room(), room()];
    const times = [scalar, simd].map((encoders, i) => {
      const ms = best(() => encoders[type](i === 0 ? one : other, x, SMALL / ROW, ROW, weights));
      return ((1e6 * ms) / SMALL).toFixed(1);
    });
    same(type, other, one);
    line(`${type}${weights === null ? '' : ' with importance'}: scalar ${times[0]} ns, simd ${times[1]} ns`);
  }
}

const input = wave(LARGE);
const values = new Float32Array(LARGE).fill(1);
const q4 = new Uint8Array((LARGE / 256) * 144);
const q8 = new Uint8Array((LARGE / 32) * 34);
kBlockKernels.of('simd').encode.Q4_K(q4, input, LARGE / ROW, ROW, null);
blockKernels.of('simd').encode.Q8_0(q8, input, LARGE / ROW, ROW, null);
const rate = (work: () => void): string => ((4 * LARGE) / best(work) / 1e6).toFixed(1);

line(`set: ${rate(() => values.set(input))} GB/s written`);
for (let tile = 2 ** 11; tile <= 2 ** 16; tile *= 2) {
  const k = createSimdKBlocks(tile);
  const plain = createSimdBlocks(tile);
  if (k === null || plain === null) throw new Error('this engine has no WebAssembly SIMD');
  const fast = rate(() => k.decode.Q4_K(values, q4, LARGE / 256));
  line(`tiles of ${tile}: Q4_K ${fast}, Q8_0 ${rate(() => plain.decode.Q8_0(values, q8, LARGE / 32))} GB/s`);
}

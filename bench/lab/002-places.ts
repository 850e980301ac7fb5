/**
 * Experiment 2: does it matter where in its page of 4096 bytes a staging tile begins? 64 MiB are copied through one tile of
 * 256 KiB, in and out, for tiles at several places in their page and ordinary arrays seen from several offsets. In Node
 * an ordinary array of this size begins 16 bytes into a page.
 */
import { allocate } from '../../src/kernels/memory.js';
import { ELEMENTS, reporter, simd } from './lab.js';

const BYTES = 4 * ELEMENTS;
const TILE = 256 * 1024;
const { buffer } = simd();
const page = Math.ceil((allocate(2 ** 20, 'uint8').byteOffset + 1) / 4096) * 4096;
const user = new Uint8Array(BYTES + 4096).fill(1);
const report = reporter();

for (const offset of [0, 8, 1032]) {
  for (const place of [0, 16, 64, 2048, 4032]) {
    const tile = new Uint8Array(buffer, page + place, TILE).fill(1);
    report(`in: array + ${offset}, tile at ${place}`, 2 * BYTES, () => {
      for (let at = 0; at < BYTES; at += TILE) tile.set(new Uint8Array(user.buffer, offset + at, TILE));
    });
    report(`out: array + ${offset}, tile at ${place}`, 2 * BYTES, () => {
      for (let at = 0; at < BYTES; at += TILE) new Uint8Array(user.buffer, offset + at, TILE).set(tile);
    });
  }
}

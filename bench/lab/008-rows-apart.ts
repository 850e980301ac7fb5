/**
 * Experiment 8: y = W x over 8192 x 8192 weights in the kernels' memory, four rows at a time: adjacent ones (calls of four rows each) against rows a
 * quarter of the matrix apart (one call). Four distant streams keep more lines on their way than one: float32 from 12 to 9 or 10 ms,
 * int8 from 4.8 to 2.
 */
import { gemm } from '../../src/kernels/gemm/family.js';
import { integer } from '../../src/kernels/integer/family.js';
import { allocate } from '../../src/kernels/memory.js';
import { best } from './lab.js';

const SIDE = 8192;

const real = allocate(SIDE * SIDE, 'float32');
for (let i = 0; i < real.length; i++) real[i] = (i % 251) / 251;
const codes = allocate(SIDE * SIDE, 'int8');
for (let i = 0; i < codes.length; i++) codes[i] = (i % 251) - 125;
const x = allocate(SIDE, 'float32').fill(0.5);
const whole = allocate(SIDE, 'int16').fill(3);
const y = allocate(SIDE, 'float32');
const sums = allocate(SIDE, 'int32');

const report = (name: string, adjacent: () => void, apart: () => void): void => {
  const times = [best(adjacent), best(apart)].map((ms) => ms.toFixed(2));
  process.stdout.write(`${name}: adjacent rows ${times[0]} ms, rows a quarter apart ${times[1]} ms\n`);
};

const float32 = gemm.of('simd');
report(
  'float32',
  () => {
    for (let r = 0; r < SIDE; r += 4) {
      const rows = real.subarray(r * SIDE, (r + 4) * SIDE);
      float32.gemvF32(y.subarray(r, r + 4), rows, x, 4, SIDE);
    }
  },
  () => float32.gemvF32(y, real, x, SIDE, SIDE),
);

const int8 = integer.of('simd');
report(
  'int8',
  () => {
    for (let r = 0; r < SIDE; r += 4) {
      const rows = codes.subarray(r * SIDE, (r + 4) * SIDE);
      int8.products(sums.subarray(r, r + 4), whole, rows, 1, 4, SIDE);
    }
  },
  () => int8.products(sums, whole, codes, 1, SIDE, SIDE),
);

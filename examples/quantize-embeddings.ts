/** Embeddings in a quarter of the bytes: every row with a scale of its own, and a search that finds the same neighbours. */
import { byteSize, createRandom, decompress, errorBound, quantizeAffine, type TensorLike } from 'tensorslim';

const COUNT = 1000;
const DIMENSIONS = 128;

const random = createRandom(42);
const data = Float32Array.from({ length: COUNT * DIMENSIONS }, () => random.normal());
for (let row = 0; row < COUNT; row++) normalize(data.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS));
const embeddings: TensorLike = { data, shape: [COUNT, DIMENSIONS] };

const q = quantizeAffine(embeddings, { bits: 8, granularity: { kind: 'token' }, scaleDtype: 'float16' });
const restored = decompress(q).data as Float32Array;

let same = 0;
for (let query = 0; query < 100; query++) {
  if (nearest(data, query) === nearest(restored, query)) same++;
}
console.log(`${data.byteLength} bytes become ${byteSize(q)}`);
console.log(`no coordinate is off by more than ${errorBound(q).maxAbs.toExponential(2)}`);
console.log(`${same} of 100 queries find the same nearest neighbour`);

function normalize(row: Float32Array): void {
  const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
  for (let i = 0; i < row.length; i++) row[i] /= length;
}

/** The row with the largest inner product with row `query`, itself apart. */
function nearest(rows: Float32Array, query: number): number {
  let best = -1;
  let largest = -Infinity;
  for (let row = 0; row < COUNT; row++) {
    let sum = 0;
    for (let i = 0; i < DIMENSIONS; i++) sum += rows[row * DIMENSIONS + i] * rows[query * DIMENSIONS + i];
    if (row !== query && sum > largest) {
      largest = sum;
      best = row;
    }
  }
  return best;
}

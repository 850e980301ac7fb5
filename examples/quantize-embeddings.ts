/** Embeddings in a quarter of the bytes and less, and searches that prove that they find the same neighbours. */
import {
  binarize,
  createRandom,
  hammingTopK,
  rescore,
  rotatedQuantizer,
  scalarQuantizer,
  searchVectors,
} from 'tensorslim';

const COUNT = 5000;
const DIMENSIONS = 128;
const TOPICS = 50;
const QUERIES = 100;

const random = createRandom(42);
const topics = Float32Array.from({ length: TOPICS * DIMENSIONS }, () => random.normal());
const embeddings = { data: unitVectors(COUNT), shape: [COUNT, DIMENSIONS] };
const queries = { data: unitVectors(QUERIES), shape: [QUERIES, DIMENSIONS] };

const scalar = scalarQuantizer(embeddings);
const codes = scalar.encode(embeddings);
const exact = searchVectors(queries, embeddings, { k: 10, quantizer: scalar, codes, metric: 'dot' });
const read = exact.rescored.reduce((a, b) => a + b, 0) / QUERIES;
console.log(`${embeddings.data.byteLength} bytes become ${codes.byteSize} with 8 bits per dimension`);
console.log(
  `${exact.certified.filter(Boolean).length} of ${QUERIES} results are proved to be those of a full search`,
);
console.log(`${read.toFixed(1)} float vectors of ${COUNT} are read for each`);

const rotated = rotatedQuantizer({ dimensions: DIMENSIONS, bits: 2 });
const short = rotated.encode(embeddings);
const options = { k: 10, quantizer: rotated, codes: short, metric: 'dot', oversample: 8 } as const;
console.log(
  `2 bits, ${short.byteSize} bytes: recall ${recall(searchVectors(queries, embeddings, options).indices)}`,
);

const bits = binarize(embeddings);
const rough = hammingTopK(binarize(queries), bits, { k: 200 });
const best = rescore(queries, embeddings, rough, { k: 10, metric: 'dot' });
console.log(`1 bit, ${bits.codes.byteLength} bytes: recall ${recall(best.indices)}`);

/** Vectors of length 1 about the topics. */
function unitVectors(count: number): Float32Array {
  const data = new Float32Array(count * DIMENSIONS);
  for (let row = 0; row < count; row++) {
    const topic = (random.uint32() % TOPICS) * DIMENSIONS;
    const vector = data.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS);
    for (let i = 0; i < DIMENSIONS; i++) vector[i] = topics[topic + i] + 0.5 * random.normal();
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    for (let i = 0; i < DIMENSIONS; i++) vector[i] /= length;
  }
  return data;
}

/** How many of the ten nearest vectors are among the ten found. */
function recall(found: Int32Array): string {
  let hits = 0;
  for (let query = 0; query < QUERIES; query++) {
    const nearest = new Set(exact.indices.subarray(10 * query, 10 * query + 10));
    for (const index of found.subarray(10 * query, 10 * query + 10)) if (nearest.has(index)) hits++;
  }
  return `${((100 * hits) / (10 * QUERIES)).toFixed(1)} %`;
}

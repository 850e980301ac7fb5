/**
 * Experiment 9: y = W x over sparse weights in the kernels' memory, against the dense product of the same backend. Printed per shape and share of
 * zeros: dense, compressed rows with 16-bit and 32-bit columns, rows of bits, blocks of 1 x 8 (of which none is empty at 90 %, so they
 * are drawn as blocks).
 */
import { hash32 } from '../../src/core/random.js';
import { gemm } from '../../src/kernels/gemm/family.js';
import { allocate, free } from '../../src/kernels/memory.js';
import { sparse } from '../../src/kernels/sparse/family.js';
import { best } from './lab.js';

const SHAPES: readonly (readonly [rows: number, columns: number])[] = [
  [4096, 4096],
  [1024, 4096],
  [4096, 1024],
  [8192, 8192],
];

function measure(rows: number, columns: number, sparsity: number, backend: 'scalar' | 'simd'): void {
  const w = allocate(rows * columns, 'float32');
  const limit = (1 - sparsity) * 2 ** 32;
  for (let i = 0; i < w.length; i++) w[i] = hash32(1, i) < limit ? (i % 251) / 251 + 0.1 : 0;
  const count = w.reduce((sum, v) => sum + (v === 0 ? 0 : 1), 0);
  const values = allocate(count, 'float32');
  const short = allocate(count, 'uint16');
  const wide = allocate(count, 'uint32');
  const pointers = allocate(rows + 1, 'uint32');
  const bits = allocate((rows * columns) / 8, 'uint8');
  let n = 0;
  for (let i = 0; i < w.length; i++) {
    if (i % columns === 0) pointers[i / columns] = n;
    if (w[i] === 0) continue;
    bits[i >> 3] |= 1 << (i & 7);
    short[n] = wide[n] = i % columns;
    values[n++] = w[i];
  }
  pointers[rows] = n;
  const x = allocate(columns, 'float32').fill(0.5);
  const y = allocate(rows, 'float32');
  const twin = sparse.of(backend);
  const dense = best(() => gemm.of(backend).gemvF32(y, w, x, rows, columns));
  const times: [string, number][] = [
    ['16-bit columns', best(() => twin.csrGemv(y, values, short, pointers, x, rows))],
    ['32-bit columns', best(() => twin.csrGemv(y, values, wide, pointers, x, rows))],
    ['bits', best(() => twin.bitmaskGemv(y, values, bits, x, rows, columns))],
  ];
  const shown = times.map(([name, ms]) => `${name} ${ms.toFixed(2)} ms (${(dense / ms).toFixed(1)}x)`);
  process.stdout.write(
    `${backend} ${rows} x ${columns}, ${100 * sparsity} % zeros: dense ${dense.toFixed(2)} ms, ${shown.join(', ')}\n`,
  );
  for (const array of [w, values, short, wide, pointers, bits, x, y]) free(array);
}

for (const [rows, columns] of SHAPES)
  for (const sparsity of [0.5, 0.9, 0.95]) measure(rows, columns, sparsity, 'simd');
measure(4096, 4096, 0.9, 'scalar');

/**
 * Where in the kernels' memory the constants of every WebAssembly module lie, in bytes: all modules share one memory, so each has a range
 * of its own. src/kernels/layout.ts keeps these ranges free of anything else, and test/kernels/memory.test.ts holds the two together.
 */

const FIRST = 34 * 65536;
const RANGE = 65536;

/** Folders of src/kernels that hold a family's sources in `simd/`; the name '' is src/kernels itself. The order gives the ranges. */
const FAMILIES = [
  'hadamard',
  'integer',
  'vectors',
  'blocks',
  'blocks-k',
  'blocks-iq',
  'gemm',
  'prune',
  'svd',
  'distill',
  'sparse',
];

/** @type {ReadonlyMap<string, { readonly begin: number, readonly end: number }>} */
export const STATICS = new Map([
  // The first kilobyte stays free, so that no array of constants begins at address 0.
  ['', { begin: 1024, end: 65536 }],
  ...FAMILIES.map((name, i) => [name, { begin: FIRST + i * RANGE, end: FIRST + (i + 1) * RANGE }]),
]);

import { describe, expect, it } from 'vitest';
import { encodeSparse } from '../../src/prune/sparse-encode.js';
import { toSparseBitmask } from '../../src/prune/sparse-foreign.js';
import type { EncodeSparseOptions } from '../../src/prune/sparse-types.js';

/** numpy 2.4.6, default_rng(3): integers from -3 to 3 where random() < 0.4; what scipy 1.17.1 and numpy.packbits make of it. */
const x = {
  // prettier-ignore
  data: Float32Array.of(
    0, -3, -2, 0, -2, 2, 0,
    0, 0, 0, -1, 0, 1, 0,
    0, 0, 1, 0, -3, 0, 0,
    -1, 0, 0, 0, 0, 0, 0,
    0, 2, 0, 3, 0, -2, 0,
  ),
  shape: [5, 7],
};

/** The 12 entries of blocks of 2 x 4, by their places in the blocks. */
const BLOCKS = [
  [0, -3, -2, 0, 0, 0, 0, -1],
  [-2, 2, 0, 0, 0, 1, 0, 0],
  [0, 0, 1, 0, -1, 0, 0, 0],
  [-3, 0, 0, 0, 0, 0, 0, 0],
  [0, 2, 0, 3, 0, 0, 0, 0],
  [0, -2, 0, 0, 0, 0, 0, 0],
].flat();

describe('encodeSparse()', () => {
  it.each<[EncodeSparseOptions, number[], number[], number[]]>([
    [
      { format: 'csr' },
      [-3, -2, -2, 2, -1, 1, 1, -3, -1, 2, 3, -2],
      [1, 2, 4, 5, 3, 5, 2, 4, 0, 1, 3, 5],
      [0, 4, 6, 8, 9, 12],
    ],
    [
      { format: 'csc' },
      [-1, -3, 2, -2, 1, -1, 3, -2, -3, 2, 1, -2],
      [3, 0, 4, 0, 2, 1, 4, 0, 2, 0, 1, 4],
      [0, 1, 3, 5, 7, 9, 12, 12],
    ],
    [{ format: 'bsr', blockShape: [2, 4] }, BLOCKS, [0, 1, 0, 1, 0, 1], [0, 2, 4, 6]],
  ])("has scipy's arrays: %j", (options, values, indices, pointers) => {
    const c = encodeSparse(x, options);
    expect(Array.from(c.values)).toEqual(values);
    expect('indices' in c && [Array.from(c.indices), Array.from(c.pointers)]).toEqual([indices, pointers]);
  });

  it("has numpy's bits", () => {
    const { bitmask, row_offsets } = toSparseBitmask(x, 'sparse-bitmask');
    expect(bitmask.data).toEqual(Uint8Array.of(54, 40, 20, 1, 42));
    expect(row_offsets?.data).toEqual(BigInt64Array.of(0n, 4n, 6n, 8n, 9n));
  });
});

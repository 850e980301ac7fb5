/** The kernels of this family, over the searches given. */
import type { BlockKernels, Searches } from '../blocks/types.js';
import { q2KEncoder, q4KEncoder, q5KEncoder } from './affine.js';
import { q3KEncoder, q6KEncoder } from './centered.js';
import { decodeQ2K, decodeQ3K, decodeQ4K, decodeQ5K, decodeQ6K } from './decode.js';
import type { KBlockType } from './types.js';

export const kBlocksOver = (searches: Searches): BlockKernels<KBlockType> => ({
  encode: {
    Q2_K: q2KEncoder(searches),
    Q3_K: q3KEncoder(searches),
    Q4_K: q4KEncoder(searches),
    Q5_K: q5KEncoder(searches),
    Q6_K: q6KEncoder(searches),
  },
  decode: { Q2_K: decodeQ2K, Q3_K: decodeQ3K, Q4_K: decodeQ4K, Q5_K: decodeQ5K, Q6_K: decodeQ6K },
});

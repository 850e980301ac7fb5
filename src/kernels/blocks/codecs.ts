/** The kernels of this family, over the searches given. */
import {
  decodeQ10,
  decodeQ20,
  decodeQ40,
  decodeQ41,
  decodeQ50,
  decodeQ51,
  decodeQ80,
} from './decode-plain.js';
import { decodeMxfp4, decodeNvfp4, encodeMxfp4, encodeNvfp4 } from './float4.js';
import { decodeIq4Nl, decodeIq4Xs, encodeIq4Nl, encodeIq4Xs } from './iq4.js';
import { plainEncoders } from './plain-weighted.js';
import { encodeQ10, encodeQ20, encodeQ80 } from './plain.js';
import { decodeTQ10, decodeTQ20, encodeTQ10, encodeTQ20 } from './ternary.js';
import type { BlockKernels, PlainBlockType, Searches } from './types.js';

export const blocksOver = (searches: Searches): BlockKernels<PlainBlockType> => ({
  encode: {
    ...plainEncoders(searches),
    Q8_0: encodeQ80,
    Q1_0: encodeQ10,
    Q2_0: encodeQ20,
    TQ1_0: encodeTQ10,
    TQ2_0: encodeTQ20,
    MXFP4: encodeMxfp4,
    NVFP4: encodeNvfp4,
    IQ4_NL: encodeIq4Nl,
    IQ4_XS: encodeIq4Xs,
  },
  decode: {
    Q4_0: decodeQ40,
    Q4_1: decodeQ41,
    Q5_0: decodeQ50,
    Q5_1: decodeQ51,
    Q8_0: decodeQ80,
    Q1_0: decodeQ10,
    Q2_0: decodeQ20,
    TQ1_0: decodeTQ10,
    TQ2_0: decodeTQ20,
    MXFP4: decodeMxfp4,
    NVFP4: decodeNvfp4,
    IQ4_NL: decodeIq4Nl,
    IQ4_XS: decodeIq4Xs,
  },
});

/** Which kernel encodes and decodes a type. */
import type { U16, U8 } from '../core/arrays.js';
import { blockKernels } from '../kernels/blocks/family.js';
import type { BlockDecoder, BlockEncoder } from '../kernels/blocks/types.js';
import { gridKernels } from '../kernels/blocks-iq/family.js';
import { kBlockKernels } from '../kernels/blocks-k/family.js';
import { kernels } from '../kernels/dispatch.js';
import type { BlockType } from './types.js';

/** 16-bit codes: the same memory where it is aligned, else a copy. Memory is little-endian on every engine, as the bytes of blocks are. */
function words(bytes: U8): U16 {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
}

/** The encoder of `type`, or null where there is none. */
export function encoderOf(type: BlockType): BlockEncoder | null {
  switch (type) {
    case 'F16':
      return (out, x) => kernels().encodeFloat16(words(out), x);
    case 'BF16':
      return (out, x) => kernels().encodeBfloat16(words(out), x);
    case 'Q2_K':
    case 'Q3_K':
    case 'Q4_K':
    case 'Q5_K':
    case 'Q6_K':
      return kBlockKernels.inUse().encode[type];
    case 'IQ1_S':
    case 'IQ1_M':
    case 'IQ2_XXS':
    case 'IQ2_XS':
    case 'IQ2_S':
    case 'IQ3_XXS':
    case 'IQ3_S':
      return null;
    default:
      return blockKernels.inUse().encode[type];
  }
}

export function decoderOf(type: BlockType): BlockDecoder {
  switch (type) {
    case 'F16':
      return (out, bytes) => kernels().decodeFloat16(out, words(bytes));
    case 'BF16':
      return (out, bytes) => kernels().decodeBfloat16(out, words(bytes));
    case 'Q2_K':
    case 'Q3_K':
    case 'Q4_K':
    case 'Q5_K':
    case 'Q6_K':
      return kBlockKernels.inUse().decode[type];
    case 'IQ1_S':
    case 'IQ1_M':
    case 'IQ2_XXS':
    case 'IQ2_XS':
    case 'IQ2_S':
    case 'IQ3_XXS':
    case 'IQ3_S':
      return gridKernels.inUse().decode[type];
    default:
      return blockKernels.inUse().decode[type];
  }
}

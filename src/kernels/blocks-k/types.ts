/**
 * Kernels for the K-quants of ggml: super-blocks of 256 with a quantized scale, and for some a quantized minimum, per sub-block of 16 or 32.
 * The contract is that of ../blocks/types.ts.
 */
export type KBlockType = 'Q2_K' | 'Q3_K' | 'Q4_K' | 'Q5_K' | 'Q6_K';

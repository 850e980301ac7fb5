/** The vocabulary of ONNX Runtime's MatMulNBits. */
import type { F32, U16, U8 } from '../core/arrays.js';

export type MatMulNBitsWidth = 2 | 4 | 8;

export interface MatMulNBitsOptions {
  /** Bits per code. Default 4. */
  readonly bits?: MatMulNBitsWidth;
  /** Elements of a column that share a scale: a power of two from 16 to 256. Default 32. */
  readonly blockSize?: number;
  /** Default 'symmetric': no zero points, the middle code stands for 0. */
  readonly mapping?: 'symmetric' | 'asymmetric';
  /** Type of the scales, which is that of the layer's inputs; they are rounded to it before codes are made. Default 'float32'. */
  readonly scaleDtype?: 'float32' | 'float16';
  /** The axis of w along which products with the inputs are summed: -2 (the default) for ONNX's [K, N], -1 for PyTorch's [N, K]. */
  readonly inputAxis?: -1 | -2;
}

/** The weight of a MatMulNBits node (domain com.microsoft): plain data, its arrays are the node's inputs B, scales and zero_points. */
export interface MatMulNBitsTensor {
  readonly kind: 'matmulnbits';
  /** Inputs and outputs of the layer: the node's attributes K and N. */
  readonly K: number;
  readonly N: number;
  readonly bits: MatMulNBitsWidth;
  readonly blockSize: number;
  /** [N, ceil(K / blockSize), blockSize * bits / 8]: neighbours share a byte, the first in the lowest bits; zeros behind the last element. */
  readonly codes: U8;
  /** [N, ceil(K / blockSize)]: values, or the bits of float16 numbers in a Uint16Array. May be negative. */
  readonly scales: F32 | U16;
  readonly scaleDtype: 'float32' | 'float16';
  /** [N, ceil(blocks * bits / 8)], packed like codes; null: 2^(bits - 1) everywhere. */
  readonly zeroPoints: U8 | null;
}

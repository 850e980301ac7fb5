/** Steps of orthogonal factorizations over the WebAssembly functions of svd/simd. */
import type { Module } from '../family.js';
import { scalarSvd } from './scalar.js';
import type { SvdKernels } from './types.js';

export interface SvdExports {
  dot(x: number, y: number, length: number): number;
  reflect(x: number, stride: number, columns: number, v: number, length: number, tau: number): void;
  rotate(
    x: number,
    squares: number,
    firstP: number,
    endP: number,
    firstQ: number,
    endQ: number,
    stride: number,
    dotLength: number,
    length: number,
    tolerance: number,
  ): number;
}

/** Bytes of a float64. */
const SIZE = 8;

/**
 * Factorizations copy their matrix to memory of their own in any case. So arrays that do not lie in the kernels' memory go to the scalar
 * twin, which has the same bits.
 */
export function simdSvd({ exports: wasm, stage }: Module<SvdExports>): SvdKernels {
  return {
    name: 'simd',

    dot(x, p, y, q, length) {
      if (stage.elementsFor(x, y) < Infinity) return scalarSvd.dot(x, p, y, q, length);
      return wasm.dot(x.byteOffset + SIZE * p, y.byteOffset + SIZE * q, length);
    },

    reflect(x, begin, stride, columns, v, at, length, tau) {
      if (stage.elementsFor(x, v) < Infinity) {
        scalarSvd.reflect(x, begin, stride, columns, v, at, length, tau);
        return;
      }
      const from = v.byteOffset + SIZE * at;
      wasm.reflect(x.byteOffset + SIZE * begin, SIZE * stride, columns, from, length, tau);
    },

    rotate(x, squares, pairs) {
      if (stage.elementsFor(x, squares) < Infinity) return scalarSvd.rotate(x, squares, pairs);
      const { firstP, endP, firstQ, endQ, stride, dotLength, length, tolerance } = pairs;
      return wasm.rotate(
        x.byteOffset,
        squares.byteOffset,
        firstP,
        endP,
        firstQ,
        endQ,
        SIZE * stride,
        dotLength,
        length,
        tolerance,
      );
    },
  };
}

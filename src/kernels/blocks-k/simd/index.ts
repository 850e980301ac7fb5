/** The SIMD kernels of the K-quants. */
import { blockQ2K, blockQ4K, blockQ5K } from './affine';
import { blockQ3K, blockQ6K } from './centered';

export { decodeQ2K, decodeQ3K, decodeQ4K, decodeQ5K, decodeQ6K } from './decode';

/**
 * Each encodes `blocks` blocks; `importance` is 0, or the address of `width` float32: one per column of a row, the first block being the first of one.
 */
export function encodeQ2K(out: usize, x: usize, blocks: i32, importance: usize, width: i32): void {
  const row = <usize>width << 2;
  for (let b: usize = 0, column: usize = 0; b < <usize>blocks; b++) {
    blockQ2K(out + 84 * b, x + 1024 * b, importance ? importance + column : 0);
    column = column + 1024 == row ? 0 : column + 1024;
  }
}

export function encodeQ3K(out: usize, x: usize, blocks: i32, importance: usize, width: i32): void {
  const row = <usize>width << 2;
  for (let b: usize = 0, column: usize = 0; b < <usize>blocks; b++) {
    blockQ3K(out + 110 * b, x + 1024 * b, importance ? importance + column : 0);
    column = column + 1024 == row ? 0 : column + 1024;
  }
}

export function encodeQ4K(out: usize, x: usize, blocks: i32, importance: usize, width: i32): void {
  const row = <usize>width << 2;
  for (let b: usize = 0, column: usize = 0; b < <usize>blocks; b++) {
    blockQ4K(out + 144 * b, x + 1024 * b, importance ? importance + column : 0);
    column = column + 1024 == row ? 0 : column + 1024;
  }
}

export function encodeQ5K(out: usize, x: usize, blocks: i32, importance: usize, width: i32): void {
  const row = <usize>width << 2;
  for (let b: usize = 0, column: usize = 0; b < <usize>blocks; b++) {
    blockQ5K(out + 176 * b, x + 1024 * b, importance ? importance + column : 0);
    column = column + 1024 == row ? 0 : column + 1024;
  }
}

export function encodeQ6K(out: usize, x: usize, blocks: i32, importance: usize, width: i32): void {
  const row = <usize>width << 2;
  for (let b: usize = 0, column: usize = 0; b < <usize>blocks; b++) {
    blockQ6K(out + 210 * b, x + 1024 * b, importance ? importance + column : 0);
    column = column + 1024 == row ? 0 : column + 1024;
  }
}

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}

/** Shapes: row-major, each axis a whole number >= 0, product at most 2^53 - 1. */
import { rangeError, typeError } from './errors.js';

/** Longest list of axes that anything here accepts; numpy stops at 64. */
export const MAX_RANK = 64;

/**
 * The number of elements of `shape`, after checking it: an array of at most 64 whole numbers >= 0 whose non-zero
 * entries multiply to at most 2^53 - 1 (so that a zero axis does not hide an overflow). The empty shape is a scalar: 1.
 */
export function elementCount(shape: readonly number[], fn: string, argument = 'shape'): number {
  if (!Array.isArray(shape)) {
    throw typeError(fn, argument, 'an array of axis lengths', shape, 'pass for example [rows, columns]');
  }
  if (shape.length > MAX_RANK) {
    throw rangeError(fn, argument, `at most ${MAX_RANK} axes`, shape.length, 'merge axes before the call');
  }
  let nonZero = 1;
  let empty = false;
  for (const length of shape as readonly number[]) {
    if (!Number.isSafeInteger(length) || length < 0 || Object.is(length, -0)) {
      throw rangeError(
        fn,
        argument,
        'axis lengths that are whole numbers >= 0',
        length,
        'pass exact lengths',
      );
    }
    if (length === 0) empty = true;
    else nonZero *= length;
    if (nonZero > Number.MAX_SAFE_INTEGER) {
      throw rangeError(fn, argument, 'a product below 2^53', shape, 'split the tensor');
    }
  }
  return empty ? 0 : nonZero;
}

/** Row-major strides, in elements: the last axis has stride 1. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** `axis` as an index from the front; negative counts from the back as in numpy. */
export function normalizeAxis(axis: number, rank: number, fn: string): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw rangeError(
      fn,
      'axis',
      `a whole number from ${-rank} to ${rank - 1}`,
      axis,
      `the tensor has ${rank} axes`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

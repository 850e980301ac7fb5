/** A tensor seen as lines along the axis of the inputs, and which scale each weight of a line has. */
import type { I32 } from '../../core/arrays.js';
import { rangeError } from '../../core/errors.js';
import { rowMajorStrides } from '../../core/shape.js';
import type { Granularity } from '../affine/affine-types.js';

export interface Lines {
  /** Inputs: weights of a line, which lie `stride` apart. */
  readonly n: number;
  readonly stride: number;
  /** Index of every line's first weight. */
  readonly starts: I32;
  /** The weight of line l in column c has region regionOfLine[l] + groupOf[c] * regionStep. */
  readonly regionOfLine: I32;
  readonly groupOf: I32;
  readonly regionStep: number;
  /** Columns per group; n where a line has one scale. */
  readonly groupSize: number;
  /** Whether some region holds weights of several lines. */
  readonly isShared: boolean;
}

const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);

/** The lines of a shape under a checked granularity. */
export function linesOf(
  fn: string,
  shape: readonly number[],
  inputAxis: number,
  granularity: Granularity,
): Lines {
  const n = shape[inputAxis];
  const stride = product(shape.slice(inputAxis + 1));
  const count = product(shape) / n;
  const lines = Array.from({ length: count }, (_, l) => l);
  const starts = Int32Array.from(lines, (l) => Math.floor(l / stride) * n * stride + (l % stride));
  switch (granularity.kind) {
    case 'group': {
      if (granularity.axis !== inputAxis) {
        const fix = 'groups lie along the inputs, so leave granularity.axis out';
        throw rangeError(fn, 'granularity.axis', `inputAxis (${inputAxis})`, granularity.axis, fix);
      }
      const groupSize = Math.min(granularity.groupSize, n);
      const groups = Math.ceil(n / groupSize);
      const groupOf = Int32Array.from({ length: n }, (_, c) => Math.floor(c / groupSize));
      const regionOfLine = Int32Array.from(
        lines,
        (l) => Math.floor(l / stride) * groups * stride + (l % stride),
      );
      return { n, stride, starts, regionOfLine, groupOf, regionStep: stride, groupSize, isShared: false };
    }
    case 'axis': {
      const { axis } = granularity;
      const ownStep = rowMajorStrides(shape)[axis];
      const isInput = axis === inputAxis;
      return {
        n,
        stride,
        starts,
        regionOfLine: starts.map((start) => (isInput ? 0 : Math.floor(start / ownStep) % shape[axis])),
        groupOf: Int32Array.from({ length: n }, (_, c) => (isInput ? c : 0)),
        regionStep: isInput ? 1 : 0,
        groupSize: isInput ? 1 : n,
        isShared: isInput ? count > 1 : count > shape[axis],
      };
    }
    case 'tensor': {
      const none = new Int32Array(count);
      return {
        n,
        stride,
        starts,
        regionOfLine: none,
        groupOf: new Int32Array(n),
        regionStep: 0,
        groupSize: n,
        isShared: count > 1,
      };
    }
    case 'block':
    case 'token': {
      const expected = "kind 'group', 'axis' or 'tensor'";
      throw rangeError(fn, 'granularity.kind', expected, granularity.kind, 'groups lie along the inputs');
    }
  }
}

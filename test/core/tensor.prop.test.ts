import fc from 'fast-check';
import ndarray from 'ndarray';
import { expect, it } from 'vitest';
import { toContiguous, type TensorLike } from '../../src/core/tensor.js';

type Step =
  | { kind: 'pick'; axis: number; at: number }
  | { kind: 'step'; axis: number; by: number }
  | { kind: 'transpose'; seed: number }
  | { kind: 'lo'; axis: number; at: number }
  | { kind: 'hi'; axis: number; at: number };

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('pick' as const), axis: fc.nat(9), at: fc.nat(99) }),
    fc.record({ kind: fc.constant('step' as const), axis: fc.nat(9), by: fc.constantFrom(-3, -2, -1, 2, 3) }),
    fc.record({ kind: fc.constant('transpose' as const), seed: fc.nat(999) }),
    fc.record({ kind: fc.constant('lo' as const), axis: fc.nat(9), at: fc.nat(99) }),
    fc.record({ kind: fc.constant('hi' as const), axis: fc.nat(9), at: fc.nat(99) }),
  ),
  { maxLength: 6 },
);

type View = ndarray.NdArray<Float32Array>;

function applyStep(view: View, step: Step): View {
  const rank = view.shape.length;
  if (rank === 0) return view;
  if (step.kind === 'transpose') {
    const axes = Array.from({ length: rank }, (_, i) => i);
    axes.push(...axes.splice(0, step.seed % rank));
    if (step.seed % 2 === 1) axes.reverse();
    return view.transpose(...axes);
  }
  const axis = step.axis % rank;
  const length = view.shape[axis];
  const at = (value: number): number[] => view.shape.map((n, i) => (i === axis ? value : n));
  if (step.kind === 'pick') {
    return length === 0
      ? view
      : view.pick(...view.shape.map((_, i) => (i === axis ? step.at % length : null)));
  }
  if (step.kind === 'step') return view.step(...view.shape.map((_, i) => (i === axis ? step.by : 1)));
  if (step.kind === 'hi') return view.hi(...at(step.at % (length + 1)));
  return view.lo(...view.shape.map((_, i) => (i === axis ? step.at % (length + 1) : 0)));
}

/** The elements in row-major order, by the package's own `get`. */
function elementsOf(view: View): number[] {
  const index: number[] = view.shape.map(() => 0);
  const size = view.shape.reduce((a, b) => a * b, 1);
  return Array.from({ length: size }, () => {
    const value = view.get(...index);
    for (let axis = index.length - 1; axis >= 0 && ++index[axis] === view.shape[axis]; axis--)
      index[axis] = 0;
    return value;
  });
}

it('any ndarray view made by pick, step, transpose, lo and hi equals its elements read one by one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
      steps,
      (shape, changes) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const data = Float32Array.from({ length: size + 3 }, (_, i) => i);
        const base = ndarray(data, shape, undefined, 2) as View;
        const view = changes.reduce(applyStep, base);
        const result = toContiguous(view as unknown as TensorLike, 'f');
        expect(Array.from(result.data)).toEqual(elementsOf(view));
        expect(result.shape).toEqual(Array.from(view.shape));
        expect(data).toEqual(Float32Array.from({ length: size + 3 }, (_, i) => i));
      },
    ),
    { numRuns: 2000 },
  );
});

it('a transposed matrix larger than a tile equals its elements, for both float types and integers', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 200 }),
      fc.constantFrom(Float32Array, Float64Array, Int32Array, Uint8Array),
      fc.integer({ min: 1, max: 3 }),
      (rows, columns, array, planes) => {
        const data = new array(rows * columns * planes);
        for (let i = 0; i < data.length; i++) data[i] = i % 251;
        const stride = [rows * columns, 1, rows];
        const result = toContiguous({ data, shape: [planes, rows, columns], stride, offset: 0 }, 'f');
        for (let plane = 0, i = 0; plane < planes; plane++) {
          for (let row = 0; row < rows; row++) {
            for (let column = 0; column < columns; column++, i++) {
              const want = (plane * rows * columns + row + column * rows) % 251;
              if (result.data[i] !== want) throw new Error(`element ${i}: ${result.data[i]}, not ${want}`);
            }
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

it('a view is accepted exactly when every index it reaches lies inside its data', () => {
  const axis = fc.record({ length: fc.integer({ min: 0, max: 4 }), stride: fc.integer({ min: -5, max: 5 }) });
  fc.assert(
    fc.property(fc.array(axis, { maxLength: 3 }), fc.integer({ min: -3, max: 25 }), (axes, offset) => {
      let reached = [offset];
      for (const { length, stride } of axes) {
        reached = reached.flatMap((at) => Array.from({ length }, (_, i) => at + i * stride));
      }
      const inside = reached.every((at) => at >= 0 && at < 20);
      const view = {
        data: new Float32Array(20),
        shape: axes.map((a) => a.length),
        stride: axes.map((a) => a.stride),
        offset,
      };
      if (inside) expect(toContiguous(view, 'f').size).toBe(reached.length);
      else expect(() => toContiguous(view, 'f')).toThrow(RangeError);
    }),
    { numRuns: 2000 },
  );
});

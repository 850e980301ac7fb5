import { chooseQParams, dequantizeAffine, quantizeAffine, type AffineOptions } from 'tensorslim';
import { describe, expect, it } from 'vitest';

const x = { data: Float32Array.of(-1, 0, 3, 0.5, 20, -4), shape: [2, 3] };
const perRow: AffineOptions = { bits: 8, mapping: 'asymmetric', granularity: { kind: 'axis', axis: 0 } };

describe('rangeMin and rangeMax', () => {
  it('give every region its own range', () => {
    const q = quantizeAffine(x, {
      ...perRow,
      rangeMin: Float32Array.of(-2, -8),
      rangeMax: Float64Array.of(2, 8),
    });
    const row = (data: number[], range: number): ReturnType<typeof quantizeAffine> =>
      quantizeAffine(Float32Array.from(data), {
        bits: 8,
        mapping: 'asymmetric',
        rangeMin: -range,
        rangeMax: range,
      });
    const rows = [row([-1, 0, 3], 2), row([0.5, 20, -4], 8)];
    expect(Array.from(q.scale)).toEqual(rows.map(({ scale }) => scale[0]));
    expect(Array.from(dequantizeAffine(q))).toEqual(rows.flatMap((r) => Array.from(dequantizeAffine(r))));
    expect(q.overflow).toBe(Math.max(...rows.map(({ overflow }) => overflow)));
  });

  it('may be one number in an array, and a plain array', () => {
    const one = chooseQParams(x, { ...perRow, rangeMax: [2] });
    expect(one).toEqual(chooseQParams(x, { ...perRow, rangeMax: 2 }));
    expect(chooseQParams(x, { ...perRow, rangeMax: [2, 2] })).toEqual(one);
  });

  it('make parameters of a tensor without elements', () => {
    const nothing = { data: new Float32Array(0), shape: [2, 0] };
    const { scale } = chooseQParams(nothing, { ...perRow, rangeMin: [0, 0], rangeMax: [255, 510] });
    expect(scale).toEqual(Float32Array.of(1, 2));
  });

  it.each<[string, unknown, string]>([
    [
      'three for two regions',
      { rangeMax: [1, 2, 3] },
      '"rangeMax" expected one number, or 2, one per region, got 3',
    ],
    ['none', { rangeMax: [] }, '"rangeMax" expected one number, or 2, one per region, got 0'],
    ['one that is not finite', { rangeMin: [0, NaN] }, '"rangeMin[1]" expected a finite float32, got NaN'],
    ['text', { rangeMin: [0, '1'] }, '"rangeMin[1]" expected a finite number, got "1"'],
    ['integers', { rangeMin: Int8Array.of(0, 1) }, '"rangeMin" expected a finite number'],
    [
      'one upside down',
      { rangeMin: [0, 2], rangeMax: 1 },
      '"rangeMin[1]" expected at most rangeMax[1] (1), got 2',
    ],
  ])('refuse %s', (_, range, message) => {
    expect(() => quantizeAffine(x, { ...perRow, ...(range as object) })).toThrow(message);
  });
});

import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { quantizeAffine, quantizeFloat, quantizeWith, chooseQParams } from 'tensorslim/quantize';
import { createRandom } from '../../src/core/random.js';
import { elementsOf, parseXml } from '../support/xml.js';

const random = createRandom(5);
const x = { data: Float32Array.from({ length: 600 }, () => random.normal()), shape: [20, 30] };

describe('pictures of quantized tensors', () => {
  it.each([
    ['2 bits per axis', quantizeAffine(x, { bits: 2, granularity: { kind: 'axis', axis: 0 } })],
    ['4 bits in groups', quantizeAffine(x, { bits: 4, granularity: { kind: 'group', groupSize: 8 } })],
    ['8 bits asymmetric', quantizeAffine(x, { bits: 8, mapping: 'asymmetric' })],
    ['16 bits', quantizeAffine(x, { bits: 16 })],
    ['given parameters', quantizeWith(x, chooseQParams(Float32Array.of(0.5), { bits: 8 }))],
    ['a scalar', quantizeAffine({ data: Float32Array.of(3), shape: [] }, { bits: 8 })],
    ['no elements', quantizeAffine(new Float32Array(0), { bits: 3 })],
    ['float8', quantizeFloat(x, { dtype: 'float8_e4m3fn' })],
    ['float4', quantizeFloat(x, { dtype: 'float4_e2m1fn' })],
    ['infinite codes', quantizeFloat(Float32Array.of(1, 1e9), { dtype: 'float16' })],
    ['no floats', quantizeFloat(new Float32Array(0), { dtype: 'bfloat16' })],
  ])('of %s are well formed, named, and no part of the data', (_, q) => {
    const svg = parseXml(q.toSVG());
    expect(svg.attributes.get('role')).toBe('img');
    expect(q.toSVG()).not.toMatch(/NaN|undefined|Infinity/);
    const html = parseXml(q.toHTML());
    expect(elementsOf(html, 'dt').map(({ text }) => text)).toContain('bits per weight');
    expect(elementsOf(html, 'svg')).toHaveLength(1);
    expect(structuredClone(q)).toEqual(q);
    expect(Object.keys(q)).not.toContain('toSVG');
    expect(inspect(q)).toMatch(/^(Affine|Float)Tensor .*bytes/);
  });

  it('count one bar per code, the codes at whole numbers', () => {
    const q = quantizeAffine(Float32Array.of(-1, 0, 0, 1), { bits: 2 });
    expect(parseXml(q.toSVG()).children[1].text).toBe('Histogram of 4 values from −1.5 to 1.5 in 3 bins.');
    const labels = elementsOf(parseXml(q.toSVG()), 'text').map(({ text }) => text);
    expect(labels).toEqual(['2-bit codes of [4]', '0', '1', '2', '−1', '0', '1', 'code']);
  });

  it('tell the bytes, the bits per weight and the proved error', () => {
    const q = quantizeAffine(
      { data: new Float32Array(64).fill(7), shape: [2, 32] },
      {
        bits: 4,
        granularity: { kind: 'group', groupSize: 32 },
        scaleDtype: 'float16',
      },
    );
    const facts = elementsOf(parseXml(q.toHTML()), 'dd').map(({ text }) => text);
    expect(facts).toEqual(['2 float16, 1', '36 B', '4.500', '0.5']);
    const clipped = quantizeWith(Float32Array.of(4), chooseQParams(Float32Array.of(1), { bits: 8 }));
    expect(parseXml(clipped.toHTML()).text).toContain('error beyond rounding, at most2.996');
  });
});

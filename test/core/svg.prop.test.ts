import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, escapeXml, fitText, svgElement, svgText, textWidth } from '../../src/core/svg.js';
import { linearScale, linearTicks, logScale } from '../../src/core/svg-scale.js';
import { anyText, HOSTILE_TEXTS } from '../support/hostile-text.js';
import { elementsOf, parseXml } from '../support/xml.js';

const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 1, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE),
);
const range = fc.tuple(finite, finite).map(([a, b]): [number, number] => (a < b ? [a, b] : [b, a]));

describe('escapeXml', () => {
  it('keeps any text inside its element and its attribute', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const root = parseXml(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`);
        expect(root.children).toEqual([]);
        expect(root.attributes.get('b')).toBe(root.text);
        expect(Array.from(root.text)).toHaveLength(Array.from(text).length);
      }),
      { numRuns: 1000 },
    );
  });

  it('changes nothing but controls, lone surrogates and what reorders a line', () => {
    expect(parseXml(`<a>${escapeXml('a.b/c "d" <e> & \'f\' 层😀')}</a>`).text).toBe(
      'a.b/c "d" <e> & \'f\' 层😀',
    );
    expect(escapeXml('\u0000\n\u202e\ud800\uffff')).toBe('\ufffd'.repeat(5));
  });
});

describe('svgElement', () => {
  it('holds hostile titles, descriptions and texts as text', () => {
    for (const text of HOSTILE_TEXTS) {
      const picture = { width: 10, height: 10, title: text, description: text, body: svgText(1, 2, text) };
      const root = parseXml(svgElement(picture));
      expect(root.children.map(({ name }) => name)).toEqual(['title', 'desc', 'style', 'rect', 'text']);
      expect(root.attributes.get('aria-label')).toBe(root.children[0].text);
    }
  });

  it('leaves the style out for a page that brings it', () => {
    const picture = { width: 10, height: 10, title: 'a', description: 'b', body: '', isStyled: false };
    expect(elementsOf(parseXml(svgElement(picture)), 'style')).toEqual([]);
  });
});

describe('at', () => {
  it('writes coordinates as plain decimals within a hundredth', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (value) => {
        expect(at(value)).toMatch(/^(0|-?\d+(\.\d{0,1}[1-9])?)$/);
        expect(Math.abs(Number(at(value)) - value)).toBeLessThanOrEqual(0.005000001);
      }),
      { numRuns: 1000 },
    );
    expect([at(-0.001), at(100), at(0.5)]).toEqual(['0', '100', '0.5']);
  });
});

describe('fitText', () => {
  it('keeps both ends within so many pixels, as much as fits, and never parts a character', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 30, max: 300 }), (text, width) => {
        const short = fitText(text, width);
        if (textWidth(text) <= width) {
          expect(short).toBe(text);
          return;
        }
        expect(textWidth(short)).toBeLessThanOrEqual(width);
        expect(textWidth(short)).toBeGreaterThan(width - 13.3);
        const characters = Array.from(text);
        const parts = Array.from({ length: characters.length }, (_, tail) =>
          [tail, tail + 1].map((head) =>
            [...characters.slice(0, head), '…', ...characters.slice(characters.length - tail)].join(''),
          ),
        );
        expect(parts.flat()).toContain(short);
      }),
      { numRuns: 300 },
    );
    expect(fitText('encoder.layer.0.weight', 74)).toBe('encod…eight');
  });

  it('gives wide scripts twice the width', () => {
    expect(textWidth('层层')).toBe(2 * textWidth('ab'));
  });
});

describe('scales', () => {
  it('place every value of any range between their ends, in order', () => {
    fc.assert(
      fc.property(range, fc.double({ min: 0, max: 1, noNaN: true }), ([min, max], share) => {
        const { position } = linearScale([min, max], [10, 110]);
        const value = Math.min(Math.max(min * (1 - share) + max * share, min), max);
        expect(position(value)).toBeGreaterThanOrEqual(10);
        expect(position(value)).toBeLessThanOrEqual(110);
        if (min < max) expect([position(min), position(max)]).toEqual([10, 110]);
        else expect(position(min)).toBe(60);
      }),
      { numRuns: 1000 },
    );
  });

  it('have few ticks, inside the range, ascending, each labelled in its own way', () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 2, max: 8 }), fc.boolean(), ([min, max], count, isLog) => {
        const [low, high] = [Math.abs(min) || 1, Math.abs(max) || 1].sort((a, b) => a - b);
        const ends: [number, number] = isLog ? [low, high] : [min, max];
        const { ticks } = (isLog ? logScale : linearScale)(ends, [0, 1], count);
        expect(ticks.length).toBeLessThanOrEqual(count + 2);
        const slack = 1e-9 * Math.max(Math.abs(ends[0]), Math.abs(ends[1]));
        ticks.forEach(({ value, label }, i) => {
          expect(value).toBeGreaterThanOrEqual(ends[0] - slack);
          expect(value).toBeLessThanOrEqual(ends[1] + slack);
          expect(label).not.toMatch(/NaN|undefined|e/);
          if (i > 0) expect(value).toBeGreaterThan(ticks[i - 1].value);
        });
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[number, number, number, string]>([
    [0, 1, 5, '0 0.2 0.4 0.6 0.8 1.0'],
    [-0.21, 0.21, 6, '−0.2 −0.1 0 0.1 0.2'],
    [0, 1034, 4, '0 500 1000'],
    [3, 3, 4, '3'],
    [0, 5e-6, 5, '0 10⁻⁶ 2×10⁻⁶ 3×10⁻⁶ 4×10⁻⁶ 5×10⁻⁶'],
    [-2e9, 2e9, 4, '−2×10⁹ −10⁹ 0 10⁹ 2×10⁹'],
    [1, 1 + 2 ** -52, 5, '1 1'],
  ])('from %d to %d with about %d ticks read %s', (min, max, count, want) => {
    expect(
      linearTicks(min, max, count)
        .map(({ label }) => label)
        .join(' '),
    ).toBe(want);
  });

  it('over a logarithm show powers of ten, fewer when there are many, 2 and 5 between two of them', () => {
    const labels = (min: number, max: number): string =>
      logScale([min, max], [0, 1], 5)
        .ticks.map(({ label }) => label)
        .join(' ');
    expect(labels(0.0005, 2000)).toBe('0.001 0.1 10 1000');
    expect(labels(1e-6, 1e-2)).toBe('10⁻⁶ 10⁻⁵ 10⁻⁴ 0.001 0.01');
    expect(labels(2, 9)).toBe('2 4 6 8');
    expect(labels(0.006, 0.7)).toBe('0.01 0.02 0.05 0.1 0.2 0.5');
    expect(labels(0.0011, 0.99)).toBe('0.01 0.1');
    expect(labels(2e-6, 1e-5)).toBe('2×10⁻⁶ 4×10⁻⁶ 6×10⁻⁶ 8×10⁻⁶ 10⁻⁵');
    expect(logScale([1, 100], [0, 100]).position(10)).toBeCloseTo(50, 10);
    expect(logScale([7, 7], [0, 100]).position(7)).toBe(50);
  });
});

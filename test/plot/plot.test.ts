import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barsSvg, curveSvg, histogram, histogramSvg, type Bar, type Series } from 'tensorslim/plot';
import { anyNumber, anyText } from '../support/hostile-text.js';
import { elementsOf, parseXml, type XmlElement } from '../support/xml.js';

const textsOf = (svg: XmlElement): string[] => elementsOf(svg, 'text').map(({ text }) => text);

/** Well formed, named, and with numbers wherever numbers belong. */
function checkedPicture(svg: string): XmlElement {
  const root = parseXml(svg);
  expect(root.name).toBe('svg');
  expect(root.attributes.get('role')).toBe('img');
  expect(root.attributes.get('xmlns')).toBe('http://www.w3.org/2000/svg');
  expect(root.children.slice(0, 2).map(({ name }) => name)).toEqual(['title', 'desc']);
  for (const name of ['path', 'rect', 'text']) {
    for (const { attributes } of elementsOf(root, name)) {
      for (const key of ['d', 'x', 'y', 'width', 'height']) {
        expect(attributes.get(key) ?? '').toMatch(/^[-\d.MLHVZh% ]*$/);
      }
    }
  }
  return root;
}

describe('histogramSvg', () => {
  it('is well formed for any numbers, levels and title', () => {
    fc.assert(
      fc.property(fc.array(anyNumber), fc.array(anyNumber), anyText, (values, levels, title) => {
        const svg = histogramSvg(Float64Array.from(values), { levels, title, bins: 8 });
        expect(svg).toBe(histogramSvg(Float64Array.from(values), { levels, title, bins: 8 }));
        checkedPicture(svg);
      }),
      { numRuns: 500 },
    );
  });

  it('draws one line per level, as ticks below the axis where there are many', () => {
    const x = Float32Array.of(-1, 0, 1);
    const linesOf = (levels: number[]): string =>
      elementsOf(parseXml(histogramSvg(x, { levels })), 'path')
        .filter(({ attributes }) => attributes.get('class') === 'ts-level')
        .map(({ attributes }) => attributes.get('d'))
        .join('');
    expect(linesOf([])).toBe('');
    expect(linesOf([-1, 0, 1, NaN]).match(/M/g)).toHaveLength(3);
    expect(linesOf([0])).toMatch(/^M[\d.]+ 38V176$/);
    const rug = linesOf(Array.from({ length: 255 }, (_, i) => i / 127 - 1));
    expect(rug.match(/M/g)).toHaveLength(255);
    expect(rug).toMatch(/^M[\d.]+ 177V182M/);
  });

  it('takes a tensor or its histogram', () => {
    const x = Float32Array.from({ length: 100 }, (_, i) => i % 7);
    expect(histogramSvg(histogram(x))).toBe(histogramSvg(x));
  });

  it('says in words what it shows', () => {
    const [title, description] = parseXml(
      histogramSvg(Float32Array.of(0, 1, 1), { title: 'w', levels: [0, 1] }),
    ).children;
    expect(title.text).toBe('w');
    expect(description.text).toBe(
      'Histogram of 3 values from 0 to 1 in 64 bins. Lines mark 2 quantization levels.',
    );
  });

  it.each<[unknown, string]>([
    [[{ min: NaN, max: 1, counts: [1] }], 'x.min'],
    [[{ min: 2, max: 1, counts: [1] }], 'x.max'],
    [[{ min: 0, max: 1, counts: [] }], 'x.counts'],
    [[{ min: 0, max: 1, counts: [-1] }], 'x.counts'],
    [['abc'], 'x'],
    [[new Float32Array(1), { title: 1 }], 'title'],
    [[new Float32Array(1), { levels: ['a'] }], 'levels'],
    [[new Float32Array(1), { levels: 3 }], 'levels'],
    [[new Float32Array(1), { width: 10 }], 'width'],
    [[new Float32Array(1), { height: 1e9 }], 'height'],
    [[new Float32Array(1), { bins: 0 }], 'bins'],
    [[new Float32Array(1), { level: [] }], 'options'],
  ])('refuses %j', (args, argument) => {
    expect(() => histogramSvg(...(args as Parameters<typeof histogramSvg>))).toThrow(
      `histogramSvg: "${argument}" expected`,
    );
  });
});

describe('barsSvg', () => {
  const anyBar: fc.Arbitrary<Bar> = fc.oneof(
    fc.record({ name: anyText, value: anyNumber }),
    fc.record({ name: anyText, value: anyNumber, before: anyNumber }),
  );

  it('is well formed for any names and numbers, with at most maxRows bars', () => {
    fc.assert(
      fc.property(
        fc.array(anyBar, { maxLength: 12 }),
        fc.constantFrom<('number' | 'bytes' | 'percent' | 'decibel')[]>(
          'number',
          'bytes',
          'percent',
          'decibel',
        ),
        fc.constantFrom<('sum' | 'count')[]>('sum', 'count'),
        (rows, unit, rest) => {
          const root = checkedPicture(barsSvg(rows, { unit, rest, maxRows: 5 }));
          expect(elementsOf(root, 'g')).toHaveLength(Math.min(rows.length, 5));
          for (const { attributes } of elementsOf(root, 'rect')) {
            if (attributes.get('width') !== '100%') {
              expect(Number(attributes.get('width'))).toBeLessThanOrEqual(456);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('shows the largest first and adds up the rest', () => {
    const rows = Array.from({ length: 50 }, (_, i) => ({
      name: `t${i}`,
      before: 1000 * (i + 1),
      value: 100 * (i + 1),
    }));
    const root = parseXml(barsSvg(rows, { title: 'Size', unit: 'bytes' }));
    const titles = elementsOf(root, 'g').map((group) => group.children[0].text);
    expect(titles).toHaveLength(40);
    expect(titles[0]).toBe('t49: 50.0 kB → 5.00 kB');
    expect(titles[39]).toBe('11 others: 66.0 kB → 6.60 kB');
  });

  it('counts the rest where a sum would mean nothing', () => {
    const rows = Array.from({ length: 5 }, (_, i) => ({ name: `t${i}`, value: i / 10 }));
    const texts = textsOf(parseXml(barsSvg(rows, { unit: 'percent', rest: 'count', maxRows: 3 })));
    expect(texts.slice(1, 3)).toEqual(['t4', '40.0 %']);
    expect(texts.at(-1)).toBe('and 2 more, none above 10.0 %');
  });

  it('sums values alone when nothing was before', () => {
    const rows = [3, 2, 1].map((value) => ({ name: `t${value}`, value }));
    expect(textsOf(parseXml(barsSvg(rows, { maxRows: 2 }))).slice(3)).toEqual(['2 others', '3']);
  });

  it('draws the bar as long as its share of the largest', () => {
    const rows = [
      { name: 'a', before: 100, value: 25 },
      { name: 'b', value: Infinity },
      { name: 'c', value: -1 },
    ];
    const groups = elementsOf(parseXml(barsSvg(rows)), 'g').map((group) => ({
      name: group.children[1].text,
      widths: elementsOf(group, 'rect').map(
        ({ attributes }) => `${attributes.get('class')} ${attributes.get('width')}`,
      ),
    }));
    expect(groups).toEqual([
      { name: 'b', widths: ['ts-track 456', 'ts-bar 456'] },
      { name: 'a', widths: ['ts-track 456', 'ts-before 456', 'ts-bar 114'] },
      { name: 'c', widths: ['ts-track 456', 'ts-bar 0'] },
    ]);
  });

  it('cuts long names in the middle and never lets them reach the figures', () => {
    const name = `${'encoder.'.repeat(20)}weight`;
    const [, label, figure] = textsOf(
      parseXml(barsSvg([{ name, before: 4e6, value: 1e6 }], { unit: 'bytes' })),
    );
    expect(label).toMatch(/^encoder\..*….*\.weight$/);
    expect((label.length + figure.length) * 6.6).toBeLessThan(456);
  });

  it('says that there is nothing to show', () => {
    expect(textsOf(checkedPicture(barsSvg([])))).toEqual(['Values', 'nothing to show']);
  });

  it.each<[unknown, string]>([
    [[{}], 'rows'],
    [[[{ name: 'a' }]], 'rows[0]'],
    [
      [
        [
          { name: 'a', value: 1 },
          { name: 1, value: 1 },
        ],
      ],
      'rows[1]',
    ],
    [[[{ name: 'a', value: 1, before: null }]], 'rows[0]'],
    [[[null]], 'rows[0]'],
    [[[], { unit: 'meters' }], 'unit'],
    [[[], { rest: 'max' }], 'rest'],
    [[[], { maxRows: 1 }], 'maxRows'],
    [[[], { colour: 1 }], 'options'],
  ])('refuses %j', (args, argument) => {
    expect(() => barsSvg(...(args as Parameters<typeof barsSvg>))).toThrow(`barsSvg: "${argument}" expected`);
  });
});

describe('curveSvg', () => {
  const anySeries: fc.Arbitrary<Series> = fc.record({
    name: anyText,
    points: fc.array(fc.tuple(anyNumber, anyNumber), { maxLength: 8 }),
  });
  const scale = fc.constantFrom<('linear' | 'log')[]>('linear', 'log');

  it('is well formed for any series on any scales', () => {
    fc.assert(
      fc.property(
        fc.array(anySeries, { maxLength: 9 }),
        scale,
        scale,
        anyText,
        (series, xScale, yScale, text) => {
          const options = { xScale, yScale, title: text, xLabel: text, yLabel: text };
          const svg = curveSvg(series, options);
          expect(svg).toBe(curveSvg(series, options));
          checkedPicture(svg);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('leaves gaps where points cannot be shown, and says how many', () => {
    const root = parseXml(
      curveSvg(
        [
          [1, 1],
          [2, 10],
          [3, 0],
          [4, 100],
          [5, NaN],
        ],
        { yScale: 'log' },
      ),
    );
    const line = elementsOf(root, 'path').find(
      ({ attributes }) => attributes.get('class') === 'ts-line ts-0',
    );
    expect(line?.attributes.get('d')).toMatch(/^M[\d. ]+L[\d. ]+M[\d. ]+$/);
    expect(root.children[1].text).toBe('Curve: from (1, 1) to (4, 100), 2 not shown.');
  });

  it('keeps the names at the ends of curves a line apart', () => {
    const series = Array.from({ length: 8 }, (_, i) => ({
      name: `s${i}`,
      points: [
        [0, 0],
        [1, i / 1000],
      ] as const,
    }));
    const heights = elementsOf(parseXml(curveSvg(series)), 'text')
      .filter(({ text }) => /^s\d$/.test(text))
      .map(({ attributes }) => Number(attributes.get('y')));
    expect(heights).toHaveLength(8);
    for (let i = 1; i < 8; i++) expect(heights[i] - heights[i - 1]).toBeGreaterThanOrEqual(15.99);
  });

  it('draws a straight line through points of a power law on two logarithmic axes', () => {
    const points = [1, 10, 100].map((x) => [x, x ** -2] as const);
    const root = parseXml(curveSvg([{ name: 'p', points }], { xScale: 'log', yScale: 'log' }));
    const line = elementsOf(root, 'path').find(
      ({ attributes }) => attributes.get('class') === 'ts-line ts-0',
    );
    const numbers = (line?.attributes.get('d') ?? '').match(/[\d.]+/g)?.map(Number) ?? [];
    expect(numbers[0] + numbers[4]).toBeCloseTo(2 * numbers[2], 1);
    expect(numbers[1] + numbers[5]).toBeCloseTo(2 * numbers[3], 1);
  });

  it('shows one point, equal points and none', () => {
    expect(textsOf(checkedPicture(curveSvg([[2, 3]])))).toContain('3');
    checkedPicture(
      curveSvg(
        [
          [2, 3],
          [2, 3],
        ],
        { xScale: 'log', yScale: 'log' },
      ),
    );
    expect(checkedPicture(curveSvg([])).children[1].text).toBe('No curves.');
    expect(checkedPicture(curveSvg([{ name: 'a', points: [] }])).children[1].text).toBe(
      'a: from nothing to nothing.',
    );
  });

  it.each<[unknown, string]>([
    [['abc'], 'data'],
    [[[{ points: [] }]], 'data[0]'],
    [[[{ name: 'a', points: 3 }]], 'data[0].points'],
    [[[{ name: 'a', points: [[1]] }]], 'data[0].points[0]'],
    [
      [
        [
          [1, 2],
          [1, '2'],
        ],
      ],
      'data[1]',
    ],
    [[[[1, 2], 5]], 'data[1]'],
    [[[], { xScale: 'sqrt' }], 'xScale'],
    [[[], { xLabel: 4 }], 'xLabel'],
    [[[], { title: null }], 'title'],
  ])('refuses %j', (args, argument) => {
    expect(() => curveSvg(...(args as Parameters<typeof curveSvg>))).toThrow(
      `curveSvg: "${argument}" expected`,
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  reportFromJson,
  reportToHtml,
  reportToJson,
  reportToMarkdown,
  type Report,
  type TensorReport,
} from 'tensorslim/model';
import { anyNumber, anyText, HOSTILE_TEXTS } from '../support/hostile-text.js';
import { encoderReport, reportOf } from '../support/report.js';
import { elementsOf, parseXml, type XmlElement } from '../support/xml.js';

const count = fc.nat({ max: 2 ** 40 });

const anyTensor: fc.Arbitrary<TensorReport> = fc.record({
  name: anyText,
  dtype: fc.constantFrom<TensorReport['dtype'][]>('float32', 'bfloat16', 'int64'),
  shape: fc.array(fc.nat({ max: 1000 }), { maxLength: 4 }),
  label: anyText,
  isLossy: fc.boolean(),
  originalBytes: count,
  compressedBytes: count,
  bitsPerWeight: anyNumber,
  measures: fc.record({
    maxAbs: anyNumber,
    l2: anyNumber,
    relativeL2: anyNumber,
    mse: anyNumber,
    sqnrDb: anyNumber,
    cosine: anyNumber,
  }),
  bound: fc.record({ maxAbs: anyNumber, l2: anyNumber }),
  isWithinBound: fc.boolean(),
  histogram: fc.option(
    fc.record({
      min: fc.integer(),
      max: fc.integer(),
      counts: fc.array(count, { minLength: 1, maxLength: 9 }),
    }),
  ),
  levels: fc.option(fc.array(anyNumber, { maxLength: 9 })),
});

const anyGoal = fc.record(
  { figure: anyText, atLeast: anyNumber, atMost: anyNumber, measured: anyNumber, isReached: fc.boolean() },
  { requiredKeys: ['figure', 'measured', 'isReached'] },
);

const anyReport: fc.Arbitrary<Report> = fc.record({
  kind: fc.constant('report' as const),
  version: fc.constant(1 as const),
  format: fc.constantFrom<Report['format'][]>('safetensors', 'tfjs'),
  tensorCount: count,
  originalBytes: count,
  compressedBytes: count,
  ratio: anyNumber,
  bitsPerWeight: anyNumber,
  measures: fc.record({
    maxAbs: anyNumber,
    l2: anyNumber,
    relativeL2: anyNumber,
    mse: anyNumber,
    sqnrDb: anyNumber,
    cosine: anyNumber,
  }),
  isWithinBound: fc.boolean(),
  tensors: fc.array(anyTensor, { maxLength: 5 }),
  evaluation: fc.dictionary(anyText, anyNumber, { maxKeys: 3 }),
  goals: fc.array(anyGoal, { maxLength: 3 }),
  isReached: fc.boolean(),
});

/** JSON has no -0: it comes back as 0. */
function withoutNegativeZero(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNegativeZero(item)]));
}

/** The cells of every table, row by row. */
function tablesOf(page: XmlElement): string[][][] {
  return elementsOf(page, 'table').map((table) =>
    elementsOf(table, 'tr').map((row) => row.children.map(({ text }) => text)),
  );
}

describe('reportToJson and reportFromJson', () => {
  it('are inverse for every report, NaN and infinities included', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const text = reportToJson(report);
        expect(reportFromJson(text)).toEqual(withoutNegativeZero(report));
        expect(reportToJson(reportFromJson(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('writes what JSON lacks as strings', () => {
    const report = reportOf([], { evaluation: { a: NaN, b: -Infinity } });
    const text = reportToJson(report);
    expect(text).toContain('"a": "NaN"');
    expect(text).toContain('"b": "-Infinity"');
    expect(text).toContain('"sqnrDb": "Infinity"');
  });

  it('treats __proto__ as a name like any other', () => {
    const text = reportToJson(reportOf([])).replace('"evaluation": {}', '"evaluation": {"__proto__": 3}');
    const { evaluation } = reportFromJson(text);
    expect(Object.getPrototypeOf(evaluation)).toBe(Object.prototype);
    expect(Object.entries(evaluation)).toEqual([['__proto__', 3]]);
  });

  const good = JSON.parse(reportToJson(encoderReport(1))) as Record<string, unknown>;
  const broken = (path: string, value: unknown): string => {
    const copy = structuredClone(good);
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce((object, key) => object[key] as Record<string, unknown>, copy);
    if (value === undefined) Reflect.deleteProperty(parent, last);
    else parent[last] = value;
    return JSON.stringify(copy);
  };

  it.each<[string, unknown, string]>([
    ['kind', 'model', 'REPORT_FIELD'],
    ['version', 2, 'REPORT_VERSION'],
    ['version', undefined, 'REPORT_FIELD'],
    ['format', 'onnx', 'REPORT_FIELD'],
    ['tensorCount', -1, 'REPORT_FIELD'],
    ['tensorCount', 1.5, 'REPORT_FIELD'],
    ['originalBytes', 'NaN', 'REPORT_FIELD'],
    ['ratio', '7.1', 'REPORT_FIELD'],
    ['ratio', undefined, 'REPORT_FIELD'],
    ['ratio', null, 'REPORT_FIELD'],
    ['measures', [], 'REPORT_FIELD'],
    ['measures.mse', undefined, 'REPORT_FIELD'],
    ['measures.rmse', 1, 'REPORT_FIELD'],
    ['isWithinBound', 1, 'REPORT_FIELD'],
    ['tensors', {}, 'REPORT_FIELD'],
    ['tensors.0', 'a', 'REPORT_FIELD'],
    ['tensors.0.name', 3, 'REPORT_FIELD'],
    ['tensors.0.dtype', 'float31', 'REPORT_FIELD'],
    ['tensors.0.dtype', 'toString', 'REPORT_FIELD'],
    ['tensors.0.shape', [-1], 'REPORT_FIELD'],
    ['tensors.0.shape', [2 ** 40, 2 ** 40], 'REPORT_FIELD'],
    ['tensors.0.histogram', 5, 'REPORT_FIELD'],
    ['tensors.0.histogram.counts', [0.5], 'REPORT_FIELD'],
    ['tensors.0.levels', ['a'], 'REPORT_FIELD'],
    ['tensors.0.bound', null, 'REPORT_FIELD'],
    ['evaluation', [], 'REPORT_FIELD'],
    ['evaluation.cosineMean', 'high', 'REPORT_FIELD'],
    ['goals.0.measured', undefined, 'REPORT_FIELD'],
    ['goals.0.atLeast', 'much', 'REPORT_FIELD'],
    ['goals.0.exactly', 1, 'REPORT_FIELD'],
    ['isReached', 'yes', 'REPORT_FIELD'],
    ['date', '2026', 'REPORT_FIELD'],
  ])('refuses a report whose %s is %j with %s', (path, value, code) => {
    expect(() => reportFromJson(broken(path, value))).toThrow(
      expect.objectContaining({ name: 'FormatError', code }),
    );
  });

  it('names the path of what is wrong', () => {
    expect(() => reportFromJson(broken('tensors.1.measures.cosine', true))).toThrow(
      `reportFromJson: "report.tensors[1].measures.cosine" expected a number, 'NaN', 'Infinity' or '-Infinity', got true`,
    );
  });

  it.each(['', '{', '[1,]', 'NaN', '{"kind": undefined}'])('refuses %j, which is no JSON', (text) => {
    expect(() => reportFromJson(text)).toThrow(expect.objectContaining({ code: 'REPORT_SYNTAX' }));
  });

  it.each(['null', '3', '"report"', '[]', '{}'])('refuses %s, which is no report', (text) => {
    expect(() => reportFromJson(text)).toThrow(expect.objectContaining({ code: 'REPORT_FIELD' }));
  });

  it('refuses bytes', () => {
    expect(() => reportFromJson(new Uint8Array(2) as never)).toThrow(TypeError);
  });
});

describe('reportToHtml', () => {
  it('is one well-formed page for every report, with nothing in it that runs or is fetched', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const html = reportToHtml(report);
        expect(html).toBe(reportToHtml(structuredClone(report)));
        const page = parseXml(html);
        for (const { name, attributes, text } of elementsOf(page, '*')) {
          expect(['script', 'img', 'link', 'a', 'iframe', 'object', 'foreignObject']).not.toContain(name);
          for (const key of attributes.keys()) expect(key).not.toMatch(/^(on.*|style|src|href)$/);
          if (name === 'style') expect(text).not.toMatch(/url\(|@import/);
        }
        expect(elementsOf(page, 'h1')).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });

  it('forbids the browser to load anything', () => {
    const [policy] = elementsOf(parseXml(reportToHtml(reportOf([]))), 'meta').filter(
      ({ attributes }) => attributes.get('http-equiv') === 'Content-Security-Policy',
    );
    expect(policy.attributes.get('content')).toBe("default-src 'none'; style-src 'unsafe-inline'");
  });

  it('shows names as text, whatever they are', () => {
    const [tensor] = encoderReport(1).tensors;
    for (const name of HOSTILE_TEXTS) {
      const page = parseXml(reportToHtml(reportOf([{ ...tensor, name, label: name }])));
      const [cell] = elementsOf(page, 'th').filter(({ attributes }) => attributes.get('scope') === 'row');
      expect(cell.children.every((child) => ['wbr', 'small'].includes(child.name))).toBe(true);
    }
  });

  it('says the figures of the whole, each with its exact value', () => {
    const report = encoderReport(2);
    const page = parseXml(reportToHtml(report));
    const figures = elementsOf(page, 'dl')[0].children.map(({ children: [name, value] }) => [
      name.text,
      value.text,
      value.attributes.get('title'),
    ]);
    expect(figures.slice(0, 4)).toEqual([
      ['Times smaller', `${report.ratio.toFixed(2)}×`, String(report.ratio)],
      ['Bits per weight', report.bitsPerWeight.toFixed(2), String(report.bitsPerWeight)],
      ['Signal to noise', `${report.measures.sqnrDb.toFixed(1)} dB`, String(report.measures.sqnrDb)],
      ['Cosine', report.measures.cosine.toFixed(5), String(report.measures.cosine)],
    ]);
  });

  it('has goals, evaluation and every tensor in its tables', () => {
    const report = encoderReport(2);
    const [goals, evaluation, tensors] = tablesOf(parseXml(reportToHtml(report)));
    expect(goals.map((row) => row[0])).toEqual(['Figure', 'ratio', 'cosineMean', 'relativeL2']);
    expect(goals[3]).toEqual(['relativeL2', '≤ 0.05', expect.any(String), '✗ missed']);
    expect(evaluation[1]).toEqual(['cosineMean', '0.95713']);
    expect(tensors).toHaveLength(1 + report.tensors.length);
    expect(tensors[1][0]).toBe(
      'embeddings.word_embeddings.weightfloat32 · int4 symmetric, groups of 32 along axis 1, float16 scales',
    );
    expect(tensors[1].slice(1, 5)).toEqual(['30522 × 384', '46.9 MB', '6.59 MB', '4.50']);
    expect(tensors[3].slice(4)).toEqual(['32.00', '', '', '', '']);
  });

  it('marks an error beyond its bound as a defect of this library', () => {
    const [tensor, ...others] = encoderReport(1).tensors;
    const html = reportToHtml(reportOf([{ ...tensor, isWithinBound: false }, ...others]));
    expect(html).toContain('1 tensor beyond the proved bound: a defect of this library');
    expect(tablesOf(parseXml(html))[0][1].at(-1)).toMatch(/^✗ /);
  });

  it('shows an empty report, and one of kept tensors alone', () => {
    const empty = parseXml(reportToHtml(reportOf([])));
    expect(tablesOf(empty)).toEqual([]);
    expect(elementsOf(empty, 'h1')[0].text).toBe('0 B → 0 B');
    const kept = encoderReport(1).tensors.filter(({ isLossy }) => !isLossy);
    const page = parseXml(reportToHtml(reportOf(kept)));
    expect(elementsOf(page, 'figure')).toEqual([]);
    expect(page.text).toContain('nothing to show');
  });

  it('shows the 24 histograms with the largest error, NaN before all', () => {
    const { tensors } = encoderReport(8);
    const lossy = tensors.filter(({ isLossy }) => isLossy);
    const bad = { ...lossy[5], name: 'bad', measures: { ...lossy[5].measures, relativeL2: NaN } };
    const figures = elementsOf(parseXml(reportToHtml(reportOf([...tensors, bad]))), 'figcaption');
    expect(figures).toHaveLength(24);
    expect(figures[0].text).toBe('badNaN %');
    const worst = lossy.reduce((a, b) => (b.measures.relativeL2 > a.measures.relativeL2 ? b : a));
    expect(figures[1].text.startsWith(worst.name)).toBe(true);
  });

  it('stays below 3 MB for 2,000 tensors', () => {
    const { tensors } = encoderReport(40);
    const many = Array.from({ length: 2000 }, (_, i) => {
      const tensor = tensors[i % tensors.length];
      return { ...tensor, name: `model.decoder.${tensor.name}.${i}` };
    });
    const html = reportToHtml(reportOf(many));
    expect(html.length).toBeLessThan(3e6);
    expect(elementsOf(parseXml(html), 'tr')).toHaveLength(2001);
  });
});

describe('reportToMarkdown', () => {
  it('is the same text every time, one line per tensor, for every report', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const markdown = reportToMarkdown(report);
        expect(markdown).toBe(reportToMarkdown(structuredClone(report)));
        const tables = markdown.split('\n').filter((line) => line.startsWith('|'));
        // Six figures, and what a header and its rule add per table.
        const parts = [report.goals.length, Object.keys(report.evaluation).length, report.tensors.length];
        const rows = parts.reduce((total, part) => total + (part === 0 ? 0 : part + 2), 8);
        expect(tables).toHaveLength(rows);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps every cell of hostile names in its place', () => {
    const [tensor] = encoderReport(1).tensors;
    for (const name of HOSTILE_TEXTS) {
      const markdown = reportToMarkdown(reportOf([{ ...tensor, name, label: name }]));
      const row = markdown.trimEnd().split('\n').at(-1) ?? '';
      // A pipe counts when an even number of backslashes stands before it.
      const cells = row.match(/(?<!\\)(\\\\)*\|/g) ?? [];
      expect(cells).toHaveLength(11);
    }
  });

  it('reads as written here', () => {
    const [tensor, , kept] = encoderReport(1).tensors;
    const goal = { figure: 'ratio', atLeast: 2, atMost: 9, measured: 7.1, isReached: true };
    const report = reportOf([{ ...tensor, name: 'a|b' }, kept], {
      goals: [goal],
      evaluation: { cosine: 0.5 },
    });
    expect(reportToMarkdown(report)).toMatchInlineSnapshot(`
      "# Compression report: 46.9 MB → 6.59 MB

      2 tensors, safetensors.

      - ✓ 1 goal reached
      - ✓ Every error within its proved bound

      | Figure | Value |
      | --- | ---: |
      | Times smaller | 7.11× |
      | Bits per weight | 4.50 |
      | Signal to noise | 20.1 dB |
      | Cosine | 0.99515 |
      | Relative error | 9.84 % |
      | Largest error | 0.01917 |

      ## Goals

      | Figure | Wanted | Measured | Result |
      | --- | ---: | ---: | ---: |
      | \`ratio\` | ≥ 2 and ≤ 9 | 7.1 | ✓ reached |

      ## Evaluation

      | Figure | Value |
      | --- | ---: |
      | \`cosine\` | 0.5 |

      ## Tensors

      | Tensor | Shape | What was done | Before | After | Bits per weight | Signal to noise | Relative error | Largest error | Proved bound |
      | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
      | \`a\\|b\` | 30522 × 384 | int4 symmetric, groups of 32 along axis 1, float16 scales | 46.9 MB | 6.59 MB | 4.50 | 20.1 dB | 9.84 % | 0.0192 | 0.0194 |
      | \`embeddings.LayerNorm.weight\` | 384 | kept | 1.54 kB | 1.54 kB | 32.00 |  |  |  |  |
      "
    `);
  });
});

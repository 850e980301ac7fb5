import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { profileToHtml, profileToMarkdown, type ProfileRow } from 'tensorslim/model';
import { picturedProfile, picturedReport } from '../../src/model/report-view.js';
import { anyNumber, anyText } from '../support/hostile-text.js';
import { encoderProfile, encoderReport } from '../support/report.js';
import { elementsOf, parseXml } from '../support/xml.js';

const anyRow: fc.Arbitrary<ProfileRow> = fc.record({
  name: anyText,
  dtype: fc.constant('float32' as const),
  shape: fc.array(fc.nat({ max: 100 }), { maxLength: 3 }),
  candidate: anyText,
  originalBytes: fc.nat(),
  compressedBytes: fc.nat(),
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
});

describe('profileToHtml', () => {
  it('is one well-formed page for any rows, the same every time', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 6 }), (rows) => {
        const html = profileToHtml(rows);
        expect(html).toBe(profileToHtml(structuredClone(rows)));
        const page = parseXml(html);
        expect(elementsOf(page, 'script')).toEqual([]);
        expect(elementsOf(page, 'h1')).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });

  it('adds up the candidates and shows each tensor under each', () => {
    const rows = encoderProfile(1);
    const [candidates, tensors] = elementsOf(parseXml(profileToHtml(rows)), 'table').map((table) =>
      elementsOf(table, 'tr').map((row) => row.children.map(({ text }) => text)),
    );
    const bytes = rows
      .filter(({ candidate }) => candidate === 'float16')
      .reduce((sum, { compressedBytes }) => sum + compressedBytes, 0);
    expect(candidates.map(([name]) => name)).toEqual([
      'Candidate',
      'int8 per channel',
      'int4 groups of 32',
      'float16',
    ]);
    expect(candidates[3].slice(1, 4)).toEqual([`${(bytes / 1e6).toFixed(1)} MB`, '2.00×', '16.00']);
    expect(tensors[0]).toEqual(['Tensor', 'Before', 'int8 per channel', 'int4 groups of 32', 'float16']);
    expect(tensors[1][0]).toBe('embeddings.word_embeddings.weightfloat32 · 30522 × 384');
    expect(tensors).toHaveLength(1 + rows.length / 3);
  });

  it('leaves a cell empty where a candidate was not tried', () => {
    const rows = encoderProfile(1).slice(0, 5);
    const table = elementsOf(parseXml(profileToHtml(rows)), 'table')[1];
    expect(elementsOf(table, 'tr')[2].children[4].text).toBe('');
  });
});

describe('profileToMarkdown', () => {
  it('has a row per candidate and per tensor, for any rows', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 6 }), (rows) => {
        const lines = profileToMarkdown(rows)
          .split('\n')
          .filter((line) => line.startsWith('|'));
        const distinct = (of: (row: ProfileRow) => string): number => new Set(rows.map(of)).size;
        const want = distinct(({ candidate }) => candidate) + distinct(({ name }) => name) + 4;
        expect(lines).toHaveLength(rows.length === 0 ? 0 : want);
      }),
      { numRuns: 300 },
    );
  });

  it('names the tensor with the largest relative error, NaN before all', () => {
    const rows = encoderProfile(1).filter(({ candidate }) => candidate === 'float16');
    const bad = { ...rows[2], name: 'bad', measures: { ...rows[2].measures, relativeL2: NaN } };
    const lineOf = (all: ProfileRow[]): string => profileToMarkdown(all).split('\n')[4];
    const worst = rows.reduce((a, b) => (b.measures.relativeL2 > a.measures.relativeL2 ? b : a));
    expect(lineOf(rows)).toContain(`\`${worst.name}\` |`);
    expect(lineOf([bad, ...rows])).toContain('NaN % | `bad` |');
    expect(lineOf([...rows, bad])).toContain('NaN % | `bad` |');
  });

  it('says when there is nothing', () => {
    expect(profileToMarkdown([])).toBe('# Profile: 0 candidates, 0 tensors\n');
  });

  it('counts a candidate over empty tensors as 0 bits per weight', () => {
    const [row] = encoderProfile(1);
    const line = profileToMarkdown([{ ...row, shape: [0], originalBytes: 0, compressedBytes: 0 }]).split(
      '\n',
    )[4];
    expect(line).toContain('| 0 B | 1.00× | 0.00 |');
  });
});

describe('reports and profiles in notebooks', () => {
  it('show themselves without being changed', () => {
    const report = picturedReport(encoderReport(1));
    expect(report).toStrictEqual(encoderReport(1));
    expect(structuredClone(report)).toStrictEqual(encoderReport(1));
    expect(inspect(report)).toMatch(/^Report: .* MB → .* MB, 13 tensors\n {2}Times smaller/);
    expect(elementsOf(parseXml(report.toHTML()), 'h1')).toHaveLength(1);
    expect(parseXml(report.toSVG()).children[0].text).toBe('Size by tensor, before → after');
    const rows = picturedProfile(encoderProfile(1));
    expect(rows).toStrictEqual(encoderProfile(1));
    expect(inspect(rows)).toMatch(/^Profile: 3 candidates, 9 tensors\n {2}int8 per channel /);
    expect(elementsOf(parseXml(rows.toHTML()), 'table')).toHaveLength(2);
    expect(parseXml(rows.toSVG()).children[0].text).toBe('Size by candidate, before → after');
  });
});

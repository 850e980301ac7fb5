import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setBackend } from 'tensorslim';
import { afterAll, describe, expect, it } from 'vitest';
import { SCHEME_NAMES } from '../../src/compressed/schemes.js';
import { EDGES, edgeCasesPage, outcomeOf } from '../support/edge-cases.js';
import { edgeSchemes, VARIANTS } from '../support/edge-schemes.js';

const page = fileURLToPath(new URL('../../docs/edge-cases.md', import.meta.url));

describe('special tensors', () => {
  afterAll(() => setBackend('auto'));

  it('are tried with every scheme that a recipe can name', () => {
    expect(Object.keys(VARIANTS).sort()).toEqual(SCHEME_NAMES.filter((name) => name !== 'keep').sort());
    for (const list of Object.values(VARIANTS)) expect(list.length).toBeGreaterThan(0);
    for (const [scheme, list] of Object.entries(VARIANTS)) {
      expect(list.filter(([, options]) => options.scheme !== scheme)).toEqual([]);
    }
  });

  it.each(edgeSchemes())('%s has a defined result for all of them', (_, scheme) => {
    const problems = EDGES.flatMap((edge) => {
      const { problem } = outcomeOf(scheme, edge);
      return problem === null ? [] : [`${edge.title}: ${problem}`];
    });
    expect(problems).toEqual([]);
  });

  it('stand in docs/edge-cases.md as they are, on every backend', () => {
    const measured = (['scalar', 'simd'] as const).map((name) => {
      setBackend(name);
      return edgeCasesPage(([, scheme], edge) => outcomeOf(scheme, edge));
    });
    expect(measured[0]).toBe(measured[1]);
    if (process.env.UPDATE_EDGE_CASES === '1') writeFileSync(page, measured[0]);
    expect(readFileSync(page, 'utf8')).toBe(measured[0]);
  });
});

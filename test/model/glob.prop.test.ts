import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesGlob } from '../../src/model/glob.js';

/** The same by a regular expression. */
const byRegExp = (pattern: string, name: string): boolean => {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`).test(name);
};

describe('matchesGlob()', () => {
  it('agrees with a regular expression on any pattern and name', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '*', '?'), maxLength: 12 });
    fc.assert(
      fc.property(letters, letters, (pattern, name) => {
        expect(matchesGlob(pattern, name)).toBe(byRegExp(pattern, name));
      }),
      { numRuns: 5000 },
    );
  });

  it('takes every other character for itself', () => {
    expect(matchesGlob('a.b', 'axb')).toBe(false);
    expect(matchesGlob('[ab]', 'a')).toBe(false);
    expect(matchesGlob('(w|v)+$', '(w|v)+$')).toBe(true);
  });

  it('counts steps, not stars: a hostile pattern ends', () => {
    expect(matchesGlob(`${'*a'.repeat(2000)}b`, 'a'.repeat(4000))).toBe(false);
  });
});

import fc from 'fast-check';
import { clipSearch, hqq } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { anySearch } from '../../support/scale-search.js';

const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return (error as Error).message;
  }
  return '';
};

describe.each([
  ['hqq', hqq],
  ['clipSearch', clipSearch],
] as const)('%s() under a memory limit', (name, search) => {
  const leastOf = (x: Parameters<typeof search>[0], options: Parameters<typeof search>[1]): number =>
    Number(/at least (\d+) bytes/.exec(messageOf(() => search(x, { ...options, memoryLimit: 0.5 })))?.[1]);

  it('gives the same bits whatever the limit, takes no more, and names the least that would do', () => {
    let cuts = 0;
    fc.assert(
      fc.property(anySearch, fc.double({ min: 0, max: 1, noNaN: true }), ({ x, options }, share) => {
        const free = search(x, options);
        const { workingBytes } = free.report;
        if (workingBytes === 0) return;
        const least = leastOf(x, options);
        const between = least + Math.floor(share * (workingBytes - least));
        for (const memoryLimit of [least, between, workingBytes]) {
          const cut = search(x, { ...options, memoryLimit });
          expect({ ...cut, report: { ...cut.report, workingBytes } }).toEqual(free);
          expect(cut.report.workingBytes).toBeLessThanOrEqual(memoryLimit);
          if (cut.report.workingBytes < workingBytes) cuts++;
        }
        expect(messageOf(() => search(x, { ...options, memoryLimit: least - 1 }))).toContain(
          `${least} bytes`,
        );
      }),
      { numRuns: 500 },
    );
    // The property is about cuts: at least one in two runs.
    expect(cuts).toBeGreaterThan(250);
  });

  it('counts what the docstring counts', () => {
    const x = { data: new Float32Array(10 * 32).fill(1), shape: [10, 32] };
    const options = { bits: 4, granularity: { kind: 'group', groupSize: 16 } } as const;
    const [fixed, perEntry] = [24 * 20 + 320, 4 * 32 + 128 * 2];
    expect(search(x, options).report.workingBytes).toBe(fixed + 10 * perEntry);
    expect(leastOf(x, options)).toBe(fixed + perEntry);
    const importance = new Float32Array(32).fill(1);
    expect(leastOf(x, { ...options, importance })).toBe(fixed + 8 * 320 + perEntry + 8 * 32);
    const wide = { ...x, data: Float64Array.from(x.data) };
    expect(leastOf(wide, options)).toBe(fixed + 4 * 320 + perEntry);
    expect(leastOf(x, { ...options, bits: 8 })).toBe(fixed - 320 + perEntry);
  });

  it('says what to do where regions reach across axis 0', () => {
    const x = { data: new Float32Array(8), shape: [4, 2] };
    const options = { bits: 8, granularity: { kind: 'axis', axis: 1 } } as const;
    const { workingBytes } = search(x, options).report;
    expect(messageOf(() => search(x, { ...options, memoryLimit: workingBytes - 1 }))).toBe(
      `${name}: "memoryLimit" expected at least ${workingBytes} bytes for these shapes, got ${workingBytes - 1} - raise it, or choose regions that do not reach across axis 0, so that they can be searched one after the other`,
    );
  });

  it.each([0, -1, NaN, '1 GB'])('refuses a limit of %s', (memoryLimit) => {
    const options = { bits: 4, memoryLimit } as Parameters<typeof search>[1];
    expect(() => search(new Float32Array(4), options)).toThrow(
      /"memoryLimit" expected a number of bytes above 0/,
    );
  });
});

import fc from 'fast-check';
import { gptq, type GptqResult } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { anyGptqOptions, anyLayer, gramOf } from '../../support/gptq.js';

/** All but what tells how the work was cut. */
function resultOf({ tensor, report }: GptqResult): GptqResult {
  return { tensor, report: { ...report, workingBytes: 0, linesAtOnce: 0 } };
}

const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return (error as Error).message;
  }
  return '';
};

/** The least limit, as the refusal of one byte names it. */
const leastOf = (w: Parameters<typeof gptq>[0], options: Parameters<typeof gptq>[1]): number =>
  Number(
    /^gptq: "memoryLimit" expected at least (\d+) bytes/.exec(
      messageOf(() => gptq(w, { ...options, memoryLimit: 1 })),
    )?.[1],
  );

describe('gptq() under a memory limit', () => {
  it('gives the same bits whatever the limit, takes no more, and names the least that would do', () => {
    let cuts = 0;
    const anyWide = fc.tuple(anyLayer, fc.integer({ min: 1, max: 5 })).map(([{ w, x }, times]) => ({
      x,
      w: {
        data: Float32Array.from({ length: w.data.length * times }, (_, i) => w.data[i % w.data.length]),
        shape: [w.shape[0] * times, w.shape[1]],
      },
    }));
    fc.assert(
      fc.property(
        anyWide,
        anyGptqOptions,
        fc.boolean(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        ({ w, x }, own, isTransposed, share, isJudged) => {
          const [outputs, inputs] = w.shape;
          const validation = { data: x.data.map((v) => v / 2 + 1), shape: x.shape };
          const options = { ...own, activations: x, ...(isJudged && { validation }) };
          const layer = isTransposed
            ? {
                data: w.data.map((_, i) => w.data[(i % outputs) * inputs + Math.floor(i / outputs)]),
                shape: [inputs, outputs],
              }
            : w;
          const { granularity: g } = own;
          const along = isTransposed
            ? {
                inputAxis: 0,
                granularity: g.kind === 'axis' || g.kind === 'group' ? { ...g, axis: 1 - (g.axis ?? 1) } : g,
              }
            : {};
          const all = { ...options, ...along };
          const free = gptq(layer, all);
          const least = leastOf(layer, all);
          const memoryLimit = least + Math.floor(share * (free.report.workingBytes - least));
          for (const limit of [least, memoryLimit, free.report.workingBytes]) {
            const cut = gptq(layer, { ...all, memoryLimit: limit });
            expect(resultOf(cut)).toEqual(resultOf(free));
            expect(cut.report.workingBytes).toBeLessThanOrEqual(limit);
            if (cut.report.linesAtOnce < outputs) cuts++;
          }
          expect(messageOf(() => gptq(layer, { ...all, memoryLimit: least - 1 }))).toContain(
            `${least} bytes`,
          );
        },
      ),
      { numRuns: 300 },
    );
    // The property is about cuts: more than a fifth of the runs make some.
    expect(cuts).toBeGreaterThan(180);
  });

  it('counts what the docstring counts', () => {
    const [lines, n, groupSize] = [40, 16, 8];
    const w = { data: new Float32Array(lines * n).fill(1), shape: [lines, n] };
    const x = { data: Float32Array.from({ length: 4 * n }, (_, i) => (i * 7) % 5), shape: [4, n] };
    const options = { bits: 4, granularity: { kind: 'group', groupSize } } as const;
    const hessian = { data: gramOf(x), shape: [n, n] };
    const perLine = 18 * n + (16 * n) / groupSize;
    const fixed = 16 * n * n + 512 * n + 48 * lines + lines * n;
    expect(gptq(w, { ...options, hessian }).report).toMatchObject({
      workingBytes: fixed + lines * perLine,
      linesAtOnce: lines,
    });
    expect(leastOf(w, { ...options, hessian })).toBe(fixed + 4 * perLine);
    expect(leastOf(w, { ...options, activations: x })).toBe(fixed + 8 * n * n + 4 * perLine);
    const wide = { ...w, data: Float64Array.from(w.data) };
    expect(leastOf(wide, { ...options, hessian })).toBe(fixed + 4 * lines * n + 4 * perLine);
    const eight = gptq(w, { ...options, hessian, memoryLimit: fixed + 11 * perLine });
    expect(eight.report).toMatchObject({ workingBytes: fixed + 8 * perLine, linesAtOnce: 8 });
  });

  it('works on lines that share scales at once, and says how they need not', () => {
    const w = { data: new Float32Array(40 * 4).fill(1), shape: [40, 4] };
    const options = {
      bits: 4,
      granularity: { kind: 'tensor' },
      hessian: { data: Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1), shape: [4, 4] },
    } as const;
    const { workingBytes } = gptq(w, options).report;
    expect(messageOf(() => gptq(w, { ...options, memoryLimit: workingBytes - 1 }))).toBe(
      `gptq: "memoryLimit" expected at least ${workingBytes} bytes for these shapes, got ${workingBytes - 1} - raise it, or give each line scales of its own, so that lines can be worked on one after the other`,
    );
  });

  it.each([0, -1, NaN])('refuses a limit of %d', (memoryLimit) => {
    const w = { data: new Float32Array(4), shape: [2, 2] };
    expect(() => gptq(w, { bits: 4, activations: w, memoryLimit })).toThrow(
      /^gptq: "memoryLimit" expected a number of bytes above 0/,
    );
  });

  it('refuses a limit in text', () => {
    const w = { data: new Float32Array(4), shape: [2, 2] };
    const options = { bits: 4, activations: w, memoryLimit: '1 GB' } as unknown;
    expect(() => gptq(w, options as Parameters<typeof gptq>[1])).toThrow(TypeError);
  });
});

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gptq } from 'tensorslim';
import { afterEach, describe, expect, it, vi } from 'vitest';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const memoryUsed = (): number => {
  collect();
  return process.memoryUsage().arrayBuffers;
};

/** The most that live typed arrays take while `work` runs beyond what they took before: looked at whenever a large one is made. */
function peakOf(work: () => unknown): number {
  const before = memoryUsed();
  let most = 0;
  for (const name of ['Float32Array', 'Float64Array', 'Int16Array', 'Int8Array', 'Uint8Array'] as const) {
    const watched = new Proxy(globalThis[name], {
      construct(target, args, newTarget): object {
        const made = Reflect.construct(target, args, newTarget) as Float32Array;
        if (made.byteLength > 100_000) most = Math.max(most, memoryUsed() - before);
        return made;
      },
    });
    vi.stubGlobal(name, watched);
  }
  work();
  vi.unstubAllGlobals();
  return most;
}

describe('gptq() of 32768 lines of 64', () => {
  afterEach(() => vi.unstubAllGlobals());
  const [lines, n] = [32_768, 64];
  const w = {
    data: Float32Array.from({ length: lines * n }, (_, i) => ((i * 7919) % 1009) / 500 - 1),
    shape: [lines, n],
  };
  const activations = {
    data: Float32Array.from({ length: 200 * n }, (_, i) => ((i * 104_729) % 997) / 400 - 1),
    shape: [200, n],
  };
  const options = {
    bits: 4,
    activations,
    scaleMethod: 'absmax',
    granularity: { kind: 'group', groupSize: 64 },
  } as const;
  const result = (lines * n) / 2 + 4 * lines;

  it.each([
    ['all its lines in work', {}],
    ['6 MB', { memoryLimit: 6e6 }],
    ['10 MB', { memoryLimit: 1e7 }],
  ])('takes, with %s, no more than it counts and its result, and at least half of it', (_, limit) => {
    let counted = 0;
    const peak = peakOf(() => (counted = gptq(w, { ...options, ...limit }).report.workingBytes));
    expect(peak).toBeLessThanOrEqual(counted + result);
    expect(peak).toBeGreaterThanOrEqual(counted / 2);
  });
});

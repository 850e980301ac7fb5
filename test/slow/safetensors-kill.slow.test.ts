import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { KillHarness } from '../node/kill-harness.js';

let harness: KillHarness;
beforeAll(async () => {
  harness = await KillHarness.start();
});
afterAll(() => {
  harness.end();
});

describe.each([
  { name: 'one file', maxShardBytes: 0 },
  { name: 'shards', maxShardBytes: 700_000 },
])('300 kills during a save of $name', ({ maxShardBytes }) => {
  it('leave the old model or the new one, and nothing after the next run', async () => {
    const kill = { saver: 'atomic', maxShardBytes } as const;
    const calls = await harness.callsOf(kill);
    const everyCall = Array.from({ length: calls }, (_, i) => i + 1);
    // With an even number it dies before the call, with an odd one after it: both boundaries of every call are met.
    const atCalls = await harness.killAtCalls(kill, everyCall);
    const atTimes = await harness.killAtTimes(kill, 300 - calls, createRandom(maxShardBytes));
    expect(atCalls.problems).toEqual([]);
    expect(atTimes.problems).toEqual([]);
    expect(atCalls.inTime).toBe(calls);
    expect(atTimes.inTime).toBe(300 - calls);
    expect(atTimes.old).toBeGreaterThan(0);
    expect(atCalls.new).toBeGreaterThan(0);
  });
});

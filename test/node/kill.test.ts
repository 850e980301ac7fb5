import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { KillHarness, type KillCase } from './kill-harness.js';

let harness: KillHarness;
beforeAll(async () => {
  harness = await KillHarness.start();
});
afterAll(() => {
  harness.end();
});

const ONE_FILE: KillCase = { saver: 'atomic', maxShardBytes: 0 };
const SHARDS: KillCase = { saver: 'atomic', maxShardBytes: 700_000 };

/** Spread over 1 to `last`, both included. */
const spread = (count: number, last: number): number[] =>
  Array.from({ length: count }, (_, i) => 1 + Math.floor((i * (last - 1)) / (count - 1)));

describe('a save that is killed (the slow suite kills 600)', () => {
  it('leaves the old file or the new one, and nothing after the next run', async () => {
    const calls = await harness.callsOf(ONE_FILE);
    const atCalls = await harness.killAtCalls(ONE_FILE, spread(8, calls));
    const atTimes = await harness.killAtTimes(ONE_FILE, 4, createRandom(1));
    expect(atCalls.problems).toEqual([]);
    expect(atTimes.problems).toEqual([]);
    expect(atCalls.inTime).toBe(8);
    expect(atCalls.old).toBeGreaterThan(0);
    expect(atCalls.new).toBeGreaterThan(0);
  });

  it('leaves the old shards or the new ones, and nothing after the next run', async () => {
    const calls = await harness.callsOf(SHARDS);
    const atCalls = await harness.killAtCalls(SHARDS, spread(9, calls));
    const atTimes = await harness.killAtTimes(SHARDS, 4, createRandom(2));
    expect(atCalls.problems).toEqual([]);
    expect(atTimes.problems).toEqual([]);
    expect(atCalls.inTime).toBe(9);
    expect(atCalls.old).toBeGreaterThan(0);
    expect(atCalls.new).toBeGreaterThan(0);
  });
});

describe('the harness', () => {
  it('notices a saver that writes straight to the file', async () => {
    const { problems } = await harness.killAtCalls({ saver: 'careless', maxShardBytes: 0 }, [1, 16, 30]);
    expect(problems).toHaveLength(3);
    expect(problems[1]).toMatch(/SAFETENSORS_DATA_TRUNCATED/);
  });
});

import { describe, expect, it } from 'vitest';
import {
  diskOf,
  failureOf,
  openWithFaults,
  save,
  saveWithFaults,
  saveWithPowerLoss,
  SCENARIOS,
  versionOn,
} from './fault-harness.js';
import { MemoryIo } from './memory-io.js';

const ERRORS = ['ENOSPC', 'EIO', 'EACCES', 'EDQUOT', 'EROFS'] as const;

describe('saving with one call of the system failing', () => {
  it.each(SCENARIOS)('leaves the old model or the new one and nothing else: $name', async (scenario) => {
    for (const fault of ERRORS) {
      const { points, succeeded, problems } = await saveWithFaults(scenario, fault);
      expect(problems).toEqual([]);
      expect(points).toBeGreaterThan(15);
      // Looking for stale files, asking for free space and syncing folders may fail without harm, little else.
      expect(succeeded).toBeLessThan(points * 0.5);
    }
  });

  it.each(SCENARIOS)('goes on after interruptions, short reads and short writes: $name', async (scenario) => {
    for (const fault of ['EINTR', 'short'] as const) {
      const { points, succeeded, problems } = await saveWithFaults(scenario, fault);
      expect(problems).toEqual([]);
      expect(succeeded).toBe(points);
    }
  });
});

describe('saving with the power lost', () => {
  it.each(SCENARIOS)(
    'leaves the old model or the new one, the new one once saved: $name',
    async (scenario) => {
      const { points, problems } = await saveWithPowerLoss(scenario, 20);
      expect(problems).toEqual([]);
      expect(points).toBeGreaterThan(15);
    },
  );
});

describe('opening and reading with one call of the system failing', () => {
  it.each(SCENARIOS.slice(1, 2).concat(SCENARIOS.slice(3, 4)))(
    'gives the system error by name and leaves no file open: $before',
    async (scenario) => {
      for (const fault of ['EIO', 'EACCES', 'EMFILE', 'ESTALE'] as const) {
        const { points, problems } = await openWithFaults(scenario, fault);
        expect(problems).toEqual([]);
        expect(points).toBeGreaterThan(10);
      }
      for (const fault of ['EINTR', 'short'] as const) {
        const { points, succeeded, problems } = await openWithFaults(scenario, fault);
        expect(problems).toEqual([]);
        expect(succeeded).toBe(points);
      }
    },
  );
});

describe('a disk that gets full', () => {
  it('keeps the old model at every number of bytes where it fills up', async () => {
    const scenario = SCENARIOS[1];
    const before = await diskOf(scenario);
    const used = before
      .list('/m')
      .reduce((sum, name) => sum + (before.contents(`/m/${name}`)?.length ?? 0), 0);
    let full = 0;
    for (let spare = 0; spare < 4500; spare += 61) {
      const io = await diskOf(scenario, { capacity: used + spare });
      const error = await failureOf(save(io, 'new', null));
      if (error !== null) {
        full++;
        expect(error).toMatchObject({ name: 'IoError', code: 'ENOSPC', path: '/m/model.safetensors' });
        expect(String(error)).toMatch(/after \d+ of \d+ bytes at \d+ - free space on the disk/);
      }
      expect(await versionOn(io)).toBe(error === null ? 'new' : 'old');
      expect(io.list('/m')).toEqual(before.list('/m'));
      expect(io.openFiles).toBe(0);
    }
    expect(full).toBeGreaterThan(40);
    expect(full).toBeLessThan(74);
  });

  it('is noticed before the first byte where the system tells', async () => {
    const io = await diskOf(SCENARIOS[1]);
    // Enough for the first shard, not for all.
    io.freeBytes = () => Promise.resolve(3000);
    await expect(save(io, 'new', 2000)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(io.log).not.toContain('write');
  });
});

describe('a system that moves few bytes at a time', () => {
  it.each([1, 7, 512])('reads and writes everything, %i at a time', async (transfer) => {
    const io = new MemoryIo({ transfer });
    io.put('/m/notes.txt', '');
    await save(io, 'new', 2000);
    expect(await versionOn(io)).toBe('new');
  });
});

describe('the harness', () => {
  it('notices a saver that does not sync', async () => {
    const { problems } = await saveWithPowerLoss(SCENARIOS[1], 20, { defects: ['sync does nothing'] });
    expect(problems.some((text) => text.includes('between') || text.includes('SAFETENSORS'))).toBe(true);
    expect(problems.some((text) => text.includes('after the end') && text.endsWith('old'))).toBe(true);
  });

  it('notices temporary files that stay', async () => {
    const { problems } = await saveWithFaults(SCENARIOS[1], 'EIO', { defects: ['unlink does nothing'] });
    expect(problems.some((text) => text.includes('left behind'))).toBe(true);
  });

  it('notices files that stay open', async () => {
    const { problems } = await saveWithFaults(SCENARIOS[1], 'EIO', { defects: ['close does nothing'] });
    expect(problems.some((text) => text.includes('still open'))).toBe(true);
  });
});

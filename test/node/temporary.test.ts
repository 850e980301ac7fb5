import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createAtomicFile } from '../../src/node/atomic.js';
import { isStale, temporaryPath } from '../../src/node/temporary.js';

const folder = mkdtempSync(join(tmpdir(), 'tensorslim-temporary-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const mine = (): string => basename(temporaryPath(folder));
const [, machine, , start] = /^\.tensorslim-(\w+)-(\d+)-(\d+)-\d+\.tmp$/.exec(mine()) as unknown as string[];
const named = (pid: number, begun = start, where = machine): string =>
  `.tensorslim-${where}-${pid}-${begun}-0.tmp`;

/** The number of a process that has ended. */
const deadPid = spawnSync(process.execPath, ['-e', '']).pid;

describe('names of temporary files', () => {
  it('are different each time, and begin with a dot', () => {
    expect(new Set([mine(), mine(), mine()]).size).toBe(3);
    expect(mine()).toMatch(/^\./);
  });

  it('are stale when their process no longer runs', () => {
    expect(isStale(named(deadPid))).toBe(true);
    expect(isStale(mine())).toBe(false);
  });

  it('are stale when their process has the number of another that began before it', () => {
    expect(isStale(named(process.pid, '1'))).toBe(existsSync('/proc/self/stat'));
    expect(isStale(named(process.pid, '0'))).toBe(false);
  });

  it('are not stale when their process belongs to somebody else', () => {
    expect(isStale(named(1, '0'))).toBe(false);
  });

  it('of other machines, and other names, are left alone', () => {
    const other = machine === '00000000' ? '00000001' : '00000000';
    const names = [
      named(deadPid, start, other),
      `x${named(deadPid)}`,
      `${named(deadPid)}x`,
      named(deadPid).replace('tensorslim', 'other'),
      '.tensorslim-.tmp',
      'model.safetensors',
    ];
    expect(names.filter(isStale)).toEqual([]);
  });
});

describe('a save', () => {
  it('removes what dead savers left in its folder, and nothing else', async () => {
    const living = mine();
    for (const name of [named(deadPid), living, 'notes.tmp']) writeFileSync(join(folder, name), '');
    const file = await createAtomicFile(join(folder, 'new'));
    await file.commit();
    expect(readdirSync(folder).sort()).toEqual([living, 'new', 'notes.tmp'].sort());
  });
});

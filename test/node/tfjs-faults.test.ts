import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IoError } from '../../src/core/errors.js';
import { createRandom } from '../../src/core/random.js';
import { systemIo } from '../../src/node/io.js';
import { bundle, temporaryFolder } from '../support/bundle.js';
import { MemoryIo, type Fault } from './memory-io.js';
import { saveVersion, versionOn } from './tfjs-save-model.js';

/** A disk with the old model, or with an empty folder. */
async function diskOf(before: 'old' | 'nothing', options: { capacity?: number } = {}): Promise<MemoryIo> {
  const clean = new MemoryIo();
  clean.put('/m/notes.txt', 'not ours');
  if (before === 'old') await saveVersion(clean, '/m', 'old');
  const disk = new MemoryIo(options);
  for (const name of clean.list('/m')) disk.put(`/m/${name}`, clean.contents(`/m/${name}`) as Uint8Array);
  return disk;
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

/** Saves once for each call that a save makes, with that call failing. Looks at what is left, then saves again. */
async function saveWithFaults(before: 'old' | 'nothing', fault: Exclude<Fault, 'power'>) {
  let succeeded = 0;
  for (let call = 1; ; call++) {
    const io = await diskOf(before);
    const files = io.list('/m').sort();
    io.failAt(call, fault);
    const error = await failureOf(saveVersion(io, '/m', 'new'));
    if (io.calls < call) return { points: call - 1, succeeded };
    expect(io.openFiles).toBe(0);
    const found = await versionOn(io, '/m');
    const left = io.list('/m').sort();
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    if (error === null) {
      succeeded++;
      expect(found).toBe('new');
    } else {
      expect(error).toBeInstanceOf(IoError);
      expect((error as IoError).code).toBe(fault);
      expect([before, 'new']).toContain(found);
      if (found === before) expect(left).toEqual(files);
    }
    await saveVersion(io, '/m', 'new');
    const json = new TextDecoder().decode(io.contents('/m/model.json') ?? undefined);
    const { weightsManifest } = JSON.parse(json) as { weightsManifest: [{ paths: string[] }] };
    expect(io.list('/m').sort()).toEqual(['model.json', 'notes.txt', ...weightsManifest[0].paths].sort());
  }
}

describe.each(['old', 'nothing'] as const)('saving a tfjs model where there was: %s', (before) => {
  it('with one call of the system failing leaves the folder as it was, or the new model', async () => {
    for (const fault of ['ENOSPC', 'EIO', 'EACCES', 'EROFS'] as const) {
      const { points, succeeded } = await saveWithFaults(before, fault);
      expect(points).toBeGreaterThan(60);
      expect(succeeded).toBeLessThan(points * 0.5);
    }
  });

  it('goes on after interruptions, short reads and short writes', async () => {
    for (const fault of ['EINTR', 'short'] as const) {
      const { points, succeeded } = await saveWithFaults(before, fault);
      expect(succeeded).toBe(points);
    }
  });

  it('with the power lost leaves the old model or the new one, the new one once saved', async () => {
    const found = new Set<string>();
    for (let call = 1; ; call++) {
      const io = await diskOf(before);
      io.failAt(call, 'power');
      await failureOf(saveVersion(io, '/m', 'new'));
      const isComplete = io.calls < call;
      for (let seed = 0; seed < 20; seed++) {
        const version = await versionOn(io.afterPowerLoss(createRandom(call * 20 + seed)), '/m');
        expect(isComplete ? ['new'] : [before, 'new']).toContain(version);
        found.add(version);
      }
      if (isComplete) break;
    }
    expect(Array.from(found).sort()).toEqual([before, 'new'].sort());
  });

  it('on a disk that gets full at any place leaves the folder as it was', async () => {
    const full = await diskOf(before);
    const used = full.list('/m').reduce((sum, name) => sum + (full.contents(`/m/${name}`)?.length ?? 0), 0);
    let failures = 0;
    for (let free = 0; ; free += 250) {
      const io = await diskOf(before, { capacity: used + free });
      const files = io.list('/m').sort();
      const error = await failureOf(saveVersion(io, '/m', 'new'));
      if (error === null) break;
      failures++;
      expect((error as IoError).code).toBe('ENOSPC');
      expect(io.list('/m').sort()).toEqual(files);
      expect(await versionOn(io, '/m')).toBe(before);
    }
    // 4800 bytes of new shards at least, one of 2000 being there already, and model.json.
    expect(failures).toBeGreaterThan(19);
  });
});

describe('a save of a tfjs model that is killed', () => {
  const root = mkdtempSync(join(tmpdir(), 'tfjs-kill-'));
  const program = join(temporaryFolder('tfjs-kill'), 'child.mjs');
  beforeAll(async () => {
    const entry = fileURLToPath(new URL('tfjs-kill-child.ts', import.meta.url));
    await bundle({ entryPoints: [entry], outfile: program, platform: 'node' });
  });
  afterAll(() => rmSync(root, { recursive: true }));

  /** What the program printed; nothing when it was killed. */
  function run(folder: string, call: number): string {
    try {
      return execFileSync(process.execPath, [program, folder, String(call)], { encoding: 'utf8' });
    } catch (error) {
      expect((error as { signal: string }).signal).toBe('SIGKILL');
      return '';
    }
  }

  it('leaves the old model or the new one, and nothing of it after the next save', async () => {
    const folder = join(root, 'model');
    const found = [];
    mkdirSync(folder);
    await saveVersion(systemIo, folder, 'old');
    const calls = Number(/end (\d+)/.exec(run(folder, 0))?.[1]);
    const files = readdirSync(folder).sort();
    for (let i = 0; i <= 10; i++) {
      await saveVersion(systemIo, folder, 'old');
      const call = 1 + Math.floor((i * (calls - 1)) / 10);
      expect([call, run(folder, call)]).toEqual([call, '']);
      found.push(await versionOn(systemIo, folder));
      await saveVersion(systemIo, folder, 'new');
      expect(readdirSync(folder).sort()).toEqual(files);
    }
    expect(found[0]).toBe('old');
    expect(found[10]).toBe('new');
  });
});

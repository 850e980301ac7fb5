import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemIo } from '../../src/node/io.js';

const folder = mkdtempSync(join(tmpdir(), 'tensorslim-io-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('systemIo', () => {
  it('creates, writes, reads, and refuses to create what exists', async () => {
    const path = join(folder, 'a');
    const file = await systemIo.open(path, 'create');
    expect(await file.write(Uint8Array.of(1, 2, 3), 2)).toBe(3);
    const buffer = new Uint8Array(9);
    expect(await file.read(buffer, 1)).toBe(4);
    expect(Array.from(buffer.subarray(0, 4))).toEqual([0, 1, 2, 3]);
    expect((await file.stat()).size).toBe(5);
    await file.chmod(0o640);
    const { uid, gid } = statSync(path);
    await file.chown(uid, gid);
    await file.sync();
    await file.close();
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(Array.from(readFileSync(path))).toEqual([0, 0, 1, 2, 3]);
    await expect(systemIo.open(path, 'create')).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it('opens folders to be synced', async () => {
    const handle = await systemIo.open(folder, 'folder');
    await handle.sync();
    await handle.close();
  });

  it('knows the free bytes of a disk, and takes one that tells nothing for endless', async () => {
    expect(await systemIo.freeBytes(folder)).toBeGreaterThan(0);
    expect(await systemIo.freeBytes(folder)).toBeLessThan(Infinity);
    expect(await systemIo.freeBytes('/proc')).toBe(Infinity);
  });
});

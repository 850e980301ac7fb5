import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors/write.js';
import { systemIo, type IoPort } from '../../src/node/io.js';
import { saveSafetensorsOn } from '../../src/node/safetensors-save.js';
import { failureOf } from './fault-harness.js';
import { MemoryIo } from './memory-io.js';

const KIB = 1024;
const folder = mkdtempSync(join(tmpdir(), 'tensorslim-full-'));
const mounted = mountSmallDisk();

afterAll(() => {
  if (mounted) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
});

/** A disk of 1 MiB at `folder`, where the system allows it; else says so, and the disk in memory stands in. */
function mountSmallDisk(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write(
      'full disk: mounting a small disk is not allowed here, 1 suite uses a disk in memory\n',
    );
    return false;
  }
}

/** The same few calls on either disk. */
interface Disk {
  readonly io: IoPort;
  put(name: string, bytes: Uint8Array): void;
  read(name: string): Uint8Array;
  list(): string[];
}

function newDisk(): Disk {
  if (mounted) {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    return {
      // The first check of free space is left out, so that the writes themselves fail.
      io: { ...systemIo, freeBytes: () => Promise.resolve(Infinity) },
      put: (name, bytes) => {
        writeFileSync(join(folder, name), bytes);
      },
      read: (name) => Uint8Array.from(readFileSync(join(folder, name))),
      list: () => readdirSync(folder).sort(),
    };
  }
  const io = new MemoryIo({ capacity: 1024 * KIB });
  io.freeBytes = () => Promise.resolve(Infinity);
  return {
    io,
    put: (name, bytes) => {
      io.put(join(folder, name), bytes);
    },
    read: (name) => io.contents(join(folder, name)) as Uint8Array,
    list: () => io.list(folder).sort(),
  };
}

const specs = Array.from({ length: 8 }, (_, i) => ({
  name: `w${i}`,
  dtype: 'uint8' as const,
  shape: [64 * KIB],
}));
const produce = (): Uint8Array<ArrayBuffer> => new Uint8Array(64 * KIB).fill(2);
const OLD = writeSafetensors([{ name: 'w', dtype: 'uint8', shape: [4], data: Uint8Array.of(1, 1, 1, 1) }]);

describe('a disk of 1 MiB', () => {
  it('keeps the old model wherever it fills up, and takes the new one as soon as it fits', async () => {
    let full = 0;
    for (let filler = 400; filler <= 960; filler += 20) {
      const disk = newDisk();
      disk.put('model.safetensors', OLD);
      disk.put('filler', new Uint8Array(filler * KIB));
      const path = join(folder, 'model.safetensors');
      const error = await failureOf(saveSafetensorsOn(disk.io, path, specs, produce));
      expect(disk.list()).toEqual(['filler', 'model.safetensors']);
      if (error === null) {
        expect(disk.read('model.safetensors').length).toBeGreaterThan(512 * KIB);
      } else {
        full++;
        expect(error).toMatchObject({ name: 'IoError', code: 'ENOSPC', path });
        expect(disk.read('model.safetensors')).toEqual(OLD);
      }
    }
    // 512 KiB of data fit beside at most 500 KiB.
    expect(full).toBe(23);
  });

  it('leaves none of the shards that did fit', async () => {
    const disk = newDisk();
    disk.put('filler', new Uint8Array(700 * KIB));
    const path = join(folder, 'model.safetensors');
    const options = { maxShardBytes: 128 * KIB };
    const error = await failureOf(saveSafetensorsOn(disk.io, path, specs, produce, options));
    expect(error).toMatchObject({ code: 'ENOSPC' });
    expect(disk.list()).toEqual(['filler']);
  });
});

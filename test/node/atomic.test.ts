import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { IoError } from '../../src/core/errors.js';
import { createAtomicFile, createAtomicFileOn } from '../../src/node/atomic.js';
import { ioError } from '../../src/node/io-error.js';
import { MemoryIo, systemError } from './memory-io.js';

const root = mkdtempSync(join(tmpdir(), 'tensorslim-atomic-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

let folder = '';
let path = '';
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
  path = join(folder, 'file');
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (file: string): string => readFileSync(file, 'utf8');

async function saveText(to: string, text: string): Promise<void> {
  const file = await createAtomicFile(to);
  await file.write(bytes(text));
  await file.commit();
}

describe('createAtomicFile', () => {
  it('makes a file with the permissions of any new file', async () => {
    await saveText(path, 'new');
    writeFileSync(join(folder, 'plain'), '');
    expect(textOf(path)).toBe('new');
    expect(statSync(path).mode).toBe(statSync(join(folder, 'plain')).mode);
    expect(readdirSync(folder)).toEqual(['file', 'plain']);
  });

  it('leaves the old file alone until commit', async () => {
    writeFileSync(path, 'old');
    const file = await createAtomicFile(path);
    await file.write(bytes('new'));
    expect(textOf(path)).toBe('old');
    expect(file.committed).toBe(false);
    await file.commit();
    expect(textOf(path)).toBe('new');
    expect(file.committed).toBe(true);
    expect(file.size).toBe(3);
  });

  it('makes an empty file', async () => {
    writeFileSync(path, 'old');
    await (await createAtomicFile(path)).commit();
    expect(textOf(path)).toBe('');
  });

  it('writes at any place, and behind the last byte', async () => {
    const file = await createAtomicFile(path, { expectedBytes: 8 });
    await file.writeAt(4, bytes('ef'));
    await file.write(bytes('gh'));
    await file.writeAt(0, bytes('abcd'));
    expect(file.size).toBe(8);
    await file.commit();
    expect(textOf(path)).toBe('abcdefgh');
  });

  it('carries out overlapping calls in their order', async () => {
    const file = await createAtomicFile(path);
    const calls = Array.from('abcdefghij', (letter) => file.write(bytes(letter)));
    calls.push(file.commit());
    await Promise.all(calls);
    expect(textOf(path)).toBe('abcdefghij');
  });

  it('removes the temporary file on abort, which is harmless at any time', async () => {
    writeFileSync(path, 'old');
    const file = await createAtomicFile(path);
    const writing = file.write(bytes('new'));
    await Promise.all([writing, file.abort()]);
    await file.abort();
    expect(readdirSync(folder)).toEqual(['file']);
    expect(textOf(path)).toBe('old');
    const saved = await createAtomicFile(path);
    await saved.commit();
    await saved.abort();
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it.each(['write', 'writeAt', 'commit'] as const)('refuses %s after the end by name', async (call) => {
    for (const end of ['commit', 'abort'] as const) {
      const file = await createAtomicFile(path);
      await file[end]();
      const again =
        call === 'commit'
          ? file.commit()
          : call === 'write'
            ? file.write(bytes('x'))
            : file.writeAt(0, bytes('x'));
      await expect(again).rejects.toMatchObject({ name: 'IoError', code: 'CLOSED', path });
    }
    expect(textOf(path)).toBe('');
  });

  it.each([
    ['floats, whose length is not their bytes', new Float32Array(4)],
    ['text', 'abc'],
    ['nothing', undefined],
    ['a buffer', new ArrayBuffer(4)],
    ['a list', [1, 2]],
  ])('refuses %s and replaces nothing', async (_, wrong) => {
    writeFileSync(path, 'old');
    const file = await createAtomicFile(path);
    await expect(file.write(wrong as unknown as Uint8Array)).rejects.toThrow(
      /write: "bytes" expected a Uint8Array/,
    );
    await expect(file.commit()).rejects.toMatchObject({ code: 'CLOSED' });
    expect(textOf(path)).toBe('old');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('takes a Buffer that is a view of a pool', async () => {
    const file = await createAtomicFile(path);
    await file.write(Buffer.from('xyz').subarray(1));
    await file.commit();
    expect(textOf(path)).toBe('yz');
  });

  it.each([-1, 1.5, NaN, 2 ** 53])('refuses to write at %s', async (position) => {
    const file = await createAtomicFile(path);
    await expect(file.writeAt(position, bytes('x'))).rejects.toThrow(/writeAt: "position"/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    [undefined, TypeError],
    [17, TypeError],
    [new URL('file:///x'), TypeError],
    ['', RangeError],
    ['a\0b', RangeError],
  ])('refuses the path %s', async (wrong, kind) => {
    const failure = await createAtomicFile(wrong as string).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(kind);
    expect(String(failure)).toMatch(
      /createAtomicFile: "path" expected the path of a file, got .+ - pass a string/,
    );
  });

  it('refuses unknown options and sizes that are none', async () => {
    await expect(createAtomicFile(path, { expectedbytes: 1 } as object)).rejects.toThrow(
      /did you mean "expectedBytes"/,
    );
    await expect(createAtomicFile(path, { expectedBytes: -1 })).rejects.toThrow(RangeError);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a length other than the expected one', async () => {
    writeFileSync(path, 'old');
    const file = await createAtomicFile(path, { expectedBytes: 4 });
    await file.write(bytes('abc'));
    await expect(file.commit()).rejects.toMatchObject({ code: 'LENGTH', path });
    expect(textOf(path)).toBe('old');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('refuses more than the disk has room for at once', async () => {
    const file = createAtomicFile(path, { expectedBytes: Number.MAX_SAFE_INTEGER });
    await expect(file).rejects.toMatchObject({ code: 'ENOSPC', path });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('createAtomicFile and what is there already', () => {
  it('keeps the permissions of the old file', async () => {
    writeFileSync(path, 'old');
    for (const mode of [0o600, 0o444, 0o755]) {
      chmodSync(path, mode);
      await saveText(path, 'new');
      expect(statSync(path).mode & 0o7777).toBe(mode);
    }
  });

  it('does not pass on the right to run as the owner', async () => {
    const io = new MemoryIo();
    io.put('/m/file', 'old', 0o4755);
    const file = await createAtomicFileOn(io, '/m/file');
    await file.commit();
    expect(io.modeOf('/m/file')).toBe(0o755);
  });

  it('keeps new contents private while they are on their way', async () => {
    writeFileSync(path, 'old');
    const file = await createAtomicFile(path);
    const temporary = readdirSync(folder).filter((name) => name !== 'file');
    expect(temporary).toHaveLength(1);
    expect(statSync(join(folder, temporary[0])).mode & 0o777).toBe(0o600);
    await file.abort();
  });

  it('keeps the owner where that is allowed, and goes on where it is not', async () => {
    for (const refused of [false, true]) {
      const io = new MemoryIo();
      io.put('/m/file', 'old');
      const old = await io.stat('/m/file');
      io.stat = () => Promise.resolve({ ...old, uid: 7, gid: 8 });
      const file = await createAtomicFileOn(io, '/m/file');
      await file.write(bytes('new'));
      const COMMIT = ['fstat', 'fstat', 'chown', 'chmod'];
      if (refused) io.failAt(COMMIT.indexOf('chown') + 1, 'EPERM');
      const begin = io.log.length;
      await file.commit();
      expect(io.log.slice(begin, begin + 4)).toEqual(COMMIT);
      expect(new TextDecoder().decode(io.contents('/m/file') as Uint8Array)).toBe('new');
    }
  });

  it('writes through links, also through one that leads nowhere yet', async () => {
    mkdirSync(join(folder, 'sub'));
    symlinkSync('sub/target', path);
    for (const text of ['first', 'second']) {
      await saveText(path, text);
      expect(textOf(join(folder, 'sub/target'))).toBe(text);
      expect(readlinkSync(path)).toBe('sub/target');
    }
    expect(readdirSync(folder)).toEqual(['file', 'sub']);
    expect(readdirSync(join(folder, 'sub'))).toEqual(['target']);
  });

  it('refuses links in a circle', async () => {
    symlinkSync('b', join(folder, 'a'));
    symlinkSync('a', join(folder, 'b'));
    await expect(createAtomicFile(join(folder, 'a'))).rejects.toMatchObject({ code: 'ELOOP' });
    const io = new MemoryIo();
    io.putSpecial('/m/a', { kind: 'link', to: 'a' });
    io.realpath = () => Promise.reject(systemError('ENOENT', 'realpath'));
    await expect(createAtomicFileOn(io, '/m/a')).rejects.toThrow(/links in a circle/);
  });

  it('leaves the old contents to other hard links', async () => {
    writeFileSync(path, 'old');
    linkSync(path, join(folder, 'other'));
    await saveText(path, 'new');
    expect(textOf(join(folder, 'other'))).toBe('old');
  });

  it('refuses a folder, a pipe, a device and a folder that does not exist', async () => {
    await expect(createAtomicFile(folder)).rejects.toMatchObject({ code: 'EISDIR' });
    execFileSync('mkfifo', [path]);
    await expect(createAtomicFile(path)).rejects.toMatchObject({ code: 'NOT_A_FILE', path });
    await expect(createAtomicFile('/dev/null')).rejects.toMatchObject({ code: 'NOT_A_FILE' });
    await expect(createAtomicFile(join(folder, 'no/file'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(createAtomicFile(join(folder, 'x'.repeat(300)))).rejects.toMatchObject({
      code: 'ENAMETOOLONG',
    });
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('takes names that look like something else', async () => {
    for (const name of ['-rf', 'a\nb', ' ', '.tmp', 'é', '#x?y']) {
      await saveText(join(folder, name), name);
      expect(textOf(join(folder, name))).toBe(name);
    }
    expect(readdirSync(folder)).toHaveLength(6);
  });

  it('finds another name where its temporary file is taken', async () => {
    const io = new MemoryIo();
    io.put('/m/notes', '');
    const create = io.open.bind(io);
    let taken = 3;
    io.open = (file, access, mode) =>
      access === 'create' && taken-- > 0
        ? Promise.reject(systemError('EEXIST', 'open'))
        : create(file, access, mode);
    const file = await createAtomicFileOn(io, '/m/file');
    await file.commit();
    expect(io.list('/m').sort()).toEqual(['file', 'notes']);
    taken = Infinity;
    await expect(createAtomicFileOn(io, '/m/file')).rejects.toMatchObject({ code: 'EEXIST' });
  });
});

describe('createAtomicFile and signals', () => {
  it('stops at once when the signal has been aborted already', async () => {
    await expect(createAtomicFile(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(['write', 'commit'] as const)('stops before the next %s with the reason', async (call) => {
    writeFileSync(path, 'old');
    const controller = new AbortController();
    const file = await createAtomicFile(path, { signal: controller.signal });
    await file.write(bytes('new'));
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(call === 'write' ? file.write(bytes('x')) : file.commit()).rejects.toBe(reason);
    expect(textOf(path)).toBe('old');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('stops until the last moment before the rename', async () => {
    const controller = new AbortController();
    const io = new MemoryIo();
    io.put('/m/file', 'old');
    const file = await createAtomicFileOn(io, '/m/file', { signal: controller.signal });
    await file.write(bytes('new'));
    const committing = file.commit();
    while (!io.log.includes('sync')) await Promise.resolve();
    controller.abort();
    await expect(committing).rejects.toMatchObject({ name: 'AbortError' });
    expect(io.list('/m')).toEqual(['file']);
    expect(io.openFiles).toBe(0);
  });
});

describe('failures of the system', () => {
  it('are told from failures of the program', () => {
    const defect = new TypeError('x is not a function');
    expect(ioError(defect, 'read', 'p')).toBe(defect);
    expect(ioError('text', 'read', 'p')).toBe('text');
  });

  it('say what was tried, where, how far it came and what to do', () => {
    const error = ioError(systemError('EIO', 'read'), 'read', 'a\nb', 'after 3 of 9 bytes') as IoError;
    expect(error).toBeInstanceOf(IoError);
    expect(error.message).toBe(
      'read: "a\\nb" expected success, got EIO after 3 of 9 bytes - the disk reports a fault: check it and keep a copy elsewhere [EIO]',
    );
    expect((error.cause as Error).message).toMatch(/^EIO/);
    expect((ioError(systemError('EXOTIC', 'read'), 'read', 'p') as IoError).message).toMatch(
      /EXOTIC: planted/,
    );
  });

  it('are given up after a thousand interruptions', async () => {
    const io = new MemoryIo();
    let calls = 0;
    io.realpath = () => {
      calls++;
      return Promise.reject(systemError('EINTR', 'realpath'));
    };
    await expect(createAtomicFileOn(io, '/m/file')).rejects.toMatchObject({ code: 'EINTR' });
    expect(calls).toBe(1001);
  });

  it('include a disk that takes no bytes without an error', async () => {
    const io = new MemoryIo();
    io.put('/m/file', 'old');
    const file = await createAtomicFileOn(io, '/m/file');
    const stalled = new MemoryIo({ transfer: 0 });
    stalled.put('/m/file', 'old');
    const other = await createAtomicFileOn(stalled, '/m/file');
    await expect(other.write(bytes('new'))).rejects.toMatchObject({ code: 'WRITE_STALLED' });
    expect(stalled.list('/m')).toEqual(['file']);
    await file.abort();
  });

  it('include a close that fails, since some disks report lost data only then', async () => {
    const io = new MemoryIo();
    io.put('/m/file', 'old');
    const file = await createAtomicFileOn(io, '/m/file');
    await file.write(bytes('new'));
    const COMMIT = ['fstat', 'fstat', 'chmod', 'sync', 'close'];
    const begin = io.log.length;
    io.failAt(COMMIT.length, 'EIO');
    await expect(file.commit()).rejects.toMatchObject({ code: 'EIO' });
    expect(io.log.slice(begin, begin + COMMIT.length)).toEqual(COMMIT);
    expect(new TextDecoder().decode(io.contents('/m/file') as Uint8Array)).toBe('old');
    expect(io.list('/m')).toEqual(['file']);
    expect(io.openFiles).toBe(0);
  });

  it('leave the new file where only the folder could not be written out', async () => {
    const io = new MemoryIo();
    io.put('/m/file', 'old');
    const file = await createAtomicFileOn(io, '/m/file');
    await file.write(bytes('new'));
    const open = io.open.bind(io);
    io.open = (name, access, mode) =>
      access === 'folder' ? Promise.reject(systemError('EIO', 'open')) : open(name, access, mode);
    const failure = await file.commit().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'EIO' });
    expect(file.committed).toBe(true);
    expect(io.openFiles).toBe(0);
  });
});

/**
 * Atomic saving: the data goes to a temporary file in the same folder, is written out to the disk, and takes the old file's
 * name in one step. Whatever happens before that step, the old file stays as it was.
 */
import { basename, dirname, join } from 'node:path';
import { describe, IoError } from '../core/errors.js';
import { ioError, named, systemIo, writeFully, type IoFile, type IoPort } from './io.js';

export interface AtomicFile {
  /** Appends bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Overwrites bytes that were written before. */
  writeAt(position: number, bytes: Uint8Array): Promise<void>;
  /** Bytes written so far. */
  readonly size: number;
  /** Makes the file appear under its name, complete and on the disk. */
  commit(): Promise<void>;
  /** Removes the temporary file. Harmless after commit or a failure. */
  abort(): Promise<void>;
}

export interface AtomicOptions {
  /** Bytes that will be written, if known: then a disk that is too full is noticed at once. */
  readonly expectedBytes?: number;
  /** Tests replace the file system. */
  readonly io?: IoPort;
}

/** `.name.<process>.<counter>.tslim-tmp`: a later run can tell whose temporary file it is and whether that process lives. */
const TEMPORARY = /^\..+\.(\d+)\.\d+\.tslim-tmp$/;
let counter = 0;

/**
 * Opens a temporary file that will replace `path`. A link at `path` stays a link: its target is replaced. Permissions of an existing
 * file are kept. Temporary files of processes that no longer run are removed from the folder.
 *
 * @throws IoError with the system's code, or NOT_A_FILE for folders, devices and pipes.
 */
export async function createAtomicFile(path: string, options: AtomicOptions = {}): Promise<AtomicFile> {
  const { io = systemIo, expectedBytes = 0 } = options;
  const target = await resolveTarget(io, path);
  const folder = dirname(target.path);
  await removeStale(io, folder);
  await checkSpace(io, folder, path, expectedBytes);
  const temporary = join(folder, `.${basename(target.path)}.${process.pid}.${counter++}.tslim-tmp`);
  const file = await named(io.open(temporary, 'create'), 'create', temporary);
  return atomicFile(io, file, temporary, target);
}

interface Target {
  readonly path: string;
  /** Permission bits of the file that is replaced, or null for a new one. */
  readonly mode: number | null;
}

async function resolveTarget(io: IoPort, path: string): Promise<Target> {
  let real: string;
  try {
    real = await io.realpath(path);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw ioError(error, 'save', path);
    return { path, mode: null };
  }
  const stats = await named(io.stat(real), 'save', path);
  if (!stats.isFile()) {
    const message = `save: ${describe(path)} expected a file or nothing, got something else - choose another name`;
    throw new IoError('NOT_A_FILE', path, message);
  }
  return { path: real, mode: stats.mode & 0o7777 };
}

/** A failure to look or to remove is no reason not to save. */
async function removeStale(io: IoPort, folder: string): Promise<void> {
  const names = await io.readdir(folder).catch(() => []);
  for (const name of names) {
    const owner = TEMPORARY.exec(name);
    if (owner !== null && !isRunning(Number(owner[1])))
      await io.unlink(join(folder, name)).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, but belongs to somebody else.
    return (error as { code?: unknown }).code === 'EPERM';
  }
}

async function checkSpace(io: IoPort, folder: string, path: string, needed: number): Promise<void> {
  const free = await io.freeBytes(folder).catch(() => Infinity);
  if (needed > free) {
    const message = `save: ${describe(path)} expected ${needed} free bytes, got ${free} - free space on the disk`;
    throw new IoError('ENOSPC', path, message);
  }
}

function atomicFile(io: IoPort, file: IoFile, temporary: string, target: Target): AtomicFile {
  let size = 0;
  let state: 'open' | 'closed' | 'done' = 'open';

  const close = async (): Promise<void> => {
    if (state !== 'open') return;
    state = 'closed';
    await file.close();
  };
  const abort = async (): Promise<void> => {
    if (state === 'done') return;
    await close().catch(() => undefined);
    state = 'done';
    await io.unlink(temporary).catch(() => undefined);
  };
  /** A step that failed leaves nothing behind. */
  const guarded = async (step: () => Promise<void>): Promise<void> => {
    try {
      if (state !== 'open')
        throw new IoError(
          'CLOSED',
          target.path,
          'save: expected an open file, got one that was closed - open it again',
        );
      await step();
    } catch (error) {
      await abort();
      throw ioError(error, 'save', target.path);
    }
  };

  return {
    get size() {
      return size;
    },
    write: (bytes) =>
      guarded(async () => {
        await writeFully(file, bytes, size, temporary);
        size += bytes.length;
      }),
    writeAt: (position, bytes) => guarded(() => writeFully(file, bytes, position, temporary)),
    commit: () =>
      guarded(async () => {
        const { size: onDisk } = await file.stat();
        if (onDisk !== size) {
          throw new IoError(
            'SIZE',
            target.path,
            `save: expected ${size} bytes on disk, got ${onDisk} - the file system lost some`,
          );
        }
        await file.chmod(target.mode ?? 0o666 & ~process.umask());
        await file.sync();
        await close();
        await io.rename(temporary, target.path);
        state = 'done';
        await syncFolder(io, dirname(target.path));
      }),
    abort,
  };
}

/** Writes the folder's entry out. Some file systems cannot; the rename has happened all the same. */
async function syncFolder(io: IoPort, folder: string): Promise<void> {
  const handle = await io.open(folder, 'folder').catch(() => null);
  if (handle === null) return;
  await handle.sync().catch(() => undefined);
  await handle.close().catch(() => undefined);
}

/** File access behind a small interface, so that tests can make any call fail, and the loops that Node's own calls need. */
import { constants, promises as fs, type Stats } from 'node:fs';
import { describe, IoError } from '../core/errors.js';

/** An open file. `read` and `write` may move fewer bytes than asked, as the system's calls do. */
export interface IoFile {
  read(buffer: Uint8Array, position: number): Promise<number>;
  write(buffer: Uint8Array, position: number): Promise<number>;
  stat(): Promise<Stats>;
  sync(): Promise<void>;
  chmod(mode: number): Promise<void>;
  close(): Promise<void>;
}

export interface IoPort {
  open(path: string, mode: 'read' | 'create' | 'folder'): Promise<IoFile>;
  stat(path: string): Promise<Stats>;
  realpath(path: string): Promise<string>;
  readdir(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Free bytes of the file system that holds `path`. */
  freeBytes(path: string): Promise<number>;
}

const FLAGS = {
  read: constants.O_RDONLY | constants.O_NONBLOCK,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  folder: constants.O_RDONLY,
} as const;

/** The real file system. */
export const systemIo: IoPort = {
  async open(path, mode) {
    const handle = await fs.open(path, FLAGS[mode], 0o600);
    return {
      read: async (buffer, position) => (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
      write: async (buffer, position) =>
        (await handle.write(buffer, 0, buffer.length, position)).bytesWritten,
      stat: () => handle.stat(),
      sync: () => handle.sync(),
      chmod: (bits) => handle.chmod(bits),
      close: () => handle.close(),
    };
  },
  stat: (path) => fs.stat(path),
  realpath: (path) => fs.realpath(path),
  readdir: (path) => fs.readdir(path),
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  async freeBytes(path) {
    const { bavail, bsize } = await fs.statfs(path);
    return bavail * bsize;
  },
};

/**
 * Bytes moved by one call. Node's read of 2 GiB and more comes back short without an error, and a write may stop anywhere when a disk
 * is full; so everything goes in pieces whose counts are checked.
 */
const CHUNK_BYTES = 16 * 1024 * 1024;

/** Fills `buffer` from `position`. */
export async function readFully(
  file: IoFile,
  buffer: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const piece = buffer.subarray(done, Math.min(buffer.length, done + CHUNK_BYTES));
    const count = await retried(() => file.read(piece, position + done), 'read', path);
    if (count === 0) {
      const message = `read: "${path}" expected ${buffer.length} bytes at ${position}, got ${done} - the file was cut while being read`;
      throw new IoError('SHORT_READ', path, message);
    }
    done += count;
  }
}

/** Writes all of `buffer` at `position`. */
export async function writeFully(
  file: IoFile,
  buffer: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const piece = buffer.subarray(done, Math.min(buffer.length, done + CHUNK_BYTES));
    const count = await retried(() => file.write(piece, position + done), 'write', path);
    if (count === 0) {
      throw new IoError(
        'SHORT_WRITE',
        path,
        `write: "${path}" expected to take bytes, got none - check the disk`,
      );
    }
    done += count;
  }
}

/** A call interrupted by a signal is made again; any other failure becomes an IoError. */
async function retried<T>(call: () => Promise<T>, what: string, path: string): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (codeOf(error) !== 'EINTR') throw ioError(error, what, path);
    }
  }
}

const HINTS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'check the path'],
  ['EACCES', 'check the permissions'],
  ['EPERM', 'check the permissions'],
  ['EISDIR', 'name a file in that folder'],
  ['ENOTDIR', 'a part of the path is a file'],
  ['ENOSPC', 'free space on the disk'],
  ['EDQUOT', 'free space in your quota'],
  ['EFBIG', 'the file system or a limit allows no file of this size'],
  ['EMFILE', 'close other files or raise the limit'],
  ['EROFS', 'the file system is read-only'],
  ['EIO', 'the disk reports a fault'],
  ['ELOOP', 'a symbolic link leads in a circle'],
]);

function codeOf(error: unknown): string {
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}

/** Any failure of the system as an IoError that says what was tried, where, and what to do. */
export function ioError(error: unknown, what: string, path: string): IoError {
  if (error instanceof IoError) return error;
  const code = codeOf(error);
  const hint = HINTS.get(code) ?? 'see the cause';
  const message = `${what}: ${describe(path)} expected success, got ${code} - ${hint}`;
  return new IoError(code, path, message, { cause: error });
}

/** Runs a call of the port, turning its failure into an IoError. */
export async function named<T>(call: Promise<T>, what: string, path: string): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw ioError(error, what, path);
  }
}

/** A regular file opened for reading, with its size. Devices, pipes and folders are refused. */
export async function openRegular(io: IoPort, path: string): Promise<{ file: IoFile; stats: Stats }> {
  const file = await named(io.open(path, 'read'), 'open', path);
  try {
    const stats = await named(file.stat(), 'stat', path);
    if (!stats.isFile()) {
      throw new IoError(
        'NOT_A_FILE',
        path,
        `open: ${describe(path)} expected a regular file, got something else - name a file`,
      );
    }
    return { file, stats };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A whole small file as text. */
export async function readText(io: IoPort, path: string, maxBytes: number): Promise<string> {
  const { file, stats } = await openRegular(io, path);
  try {
    if (stats.size > maxBytes) {
      const message = `read: ${describe(path)} expected at most ${maxBytes} bytes, got ${stats.size} - this is another kind of file`;
      throw new IoError('TOO_LARGE', path, message);
    }
    const bytes = new Uint8Array(stats.size);
    await readFully(file, bytes, 0, path);
    return new TextDecoder().decode(bytes);
  } finally {
    await file.close();
  }
}

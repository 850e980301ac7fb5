/** Whole transfers between memory and open files, and the checks before them. */
import type { Stats } from 'node:fs';
import { describe, IoError } from '../core/errors.js';
import { attempt, errnoOf, ioError } from './io-error.js';
import type { IoFile, IoPort } from './io.js';

/**
 * Most bytes that one call moves. Node's read of 2 GiB and more comes back short without an error, and a write to a full
 * disk says only how far it came; so everything goes in pieces whose counts are checked.
 */
const CHUNK_BYTES = 64 * 1024 * 1024;

/** Fills `buffer` from `position` of the file. */
export async function readFully(
  file: IoFile,
  buffer: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  let done = 0;
  const progress = (): string => `after ${done} of ${buffer.length} bytes at ${position}`;
  while (done < buffer.length) {
    const piece = buffer.subarray(done, done + CHUNK_BYTES);
    const count = await attempt(() => file.read(piece, position + done), 'read', path, progress);
    if (count === 0) {
      const message = `read: ${describe(path)} expected ${buffer.length} bytes at ${position}, got ${done} - the file was cut while it was read: open it again`;
      throw new IoError('FILE_CHANGED', path, message);
    }
    done += count;
  }
}

/** Writes all of `buffer` at `position` of the file. */
export async function writeFully(
  file: IoFile,
  buffer: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  let done = 0;
  const progress = (): string => `after ${done} of ${buffer.length} bytes at ${position}`;
  while (done < buffer.length) {
    const piece = buffer.subarray(done, done + CHUNK_BYTES);
    const count = await attempt(() => file.write(piece, position + done), 'write', path, progress);
    if (count === 0) {
      const message = `write: ${describe(path)} expected to take ${buffer.length} bytes at ${position}, got no further than ${done} - check the disk`;
      throw new IoError('WRITE_STALLED', path, message);
    }
    done += count;
  }
}

/** Closes a file. An interrupted close has closed it all the same. */
export async function closeFile(file: IoFile, what: string, path: string): Promise<void> {
  try {
    await file.close();
  } catch (error) {
    if (errnoOf(error) !== 'EINTR') throw ioError(error, what, path);
  }
}

export interface OpenFile {
  readonly path: string;
  readonly file: IoFile;
  readonly stats: Stats;
}

/** A regular file opened for reading. Folders, devices and pipes are refused before they are opened. */
export async function openRegular(io: IoPort, path: string): Promise<OpenFile> {
  checkRegular(await attempt(() => io.stat(path), 'open', path), 'open', path);
  const file = await attempt(() => io.open(path, 'read'), 'open', path);
  try {
    const stats = await attempt(() => file.stat(), 'open', path);
    checkRegular(stats, 'open', path);
    return { path, file, stats };
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

export function checkRegular(stats: Stats, what: string, path: string): void {
  if (stats.isFile()) return;
  const kind = stats.isDirectory() ? 'a folder' : 'a device or a pipe';
  const code = stats.isDirectory() ? 'EISDIR' : 'NOT_A_FILE';
  throw new IoError(
    code,
    path,
    `${what}: ${describe(path)} expected an ordinary file, got ${kind} - name a file`,
  );
}

/** The named error when the file has another size or time than when it was opened. */
export async function checkUnchanged({ path, file, stats }: OpenFile): Promise<void> {
  const now = await attempt(() => file.stat(), 'read', path);
  if (now.size === stats.size && now.mtimeMs === stats.mtimeMs) return;
  const message = `read: ${describe(path)} expected to stay as it was opened (${stats.size} bytes), got other contents (${now.size} bytes) - open it again when its writer is done`;
  throw new IoError('FILE_CHANGED', path, message);
}

/**
 * All bytes of a file of moderate size.
 *
 * @param checkSize throws when the file is too large, before anything is allocated for it
 */
export async function readWhole(
  io: IoPort,
  path: string,
  checkSize: (size: number) => void,
): Promise<ReturnType<typeof Uint8Array.of>> {
  const opened = await openRegular(io, path);
  try {
    checkSize(opened.stats.size);
    const bytes = new Uint8Array(opened.stats.size);
    await readFully(opened.file, bytes, 0, path);
    await checkUnchanged(opened);
    return bytes;
  } finally {
    await opened.file.close().catch(() => undefined);
  }
}

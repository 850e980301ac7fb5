/** Failures of the system as errors that say what was tried, where, how far it came, and what to do. */
import { describe, IoError } from '../core/errors.js';

const HINTS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'check the path'],
  ['EACCES', 'check the permissions'],
  ['EPERM', 'check the permissions'],
  ['EISDIR', 'name a file in that folder'],
  ['ENOTDIR', 'a part of the path is a file'],
  ['ENAMETOOLONG', 'shorten the name'],
  ['ENOSPC', 'free space on the disk'],
  ['EDQUOT', 'free space in your quota'],
  ['EFBIG', 'the file system or a limit allows no file of this size'],
  ['EMFILE', 'close other files or raise the limit (ulimit -n)'],
  ['ENFILE', 'the system has too many open files'],
  ['EROFS', 'the file system is read-only'],
  ['EIO', 'the disk reports a fault: check it and keep a copy elsewhere'],
  ['ELOOP', 'a symbolic link leads in a circle'],
  ['EINTR', 'try again'],
]);

/** Calls that a signal interrupts are made again, but not for ever. */
const MAX_INTERRUPTIONS = 1000;

export function errnoOf(error: unknown): string {
  const code: unknown = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}

/**
 * Any failure of the system as an IoError; other errors (an abort, a defect) pass as they are.
 *
 * @param what the step that failed, such as 'read'
 * @param progress how far it came, such as 'after 12 of 40 bytes'
 */
export function ioError(error: unknown, what: string, path: string, progress = ''): unknown {
  const isSystem = error instanceof Error && 'syscall' in error && 'code' in error;
  if (!isSystem) return error;
  const code = errnoOf(error);
  const message = `${what}: ${describe(path)} expected success, got ${code}${progress === '' ? '' : ` ${progress}`} - ${HINTS.get(code) ?? error.message}`;
  return new IoError(code, path, message, { cause: error });
}

/** Runs a call of the port: interrupted ones again, failures as IoErrors. */
export async function attempt<T>(
  call: () => Promise<T>,
  what: string,
  path: string,
  progress: () => string = () => '',
): Promise<T> {
  for (let interruptions = 0; ; interruptions++) {
    try {
      return await call();
    } catch (error) {
      if (errnoOf(error) !== 'EINTR' || interruptions >= MAX_INTERRUPTIONS) {
        throw ioError(error, what, path, progress());
      }
    }
  }
}

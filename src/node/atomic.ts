/**
 * Atomic saving: the data goes to a temporary file in the same folder, is written out to the disk, and takes the old
 * file's name in one step. Whatever happens before that step, the old file stays as it was.
 */
import type { Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { arrayTag } from '../core/array-tag.js';
import { describe, IoError, rangeError, typeError } from '../core/errors.js';
import { checkInteger, checkOptions } from '../core/options.js';
import { checkRegular, closeFile, writeFully } from './files.js';
import { attempt, errnoOf } from './io-error.js';
import { systemIo, type IoFile, type IoPort } from './io.js';
import { removeStale, temporaryPath } from './temporary.js';

/** Calls may overlap: they are carried out one after the other, in the order in which they were made. */
export interface AtomicFile {
  /** Appends bytes behind the last one written so far. They must not change before the promise settles. */
  write(bytes: Uint8Array): Promise<void>;
  /** Writes bytes at a place of the file, before or behind others. */
  writeAt(position: number, bytes: Uint8Array): Promise<void>;
  /** End of the last byte written so far. */
  readonly size: number;
  /**
   * Makes the file appear under its name, complete and on the disk. The last step writes the folder out; if that one alone
   * fails, the new file stands already (`committed`), but a loss of power may bring the old one back.
   */
  commit(): Promise<void>;
  /** Whether the file stands under its name. */
  readonly committed: boolean;
  /** Removes the temporary file. Harmless after commit and after a failure. */
  abort(): Promise<void>;
}

export interface AtomicOptions {
  /** Bytes that will be written, if known: a disk too full is then noticed at once, a wrong length at commit. */
  readonly expectedBytes?: number;
  /** Once aborted, the next step removes the temporary file and fails with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Links that may follow one another; Linux stops at 40. */
const MAX_LINKS = 40;
/** Temporary names to try: more than there are threads that save to one folder at a time. */
const MAX_TRIES = 1000;
/** Read, write and execute of owner, group and others. New contents do not inherit the right to run as somebody else. */
const PERMISSIONS = 0o777;
/** File systems that cannot write a folder out say so with these; the rename has happened all the same. */
const FOLDER_NOT_SYNCED: readonly string[] = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES', 'EPERM', 'EISDIR'];

/**
 * Returns a file to be written that replaces `path` in one step at `commit`, and until then leaves it alone.
 *
 * A link at `path` stays a link: the file it leads to is replaced. Permissions and, where allowed, the owner of an existing
 * file are kept; its other hard links keep the old contents. Folders, devices and pipes are refused. Temporary files of
 * processes that no longer run are removed from the folder. Any step that fails removes the temporary file.
 *
 * @param path the file to make or replace
 * @param options expectedBytes, signal
 * @throws IoError with the system's code (ENOSPC, EACCES ...), EISDIR or NOT_A_FILE for what is no file.
 * @example
 * const file = await createAtomicFile('notes.txt');
 * await file.write(new TextEncoder().encode('all or nothing'));
 * await file.commit();
 */
export async function createAtomicFile(path: string, options?: AtomicOptions): Promise<AtomicFile> {
  return createAtomicFileOn(systemIo, path, options);
}

/** createAtomicFile over any port. */
export async function createAtomicFileOn(
  io: IoPort,
  path: string,
  options?: AtomicOptions,
): Promise<AtomicFile> {
  const fn = 'createAtomicFile';
  checkPath(path, fn);
  const { expectedBytes, signal } = checkOptions(fn, options, ['expectedBytes', 'signal']);
  if (expectedBytes !== undefined) {
    checkInteger(fn, 'expectedBytes', expectedBytes, 0, Number.MAX_SAFE_INTEGER);
  }
  signal?.throwIfAborted();
  const target = await resolveTarget(io, path);
  const folder = dirname(target.path);
  await removeStale(io, folder);
  await checkSpace(io, folder, path, expectedBytes ?? 0);
  // Contents of a private file stay private while they are on their way.
  const mode = target.replaced === null ? 0o666 : 0o600;
  const { temporary, file } = await createTemporary(io, folder, mode, path);
  return new AtomicWriter(io, file, temporary, target, expectedBytes, signal);
}

/** A new file. A second copy of this module in one process, in a worker thread say, makes the same names: hence more than one try. */
async function createTemporary(
  io: IoPort,
  folder: string,
  mode: number,
  path: string,
): Promise<{ temporary: string; file: IoFile }> {
  for (let tries = 1; ; tries++) {
    const temporary = temporaryPath(folder);
    const taken = tries < MAX_TRIES ? ['EEXIST'] : [];
    const file = await orNull(() => io.open(temporary, 'create', mode), taken, path);
    if (file !== null) return { temporary, file };
  }
}

export function checkPath(path: unknown, fn: string): void {
  if (typeof path !== 'string') throw typeError(fn, 'path', 'the path of a file', path, 'pass a string');
  if (path === '' || path.includes('\0')) {
    throw rangeError(
      fn,
      'path',
      'the path of a file',
      path,
      'pass a string that is not empty and has no NUL',
    );
  }
}

interface Target {
  /** Where the file really lies, links followed. */
  readonly path: string;
  /** The file that will be replaced, or null. */
  readonly replaced: Stats | null;
}

async function resolveTarget(io: IoPort, path: string): Promise<Target> {
  let place = resolve(path);
  for (let links = 0; links < MAX_LINKS; links++) {
    const real = await orNull(() => io.realpath(place), ['ENOENT'], path);
    if (real !== null) {
      const replaced = await attempt(() => io.stat(real), 'save', path);
      checkRegular(replaced, 'save', path);
      return { path: real, replaced };
    }
    // Nothing there, or a link that leads to nothing yet.
    const link = await orNull(() => io.readlink(place), ['ENOENT', 'EINVAL'], path);
    if (link === null) return { path: place, replaced: null };
    place = resolve(dirname(place), link);
  }
  throw new IoError(
    'ELOOP',
    path,
    `save: ${describe(path)} expected a file, got links in a circle - remove one`,
  );
}

async function orNull<T>(call: () => Promise<T>, codes: readonly string[], path: string): Promise<T | null> {
  try {
    return await attempt(call, 'save', path);
  } catch (error) {
    if (codes.includes(errnoOf(error))) return null;
    throw error;
  }
}

/** An early and friendly answer only: other programs write too, so every later write is checked as well. */
export async function checkSpace(io: IoPort, folder: string, path: string, needed: number): Promise<void> {
  const free = await io.freeBytes(folder).catch(() => Infinity);
  if (needed <= free) return;
  const message = `save: ${describe(path)} expected ${needed} free bytes on the disk, got ${free} - free ${needed - free} bytes or save elsewhere`;
  throw new IoError('ENOSPC', path, message);
}

class AtomicWriter implements AtomicFile {
  #size = 0;
  #state: 'open' | 'closed' | 'committed' | 'aborted' = 'open';
  /** Settles when all steps asked for so far are done. */
  #steps: Promise<unknown> = Promise.resolve();
  readonly #io: IoPort;
  readonly #file: IoFile;
  readonly #temporary: string;
  readonly #target: Target;
  readonly #expectedBytes: number | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor(
    io: IoPort,
    file: IoFile,
    temporary: string,
    target: Target,
    expectedBytes: number | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#io = io;
    this.#file = file;
    this.#temporary = temporary;
    this.#target = target;
    this.#expectedBytes = expectedBytes;
    this.#signal = signal;
  }

  get size(): number {
    return this.#size;
  }

  get committed(): boolean {
    return this.#state === 'committed';
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#step(() => this.#write(this.#size, bytes, 'write'));
  }

  writeAt(position: number, bytes: Uint8Array): Promise<void> {
    return this.#step(() => this.#write(position, bytes, 'writeAt'));
  }

  async #write(position: number, bytes: Uint8Array, fn: string): Promise<void> {
    checkInteger(fn, 'position', position, 0, Number.MAX_SAFE_INTEGER);
    // Of another array `length` would count elements, and the rest of its bytes would be lost without a word.
    if (arrayTag(bytes) !== 'Uint8Array') {
      throw typeError(
        fn,
        'bytes',
        'a Uint8Array',
        bytes,
        'pass new Uint8Array(x.buffer, x.byteOffset, x.byteLength)',
      );
    }
    await writeFully(this.#file, bytes, position, this.#target.path);
    this.#size = Math.max(this.#size, position + bytes.length);
  }

  commit(): Promise<void> {
    return this.#step(async () => {
      const { path } = this.#target;
      await this.#checkLength();
      await this.#keepPermissions();
      await attempt(() => this.#file.sync(), 'save', path);
      this.#state = 'closed';
      await closeFile(this.#file, 'save', path);
      this.#signal?.throwIfAborted();
      await attempt(() => this.#io.rename(this.#temporary, path), 'save', path);
      this.#state = 'committed';
      await syncFolder(this.#io, path);
    });
  }

  abort(): Promise<void> {
    const done = this.#steps.then(() => this.#discard());
    this.#steps = done;
    return done;
  }

  /** Runs an action when those before it are done. One that fails leaves nothing behind. */
  #step(action: () => Promise<void>): Promise<void> {
    const done = this.#steps.then(() => this.#run(action));
    this.#steps = done.catch(() => undefined);
    return done;
  }

  async #run(action: () => Promise<void>): Promise<void> {
    if (this.#state !== 'open') {
      const message = `save: ${describe(this.#target.path)} expected an open file, got one that was committed, aborted or failed - create another`;
      throw new IoError('CLOSED', this.#target.path, message);
    }
    try {
      this.#signal?.throwIfAborted();
      await action();
    } catch (error) {
      await this.#discard();
      throw error;
    }
  }

  async #discard(): Promise<void> {
    const state = this.#state;
    if (state === 'committed' || state === 'aborted') return;
    this.#state = 'aborted';
    if (state === 'open') await this.#file.close().catch(() => undefined);
    await attempt(() => this.#io.unlink(this.#temporary), 'save', this.#temporary).catch(() => undefined);
  }

  async #checkLength(): Promise<void> {
    const { path } = this.#target;
    const { size } = await attempt(() => this.#file.stat(), 'save', path);
    const expected = this.#expectedBytes ?? this.#size;
    if (size === expected && size === this.#size) return;
    const message = `save: ${describe(path)} expected ${expected} bytes, got ${size} on the disk after writing ${this.#size} - nothing was replaced`;
    throw new IoError('LENGTH', path, message);
  }

  async #keepPermissions(): Promise<void> {
    const { path, replaced } = this.#target;
    if (replaced === null) return;
    const { uid, gid, mode } = await attempt(() => this.#file.stat(), 'save', path);
    if (uid !== replaced.uid || gid !== replaced.gid) {
      // Only root may give files away; then the file belongs to whoever saved it, as with any editor.
      await this.#file.chown(replaced.uid, replaced.gid).catch(() => undefined);
    }
    const wanted = replaced.mode & PERMISSIONS;
    // Some file systems have one mode for all files and refuse to set any.
    if ((mode & PERMISSIONS) !== wanted) await attempt(() => this.#file.chmod(wanted), 'save', path);
  }
}

/** Makes the names in the folder of `path`, new, changed and removed ones, survive a loss of power. */
export async function syncFolder(io: IoPort, path: string): Promise<void> {
  const handle = await orNull(() => io.open(dirname(path), 'folder'), FOLDER_NOT_SYNCED, path);
  if (handle === null) return;
  try {
    await orNull(() => handle.sync(), FOLDER_NOT_SYNCED, path);
  } finally {
    await handle.close().catch(() => undefined);
  }
}

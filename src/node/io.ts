/** The calls of the system that this library makes, behind a small interface, so that tests can make any of them fail. */
import { constants, promises as fs, type Stats } from 'node:fs';

/** An open file. `read` and `write` may move fewer bytes than asked, as the system's calls do. */
export interface IoFile {
  read(buffer: Uint8Array, position: number): Promise<number>;
  write(buffer: Uint8Array, position: number): Promise<number>;
  stat(): Promise<Stats>;
  sync(): Promise<void>;
  chmod(mode: number): Promise<void>;
  chown(uid: number, gid: number): Promise<void>;
  close(): Promise<void>;
}

export interface IoPort {
  /** 'read' never waits for a pipe's other end; 'create' fails where a file exists. `mode` are a new file's permissions. */
  open(path: string, access: 'read' | 'create' | 'folder', mode?: number): Promise<IoFile>;
  stat(path: string): Promise<Stats>;
  realpath(path: string): Promise<string>;
  readlink(path: string): Promise<string>;
  readdir(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Free bytes of the file system that holds `path`; Infinity where it does not say. */
  freeBytes(path: string): Promise<number>;
}

const FLAGS = {
  // O_NONBLOCK does not exist on Windows, where opening a pipe does not wait.
  read: constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0),
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  folder: constants.O_RDONLY,
} as const;

/** The real file system. */
export const systemIo: IoPort = {
  async open(path, access, mode = 0o666) {
    const handle = await fs.open(path, FLAGS[access], mode);
    return {
      read: async (buffer, position) => (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
      write: async (buffer, position) =>
        (await handle.write(buffer, 0, buffer.length, position)).bytesWritten,
      stat: () => handle.stat(),
      sync: () => handle.sync(),
      chmod: (bits) => handle.chmod(bits),
      chown: (uid, gid) => handle.chown(uid, gid),
      close: () => handle.close(),
    };
  },
  stat: (path) => fs.stat(path),
  realpath: (path) => fs.realpath(path),
  readlink: (path) => fs.readlink(path),
  readdir: (path) => fs.readdir(path),
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  async freeBytes(path) {
    const { blocks, bavail, bsize } = await fs.statfs(path);
    return blocks === 0 ? Infinity : bavail * bsize;
  },
};

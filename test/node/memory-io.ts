/**
 * A file system in memory behind the library's port. It counts calls, makes the N-th one fail, moves fewer bytes than asked,
 * gets full, counts open files, and loses power: what was not synced is then kept, dropped or torn by sectors, at random.
 */
import { dirname, join, resolve } from 'node:path';
import type { Stats } from 'node:fs';
import type { Random } from '../../src/core/random.js';
import type { IoFile, IoPort } from '../../src/node/io.js';

const SECTOR_BYTES = 512;
const SPARE_BYTES = 1 << 16;

interface FileNode {
  readonly kind: 'file';
  data: Uint8Array;
  /** As of the last sync. */
  durable: Uint8Array;
  /** Writes since then. */
  pending: { readonly position: number; readonly bytes: Uint8Array }[];
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
}

type Node = FileNode | { readonly kind: 'folder' | 'pipe' } | { readonly kind: 'link'; readonly to: string };

/** What happens to one call. 'short': a read or write moves half of the bytes. 'power': nothing works from there on. */
export type Fault = 'short' | 'power' | `E${string}`;

export interface MemoryIoOptions {
  /** Room for the data of all files. */
  readonly capacity?: number;
  /** Most bytes that one read or write moves. */
  readonly transfer?: number;
  /** Defects to be planted, to see that a test notices them. */
  readonly defects?: readonly ('sync does nothing' | 'unlink does nothing' | 'close does nothing')[];
}

/** An error as node:fs throws it. */
export function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: planted, ${syscall}`), { code, syscall, errno: -1 });
}

export class PowerLoss extends Error {}

export class MemoryIo implements IoPort {
  /** Calls so far. */
  calls = 0;
  /** Names of the calls so far. */
  readonly log: string[] = [];
  openFiles = 0;
  #names = new Map<string, Node>([['/', { kind: 'folder' }]]);
  #durableNames = new Map(this.#names);
  #pendingNames: ((names: Map<string, Node>) => void)[] = [];
  #clock = 1;
  #fault: { readonly call: number; readonly fault: Fault } | null = null;
  #dead = false;
  readonly #options: MemoryIoOptions;

  constructor(options: MemoryIoOptions = {}) {
    this.#options = options;
  }

  /** Makes the call with this number, counted from 1 from now on, fail. */
  failAt(call: number, fault: Fault): void {
    this.calls = 0;
    this.#fault = { call, fault };
  }

  /** A file that has always been there. */
  put(path: string, contents: Uint8Array | string, mode = 0o644): void {
    const data = typeof contents === 'string' ? new TextEncoder().encode(contents) : contents.slice();
    const node: FileNode = {
      kind: 'file',
      data,
      durable: data.slice(),
      pending: [],
      mode,
      uid: 0,
      gid: 0,
      mtimeMs: this.#clock++,
    };
    this.#settle(path, node);
  }

  putSpecial(path: string, node: Exclude<Node, FileNode>): void {
    this.#settle(path, node);
  }

  #settle(path: string, node: Node): void {
    for (let folder = dirname(path); !this.#names.has(folder); folder = dirname(folder)) {
      this.#names.set(folder, { kind: 'folder' });
    }
    this.#names.set(path, node);
    this.#durableNames = new Map(this.#names);
  }

  /** Names in a folder, without making a call. */
  list(folder: string): string[] {
    const prefix = folder === '/' ? '/' : `${folder}/`;
    const inside = Array.from(this.#names.keys()).filter((path) => path !== '/' && path.startsWith(prefix));
    return inside.map((path) => path.slice(prefix.length)).filter((name) => !name.includes('/'));
  }

  contents(path: string): Uint8Array | null {
    const node = this.#names.get(path);
    return node?.kind === 'file' ? node.data : null;
  }

  modeOf(path: string): number {
    return (this.#names.get(path) as FileNode).mode;
  }

  /** The disk as the next start finds it. Every un-synced sector and name is there or not, as `random` says. */
  afterPowerLoss(random: Random): MemoryIo {
    const coin = (): boolean => random.uint32() % 2 === 0;
    const names = new Map(this.#durableNames);
    for (const change of this.#pendingNames) if (coin()) change(names);
    const disk = new MemoryIo();
    for (const [path, node] of names) {
      if (node.kind === 'file') disk.put(path, torn(node, coin), node.mode);
      else disk.putSpecial(path, node);
    }
    return disk;
  }

  /** Counts a call; true when it shall be short. */
  async #call(name: string): Promise<boolean> {
    // A turn of the event loop, as with a real call.
    await Promise.resolve();
    if (this.#dead) throw new PowerLoss('no power');
    this.calls++;
    this.log.push(name);
    if (this.#fault?.call !== this.calls) return false;
    const { fault } = this.#fault;
    this.#fault = null;
    if (fault === 'short') return true;
    if (fault !== 'power') throw systemError(fault, name);
    this.#dead = true;
    throw new PowerLoss('no power');
  }

  #has(defect: 'sync does nothing' | 'unlink does nothing' | 'close does nothing'): boolean {
    return this.#options.defects?.includes(defect) ?? false;
  }

  #nodeAt(path: string, syscall: string): Exclude<Node, { kind: 'link' }> {
    const node = this.#names.get(this.#follow(path, syscall));
    if (node === undefined || node.kind === 'link') throw systemError('ENOENT', syscall);
    return node;
  }

  #follow(path: string, syscall: string): string {
    let place = resolve(path);
    for (let links = 0; links < 8; links++) {
      const node = this.#names.get(place);
      if (node?.kind !== 'link') return place;
      place = resolve(dirname(place), node.to);
    }
    throw systemError('ELOOP', syscall);
  }

  #changeNames(change: (names: Map<string, Node>) => void): void {
    change(this.#names);
    this.#pendingNames.push(change);
  }

  async open(path: string, access: 'read' | 'create' | 'folder', mode = 0o666): Promise<IoFile> {
    await this.#call(`open ${access}`);
    if (access === 'create') {
      if (this.#names.has(path)) throw systemError('EEXIST', 'open');
      const empty = new Uint8Array(0);
      const [uid, gid, mtimeMs] = [0, 0, this.#clock++];
      const node: FileNode = {
        kind: 'file',
        data: empty,
        durable: empty,
        pending: [],
        mode,
        uid,
        gid,
        mtimeMs,
      };
      this.#changeNames((names) => names.set(path, node));
    }
    const node = this.#nodeAt(path, 'open');
    this.openFiles++;
    return this.#handle(node);
  }

  #handle(node: Exclude<Node, { kind: 'link' }>): IoFile {
    let open = true;
    const file = (): FileNode => {
      if (!open) throw systemError('EBADF', 'read');
      if (node.kind !== 'file') throw systemError('EISDIR', 'read');
      return node;
    };
    return {
      read: async (buffer, position) => {
        const short = await this.#call('read');
        const { data } = file();
        const count = this.#amount(Math.min(buffer.length, Math.max(0, data.length - position)), short);
        buffer.set(data.subarray(position, position + count));
        return count;
      },
      write: async (buffer, position) => {
        const short = await this.#call('write');
        return this.#write(file(), buffer, position, short);
      },
      stat: async () => {
        await this.#call('fstat');
        return statsOf(node);
      },
      sync: async () => {
        await this.#call('sync');
        if (this.#has('sync does nothing')) return;
        if (node.kind === 'file') {
          node.durable = node.data.slice();
          node.pending = [];
        } else {
          this.#durableNames = new Map(this.#names);
          this.#pendingNames = [];
        }
      },
      chmod: async (mode) => {
        await this.#call('chmod');
        file().mode = mode;
      },
      chown: async (uid, gid) => {
        await this.#call('chown');
        Object.assign(file(), { uid, gid });
      },
      close: async () => {
        if (!open) throw systemError('EBADF', 'close');
        // A close that fails has closed all the same.
        open = false;
        if (!this.#has('close does nothing')) this.openFiles--;
        await this.#call('close');
      },
    };
  }

  #amount(wanted: number, short: boolean): number {
    const count = Math.min(wanted, this.#options.transfer ?? Infinity);
    return short ? Math.ceil(count / 2) : count;
  }

  #write(file: FileNode, buffer: Uint8Array, position: number, short: boolean): number {
    const room = (this.#options.capacity ?? Infinity) - this.#used() + file.data.length - position;
    if (room <= 0 && buffer.length > 0) throw systemError('ENOSPC', 'write');
    const bytes = buffer.slice(0, Math.min(room, this.#amount(buffer.length, short)));
    file.data = overlaid(file.data, position, bytes);
    file.pending.push({ position, bytes });
    file.mtimeMs = this.#clock++;
    return bytes.length;
  }

  #used(): number {
    const files = new Set(Array.from(this.#names.values()).filter((node) => node.kind === 'file'));
    return Array.from(files).reduce((sum, { data }) => sum + data.length, 0);
  }

  async stat(path: string): Promise<Stats> {
    await this.#call('stat');
    return statsOf(this.#nodeAt(path, 'stat'));
  }

  async realpath(path: string): Promise<string> {
    await this.#call('realpath');
    this.#nodeAt(path, 'realpath');
    const real = this.#follow(path, 'realpath');
    return join(this.#follow(dirname(real), 'realpath'), real.slice(dirname(real).length));
  }

  async readlink(path: string): Promise<string> {
    await this.#call('readlink');
    const node = this.#names.get(path);
    if (node === undefined) throw systemError('ENOENT', 'readlink');
    if (node.kind !== 'link') throw systemError('EINVAL', 'readlink');
    return node.to;
  }

  async readdir(path: string): Promise<string[]> {
    await this.#call('readdir');
    if (this.#nodeAt(path, 'readdir').kind !== 'folder') throw systemError('ENOTDIR', 'readdir');
    return this.list(path);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#call('rename');
    const node = this.#names.get(from);
    if (node === undefined) throw systemError('ENOENT', 'rename');
    this.#changeNames((names) => {
      names.delete(from);
      names.set(to, node);
    });
  }

  async unlink(path: string): Promise<void> {
    await this.#call('unlink');
    if (!this.#names.has(path)) throw systemError('ENOENT', 'unlink');
    if (!this.#has('unlink does nothing')) this.#changeNames((names) => names.delete(path));
  }

  async freeBytes(): Promise<number> {
    await this.#call('statfs');
    // Like a disk that fills up between the question and the write.
    return SPARE_BYTES + (this.#options.capacity ?? Number.MAX_SAFE_INTEGER / 2);
  }
}

function statsOf(node: Exclude<Node, { kind: 'link' }>): Stats {
  const { data, mode, uid, gid, mtimeMs } =
    node.kind === 'file' ? node : { data: [], mode: 0o755, uid: 0, gid: 0, mtimeMs: 0 };
  return {
    size: data.length,
    mode,
    uid,
    gid,
    mtimeMs,
    isFile: () => node.kind === 'file',
    isDirectory: () => node.kind === 'folder',
  } as unknown as Stats;
}

function overlaid(data: Uint8Array, position: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.max(data.length, position + bytes.length));
  out.set(data);
  out.set(bytes, position);
  return out;
}

/** Contents of a file of which only some un-synced sectors reached the disk. */
function torn({ durable, pending }: FileNode, coin: () => boolean): Uint8Array {
  let data = durable;
  for (const { position, bytes } of pending) {
    for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
      if (coin()) data = overlaid(data, position + at, bytes.subarray(at, at + SECTOR_BYTES));
    }
  }
  return data;
}

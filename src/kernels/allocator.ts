/** A first-fit allocator over a range of addresses: it only keeps the books, the memory itself is never touched. */

interface Hole {
  begin: number;
  end: number;
}

/** Alignment of every block: one cache line, four SIMD registers. */
export const ALIGNMENT: number = 64;

export class Allocator {
  readonly #begin: number;
  readonly #end: number;
  /** Sorted by address, never empty, never touching each other. */
  #holes: Hole[];
  readonly #blocks = new Map<number, number>();
  #used = 0;
  #touched: number;

  constructor(begin: number, end: number) {
    this.#begin = begin;
    this.#end = end;
    this.#holes = [{ begin, end }];
    this.#touched = begin;
  }

  /** Address of a block of at least `bytes` bytes, or -1 when no hole is long enough. Zero bytes take a block too. */
  take(bytes: number): number {
    const size = Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
    const index = this.#holes.findIndex((hole) => hole.end - hole.begin >= size);
    if (index < 0) return -1;
    const hole = this.#holes[index];
    const address = hole.begin;
    hole.begin += size;
    if (hole.begin === hole.end) this.#holes.splice(index, 1);
    this.#blocks.set(address, size);
    this.#used += size;
    return address;
  }

  /** Gives a block back; false when no block begins at `address`. */
  release(address: number): boolean {
    const size = this.#blocks.get(address);
    if (size === undefined) return false;
    this.#blocks.delete(address);
    this.#used -= size;
    const end = address + size;
    let index = this.#holes.findIndex((hole) => hole.begin > address);
    if (index < 0) index = this.#holes.length;
    const before = this.#holes[index - 1];
    const after = this.#holes[index];
    const joinsBefore = index > 0 && before.end === address;
    const joinsAfter = index < this.#holes.length && after.begin === end;
    if (joinsBefore && joinsAfter) {
      before.end = after.end;
      this.#holes.splice(index, 1);
    } else if (joinsBefore) before.end = end;
    else if (joinsAfter) after.begin = address;
    else this.#holes.splice(index, 0, { begin: address, end });
    return true;
  }

  /** Marks [address, address + bytes) as used; returns how many of these bytes, from the front, were used before. */
  touch(address: number, bytes: number): number {
    const dirty = Math.min(Math.max(this.#touched - address, 0), bytes);
    this.#touched = Math.max(this.#touched, address + bytes);
    return dirty;
  }

  get usedBytes(): number {
    return this.#used;
  }

  get totalBytes(): number {
    return this.#end - this.#begin;
  }

  get largestHole(): number {
    return this.#holes.reduce((largest, hole) => Math.max(largest, hole.end - hole.begin), 0);
  }
}

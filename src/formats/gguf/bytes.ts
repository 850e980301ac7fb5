/** Bytes that grow while values are appended, all little endian. */
import type { U8 } from '../../core/arrays.js';

const FIRST_BYTES = 4096;

export class Bytes {
  #bytes: U8 = new Uint8Array(FIRST_BYTES);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #encoder = new TextEncoder();
  readonly #maxBytes: number;
  readonly #tooLong: (length: number) => Error;

  /**
   * @param maxBytes most bytes; asked before anything is allocated
   * @param tooLong the error for more
   */
  constructor(maxBytes: number, tooLong: (length: number) => Error) {
    this.#maxBytes = maxBytes;
    this.#tooLong = tooLong;
  }

  get length(): number {
    return this.#length;
  }

  uint32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }

  int32(value: number): void {
    const at = this.#grow(4);
    this.#view.setInt32(at, value, true);
  }

  /** A whole number from 0 to 2^53 - 1 as an unsigned 64-bit integer. */
  uint64(value: number): void {
    this.scalar(8, (view, at) => view.setBigUint64(at, BigInt(value), true));
  }

  scalar(count: number, write: (view: DataView, at: number) => void): void {
    const at = this.#grow(count);
    write(this.#view, at);
  }

  append(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Text behind its length. */
  string(text: string): void {
    const encoded = this.#encoder.encode(text);
    this.uint64(encoded.length);
    this.append(encoded);
  }

  /** `count` zeros. */
  zeros(count: number): void {
    this.#grow(count);
  }

  /** All that was appended, in memory of its own. */
  done(): U8 {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(count: number): number {
    const at = this.#length;
    const length = at + count;
    if (length > this.#maxBytes) throw this.#tooLong(length);
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = length;
    return at;
  }
}

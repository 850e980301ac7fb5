/** A place in a header, which moves on with each value that is read. */
import { DAMAGED, ggufError, type GgufErrorCode } from './errors.js';

/** The header goes on behind the bytes at hand, but within the file: `wanted` bytes of it are needed at least. */
export class MoreBytes extends Error {
  readonly wanted: number;

  constructor(wanted: number) {
    super(`${wanted} bytes of the header are needed`);
    this.wanted = wanted;
  }
}

export class Cursor {
  position = 0;
  readonly label: string;
  readonly fileLength: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  /**
   * @param bytes the file, or its beginning
   * @param fileLength bytes of the whole file
   * @param maxBytes limits.maxHeaderBytes
   */
  constructor(bytes: Uint8Array, fileLength: number, maxBytes: number, label: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.fileLength = fileLength;
    this.#maxBytes = maxBytes;
    this.label = label;
  }

  /** Bytes from here to the end of the file. */
  get left(): number {
    return this.fileLength - this.position;
  }

  /** The next `count` bytes, which belong to `what`: the same memory. */
  take(count: number, what: string): Uint8Array {
    const begin = this.#advance(count, what);
    return this.#bytes.subarray(begin, begin + count);
  }

  uint8(what: string): number {
    return this.#view.getUint8(this.#advance(1, what));
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.#advance(4, what), true);
  }

  /** An unsigned 64-bit integer, exact below 2^53 and rounded above: every caller refuses those. */
  uint64(what: string): number {
    const begin = this.#advance(8, what);
    return this.#view.getUint32(begin + 4, true) * 2 ** 32 + this.#view.getUint32(begin, true);
  }

  /** Reads one value of `bytes` bytes. */
  scalar<T>(bytes: number, read: (view: DataView, at: number) => T, what: string): T {
    return read(this.#view, this.#advance(bytes, what));
  }

  /** Text behind its length, of at most `maxBytes` bytes. */
  string(what: string, maxBytes: number = Infinity, tooLong: GgufErrorCode = 'GGUF_STRING_LENGTH'): string {
    const begin = this.position;
    const length = this.uint64(`the length of ${what}`);
    if (length > maxBytes) {
      throw this.error(tooLong, `${what} of at most ${maxBytes} bytes`, `${length} bytes`, begin);
    }
    if (length > this.left) {
      throw this.error('GGUF_STRING_LENGTH', `${what} inside the file`, `${length} bytes of text`, begin);
    }
    const text = this.take(length, what);
    try {
      return this.#decoder.decode(text);
    } catch {
      throw this.error('GGUF_UTF8', `${what} in UTF-8`, 'other bytes', begin + 8);
    }
  }

  error(code: GgufErrorCode, expected: string, got: string, offset: number = this.position): Error {
    return ggufError(code, this.label, expected, got, DAMAGED, offset);
  }

  #advance(count: number, what: string): number {
    const begin = this.position;
    const end = begin + count;
    if (end > this.fileLength) {
      const expected = `${what} (${count} bytes)`;
      throw this.error('GGUF_HEADER_TRUNCATED', expected, `the end of the file at ${this.fileLength}`);
    }
    if (end > this.#maxBytes) {
      const fix = 'raise limits.maxHeaderBytes for a file that you trust';
      const expected = `a header of at most ${this.#maxBytes} bytes`;
      throw ggufError('GGUF_HEADER_TOO_LARGE', this.label, expected, 'a longer one', fix, begin);
    }
    if (end > this.#bytes.length) throw new MoreBytes(end);
    this.position = end;
    return begin;
  }
}

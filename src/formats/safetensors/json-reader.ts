/**
 * A strict reader for the JSON of safetensors files. It works on bytes and builds nothing but the names and numbers it is
 * asked for: JSON.parse keeps the last of two equal names, rounds 2^53 + 1, accepts lone surrogates, and needs 1.5 GB for
 * a header of 100 MB.
 */
import { quote } from '../../core/errors.js';
import { safetensorsError, type SafetensorsErrorCode } from './errors.js';

export const QUOTE = 0x22;
export const OPEN_BRACE = 0x7b;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const FIRST_PRINTABLE = 0x20;

/** What the letter behind a backslash stands for; u is another matter. */
const ESCAPES: ReadonlyMap<number, number> = new Map(
  ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'].map((pair) => [
    pair.charCodeAt(0),
    pair.charCodeAt(1),
  ]),
);
const LETTER_U = 0x75;

/** A word that is expected often: comparing bytes costs a tenth of making a string. */
export interface Word {
  readonly text: string;
  readonly bytes: Uint8Array;
}

const NO_WORDS: readonly Word[] = [];

export function words(texts: Iterable<string>): Word[] {
  const encoder = new TextEncoder();
  return Array.from(texts, (text) => ({ text, bytes: encoder.encode(text) }));
}

/**
 * A cursor over JSON text. An object is read as
 * `for (let more = r.beginObject(...); more; more = r.nextMember()) { key = r.readKey(); ... one value ... }`, an array alike.
 */
export class JsonReader {
  /** Index of the next byte to be read. */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #label: string;
  readonly #offset: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  /**
   * @param bytes the JSON text
   * @param label the beginning of every error message: function and argument or file
   * @param offset place of the first byte in the file, for error messages
   */
  constructor(bytes: Uint8Array, label: string, offset: number) {
    this.#bytes = bytes;
    this.#label = label;
    this.#offset = offset;
  }

  /** The error for what stands at the cursor; text that ends too early is a syntax error whatever was expected. */
  unexpected(code: SafetensorsErrorCode, expected: string, fix: string, at: number = this.at): Error {
    const ended = at >= this.#bytes.length;
    const got = ended ? 'the end' : this.#pictureOf(this.#bytes[at]);
    return this.error(ended ? 'SAFETENSORS_SYNTAX' : code, `expected ${expected}, got ${got} - ${fix}`, at);
  }

  error(code: SafetensorsErrorCode, message: string, at: number = this.at): Error {
    return safetensorsError(code, `${this.#label} ${message}`, this.#offset + at);
  }

  /** The next byte that is no white space, or -1 at the end. */
  peek(): number {
    const bytes = this.#bytes;
    for (; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
    }
    return -1;
  }

  /** Enters an object; false when it is empty, and then it is left already. `code` names the defect of another value. */
  beginObject(code: SafetensorsErrorCode, what: string): boolean {
    return this.#begin(OPEN_BRACE, CLOSE_BRACE, code, `${what} as an object {...}`);
  }

  /** Goes to the next member of an object; false when there is none, and then the object is left. */
  nextMember(): boolean {
    return this.#next(CLOSE_BRACE, '"," or "}"');
  }

  beginArray(code: SafetensorsErrorCode, what: string): boolean {
    return this.#begin(OPEN_BRACKET, CLOSE_BRACKET, code, `${what} as an array [...]`);
  }

  nextItem(): boolean {
    return this.#next(CLOSE_BRACKET, '"," or "]"');
  }

  /** A key and its colon. */
  readKey(known: readonly Word[] = NO_WORDS): string {
    const key = this.readString('SAFETENSORS_SYNTAX', 'a name in double quotes', known);
    if (this.peek() !== COLON) throw this.unexpected('SAFETENSORS_SYNTAX', '":" after a name', DAMAGED);
    this.at++;
    return key;
  }

  /** A string without its quotes and escapes. `known` are likely values, made without a decoder. */
  readString(code: SafetensorsErrorCode, what: string, known: readonly Word[] = NO_WORDS): string {
    if (this.peek() !== QUOTE) throw this.unexpected(code, what, DAMAGED);
    const begin = this.at + 1;
    for (const word of known) {
      if (this.#isWord(word.bytes, begin)) {
        this.at = begin + word.bytes.length + 1;
        return word.text;
      }
    }
    const end = this.#plainEnd(begin);
    if (this.#bytes[end] !== QUOTE) return this.#readEscaped(begin, end);
    this.at = end + 1;
    return this.#decode(this.#bytes.subarray(begin, end), begin);
  }

  /** A whole number from 0 to 2^53 - 1, written with digits only. */
  readInteger(what: string): number {
    const bytes = this.#bytes;
    const first = this.peek();
    const begin = this.at;
    let value = 0;
    for (; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at];
      if (byte < DIGIT_0 || byte > DIGIT_9) break;
      // Exact: whole numbers below 2^53 are, and whatever rounds to 2^53 or more is more.
      value = value * 10 + (byte - DIGIT_0);
      if (value > Number.MAX_SAFE_INTEGER) throw this.#notInteger(what, begin);
    }
    const length = this.at - begin;
    const startsWithZero = length > 1 && first === DIGIT_0;
    if (length === 0 || startsWithZero || continuesNumber(bytes[this.at]))
      throw this.#notInteger(what, begin);
    return value;
  }

  #notInteger(what: string, at: number): Error {
    const expected = `${what} as a whole number from 0 to 2^53 - 1 in plain digits`;
    return this.unexpected('SAFETENSORS_NUMBER', expected, 'write 2.0 as 2 and 02 as 2', at);
  }

  /** Leaves out one value of any kind, at most `depth` objects and arrays deep, checking its syntax. */
  skipValue(depth: number): void {
    const byte = this.peek();
    if (byte === QUOTE) this.readString('SAFETENSORS_SYNTAX', 'a string');
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#skipNested(byte, depth);
    else this.readScalar();
  }

  /** A number, true, false or null as it is written. */
  readScalar(): string {
    this.peek();
    const begin = this.at;
    while (this.at < this.#bytes.length && /[-+.\w]/.test(String.fromCharCode(this.#bytes[this.at])))
      this.at++;
    const text = this.#decode(this.#bytes.subarray(begin, Math.min(this.at, begin + MAX_SCALAR)), begin);
    if (this.at - begin > MAX_SCALAR || !SCALAR.test(text)) {
      throw this.unexpected('SAFETENSORS_SYNTAX', 'a value', DAMAGED, begin);
    }
    return text;
  }

  #skipNested(open: number, depth: number): void {
    if (depth === 0) {
      throw this.unexpected('SAFETENSORS_SYNTAX', 'less nesting', 'no known tool nests this deep');
    }
    if (open === OPEN_BRACKET) {
      for (let more = this.beginArray('SAFETENSORS_SYNTAX', 'a value'); more; more = this.nextItem()) {
        this.skipValue(depth - 1);
      }
      return;
    }
    for (let more = this.beginObject('SAFETENSORS_SYNTAX', 'a value'); more; more = this.nextMember()) {
      this.readKey();
      this.skipValue(depth - 1);
    }
  }

  #begin(open: number, close: number, code: SafetensorsErrorCode, expected: string): boolean {
    if (this.peek() !== open) throw this.unexpected(code, expected, DAMAGED);
    this.at++;
    if (this.peek() !== close) return true;
    this.at++;
    return false;
  }

  #next(close: number, expected: string): boolean {
    const byte = this.peek();
    if (byte !== COMMA && byte !== close) throw this.unexpected('SAFETENSORS_SYNTAX', expected, DAMAGED);
    this.at++;
    return byte === COMMA;
  }

  #isWord(word: Uint8Array, begin: number): boolean {
    const bytes = this.#bytes;
    if (bytes[begin + word.length] !== QUOTE) return false;
    for (let i = 0; i < word.length; i++) if (bytes[begin + i] !== word[i]) return false;
    return true;
  }

  /** Where the run of unescaped characters that begins at `begin` ends: at a quote or a backslash. */
  #plainEnd(begin: number): number {
    const bytes = this.#bytes;
    let i = begin;
    for (; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte === QUOTE || byte === BACKSLASH) return i;
      if (byte < FIRST_PRINTABLE) {
        const fix = 'write control characters as \\u00XX';
        throw this.unexpected('SAFETENSORS_STRING', 'no control character in a string', fix, i);
      }
    }
    throw this.unexpected('SAFETENSORS_SYNTAX', 'a closing quote', DAMAGED, i);
  }

  /** The string from `begin` on. Its bytes go into one array: no character takes more bytes than its escape. */
  #readEscaped(begin: number, firstEscape: number): string {
    const bytes = this.#bytes;
    let end = firstEscape;
    while (bytes[end] === BACKSLASH) end = this.#plainEnd(Math.min(end + 2, bytes.length));
    const text = new Uint8Array(end - begin);
    let length = 0;
    for (this.at = begin; this.at < end;) {
      const byte = bytes[this.at++];
      if (byte === BACKSLASH) length = putUtf8(text, length, this.#readEscape());
      else text[length++] = byte;
    }
    this.at = end + 1;
    return this.#decode(text.subarray(0, length), begin);
  }

  /** The code point of the escape whose letter is at the cursor. */
  #readEscape(): number {
    const escape = this.at - 1;
    const letter = this.#bytes[this.at++];
    const simple = ESCAPES.get(letter);
    if (simple !== undefined) return simple;
    if (letter !== LETTER_U) throw this.#badEscape(escape);
    const unit = this.#readHex(escape);
    if (unit < 0xd800 || unit > 0xdfff) return unit;
    const paired =
      unit < 0xdc00 && this.#bytes[this.at] === BACKSLASH && this.#bytes[this.at + 1] === LETTER_U;
    if (!paired) throw this.#badEscape(escape);
    this.at += 2;
    const low = this.#readHex(escape);
    if (low < 0xdc00 || low > 0xdfff) throw this.#badEscape(escape);
    return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  }

  #readHex(escape: number): number {
    let value = 0;
    // The string's closing quote was found before, so that the text does not end here.
    for (const end = this.at + 4; this.at < end; this.at++) {
      const digit = '0123456789abcdef'.indexOf(String.fromCharCode(this.#bytes[this.at]).toLowerCase());
      if (digit < 0) throw this.#badEscape(escape);
      value = value * 16 + digit;
    }
    return value;
  }

  #badEscape(at: number): Error {
    const expected = 'an escape of JSON, surrogates only in pairs';
    return this.unexpected('SAFETENSORS_STRING', expected, 'write the character itself in UTF-8', at);
  }

  /** `text` as a string; `at` is where it begins, for the message. */
  #decode(text: Uint8Array, at: number): string {
    try {
      return this.#decoder.decode(text);
    } catch {
      throw this.error('SAFETENSORS_UTF8', `expected UTF-8 text, got other bytes - ${DAMAGED}`, at);
    }
  }

  #pictureOf(byte: number): string {
    return byte < 0x80 ? quote(String.fromCharCode(byte)) : `byte 0x${byte.toString(16)}`;
  }
}

/** First byte in UTF-8 of a code point with so many bytes behind it. */
const UTF8_LEAD = [0, 0xc0, 0xe0, 0xf0];

/** Writes a code point as UTF-8 and returns where the next one goes. */
function putUtf8(out: Uint8Array, at: number, point: number): number {
  const tail = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  out[at++] = UTF8_LEAD[tail] | (point >> (6 * tail));
  for (let shift = 6 * (tail - 1); shift >= 0; shift -= 6) out[at++] = 0x80 | ((point >> shift) & 0x3f);
  return at;
}

/** Whether a byte behind digits belongs to the same number: one of . e E + - */
function continuesNumber(byte: number | undefined): boolean {
  return byte === 0x2e || byte === 0x65 || byte === 0x45 || byte === 0x2b || byte === 0x2d;
}

export const DAMAGED = 'the file is damaged or was written by a faulty tool: get it again';
/** Longer than any number a tool writes. */
const MAX_SCALAR = 64;
const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)$/;

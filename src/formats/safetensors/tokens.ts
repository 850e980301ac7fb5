/**
 * The JSON of a safetensors header, read strictly: what RFC 8259 allows and nothing else, whole numbers from digits alone,
 * strings without lone surrogates. JSON.parse would keep the last of two equal keys, round large numbers and let `__proto__` through.
 */
import { FormatError } from '../../core/errors.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** Reads tokens one after another; every method skips the white space before its token. */
export class HeaderTokens {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next character that is no white space, not consumed; '' at the end. */
  peek(): string {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
      this.at++;
    }
    return text.charAt(this.at);
  }

  /** Consumes `character` if it comes next. */
  accept(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }

  expect(character: string, what: string): void {
    if (!this.accept(character)) throw this.unexpected(`${JSON.stringify(character)} ${what}`);
  }

  string(what: string): string {
    this.expect('"', `(${what})`);
    const text = this.#text;
    const begin = this.at;
    let end = begin;
    let escaped = false;
    for (; ; end++) {
      const code = text.charCodeAt(end);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        escaped = true;
        end++;
      }
      // NaN stands for the end of the text; below 0x20 are the control characters that JSON wants escaped.
      if (!(code >= 0x20)) {
        this.at = end;
        throw this.unexpected(`a closing quote (${what})`);
      }
    }
    this.at = end + 1;
    const raw = text.slice(begin, end);
    return escaped ? this.#unescape(raw, begin, what) : raw;
  }

  #unescape(raw: string, begin: number, what: string): string {
    const unescaped = raw.replace(/\\(u[0-9a-fA-F]{4}|[^])/g, (_, escape: string, index: number) => {
      if (escape.length === 5) return String.fromCharCode(parseInt(escape.slice(1), 16));
      const simple = SIMPLE_ESCAPES.get(escape);
      if (simple === undefined) {
        this.at = begin + index;
        throw this.unexpected(`an escape of JSON (${what})`);
      }
      return simple;
    });
    // TextDecoder gave well-formed text, so a lone surrogate can only have been written as an escape.
    if (/\p{Surrogate}/u.test(unescaped)) {
      this.at = begin;
      throw this.unexpected(`well-formed Unicode (${what})`);
    }
    return unescaped;
  }

  /** A whole number from 0 to 2^53 - 1, digits only: no sign, point, exponent or leading zero. */
  integer(what: string): number {
    this.peek();
    const begin = this.at;
    while (isDigit(this.#text.charCodeAt(this.at))) this.at++;
    const digits = this.#text.slice(begin, this.at);
    const next = this.#text.charAt(this.at);
    if (
      digits === '' ||
      (digits.length > 1 && digits.startsWith('0')) ||
      next === '.' ||
      next === 'e' ||
      next === 'E'
    ) {
      this.at = begin;
      throw this.unexpected(`a whole number >= 0 (${what})`);
    }
    const value = digits.length > 16 ? Infinity : Number(digits);
    if (value > Number.MAX_SAFE_INTEGER) {
      throw new FormatError(
        'SAFETENSORS_NUMBER_TOO_LARGE',
        `readSafetensors: ${what} expected at most 2^53 - 1, got ${digits.slice(0, 24)} - the file is damaged`,
        begin + 8,
      );
    }
    return value;
  }

  unexpected(expected: string): FormatError {
    const got = this.at >= this.#text.length ? 'the end' : JSON.stringify(this.#text.charAt(this.at));
    const message = `readSafetensors: the header expected ${expected}, got ${got} - the file is damaged`;
    return new FormatError('SAFETENSORS_HEADER_SYNTAX', message, this.at + 8);
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/**
 * The error vocabulary. Wrong kind of argument: TypeError. Wrong value: RangeError. Bad bytes: FormatError. Failed
 * mathematics: NumericError. Failed input or output: IoError. Every message reads
 * `function: "argument" expected X, got Y - how to fix`.
 */

/** Longest piece of untrusted text that a message repeats. */
const MAX_QUOTED = 80;

/** Bad bytes. `code` is stable and documented in docs/formats.md; `offset` is the byte where it shows, if one exists. */
export class FormatError extends Error {
  readonly code: string;
  readonly offset: number | null;

  constructor(code: string, message: string, offset: number | null = null) {
    super(offset === null ? `${message} [${code}]` : `${message} [${code} at byte ${offset}]`);
    this.name = 'FormatError';
    this.code = code;
    this.offset = offset;
  }
}

/** Mathematics that cannot give a result, such as a non-finite input. `index` is the first bad element, if one exists. */
export class NumericError extends Error {
  readonly code: string;
  readonly index: number | null;

  constructor(code: string, message: string, index: number | null = null) {
    super(`${message} [${code}]`);
    this.name = 'NumericError';
    this.code = code;
    this.index = index;
  }
}

/** Failed input or output. `code` is the system's errno name (ENOSPC, EACCES ...) or one of ours; `path` the file. */
export class IoError extends Error {
  readonly code: string;
  readonly path: string;

  constructor(code: string, path: string, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options);
    this.name = 'IoError';
    this.code = code;
    this.path = path;
  }
}

/** A short, escaped picture of any value for an error message: never throws, never longer than 80 characters. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return clip(`${value}n`);
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    case 'object':
      return value === null ? 'null' : describeObject(value);
    default:
      return String(value);
  }
}

/** `text` in double quotes with control characters escaped, cut to 80 characters. */
export function quote(text: string): string {
  return JSON.stringify(clip(text)).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function typeError(
  fn: string,
  argument: string,
  expected: string,
  got: unknown,
  fix: string,
): TypeError {
  return new TypeError(sentence(fn, argument, expected, describe(got), fix));
}

export function rangeError(
  fn: string,
  argument: string,
  expected: string,
  got: unknown,
  fix: string,
): RangeError {
  return new RangeError(sentence(fn, argument, expected, describe(got), fix));
}

function sentence(fn: string, argument: string, expected: string, got: string, fix: string): string {
  return `${fn}: "${argument}" expected ${expected}, got ${got} - ${fix}`;
}

function clip(text: string): string {
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED - 3)}...` : text;
}

function describeObject(value: object): string {
  if (Array.isArray(value))
    return clip(`an array of ${value.length}: [${value.slice(0, 6).map(describe).join(', ')}]`);
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (ArrayBuffer.isView(value)) return `a ${tag} of ${value.byteLength} bytes`;
  return `an object (${tag})`;
}

/** Compares a value with what a comment behind it says: `scale; // Float32Array [0.5, 0.25]: one per row`. */
import { inspect } from 'node:util';

/**
 * Null when `comment` says `actual`, else what is wrong. A comment states a literal (numbers in any base, strings, arrays with or
 * without the name of their type, objects, `undefined` ...) in which `...` stands for further digits or elements, or the
 * value's printed form. Words may follow behind a colon, comma, semicolon, dash or bracket. Behind a call that returns nothing, words
 * may stand alone.
 */
export function saidValueProblem(actual: unknown, comment: string): string | null {
  const text = comment.replace(/^=>\s*/, '').trim();
  const printed = inspect(actual, { breakLength: Infinity, depth: Infinity, compact: true });
  if (text === printed) return null;
  const reader = new Reader(text);
  const matches = reader.value();
  if (matches === null || !/^\s*($|[:,;(]|- |– )/.test(reader.rest)) {
    return actual === undefined ? null : `expected the comment to state ${shortened(printed)}, got "${text}"`;
  }
  return matches(actual) ? null : `expected ${text}, got ${shortened(printed)}`;
}

const shortened = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}...` : text);

type Match = (actual: unknown) => boolean;

/** Reads one literal and returns what it matches; null where there is none. */
class Reader {
  rest: string;

  constructor(text: string) {
    this.rest = text;
  }

  value(): Match | null {
    const word = this.take(/(undefined|null|true|false|NaN|-?Infinity)\b/);
    if (word !== null) return (actual) => inspect(actual) === word;
    const string = this.take(/'(\\.|[^'\\])*'|"(\\.|[^"\\])*"|`(\\.|[^`\\])*`/);
    if (string !== null) return stringMatch(string.slice(1, -1));
    const number = this.take(/-?0[xb][\da-f]+n?|-?\d[\d_]*(\.\d+)?(e[+-]?\d+)?n?(\.\.\.)?/i);
    if (number !== null) return numberMatch(number);
    const type = this.take(/[A-Z]\w*(?=(\(\d+\))?\s*[[{])/);
    if (type !== null) this.take(/\(\d+\)/);
    return this.array(type) ?? this.object(type);
  }

  private array(type: string | null): Match | null {
    const items: Match[] = [];
    const end = this.list('[', ']', () => this.push(items, this.value()));
    if (end === null) return null;
    return (actual) => {
      if (typeof actual !== 'object' || actual === null || !(Symbol.iterator in actual)) return false;
      if (type !== null ? actual.constructor.name !== type : !Array.isArray(actual)) return false;
      const values = [...(actual as Iterable<unknown>)];
      const isLong = end === 'open' ? values.length >= items.length : values.length === items.length;
      return isLong && items.every((match, i) => match(values[i]));
    };
  }

  private object(type: string | null): Match | null {
    const fields = new Map<string, Match>();
    const end = this.list('{', '}', () => {
      const key = this.take(/[\w$]+|'[^']*'|"[^"]*"/);
      if (key === null || this.take(/:/) === null) return false;
      const value = this.value();
      if (value !== null) fields.set(key.replace(/^['"]|['"]$/g, ''), value);
      return value !== null;
    });
    if (end === null) return null;
    return (actual) => {
      if (typeof actual !== 'object' || actual === null) return false;
      if (type !== null && actual.constructor.name !== type) return false;
      const keys = Object.keys(actual);
      if (end === 'closed' && keys.length !== fields.size) return false;
      return [...fields].every(
        ([key, match]) => keys.includes(key) && match((actual as Record<string, unknown>)[key]),
      );
    };
  }

  /** Reads `open item, item ... close`; 'open' where an ellipsis stands for the rest, null where this is no list. */
  private list(open: '[' | '{', close: ']' | '}', item: () => boolean): 'open' | 'closed' | null {
    if (this.take(open === '[' ? /\[/ : /\{/) === null) return null;
    for (let isFirst = true; ; isFirst = false) {
      if (this.close(close)) return 'closed';
      if (!isFirst && this.take(/,/) === null) return null;
      if (this.take(/\.\.\.( \d+ more( items?)?)?/) !== null) return this.close(close) ? 'open' : null;
      if (!item()) return null;
    }
  }

  private close(bracket: ']' | '}'): boolean {
    return this.take(bracket === ']' ? /\]/ : /\}/) !== null;
  }

  private push(items: Match[], match: Match | null): boolean {
    if (match !== null) items.push(match);
    return match !== null;
  }

  /** The text that matches here, white space skipped; null where it does not. */
  private take(pattern: RegExp): string | null {
    const found = new RegExp(`^\\s*(${pattern.source})`, pattern.flags).exec(this.rest);
    if (found === null) return null;
    this.rest = this.rest.slice(found[0].length);
    return found[1];
  }
}

function stringMatch(text: string): Match {
  const plain = text.replace(/\\(.)/g, '$1');
  const isCut = plain.endsWith('...');
  return (actual) =>
    typeof actual === 'string' && (isCut ? actual.startsWith(plain.slice(0, -3)) : actual === plain);
}

function numberMatch(text: string): Match {
  const plain = text.replaceAll('_', '');
  if (plain.endsWith('...')) {
    const digits = plain.slice(0, -3);
    return (actual) => typeof actual === 'number' && String(actual).startsWith(digits);
  }
  if (plain.endsWith('n')) return (actual) => actual === BigInt(plain.slice(0, -1));
  const number = plain.startsWith('-0') && !/[1-9]/.test(plain) ? -0 : Number(plain);
  return (actual) => Object.is(actual, number);
}

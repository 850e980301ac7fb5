/** Makes plain records print well in Node, Deno and notebooks without giving them a class. */

const INSPECT: symbol = Symbol.for('nodejs.util.inspect.custom');

/** What a result can show of itself in a notebook: `display.html(result.toHTML())`, `display.svg(result.toSVG())`. */
export interface Pictured {
  /** A picture, as one SVG element. */
  toSVG(): string;
  /** The figures and the picture, as a piece of HTML without scripts. */
  toHTML(): string;
}

/** How a record is shown; each is asked only when somebody looks. */
export interface Views<T> {
  readonly print: (record: T) => string;
  readonly toSVG: (record: T) => string;
  readonly toHTML: (record: T) => string;
}

/**
 * Gives `record` a printed form. The property is a symbol and not enumerable: keys, JSON, structured clone, spread and
 * deep equality see the same plain record as before.
 */
export function printsAs<T extends object>(record: T, print: (record: T) => string): T {
  return Object.defineProperty(record, INSPECT, { value: () => print(record), enumerable: false });
}

/** Gives `record` a printed form and pictures, none of them enumerable: copies and clones are the plain record again. */
export function picturedAs<T extends object>(record: T, views: Views<T>): T & Pictured {
  printsAs(record, views.print);
  Object.defineProperty(record, 'toSVG', { value: () => views.toSVG(record), enumerable: false });
  Object.defineProperty(record, 'toHTML', { value: () => views.toHTML(record), enumerable: false });
  return record as T & Pictured;
}

/** The first elements of `data` as text: `0.5, -1, 2, ... 13 more`. */
export function previewOf(data: ArrayLike<number | bigint>, count = 8): string {
  const shown: string[] = [];
  for (let i = 0; i < data.length && i < count; i++) shown.push(numberText(data[i]));
  if (data.length > count) shown.push(`... ${data.length - count} more`);
  return shown.join(', ');
}

function numberText(value: number | bigint): string {
  if (typeof value === 'bigint' || Number.isInteger(value))
    return Object.is(value, -0) ? '-0' : String(value);
  return String(Number(value.toPrecision(5)));
}

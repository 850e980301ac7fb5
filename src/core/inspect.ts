/** Makes plain records print well in Node, Deno and notebooks without giving them a class. */

const INSPECT: symbol = Symbol.for('nodejs.util.inspect.custom');

/**
 * Gives `record` a printed form. The property is a symbol and not enumerable: keys, JSON, structured clone, spread and
 * deep equality see the same plain record as before.
 */
export function printsAs<T extends object>(record: T, print: (record: T) => string): T {
  return Object.defineProperty(record, INSPECT, { value: () => print(record), enumerable: false });
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

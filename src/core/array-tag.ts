/** What a typed array really is: true for arrays of other realms and subclasses, not fooled by look-alikes. */

const TYPED_ARRAY_PROTOTYPE = Object.getPrototypeOf(Uint8Array.prototype) as object;
const readTag = Object.getOwnPropertyDescriptor(TYPED_ARRAY_PROTOTYPE, Symbol.toStringTag)?.get;

export type ArrayTag =
  | 'Float64Array'
  | 'Float32Array'
  | 'Float16Array'
  | 'BigInt64Array'
  | 'BigUint64Array'
  | 'Int32Array'
  | 'Uint32Array'
  | 'Int16Array'
  | 'Uint16Array'
  | 'Int8Array'
  | 'Uint8Array'
  | 'Uint8ClampedArray';

/** The typed array's name, or null for anything else. Reads the internal slot, so neither realm nor toStringTag matter. */
export function arrayTag(value: unknown): ArrayTag | null {
  return (readTag?.call(value) as ArrayTag | undefined) ?? null;
}

/**
 * True when the array's buffer was transferred away, or a resizable buffer shrank below it. Such an array has length 0
 * and reads as undefined; an ordinary empty array is not meant.
 */
export function isDetached(array: { readonly length: number }): boolean {
  if (array.length > 0) return false;
  try {
    Uint8Array.prototype.keys.call(array as Uint8Array);
    return false;
  } catch {
    return true;
  }
}

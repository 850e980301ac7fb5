/** JSON for programs. */

/** Infinity and NaN, which JSON has no numbers for, as the strings that `Number()` turns back. */
export function jsonText(value: unknown): string {
  return JSON.stringify(
    value,
    (_, inner: unknown) => (typeof inner === 'number' && !Number.isFinite(inner) ? String(inner) : inner),
    2,
  );
}

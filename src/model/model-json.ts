/**
 * A tfjs model.json, without its weights, as a line of text for metadata: JSON, gzip, base64. The graph of a sentence encoder takes
 * 152 kB as JSON and 12 kB so, where its 4-bit weights take 4 MB. fflate's gzip gives the same bytes on every engine, which the
 * platform's own does not.
 */
import { gunzipSync, gzipSync } from 'fflate';
import { isPlainObject } from '../core/options.js';

/** Longest model.json that is unpacked: no honest one without weights is near. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;
/** Characters of one call: an argument list has its limits. */
const CHUNK = 8192;

export function packModelJson(modelJson: Readonly<Record<string, unknown>>): string {
  const json = new TextEncoder().encode(JSON.stringify(modelJson));
  // A fixed time, so that equal models have equal bytes.
  const packed = gzipSync(json, { level: 9, mtime: 0 });
  let text = '';
  for (let i = 0; i < packed.length; i += CHUNK)
    text += String.fromCharCode(...packed.subarray(i, i + CHUNK));
  return btoa(text);
}

/** The inverse, or null for a text that packModelJson cannot have made. */
export function unpackModelJson(text: string): Record<string, unknown> | null {
  try {
    const packed = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    // The size stands in the last four bytes; with room for that and no more, a small text cannot grow without end.
    const size = new DataView(packed.buffer).getUint32(packed.length - 4, true);
    if (size > MAX_JSON_BYTES) return null;
    const json = gunzipSync(packed, { out: new Uint8Array(size) });
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
    return isPlainObject(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

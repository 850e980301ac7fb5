/** How the tensors of a file lie in its data: end to end, from the first byte to the last. */
import { quote } from '../../core/errors.js';
import { safetensorsError } from './errors.js';
import type { TensorEntry } from './types.js';
import { DAMAGED } from './json-reader.js';

type Place = readonly [name: string, entry: TensorEntry];

/**
 * The named error unless the tensors cover [0, dataLength) without hole or overlap. A hole could hide another file (a ZIP
 * archive, say) inside this one.
 *
 * @param dataBegin place of the data in the file, for the message
 */
export function checkLayout(
  tensors: ReadonlyMap<string, TensorEntry>,
  dataLength: number,
  dataBegin: number,
  label: string,
): void {
  // Files of every common writer are in order already; sorting a million entries would cost as much as parsing them.
  const end = coveredInOrder(tensors.values()) ?? coveredSorted(tensors, dataBegin, label);
  if (end > dataLength) {
    const message = `${label} expected ${end} bytes of data behind the header, got ${dataLength} - the file is cut off: get it again`;
    throw safetensorsError('SAFETENSORS_DATA_TRUNCATED', message, dataBegin + dataLength);
  }
  if (end < dataLength) {
    const message = `${label} expected the file to end with its last tensor, got ${dataLength - end} bytes more - ${DAMAGED}`;
    throw safetensorsError('SAFETENSORS_DATA_TRAILING', message, dataBegin + end);
  }
}

/** The end of the last tensor when each begins where the one before it ends, else null. */
function coveredInOrder(entries: Iterable<TensorEntry>): number | null {
  let end = 0;
  for (const entry of entries) {
    if (entry.begin !== end) return null;
    end = entry.end;
  }
  return end;
}

function coveredSorted(tensors: ReadonlyMap<string, TensorEntry>, dataBegin: number, label: string): number {
  const places: Place[] = Array.from(tensors);
  places.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const [name, entry] of places) {
    if (entry.begin !== end) throw misplaced(name, entry, end, dataBegin, label);
    end = entry.end;
  }
  return end;
}

function misplaced(name: string, entry: TensorEntry, end: number, dataBegin: number, label: string): Error {
  const hole = entry.begin > end;
  const message = `${label} expected tensor ${quote(name)} to begin at byte ${end} of the data, got ${entry.begin} (${hole ? 'a hole' : 'an overlap'}) - ${DAMAGED}`;
  return safetensorsError(
    hole ? 'SAFETENSORS_HOLE' : 'SAFETENSORS_OVERLAP',
    message,
    dataBegin + Math.min(end, entry.begin),
  );
}

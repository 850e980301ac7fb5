/** How the tensors of a file lie in its data: in the order of the header, end to end but for padding, as ggml lays them. */
import { quote } from '../../core/errors.js';
import { DAMAGED, ggufError, type GgufErrorCode } from './errors.js';
import { padded, type GgufEntry, type GgufHeader } from './types.js';

type Place = readonly [name: string, entry: GgufEntry];

/** The named error unless every tensor lies where ggml looks for it, inside the file, and the file ends with the last one. */
export function checkLayout(header: GgufHeader, fileLength: number, label: string): void {
  const { tensors, alignment, dataBegin } = header;
  const dataLength = fileLength - dataBegin;
  const refuse = (code: GgufErrorCode, expected: string, got: string, at: number, fix = DAMAGED): Error =>
    ggufError(code, label, expected, got, fix, Math.min(fileLength, Math.max(0, dataBegin + at)));
  let next = 0;
  for (const [name, { begin, end }] of tensors) {
    const what = `tensor ${quote(name)}`;
    if (begin > Math.max(0, dataLength) && begin !== next) {
      throw refuse('GGUF_OFFSET', `${what} inside the file`, `offset ${begin} in ${dataLength} bytes`, 0);
    }
    if (begin % alignment !== 0) {
      throw refuse('GGUF_MISALIGNED', `${what} at a multiple of ${alignment}`, `offset ${begin}`, begin);
    }
    if (begin !== next) throw misplaced(header, label);
    if (end > dataLength) {
      const got = `the end of the file after ${dataLength}`;
      const fix = 'the file is cut off: get it again';
      throw refuse('GGUF_DATA_TRUNCATED', `${what} to end at byte ${end} of the data`, got, dataLength, fix);
    }
    next = padded(end, alignment);
  }
  // Some writers leave out the padding behind the last tensor.
  if (dataLength > next) {
    const expected = 'the file to end with its last tensor and its padding';
    throw refuse('GGUF_DATA_TRAILING', expected, `${dataLength - next} bytes more`, next);
  }
}

/** Why the places do not follow one another: a hole, an overlap, or tensors in another order than their data. */
function misplaced({ tensors, alignment, dataBegin }: GgufHeader, label: string): Error {
  const places: Place[] = Array.from(tensors);
  places.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let next = 0;
  for (const [name, { begin, end }] of places) {
    if (begin !== next) {
      const hole = begin > next;
      const expected = `tensor ${quote(name)} to begin at byte ${next} of the data`;
      const got = `${begin} (${hole ? 'a hole' : 'an overlap'})`;
      const at = dataBegin + Math.min(begin, next);
      return ggufError(hole ? 'GGUF_HOLE' : 'GGUF_OVERLAP', label, expected, got, DAMAGED, at);
    }
    next = padded(end, alignment);
  }
  const fix = 'llama.cpp refuses it: write the file again';
  return ggufError(
    'GGUF_ORDER',
    label,
    'tensors in the order of their data',
    'another order',
    fix,
    dataBegin,
  );
}

/** The named error unless all bytes of `padding` are 0. */
export function checkPadding(padding: Uint8Array, what: string, offset: number, label: string): void {
  const bad = padding.findIndex((byte) => byte !== 0);
  if (bad < 0) return;
  throw ggufError(
    'GGUF_PADDING',
    label,
    `zeros behind ${what}`,
    `byte ${padding[bad]}`,
    DAMAGED,
    offset + bad,
  );
}

/** Models in several files: what llama.cpp calls them and what each says about its place among them. */
import { quote } from '../../core/errors.js';
import { ggufError } from './errors.js';
import type { GgufLimits } from './limits.js';
import type { GgufEntry, GgufHeader, GgufValue } from './types.js';

const SPLIT_NO_KEY = 'split.no';
const SPLIT_COUNT_KEY = 'split.count';
const SPLIT_TENSORS_KEY = 'split.tensors.count';

/** Keys that tell a file's place, which a saver decides and nobody copies. */
export const SPLIT_KEYS: readonly string[] = [SPLIT_NO_KEY, SPLIT_TENSORS_KEY, SPLIT_COUNT_KEY];

/** split.count is a uint16. */
export const MAX_SPLITS = 65_535;

export interface Split {
  /** From 0. */
  readonly no: number;
  readonly count: number;
  /** Tensors of all files together; null where the file does not say. */
  readonly tensorCount: number | null;
}

/** What a file says about its place, or null for a model in one file. */
export function splitOf({ metadata }: GgufHeader, label: string): Split | null {
  if (!metadata.has(SPLIT_COUNT_KEY)) return null;
  const count = integerOf(metadata, SPLIT_COUNT_KEY, 'uint16', label);
  // What gguf-split writes into a model that it has merged.
  if (count === 0) return null;
  const no = integerOf(metadata, SPLIT_NO_KEY, 'uint16', label);
  const tensorCount = metadata.has(SPLIT_TENSORS_KEY)
    ? integerOf(metadata, SPLIT_TENSORS_KEY, 'int32', label)
    : null;
  if (no >= count) {
    const got = `${SPLIT_NO_KEY} ${no} of ${SPLIT_COUNT_KEY} ${count}`;
    throw ggufError('GGUF_SPLIT_METADATA', label, 'a place among its files', got);
  }
  return { no, count, tensorCount };
}

function integerOf(
  metadata: ReadonlyMap<string, GgufValue>,
  key: string,
  type: 'uint16' | 'int32',
  label: string,
): number {
  const given = metadata.get(key);
  if (given?.type === type) return given.value;
  const got = given === undefined ? 'none' : given.type;
  throw ggufError('GGUF_SPLIT_METADATA', label, `${key} to be a ${type}`, got);
}

/** The keys that a file of several has, in the order of llama.cpp's gguf-split. */
export function splitPairs(
  no: number,
  count: number,
  tensorCount: number,
): readonly (readonly [string, GgufValue])[] {
  return [
    [SPLIT_NO_KEY, { type: 'uint16', value: no }],
    [SPLIT_TENSORS_KEY, { type: 'int32', value: tensorCount }],
    [SPLIT_COUNT_KEY, { type: 'uint16', value: count }],
  ];
}

/** `model-00001-of-00003.gguf` for the stem `model` and the number 0. */
export function splitName(stem: string, no: number, count: number): string {
  const digits = (n: number): string => String(n).padStart(5, '0');
  return `${stem}-${digits(no + 1)}-of-${digits(count)}.gguf`;
}

/** The names of all files of a model, from that of its first; the named error when llama.cpp would not find them so. */
export function splitNames(
  first: string,
  { no, count }: Split,
  limits: Required<GgufLimits>,
  label: string,
): string[] {
  if (no !== 0) {
    const fix = 'open the first file of the model: it has the metadata';
    throw ggufError('GGUF_SPLIT_NOT_FIRST', label, 'the first file of its model', `number ${no + 1}`, fix);
  }
  if (count > limits.maxShards) {
    const fix = 'raise limits.maxShards, and the number of files that may be open (ulimit -n)';
    throw ggufError('GGUF_SPLIT_TOO_MANY', label, `at most ${limits.maxShards} files`, `${count}`, fix);
  }
  const ending = splitName('', 0, count);
  if (!first.endsWith(ending) || first === ending) {
    const fix = 'llama.cpp finds the others by this name: rename the files';
    throw ggufError('GGUF_SPLIT_NAME', label, `a name that ends in ${quote(ending)}`, quote(first), fix);
  }
  const stem = first.slice(0, -ending.length);
  return Array.from({ length: count }, (_, i) => splitName(stem, i, count));
}

/** Another file of the model whose first said `first`. */
export function checkSplit(header: GgufHeader, no: number, first: Split, label: string): void {
  const split = splitOf(header, label);
  if (split?.no === no && split.count === first.count) return;
  const got = split === null ? 'a model of its own' : `${split.no + 1} of ${split.count}`;
  const fix = 'get all files of the model from one source';
  throw ggufError('GGUF_SPLIT_METADATA', label, `file ${no + 1} of ${first.count}`, got, fix);
}

/** The tensors of all files by name, each with the number of its file. */
export function joinSplits(
  files: readonly ReadonlyMap<string, GgufEntry>[],
  { tensorCount }: Split,
  label: string,
): { readonly entries: Map<string, GgufEntry>; readonly fileOf: Map<string, number> } {
  const entries = new Map<string, GgufEntry>();
  const fileOf = new Map<string, number>();
  for (const [no, tensors] of files.entries()) {
    for (const [name, entry] of tensors) {
      const before = fileOf.get(name);
      if (before !== undefined) {
        const got = `${quote(name)} in ${before + 1} and ${no + 1}`;
        throw ggufError('GGUF_SPLIT_TENSOR_DUPLICATE', label, 'each tensor in one file', got);
      }
      entries.set(name, entry);
      fileOf.set(name, no);
    }
  }
  if (tensorCount !== null && tensorCount !== entries.size) {
    const fix = 'get all files of the model from one source';
    const expected = `${tensorCount} tensors in all files`;
    throw ggufError('GGUF_SPLIT_TENSOR_COUNT', label, expected, String(entries.size), fix);
  }
  return { entries, fileOf };
}

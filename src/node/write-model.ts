/** Writing the files of one model so that they appear together or not at all. */
import type { AnyTypedArray } from '../core/arrays.js';
import { rangeError } from '../core/errors.js';
import type { ArraySpec } from '../core/source.js';
import {
  checkPairs,
  layOut,
  padHeader,
  type BuiltHeader,
  type SizedSpec,
} from '../formats/safetensors/build.js';
import type { TensorEntry } from '../formats/safetensors/types.js';
import { storedBytes } from '../formats/safetensors/write.js';
import { createAtomicFileOn, type AtomicFile } from './atomic.js';
import type { IoPort } from './io.js';

export interface SavedSafetensors {
  /** Size of all files together. */
  readonly bytes: number;
  /** Paths of the files, that of an index last. */
  readonly files: readonly string[];
}

/** Where the contents of all files come from. */
export interface ModelContents {
  readonly produce: (spec: ArraySpec) => AnyTypedArray | Promise<AnyTypedArray>;
  readonly metadata: readonly (readonly [string, string])[] | null;
  readonly finalMetadata:
    (() => ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** One safetensors file to be written. */
export interface Part {
  readonly path: string;
  readonly specs: readonly SizedSpec[];
  readonly header: BuiltHeader;
}

/** A file whose contents are known. */
export interface WholeFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const FN = 'saveSafetensors';

export function sizeOf({ header }: Part): number {
  return header.bytes.length + header.dataLength;
}

/**
 * Writes all files before the first one appears. The last, an index if there is one, is what makes the model visible: when
 * that does not come about, those that have appeared are removed again.
 */
export async function writeModel(
  io: IoPort,
  parts: readonly Part[],
  index: WholeFile | null,
  contents: ModelContents,
): Promise<SavedSafetensors> {
  const { signal } = contents;
  const files: { readonly path: string; readonly file: AtomicFile }[] = [];
  const create = async (path: string, expectedBytes: number): Promise<AtomicFile> => {
    const file = await createAtomicFileOn(io, path, { expectedBytes, ...(signal && { signal }) });
    files.push({ path, file });
    return file;
  };
  try {
    for (const part of parts) await writePart(await create(part.path, sizeOf(part)), part, contents);
    await writeFinalMetadata(
      parts.map((part, i) => ({ part, file: files[i].file })),
      contents,
    );
    if (index !== null) await (await create(index.path, index.bytes.length)).write(index.bytes);
    for (const { file } of files) await file.commit();
  } catch (error) {
    const visible = files[files.length - 1]?.file.committed;
    for (const { path, file } of files) {
      await file.abort();
      if (file.committed && !visible) await io.unlink(path).catch(() => undefined);
    }
    throw error;
  }
  return {
    bytes: files.reduce((sum, { file }) => sum + file.size, 0),
    files: files.map(({ path }) => path),
  };
}

async function writePart(
  file: AtomicFile,
  { specs, header }: Part,
  { produce }: ModelContents,
): Promise<void> {
  await file.write(header.bytes);
  for (const spec of specs) await writeTensor(file, spec, header, produce);
}

/** A function of its own: a loop's variables would keep the last tensor in memory while the next one is made. */
async function writeTensor(
  file: AtomicFile,
  { name, source }: SizedSpec,
  { entries, bytes }: BuiltHeader,
  produce: ModelContents['produce'],
): Promise<void> {
  const entry = entries.get(name) as TensorEntry;
  const data = storedBytes(name, entry, await produce(source), FN);
  await file.writeAt(bytes.length + entry.begin, data);
}

async function writeFinalMetadata(
  written: readonly { readonly part: Part; readonly file: AtomicFile }[],
  { metadata, finalMetadata }: ModelContents,
): Promise<void> {
  if (finalMetadata === undefined) return;
  const merged = new Map(metadata);
  for (const [key, value] of checkPairs(await finalMetadata(), FN, 'finalMetadata')) {
    if (!merged.has(key)) {
      const fix = 'add a placeholder of its length to metadata';
      throw rangeError(FN, 'finalMetadata', 'keys of metadata', key, fix);
    }
    merged.set(key, value);
  }
  const pairs = Array.from(merged);
  for (const { part, file } of written) {
    const { bytes } = layOut(part.specs, pairs, Infinity, FN);
    await file.writeAt(0, padHeader(bytes, part.header.bytes.length, FN));
  }
}

/** One GGUF file on disk, its header read and checked. */
import { describe } from '../core/errors.js';
import { MoreBytes } from '../formats/gguf/cursor.js';
import { parseHeader } from '../formats/gguf/header.js';
import type { GgufLimits } from '../formats/gguf/limits.js';
import type { GgufHeader } from '../formats/gguf/types.js';
import { checkUnchanged, openRegular, readFully, type OpenFile } from './files.js';
import type { IoPort } from './io.js';

export interface GgufShard extends OpenFile {
  readonly header: GgufHeader;
}

/** A header does not say how long it is. Most take less than this; the vocabulary of a language model takes more. */
const FIRST_BYTES = 64 * 1024;
/** The beginning is read again with so many times its length: what was parsed in vain is a third of the header at most. */
const GROWTH = 4;

export async function openGgufFile(
  io: IoPort,
  path: string,
  limits: Required<GgufLimits>,
): Promise<GgufShard> {
  const opened = await openRegular(io, path);
  try {
    const header = await readHeader(opened, limits.maxHeaderBytes, `openGguf: ${describe(path)}`);
    await checkUnchanged(opened);
    return { ...opened, header };
  } catch (error) {
    await opened.file.close().catch(() => undefined);
    throw error;
  }
}

async function readHeader(
  { file, stats, path }: OpenFile,
  maxHeaderBytes: number,
  label: string,
): Promise<GgufHeader> {
  let bytes = new Uint8Array(0);
  for (let length = FIRST_BYTES; ;) {
    const more = new Uint8Array(Math.min(length, stats.size));
    more.set(bytes);
    await readFully(file, more.subarray(bytes.length), bytes.length, path);
    bytes = more;
    try {
      return parseHeader(bytes, stats.size, maxHeaderBytes, label);
    } catch (error) {
      if (!(error instanceof MoreBytes)) throw error;
      length = Math.max(error.wanted, Math.min(GROWTH * bytes.length, maxHeaderBytes));
    }
  }
}

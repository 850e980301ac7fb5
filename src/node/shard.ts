/** One safetensors file on disk, its header read and checked. */
import { describe } from '../core/errors.js';
import { parseCheckedHeader, readHeaderLength } from '../formats/safetensors/header.js';
import type { Limits } from '../formats/safetensors/limits.js';
import { PREFIX_BYTES, type Header } from '../formats/safetensors/types.js';
import { checkUnchanged, openRegular, readFully, type OpenFile } from './files.js';
import type { IoPort } from './io.js';

export interface Shard extends OpenFile {
  readonly header: Header;
  /** Place of the data in the file. */
  readonly dataBegin: number;
}

export async function openShard(io: IoPort, path: string, limits: Required<Limits>): Promise<Shard> {
  const label = `openSafetensors: ${describe(path)}`;
  const opened = await openRegular(io, path);
  try {
    const { file, stats } = opened;
    const prefix = new Uint8Array(Math.min(PREFIX_BYTES, stats.size));
    await readFully(file, prefix, 0, path);
    const length = readHeaderLength(prefix, stats.size, limits.maxHeaderBytes, label);
    const bytes = new Uint8Array(length);
    await readFully(file, bytes, PREFIX_BYTES, path);
    const dataBegin = PREFIX_BYTES + length;
    const header = parseCheckedHeader(bytes, stats.size - dataBegin, label);
    await checkUnchanged(opened);
    return { ...opened, header, dataBegin };
  } catch (error) {
    await opened.file.close().catch(() => undefined);
    throw error;
  }
}

export async function closeAll(shards: readonly OpenFile[]): Promise<void> {
  await Promise.all(shards.map(({ file }) => file.close().catch(() => undefined)));
}

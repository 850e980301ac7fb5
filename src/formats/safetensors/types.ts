/** What a safetensors header says, and the constants of the format. */
import type { TensorInfo } from '../../core/source.js';

/** Bytes of the length that stands before the header: an unsigned 64-bit integer, little endian. */
export const PREFIX_BYTES = 8;

/** The one name that is no tensor. */
export const METADATA_NAME = '__metadata__';

/** One tensor of a file. `begin` and `end` count bytes from the beginning of the data, which follows the header. */
export interface TensorEntry extends TensorInfo {
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of the header. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Upper bounds that protect a reader from hostile files. */
import { checkInteger, checkOptions } from '../../core/options.js';

export interface GgufLimits {
  /**
   * Longest header that is read, in bytes: everything before the data of the tensors, the vocabulary too, which takes some 10 MB.
   * Default 100,000,000.
   */
  readonly maxHeaderBytes?: number;
  /** Most files that a model may be split into; each stays open until the model is closed. Default 1,000. */
  readonly maxShards?: number;
}

export const DEFAULT_GGUF_LIMITS: Required<GgufLimits> = { maxHeaderBytes: 100_000_000, maxShards: 1000 };

/** The limits with their defaults. */
export function checkGgufLimits(fn: string, limits: GgufLimits | undefined): Required<GgufLimits> {
  const given = checkOptions(fn, limits, ['maxHeaderBytes', 'maxShards'], 'limits');
  for (const [key, value] of Object.entries(given)) {
    checkInteger(fn, `limits.${key}`, value, 0, Number.MAX_SAFE_INTEGER);
  }
  return { ...DEFAULT_GGUF_LIMITS, ...given };
}

/** Upper bounds that protect a reader from hostile files. */
import { checkInteger, checkOptions } from '../../core/options.js';

export interface Limits {
  /** Longest header that is read, in bytes. Default 100,000,000, the limit of the reference implementation. */
  readonly maxHeaderBytes?: number;
  /** Longest index file (model.safetensors.index.json) that is read, in bytes. Default 100,000,000. */
  readonly maxIndexBytes?: number;
  /** Most shards that an index may name; each stays open until the model is closed. Default 1,000. */
  readonly maxShards?: number;
}

export const DEFAULT_LIMITS: Required<Limits> = {
  maxHeaderBytes: 100_000_000,
  maxIndexBytes: 100_000_000,
  maxShards: 1000,
};

/** The limits with their defaults. */
export function checkLimits(fn: string, limits: Limits | undefined): Required<Limits> {
  const given = checkOptions(fn, limits, ['maxHeaderBytes', 'maxIndexBytes', 'maxShards'], 'limits');
  for (const [key, value] of Object.entries(given)) {
    checkInteger(fn, `limits.${key}`, value, 0, Number.MAX_SAFE_INTEGER);
  }
  return { ...DEFAULT_LIMITS, ...given };
}

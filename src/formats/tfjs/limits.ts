/** Upper bounds that protect a reader from hostile models. */
import { checkInteger, checkOptions } from '../../core/options.js';

export interface TfjsLimits {
  /** Longest model.json that is read, in bytes. Default 100,000,000. */
  readonly maxJsonBytes?: number;
  /** Most shards that a model may name; each stays open until the model is closed. Default 10,000: 40 GiB of weights. */
  readonly maxShards?: number;
}

export const DEFAULT_TFJS_LIMITS: Required<TfjsLimits> = { maxJsonBytes: 100_000_000, maxShards: 10_000 };

/** The limits with their defaults. */
export function checkTfjsLimits(fn: string, limits: TfjsLimits | undefined): Required<TfjsLimits> {
  const given = checkOptions(fn, limits, ['maxJsonBytes', 'maxShards'], 'limits');
  for (const [key, value] of Object.entries(given)) {
    checkInteger(fn, `limits.${key}`, value, 0, Number.MAX_SAFE_INTEGER);
  }
  return { ...DEFAULT_TFJS_LIMITS, ...given };
}

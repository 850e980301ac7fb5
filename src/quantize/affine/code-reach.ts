/** From counts of codes and scales to a bound of the error. */
import { decodeCode, type FloatFormat } from '../../core/float-formats.js';
import { boundOfCode } from '../floats/float-bound.js';

/** A value that a code stands for before scaling, and how far from it an input can lie, in units of the scale. */
export interface Reach {
  readonly value: number;
  readonly reach: number;
}

/** By magnitude of the code, to nearest; Infinity for codes that are not finite. `clamped` beyond the largest value. */
export function reachesOf(format: FloatFormat, clamped: number): Reach[] {
  const magnitudes = 2 ** (format.exponentBits + format.mantissaBits);
  return Array.from({ length: magnitudes }, (_, code) => {
    if (code > format.maxFiniteCode) return { value: 0, reach: Infinity };
    const reach = boundOfCode(code, format, 'halfEven');
    return {
      value: decodeCode(code, format),
      reach: code === format.maxFiniteCode ? Math.max(reach, clamped) : reach,
    };
  });
}

/** Sums bounds over elements. */
export class BoundSum {
  #maxAbs = 0;
  #squares = 0;

  add(bound: number, count: number): void {
    if (count === 0) return;
    this.#maxAbs = Math.max(this.#maxAbs, bound);
    this.#squares += count * bound * bound;
  }

  /** Each term of fewer than 2^32 rounds once in the sum, and each bound a few times: rounded up by more than that. */
  bound(): { maxAbs: number; l2: number } {
    return { maxAbs: this.#maxAbs * (1 + 2 ** -40), l2: Math.sqrt(this.#squares) * (1 + 2 ** -20) };
  }
}

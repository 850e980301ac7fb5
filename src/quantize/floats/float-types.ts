/** Tensors in small floats, without scales. */
import type { U16, U8 } from '../../core/arrays.js';
import type { SmallFloat } from '../../core/float-formats.js';
import type { Rounding } from '../../core/rounding.js';

/** A tensor stored as the codes of a small float. */
export interface FloatTensor {
  readonly kind: 'float';
  /** One per element for 16 and 8 bits; for 6 and 4 bits one little-endian bit stream over the whole tensor. */
  readonly codes: U16 | U8;
  readonly dtype: SmallFloat;
  readonly shape: readonly number[];
  /** How the codes were rounded, which the error bound depends on. */
  readonly rounding: Rounding;
  /** Largest distance by which a saturated value lay beyond what rounds to the largest finite value; 0 if none was. */
  readonly overflow: number;
}

/** What the singular value decompositions take and return. */
import type { F64 } from '../core/arrays.js';

/** A row-major float64 matrix: a tensor that every function of the library takes. */
export interface FloatMatrix {
  readonly data: F64;
  readonly shape: readonly [rows: number, columns: number];
  readonly dtype: 'float64';
}

/** `values`: singular values alone. `thin`: min(m, n) columns of u and v. `full`: square u and v. */
export type SvdKind = 'values' | 'thin' | 'full';

export interface SvdOptions {
  /** Default 'thin'. */
  readonly kind?: SvdKind;
}

export interface Svd {
  /** [m, min(m, n)], [m, m] for 'full', null for 'values'. The element of largest size in each column is positive, the first of equals. */
  readonly u: FloatMatrix | null;
  /** min(m, n) singular values, the largest first. */
  readonly s: F64;
  /** [n, min(m, n)], [n, n] for 'full', null for 'values': a = u diag(s) v^T. */
  readonly v: FloatMatrix | null;
  /** Frobenius norm of a - u diag(s) v^T over that of a: measured in float64, or for 'gram' a proved bound. null without vectors. */
  readonly residual: number | null;
  /** Largest |element| of u^T u - I and v^T v - I, measured or for 'gram' a proved bound. null without vectors. */
  readonly orthogonality: number | null;
  readonly algorithm: 'jacobi' | 'gram' | 'empty';
  /** Passes over all pairs of columns, the last of which found nothing to rotate. */
  readonly sweeps: number;
}

/** An Svd of `rank` columns with what is known of the rest. */
export interface PartialSvd {
  readonly u: FloatMatrix;
  readonly s: F64;
  readonly v: FloatMatrix;
  readonly residual: number;
  readonly orthogonality: number;
  readonly algorithm: 'jacobi' | 'gram' | 'randomized' | 'empty';
  readonly sweeps: number;
  /** relativeError: at least the Frobenius norm of a - u diag(s) v^T over that of a, whatever was rounded on the way; 0 for a = 0. */
  readonly certificate: { readonly relativeError: number };
}

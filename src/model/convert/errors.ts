/** The named defects of models to be converted; docs/formats.md says what each means. */
import { FormatError } from '../../core/errors.js';

export type ConvertErrorCode =
  | 'CONVERT_CONFIG'
  | 'CONVERT_ARCHITECTURE'
  | 'CONVERT_QUANTIZED'
  | 'CONVERT_ROPE'
  | 'CONVERT_TENSOR_MISSING'
  | 'CONVERT_TENSOR_UNKNOWN'
  | 'CONVERT_TENSOR_SHAPE'
  | 'CONVERT_TENSOR_TYPE'
  | 'CONVERT_TOKENIZER_MISSING'
  | 'CONVERT_TOKENIZER'
  | 'CONVERT_PRE_TOKENIZER'
  | 'CONVERT_FALLBACK'
  | 'CONVERT_IMATRIX';

export function convertError(
  code: ConvertErrorCode,
  place: string,
  expected: string,
  got: string,
  fix: string,
): FormatError {
  return new FormatError(code, `convert: ${place} expected ${expected}, got ${got} - ${fix}`);
}

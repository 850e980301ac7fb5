/** The named defects of GGUF and imatrix files; docs/formats.md says what each means and how to repair it. */
import { FormatError } from '../../core/errors.js';

export type GgufErrorCode =
  | 'GGUF_TOO_SHORT'
  | 'GGUF_MAGIC'
  | 'GGUF_BIG_ENDIAN'
  | 'GGUF_VERSION_1'
  | 'GGUF_VERSION'
  | 'GGUF_TENSOR_COUNT'
  | 'GGUF_KEY_COUNT'
  | 'GGUF_HEADER_TRUNCATED'
  | 'GGUF_HEADER_TOO_LARGE'
  | 'GGUF_STRING_LENGTH'
  | 'GGUF_UTF8'
  | 'GGUF_KEY_EMPTY'
  | 'GGUF_KEY_TOO_LONG'
  | 'GGUF_KEY_DUPLICATE'
  | 'GGUF_KEY_PROTO'
  | 'GGUF_NUL'
  | 'GGUF_VALUE_TYPE'
  | 'GGUF_ARRAY_NESTED'
  | 'GGUF_ARRAY_LENGTH'
  | 'GGUF_BOOL'
  | 'GGUF_ALIGNMENT'
  | 'GGUF_NAME_EMPTY'
  | 'GGUF_NAME_TOO_LONG'
  | 'GGUF_NAME_DUPLICATE'
  | 'GGUF_RANK'
  | 'GGUF_SHAPE'
  | 'GGUF_SHAPE_OVERFLOW'
  | 'GGUF_TYPE_UNKNOWN'
  | 'GGUF_TYPE_REMOVED'
  | 'GGUF_BLOCK'
  | 'GGUF_OFFSET'
  | 'GGUF_MISALIGNED'
  | 'GGUF_HOLE'
  | 'GGUF_OVERLAP'
  | 'GGUF_ORDER'
  | 'GGUF_PADDING'
  | 'GGUF_DATA_TRUNCATED'
  | 'GGUF_DATA_TRAILING'
  | 'GGUF_SPLIT_METADATA'
  | 'GGUF_SPLIT_NOT_FIRST'
  | 'GGUF_SPLIT_NAME'
  | 'GGUF_SPLIT_MISSING'
  | 'GGUF_SPLIT_PATH'
  | 'GGUF_SPLIT_TOO_MANY'
  | 'GGUF_SPLIT_TENSOR_COUNT'
  | 'GGUF_SPLIT_TENSOR_DUPLICATE'
  | 'GGUF_IMATRIX_METADATA'
  | 'GGUF_IMATRIX_PAIR'
  | 'GGUF_IMATRIX_TYPE'
  | 'GGUF_IMATRIX_SHAPE'
  | 'GGUF_IMATRIX_VALUE'
  | 'GGUF_IMATRIX_EMPTY'
  | 'GGUF_IMATRIX_COUNT'
  | 'GGUF_IMATRIX_TRUNCATED'
  | 'GGUF_IMATRIX_TRAILING'
  | 'GGUF_IMATRIX_DUPLICATE';

/** What most defects ask for. */
export const DAMAGED = 'the file is damaged or was written by a faulty tool: get it again';

/**
 * The FormatError of a defect, worded as everywhere.
 *
 * @param label who reads what, such as `readGguf: "bytes"`
 */
export function ggufError(
  code: GgufErrorCode,
  label: string,
  expected: string,
  got: string,
  fix: string = DAMAGED,
  offset: number | null = null,
): FormatError {
  return new FormatError(code, `${label} expected ${expected}, got ${got} - ${fix}`, offset);
}

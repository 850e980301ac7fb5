/** The named defects of a tfjs model; docs/formats.md says what each means and how to repair it. */
import { FormatError } from '../../core/errors.js';

export type TfjsErrorCode =
  | 'TFJS_JSON_TOO_LARGE'
  | 'TFJS_JSON'
  | 'TFJS_MODEL'
  | 'TFJS_FORMAT'
  | 'TFJS_MANIFEST'
  | 'TFJS_GROUP'
  | 'TFJS_PATHS'
  | 'TFJS_PATH'
  | 'TFJS_PATH_DUPLICATE'
  | 'TFJS_TOO_MANY_SHARDS'
  | 'TFJS_WEIGHTS'
  | 'TFJS_WEIGHT'
  | 'TFJS_NAME'
  | 'TFJS_NAME_DUPLICATE'
  | 'TFJS_DTYPE_UNKNOWN'
  | 'TFJS_DTYPE_UNSUPPORTED'
  | 'TFJS_SHAPE'
  | 'TFJS_SHAPE_OVERFLOW'
  | 'TFJS_QUANTIZATION'
  | 'TFJS_SHARD_MISSING'
  | 'TFJS_SHARD_LINK'
  | 'TFJS_DATA_SIZE'
  | 'TFJS_BOOL';

/** Where a defect is looked for: the public function, and the file if there is one. */
export interface Place {
  readonly fn: string;
  /** As it appears in messages, or null for models in memory. */
  readonly file: string | null;
}

/**
 * The FormatError of a defect, worded as everywhere.
 *
 * @param part which part of model.json, such as `weightsManifest[0].paths`: built from indices, never from the file's text
 */
export function tfjsError(
  code: TfjsErrorCode,
  { fn, file }: Place,
  part: string,
  expected: string,
  got: string,
  fix: string,
): FormatError {
  const where = file === null ? '' : ` of ${file}`;
  return new FormatError(code, `${fn}: "${part}"${where} expected ${expected}, got ${got} - ${fix}`);
}

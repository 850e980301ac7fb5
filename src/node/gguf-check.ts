/** Looking at the numbers of GGUF tensors, as llama.cpp does with `--check-tensors`. */
import { BLOCK_TYPES } from '../blocks/traits.js';
import type { BlockType } from '../blocks/types.js';
import { validateBlocks } from '../blocks/validate.js';
import { describe, NumericError, quote } from '../core/errors.js';
import type { GgufTensor } from '../formats/gguf/types.js';

/**
 * A `check` for openGguf, saveGguf, readGguf and writeGguf that refuses tensors no model can compute with: values that are not finite, blocks
 * whose scales or minima are not finite.
 *
 * Numerics: types without a rule (integers, Q8_1, Q8_K) pass. MXFP4 scales of code 255 and NVFP4 scales above 126 are refused, see validateBlocks.
 *
 * Cost: reads every value of floats, and a few bytes of every block.
 *
 * Compatible with: llama.cpp's `--check-tensors` (August 2026), which lets pass every scale of NVFP4.
 *
 * @param name of the tensor, for the message
 * @param tensor its stored bits
 * @throws NumericError with a code of validateBlocks (SCALE_NOT_FINITE ...) or VALUE_NOT_FINITE, and the index of the block or value.
 * @example
 * const model = await openGguf('model.gguf', { check: checkGgufTensor });
 * for (const name of model.entries.keys()) await model.read(name);
 * await model.close();
 * @see validateBlocks
 */
export function checkGgufTensor(name: string, tensor: GgufTensor): void {
  const { type, data } = tensor;
  if (type === 'F32' || type === 'F64') {
    const index = (data as Float32Array).findIndex((value) => !Number.isFinite(value));
    if (index >= 0) throw refused(name, 'finite values', describe(data[index]), 'VALUE_NOT_FINITE', index);
    return;
  }
  if (!Object.hasOwn(BLOCK_TYPES, type)) return;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const [problem] = validateBlocks(bytes, { type: type as BlockType });
  if (problem === undefined) return;
  throw refused(name, `sound ${type} data`, problem.message, problem.code, problem.block);
}

function refused(
  name: string,
  expected: string,
  got: string,
  code: string,
  index: number | null,
): NumericError {
  const place = index === null ? got : `${got} at ${index}`;
  const message = `checkGgufTensor: ${quote(name)} expected ${expected}, got ${place} - convert the model again`;
  return new NumericError(code, message, index);
}

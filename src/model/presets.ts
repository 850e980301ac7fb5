/** Recipes that have a name. */
import { checkChoice } from '../core/options.js';
import type { TensorSource } from '../core/source.js';
import type { Scheme } from '../compressed/schemes.js';
import type { Recipe } from './types.js';

/**
 * Where the output channels of a weight lie: PyTorch stores [out, in] and [out, in, height, width], TensorFlow [in, out] and
 * [height, width, in, out].
 */
const OUTPUT_AXIS: Readonly<Record<TensorSource['format'], number>> = { safetensors: 0, tfjs: -1 };

export type PresetName = 'int8' | 'int4-g32' | 'float16' | 'bfloat16' | 'tfjs-uint8' | 'tfjs-uint16';

const PRESETS: Readonly<Record<PresetName, (outputAxis: number) => Scheme>> = {
  int8: (outputAxis) => ({
    scheme: 'affine',
    bits: 8,
    granularity: { kind: 'axis', axis: outputAxis },
  }),
  'int4-g32': () => ({
    scheme: 'affine',
    bits: 4,
    granularity: { kind: 'group', axis: -1, groupSize: 32 },
    scaleDtype: 'float16',
  }),
  float16: () => ({ scheme: 'float', dtype: 'float16', overflow: 'throw' }),
  bfloat16: () => ({ scheme: 'float', dtype: 'bfloat16' }),
  'tfjs-uint8': () => ({ scheme: 'tfjs', dtype: 'uint8' }),
  'tfjs-uint16': () => ({ scheme: 'tfjs', dtype: 'uint16' }),
};

export const PRESET_NAMES: readonly PresetName[] = Object.keys(PRESETS) as PresetName[];

/**
 * Returns the recipe of a preset.
 *
 * - `int8`: symmetric codes with a float32 scale per output channel. About 3.9x smaller than float32.
 * - `int4-g32`: 4-bit codes in groups of 32 along the last axis with float16 scales, 4.5 bits per weight. About 7x smaller.
 * - `float16`, `bfloat16`: 2x smaller; a value that float16 cannot hold is an error.
 * - `tfjs-uint8`, `tfjs-uint16`: the affine types that tfjs loads by itself, one scale per tensor.
 *
 * @param name one of PRESET_NAMES
 * @param format of the model, which says where its output channels lie
 * @throws RangeError for an unknown name, with the nearest one.
 * @example
 * presetRecipe('int8', 'safetensors').scheme; // { scheme: 'affine', bits: 8, granularity: { kind: 'axis', axis: 0 } }
 */
export function presetRecipe(name: PresetName, format: TensorSource['format']): Recipe {
  checkChoice('presetRecipe', 'name', name, PRESET_NAMES);
  checkChoice('presetRecipe', 'format', format, ['safetensors', 'tfjs']);
  return { scheme: PRESETS[name](OUTPUT_AXIS[format]) };
}

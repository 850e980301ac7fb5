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

export type PresetName =
  | 'int8'
  | 'int4-g32'
  | 'float16'
  | 'bfloat16'
  | 'float8'
  | 'mxfp8'
  | 'mxfp6'
  | 'mxfp4'
  | 'nvfp4'
  | 'nf4'
  | 'nf4-nested'
  | 'tfjs-uint8'
  | 'tfjs-uint16';

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
  bfloat16: () => ({ scheme: 'float', dtype: 'bfloat16', overflow: 'throw' }),
  float8: (outputAxis) => ({
    scheme: 'float8',
    dtype: 'float8_e4m3fn',
    granularity: { kind: 'axis', axis: outputAxis },
  }),
  mxfp8: () => ({ scheme: 'mx', element: 'float8_e4m3fn' }),
  mxfp6: () => ({ scheme: 'mx', element: 'float6_e2m3fn' }),
  mxfp4: () => ({ scheme: 'mx', element: 'float4_e2m1fn' }),
  nvfp4: () => ({ scheme: 'nvfp4' }),
  nf4: () => ({ scheme: 'codebook', codebook: 'nf4', blockSize: 64 }),
  'nf4-nested': () => ({ scheme: 'codebook', codebook: 'nf4', blockSize: 64, doubleQuant: true }),
  'tfjs-uint8': () => ({ scheme: 'tfjs', dtype: 'uint8' }),
  'tfjs-uint16': () => ({ scheme: 'tfjs', dtype: 'uint16' }),
};

export const PRESET_NAMES: readonly PresetName[] = Object.keys(PRESETS) as PresetName[];

/**
 * Returns the recipe of a preset.
 *
 * - `int8`: symmetric codes with a float32 scale per output channel. About 3.9x smaller than float32.
 * - `int4-g32`: 4-bit codes in groups of 32 along the last axis with float16 scales, 4.5 bits per weight. About 7x smaller.
 * - `float16`, `bfloat16`: 2x smaller; a value beyond the type's range is an error.
 * - `float8`: float8_e4m3fn with a float32 scale per output channel. About 3.9x smaller.
 * - `mxfp8`, `mxfp6`, `mxfp4`: float8_e4m3fn, float6_e2m3fn and float4_e2m1fn in blocks of 32 along the last axis, which share a power of
 *   two: 8.25, 6.25 and 4.25 bits per weight. `nvfp4`: float4_e2m1fn in blocks of 16 with float8 scales, 4.5 bits per weight.
 * - `nf4`, `nf4-nested`: bitsandbytes' NF4 in blocks of 64 with float32 absmax, 4.5 bits per weight, or absmax in 8 bits, 4.13.
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

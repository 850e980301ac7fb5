/** The schemes of docs/edge-cases.md: every preset, and of every scheme at least the options that change what special values become. */
import { PRESET_NAMES, presetRecipe } from '../../src/model/presets.js';
import type { LossyScheme } from '../../src/compressed/schemes.js';
import { SMALL_FLOATS } from '../../src/core/float-formats.js';
import { MX_ELEMENTS } from './blocks.js';

export type Named = readonly [name: string, scheme: LossyScheme];

/** One list per scheme that a recipe can name; the test fails while a registered one has none. */
export const VARIANTS: Readonly<Record<string, readonly Named[]>> = {
  affine: [
    ['1 bit, asymmetric', { scheme: 'affine', bits: 1, mapping: 'asymmetric' }],
    ['2 bits, symmetricFull', { scheme: 'affine', bits: 2, mapping: 'symmetricFull' }],
    ['8 bits, asymmetric', { scheme: 'affine', bits: 8, mapping: 'asymmetric' }],
    ['16 bits', { scheme: 'affine', bits: 16 }],
    ['8 bits, float16 scales', { scheme: 'affine', bits: 8, scaleDtype: 'float16' }],
    ['8 bits, percentile', { scheme: 'affine', bits: 8, scaleMethod: 'percentile' }],
    ['4 bits, mse', { scheme: 'affine', bits: 4, scaleMethod: 'mse' }],
    ['4 bits, hqq', { scheme: 'affine', bits: 4, mapping: 'asymmetric', scaleMethod: 'hqq' }],
    ['8 bits, stochastic', { scheme: 'affine', bits: 8, rounding: 'stochastic' }],
    ['8 bits, saturate', { scheme: 'affine', bits: 8, nonFinite: 'saturate' }],
    [
      '4 bits, groups of 32, no tails',
      { scheme: 'affine', bits: 4, granularity: { kind: 'group', groupSize: 32 }, tail: 'throw' },
    ],
    ['8 bits, blocks', { scheme: 'affine', bits: 8, granularity: { kind: 'block', blockShape: [2, 32] } }],
    ['8 bits, per token', { scheme: 'affine', bits: 8, granularity: { kind: 'token' } }],
  ],
  codebook: [
    ['fp4', { scheme: 'codebook', codebook: 'fp4', blockSize: 64 }],
    ['af4', { scheme: 'codebook', codebook: 'af4', blockSize: 64 }],
    ['dynamic8', { scheme: 'codebook', codebook: 'dynamic8', blockSize: 64 }],
    ['nf4, saturate', { scheme: 'codebook', codebook: 'nf4', blockSize: 64, nonFinite: 'saturate' }],
    ['k-means, 16 levels', { scheme: 'codebook', codebook: { kmeans: 16 }, blockSize: null }],
    ['levels -1, 0, 1', { scheme: 'codebook', codebook: [-1, 0, 1], blockSize: null }],
  ],
  float: SMALL_FLOATS.flatMap((dtype): Named[] => [
    [dtype, { scheme: 'float', dtype }],
    [`${dtype}, saturate`, { scheme: 'float', dtype, overflow: 'saturate' }],
    [`${dtype}, throw`, { scheme: 'float', dtype, overflow: 'throw' }],
  ]),
  float8: [
    ['e4m3, one scale', { scheme: 'float8', dtype: 'float8_e4m3fn' }],
    ['e5m2, one scale', { scheme: 'float8', dtype: 'float8_e5m2' }],
  ],
  mx: [
    ...MX_ELEMENTS.map((element): Named => [element, { scheme: 'mx', element }]),
    ['float4_e2m1fn, rceil', { scheme: 'mx', element: 'float4_e2m1fn', scaleMode: 'rceil' }],
    ['float4_e2m1fn, propagate', { scheme: 'mx', element: 'float4_e2m1fn', nonFinite: 'propagate' }],
  ],
  nvfp4: [['one level', { scheme: 'nvfp4', levels: 1 }]],
  sparse: [
    ['half, bitmask', { scheme: 'sparse', sparsity: 0.5 }],
    ['half, csr', { scheme: 'sparse', sparsity: 0.5, format: 'csr' }],
    ['2:4', { scheme: 'sparse', keep: 2, of: 4 }],
  ],
  tfjs: [
    ['uint8', { scheme: 'tfjs', dtype: 'uint8' }],
    ['uint16', { scheme: 'tfjs', dtype: 'uint16' }],
  ],
};

/** Every row of the document: presets first. */
export function edgeSchemes(): Named[] {
  const presets = PRESET_NAMES.map((name): Named => {
    return [`\`${name}\``, presetRecipe(name, 'safetensors').scheme as LossyScheme];
  });
  const variants = Object.entries(VARIANTS).flatMap(([scheme, list]) =>
    list.map(([name, options]): Named => [`${scheme}: ${name}`, options]),
  );
  return [...presets, ...variants];
}

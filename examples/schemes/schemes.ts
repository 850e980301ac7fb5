/** The schemes that the guide "choose a scheme" compares, each as a function of a matrix [outputs, inputs]. */
import {
  byteSize,
  decompress,
  quantizeAffine,
  quantizeCodebook,
  quantizeFloat,
  quantizeFloat8,
  quantizeMx,
  quantizeNvfp4,
  type AffineOptions,
  type Bits,
  type Compressed,
} from 'tensorslim';
import { decodeBlocks, encodeBlocks, type BlockType } from 'tensorslim/blocks';
import { awq, gptq, scaleAxis } from 'tensorslim/quantize';
import type { Matrix } from './layer.js';

/** What a scheme makes of a matrix: its size, and the numbers that come back. */
export interface Outcome {
  readonly bytes: number;
  readonly values: Float32Array;
}

export interface Scheme {
  readonly name: string;
  /** `hessian`: second moments of the layer's inputs, for the schemes that calibrate. */
  readonly run: (w: Matrix, hessian: Float64Array) => Outcome;
}

type AffineChoice = Omit<AffineOptions, 'bits'>;

export const PER_ROW: AffineChoice = { granularity: { kind: 'axis', axis: 0 } };
export const GROUPS_OF_32 = {
  granularity: { kind: 'group', groupSize: 32 },
  scaleDtype: 'float16',
} as const;
export const GROUPS_OF_128: AffineChoice = {
  granularity: { kind: 'group', groupSize: 128 },
  scaleDtype: 'float16',
};
export const CLIPPED: AffineChoice = { ...GROUPS_OF_32, mapping: 'symmetricFull', scaleMethod: 'mse' };

/** Of anything that `compress` makes. */
export function outcomeOf(compressed: Compressed): Outcome {
  return { bytes: byteSize(compressed), values: decompress(compressed).data as Float32Array };
}

export function blocks(w: Matrix, type: BlockType): Outcome {
  const { bytes } = encodeBlocks(w, { type });
  return { bytes: bytes.length, values: decodeBlocks(bytes, { type, shape: w.shape }) as Float32Array };
}

const affine = (name: string, bits: Bits, choice: AffineChoice): Scheme => ({
  name,
  run: (w) => outcomeOf(quantizeAffine(w, { bits, ...choice })),
});

const ggml = (type: BlockType): Scheme => ({ name: `ggml ${type}`, run: (w) => blocks(w, type) });

const calibrated = (hessian: Float64Array, n: number) => ({
  ...GROUPS_OF_32,
  hessian: { data: hessian, shape: [n, n] },
});

const withGptq = (name: string, bits: 3 | 4): Scheme => ({
  name,
  run: (w, hessian) =>
    outcomeOf(
      gptq(w, { bits, ...calibrated(hessian, w.shape[1]), mapping: 'symmetricFull', refinePasses: 4 }).tensor,
    ),
});

const withAwq: Scheme = {
  name: 'int4 groups of 32, AWQ',
  run: (w, hessian) => {
    const { tensor, inputScale } = awq(w, { bits: 4, ...calibrated(hessian, w.shape[1]) });
    const { bytes, values } = outcomeOf(tensor);
    const scaled = scaleAxis({ data: values, shape: w.shape }, inputScale, { axis: -1 });
    return { bytes: bytes + inputScale.byteLength, values: scaled.data as Float32Array };
  },
};

export const SCHEMES: readonly Scheme[] = [
  { name: 'float16', run: (w) => outcomeOf(quantizeFloat(w, { dtype: 'float16' })) },
  { name: 'bfloat16', run: (w) => outcomeOf(quantizeFloat(w, { dtype: 'bfloat16' })) },
  affine('int8 per row', 8, PER_ROW),
  ggml('Q8_0'),
  { name: 'MXINT8', run: (w) => outcomeOf(quantizeMx(w, { element: 'int8' })) },
  {
    name: 'dynamic 8-bit, blocks of 4096',
    run: (w) => outcomeOf(quantizeCodebook(w, { codebook: 'dynamic8' })),
  },
  {
    name: 'float8 e4m3 per row',
    run: (w) => outcomeOf(quantizeFloat8(w, { granularity: { kind: 'axis', axis: 0 } })),
  },
  { name: 'MXFP8 e4m3', run: (w) => outcomeOf(quantizeMx(w, { element: 'float8_e4m3fn' })) },
  ggml('Q6_K'),
  { name: 'MXFP6 e2m3', run: (w) => outcomeOf(quantizeMx(w, { element: 'float6_e2m3fn' })) },
  ggml('Q5_K'),
  affine('int4 per row', 4, PER_ROW),
  affine('int4 groups of 128', 4, GROUPS_OF_128),
  affine('int4 groups of 32', 4, GROUPS_OF_32),
  affine('int4 groups of 32, clip search', 4, CLIPPED),
  affine('int4 groups of 32, asymmetric', 4, { ...GROUPS_OF_32, mapping: 'asymmetric' }),
  affine('the same, clip search', 4, { ...GROUPS_OF_32, mapping: 'asymmetric', scaleMethod: 'mse' }),
  affine('the same, HQQ', 4, { ...GROUPS_OF_32, mapping: 'asymmetric', scaleMethod: 'hqq' }),
  withAwq,
  withGptq('int4 groups of 32, GPTQ', 4),
  { name: 'NF4, blocks of 64', run: (w) => outcomeOf(quantizeCodebook(w, { codebook: 'nf4' })) },
  {
    name: 'NF4, blocks of 64, nested',
    run: (w) => outcomeOf(quantizeCodebook(w, { codebook: 'nf4', doubleQuant: true })),
  },
  { name: 'FP4, blocks of 64', run: (w) => outcomeOf(quantizeCodebook(w, { codebook: 'fp4' })) },
  { name: 'NVFP4', run: (w) => outcomeOf(quantizeNvfp4(w)) },
  { name: 'MXFP4', run: (w) => outcomeOf(quantizeMx(w, { element: 'float4_e2m1fn' })) },
  ggml('Q4_0'),
  ggml('Q4_K'),
  ggml('IQ4_XS'),
  {
    name: 'k-means, 16 levels',
    run: (w) => outcomeOf(quantizeCodebook(w, { codebook: { kmeans: 16 } })),
  },
  affine('int3 groups of 32', 3, GROUPS_OF_32),
  affine('int3 groups of 32, clip search', 3, CLIPPED),
  withGptq('int3 groups of 32, GPTQ', 3),
  ggml('Q3_K'),
  affine('int2 groups of 32, clip search', 2, CLIPPED),
  ggml('Q2_K'),
];

/** What a compressed tensor is, in words and as the numbers that its codes stand for. */
import { DTYPES } from '../core/dtype.js';
import type { SmallFloat } from '../core/float-formats.js';
import { kindOf, type Compressed } from '../compressed/kinds.js';
import type { SparseTensor } from '../prune/sparse-types.js';
import { decodeFloat } from '../quantize/floats/cast.js';
import { INT8_STEP, scaleValues } from '../quantize/floats/mx-tensor.js';
import type { AffineTensor, Granularity } from '../quantize/affine/affine-types.js';
import type { CodebookHeader } from '../quantize/codebook/codebook-types.js';
import { codebookHeaderLabel, codebookLabel, codebookLevels } from '../quantize/codebook/codebook-view.js';

/** More levels than this are a blur in any picture. */
const MAX_LEVELS = 256;

/** Such as 'int4 symmetricFull, groups of 32 along axis 1, float16 scales'. */
export function labelOf(c: Compressed): string {
  switch (c.kind) {
    case 'affine':
      return affineLabel(c);
    case 'codebook':
      return codebookLabel(c);
    case 'float':
      return c.dtype;
    case 'float8':
      return `${c.dtype}, ${granularityLabel(c.granularity)}, float32 scales`;
    case 'mx':
      return `mx ${c.element}, blocks of ${c.blockSize}, ${c.scaleMode}`;
    case 'nvfp4':
      return `nvfp4, ${c.levels === 1 ? 'one level' : 'two levels'}`;
    case 'sparse':
      return sparseLabel(c);
    case 'tfjs':
      return `tfjs ${c.dtype}`;
  }
}

/**
 * The label of a tensor of which only the stored header is known. Nothing in a file's header is trusted: where no label can be made, it
 * is the name of the kind, and of what the header holds nothing is longer than 80 characters.
 */
export function headerLabel(header: object): string {
  const { kind } = header as { readonly kind?: unknown };
  if (kindOf(kind) === null) return 'unknown';
  const label = labelOfHeader(header as Compressed | CodebookHeader);
  return typeof label === 'string' && label.length <= 80 ? label : (kind as string);
}

/** Text, if the header is sound. */
function labelOfHeader(header: Compressed | CodebookHeader): unknown {
  try {
    // The other headers are their tensors without the arrays, of which labels say nothing.
    return 'offset' in header ? codebookHeaderLabel(header) : labelOf(header);
  } catch {
    return null;
  }
}

function affineLabel({ bits, codeMin, mapping, granularity, scaleDtype }: AffineTensor): string {
  return `${codeMin < 0 ? '' : 'u'}int${bits} ${mapping}, ${granularityLabel(granularity)}, ${scaleDtype} scales`;
}

function sparseLabel(c: SparseTensor): string {
  if (c.format === 'nm') return `sparse ${c.keep}:${c.of}`;
  return c.format === 'bsr' ? `sparse bsr, blocks of ${c.blockShape.join(' x ')}` : `sparse ${c.format}`;
}

function granularityLabel(granularity: Granularity): string {
  switch (granularity.kind) {
    case 'tensor':
      return 'one scale';
    case 'axis':
      return `per axis ${granularity.axis}`;
    case 'group':
      return `groups of ${granularity.groupSize} along axis ${granularity.axis ?? -1}`;
    case 'block':
      return `blocks of ${granularity.blockShape.join(' x ')}`;
    case 'token':
      return 'per token';
  }
}

/** The numbers that the codes stand for, ascending, in the region with the largest scale; null where there are more than 256. */
export function levelsOf(c: Compressed): readonly number[] | null {
  switch (c.kind) {
    case 'affine':
      return affineLevels(c);
    case 'codebook':
      return codebookLevels(c);
    case 'float':
      return floatLevels(c.dtype, 1);
    case 'float8':
      return floatLevels(c.dtype, largestOf(c.scale));
    case 'mx': {
      const scale = largestOf(scaleValues(c.scales));
      return c.element === 'int8' ? int8Levels(scale * INT8_STEP) : floatLevels(c.element, scale);
    }
    case 'nvfp4': {
      const scales = decodeFloat(c.scales, 'float8_e4m3fn');
      return floatLevels('float4_e2m1fn', largestOf(scales) * c.tensorScale);
    }
    case 'sparse':
      return null;
    case 'tfjs':
      if (c.dtype !== 'uint8') return null;
      return Array.from({ length: MAX_LEVELS }, (_, code) => c.scale * code + c.min);
  }
}

/** The finite values of a type, times a scale. */
function floatLevels(dtype: SmallFloat, scale: number): readonly number[] | null {
  const { bits } = DTYPES[dtype];
  if (2 ** bits > MAX_LEVELS || scale === 0) return null;
  const values = decodeFloat(
    Uint8Array.from({ length: 2 ** bits }, (_, code) => code),
    dtype,
  );
  const finite = values.filter(Number.isFinite);
  return Array.from(new Set(Array.from(finite, (value) => value * scale))).sort((a, b) => a - b);
}

function int8Levels(step: number): readonly number[] | null {
  return step === 0 ? null : Array.from({ length: 255 }, (_, i) => (i - 127) * step);
}

/** The largest of the finite scales; 0 where there is none. */
function largestOf(scales: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < scales.length; i++) {
    if (scales[i] > largest && scales[i] < Infinity) largest = scales[i];
  }
  return largest;
}

function affineLevels({ bits, codeMin, codeMax, scale, zeroPoint }: AffineTensor): readonly number[] | null {
  if (2 ** bits > MAX_LEVELS || scale.length === 0) return null;
  let widest = 0;
  for (let r = 1; r < scale.length; r++) if (scale[r] > scale[widest]) widest = r;
  const zero = zeroPoint === null ? 0 : zeroPoint[widest];
  return Array.from({ length: codeMax - codeMin + 1 }, (_, i) => scale[widest] * (codeMin + i - zero));
}

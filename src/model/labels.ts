/** What a compressed tensor is, in words and as the numbers that its codes stand for. */
import { DTYPES } from '../core/dtype.js';
import type { Compressed } from '../compressed/kinds.js';
import { decodeFloat } from '../quantize/cast.js';
import type { AffineTensor, Granularity } from '../quantize/affine-types.js';

/** More levels than this are a blur in any picture. */
const MAX_LEVELS = 256;

/** Such as 'int4 symmetricFull, groups of 32 along axis 1, float16 scales'. */
export function labelOf(c: Compressed): string {
  switch (c.kind) {
    case 'affine':
      return affineLabel(c);
    case 'float':
      return c.dtype;
    case 'tfjs':
      return `tfjs ${c.dtype}`;
  }
}

function affineLabel({ bits, codeMin, mapping, granularity, scaleDtype }: AffineTensor): string {
  return `${codeMin < 0 ? '' : 'u'}int${bits} ${mapping}, ${granularityLabel(granularity)}, ${scaleDtype} scales`;
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
    case 'float': {
      const { bits } = DTYPES[c.dtype];
      if (2 ** bits > MAX_LEVELS) return null;
      const values = decodeFloat(
        Uint8Array.from({ length: 2 ** bits }, (_, code) => code),
        c.dtype,
      );
      return Array.from(new Set(values.filter(Number.isFinite))).sort((a, b) => a - b);
    }
    case 'tfjs':
      if (c.dtype !== 'uint8') return null;
      return Array.from({ length: MAX_LEVELS }, (_, code) => c.scale * code + c.min);
  }
}

function affineLevels({ bits, codeMin, codeMax, scale, zeroPoint }: AffineTensor): readonly number[] | null {
  if (2 ** bits > MAX_LEVELS || scale.length === 0) return null;
  let widest = 0;
  for (let r = 1; r < scale.length; r++) if (scale[r] > scale[widest]) widest = r;
  const zero = zeroPoint === null ? 0 : zeroPoint[widest];
  return Array.from({ length: codeMax - codeMin + 1 }, (_, i) => scale[widest] * (codeMin + i - zero));
}

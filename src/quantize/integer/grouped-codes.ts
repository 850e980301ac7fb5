/** Affine tensors as the integer kernels read them. */
import type { F32, I32, I8, U8 } from '../../core/arrays.js';
import type { GroupedCodes } from '../../kernels/integer/types.js';
import type { AffineTensor } from '../affine/affine-types.js';

/** The kernels' blocks: 32 codes of four bits fill one vector. */
const BLOCK = 32;

/**
 * The codes of a checked matrix in groups along its rows, or null where they do not lie so: other widths than 4 and 8 bits, float64 scales,
 * groups that are cut or not of whole blocks, regions that cross rows, zero points beyond the codes.
 */
export function groupedCodes(q: AffineTensor, regions: number): GroupedCodes | null {
  const [rows, columns] = q.shape;
  const group = groupOf(q);
  if (q.bits !== 4 && q.bits !== 8) return null;
  if (group === null || group % BLOCK !== 0 || columns % group !== 0) return null;
  if (!(q.scale instanceof Float32Array) || !hasZeroPointsInside(q)) return null;
  // Codes of four bits lie as code - codeMin, and so do their zero points.
  const lowest = q.bits === 4 ? q.codeMin : 0;
  const isShared = regions === 1 && rows > 1;
  const scale: F32 = isShared ? new Float32Array((rows * columns) / group).fill(q.scale[0]) : q.scale;
  const { zeroPoint } = q;
  const zeros = zeroPoint === null || isShared ? null : zeroPoint;
  return {
    bits: q.bits,
    codes: q.codes as I8 | U8,
    scale,
    offsets: zeros === null || lowest === 0 ? zeros : Int32Array.from(zeros, (zero) => zero - lowest),
    offset: (zeroPoint === null ? 0 : zeroPoint[0]) - lowest,
    rows,
    columns,
    group,
  };
}

/** Elements of a row that share a scale, or null where rows are not cut that way. */
function groupOf({ granularity, shape }: AffineTensor): number | null {
  const columns = shape[1];
  switch (granularity.kind) {
    case 'tensor':
    case 'token':
      return columns;
    case 'axis':
      return granularity.axis === 0 ? columns : null;
    case 'group': {
      const { axis = 1, groupSize } = granularity;
      return axis === 1 || axis === -1 ? Math.min(groupSize, columns) : null;
    }
    case 'block':
      return null;
  }
}

function hasZeroPointsInside({ zeroPoint, codeMin, codeMax }: AffineTensor): boolean {
  const list: I32 = zeroPoint ?? new Int32Array(0);
  return list.every((zero) => zero >= codeMin && zero <= codeMax);
}

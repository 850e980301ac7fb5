/** How an AffineTensor shows itself. */
import { picturedAs, previewOf, type Pictured } from '../core/inspect.js';
import type { AffineTensor } from './affine-types.js';

/** Gives the record its printed form and pictures. */
export function affineTensor(q: AffineTensor): AffineTensor & Pictured {
  return picturedAs(q, { print, toSVG: () => '', toHTML: () => '' });
}

function print({ bits, mapping, granularity, shape, codes, scale, scaleDtype }: AffineTensor): string {
  const scales = `${scale.length} ${scaleDtype} scale${scale.length === 1 ? '' : 's'}`;
  const head = `AffineTensor ${bits}-bit ${mapping} per ${granularity.kind} [${shape.join(', ')}]`;
  return `${head}, ${codes.byteLength} bytes of codes, ${scales}: ${previewOf(scale, 4)}`;
}

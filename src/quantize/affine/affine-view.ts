/** How an AffineTensor shows itself. */
import { factsHtml } from '../../core/facts.js';
import { bytesFigure, fixedFigure, numberFigure } from '../../core/figures.js';
import { countBins, type Histogram } from '../../core/histogram.js';
import { picturedAs, previewOf, type Pictured } from '../../core/inspect.js';
import { elementCount } from '../../core/shape.js';
import { drawHistogram } from '../../core/svg-histogram.js';
import { DTYPES } from '../../core/dtype.js';
import { affineErrorBound } from './affine-bound.js';
import { checkAffineTensor, unpackCodes } from './affine-tensor.js';
import type { AffineTensor } from './affine-types.js';

/** Gives the record its printed form and pictures. */
export function affineTensor(q: AffineTensor): AffineTensor & Pictured {
  return picturedAs(q, { print, toSVG, toHTML });
}

function headOf({ bits, mapping, granularity, shape }: AffineTensor): string {
  return `AffineTensor ${bits}-bit ${mapping} per ${granularity.kind} [${shape.join(', ')}]`;
}

function print(q: AffineTensor): string {
  const { codes, scale, scaleDtype } = q;
  const scales = `${scale.length} ${scaleDtype} scale${scale.length === 1 ? '' : 's'}`;
  return `${headOf(q)}, ${codes.byteLength} bytes of codes, ${scales}: ${previewOf(scale, 4)}`;
}

function toSVG(q: AffineTensor): string {
  checkAffineTensor('toSVG', q);
  const codes = unpackCodes(q, elementCount(q.shape, 'toSVG'));
  const title = `${q.bits}-bit codes of [${q.shape.join(', ')}]`;
  return drawHistogram(codeCounts(codes, q), { title, xLabel: 'code', isWhole: true });
}

/** One bin per code, from half a code below the first to half a code above the last; 128 bins for 16 bits. */
function codeCounts(codes: ArrayLike<number>, { bits, codeMin, codeMax }: AffineTensor): Histogram {
  if (bits === 16) return countBins(codes, 128);
  const counts = new Array<number>(codeMax - codeMin + 1).fill(0);
  for (let i = 0; i < codes.length; i++) counts[codes[i] - codeMin]++;
  return { min: codeMin - 0.5, max: codeMax + 0.5, counts };
}

function toHTML(q: AffineTensor): string {
  const { scale, scaleDtype, zeroPoint, codes, overflow } = q;
  const size = elementCount(q.shape, 'toHTML');
  const zeroBytes = zeroPoint === null ? 0 : zeroPoint.byteLength;
  const bytes = codes.byteLength + (scale.length * DTYPES[scaleDtype].bits) / 8 + zeroBytes;
  const { min, max } = countBins(scale, 1);
  const range = min === max ? numberFigure(min) : `${numberFigure(min)} to ${numberFigure(max)}`;
  const facts: [string, string][] = [
    ['scales', `${scale.length} ${scaleDtype}, ${range}`],
    ['bytes', bytesFigure(bytes)],
    ['bits per weight', size === 0 ? 'none' : fixedFigure((bytes * 8) / size, 3)],
    ['largest error, proved', numberFigure(affineErrorBound(q).maxAbs)],
  ];
  // Clipping in quantizeAffine; in GPTQ the errors of other weights that this one makes good.
  if (overflow > 0) facts.push(['error beyond rounding, at most', numberFigure(overflow)]);
  return factsHtml(headOf(q), facts, toSVG(q));
}

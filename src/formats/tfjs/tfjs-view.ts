/** How a TfjsTensor shows itself. */
import { factsHtml } from '../../core/facts.js';
import { bytesFigure, fixedFigure, numberFigure } from '../../core/figures.js';
import { countBins, type Histogram } from '../../core/histogram.js';
import { previewOf, type Views } from '../../core/inspect.js';
import { drawHistogram } from '../../core/svg-histogram.js';
import type { TfjsTensor } from './types.js';

/** The views of a TfjsTensor, given what checks one and what proves its bound: tfjs-tensor.ts has both and makes such tensors. */
export function tfjsViews(
  check: (fn: string, q: TfjsTensor) => number,
  boundOf: (q: TfjsTensor) => { readonly maxAbs: number },
): Views<TfjsTensor> {
  const toSVG = (q: TfjsTensor): string => {
    check('toSVG', q);
    const title = `${q.dtype} codes of [${q.shape.join(', ')}]`;
    return drawHistogram(codeCounts(q), { title, xLabel: 'code', isWhole: true });
  };
  return {
    print: (q) => `${headOf(q)}, ${q.codes.byteLength} bytes: ${previewOf(q.codes)}`,
    toSVG,
    toHTML: (q) => {
      const size = check('toHTML', q);
      const bytes = q.codes.byteLength;
      const facts: [string, string][] = [
        ['scale', numberFigure(q.scale)],
        ['min', numberFigure(q.min)],
        ['bytes', bytesFigure(bytes)],
        ['bits per weight', size === 0 ? 'none' : fixedFigure((bytes * 8) / size, 3)],
        ['largest error, proved', numberFigure(boundOf(q).maxAbs)],
      ];
      return factsHtml(headOf(q), facts, toSVG(q));
    },
  };
}

function headOf({ dtype, shape }: TfjsTensor): string {
  return `TfjsTensor ${dtype} [${shape.join(', ')}]`;
}

/** One bin per code, from half a code below the first to half a code above the last; 128 bins for 16 bits. */
function codeCounts({ codes, dtype }: TfjsTensor): Histogram {
  if (dtype === 'uint16') return countBins(codes, 128);
  const counts = new Array<number>(256).fill(0);
  for (let i = 0; i < codes.length; i++) counts[codes[i]]++;
  return { min: -0.5, max: 255.5, counts };
}

/** How a FloatTensor shows itself. */
import type { F32 } from '../../core/arrays.js';
import { factsHtml } from '../../core/facts.js';
import { bytesFigure, fixedFigure, numberFigure } from '../../core/figures.js';
import { countBins } from '../../core/histogram.js';
import { previewOf, type Views } from '../../core/inspect.js';
import { drawHistogram } from '../../core/svg-histogram.js';
import type { FloatTensor } from './float-types.js';

/** The views of a FloatTensor, given what decodes one and what proves its bound: float-tensor.ts has both and makes such tensors. */
export function floatViews(
  decode: (c: FloatTensor) => F32,
  boundOf: (c: FloatTensor) => { readonly maxAbs: number },
): Views<FloatTensor> {
  const toSVG = (c: FloatTensor): string =>
    drawHistogram(countBins(decode(c), 64), {
      title: `${c.dtype} values of [${c.shape.join(', ')}]`,
      xLabel: 'value',
    });
  return {
    print: (c) => `${headOf(c)}, ${c.codes.byteLength} bytes: ${previewOf(c.codes)}`,
    toSVG,
    toHTML: (c) => {
      const values = decode(c);
      const bytes = c.codes.byteLength;
      const facts: [string, string][] = [
        ['bytes', bytesFigure(bytes)],
        ['bits per weight', values.length === 0 ? 'none' : fixedFigure((bytes * 8) / values.length, 3)],
        ['rounding', c.rounding],
        ['largest error, proved', numberFigure(boundOf(c).maxAbs)],
      ];
      return factsHtml(headOf(c), facts, toSVG(c));
    },
  };
}

function headOf({ dtype, shape }: FloatTensor): string {
  return `FloatTensor ${dtype} [${shape.join(', ')}]`;
}

/** How tensors of small floats with scales show themselves: a line with the first scales, a histogram of their values, and facts. */
import type { F32 } from '../core/arrays.js';
import { factsHtml } from '../core/facts.js';
import { bytesFigure, fixedFigure, numberFigure } from '../core/figures.js';
import { countBins } from '../core/histogram.js';
import { picturedAs, previewOf, type Pictured } from '../core/inspect.js';
import { drawHistogram } from '../core/svg-histogram.js';

/** What the views ask of a kind. */
export interface Coded<T> {
  /** Such as 'MxTensor float4_e2m1fn [4, 64]'. */
  readonly head: (c: T) => string;
  /** Bytes of codes and scales. */
  readonly bytes: (c: T) => number;
  /** One per block or region, as real numbers. */
  readonly scales: (c: T) => F32;
  readonly decode: (c: T) => F32;
  readonly boundOf: (c: T) => { readonly maxAbs: number };
  /** What else there is to say, such as ['scales', '8 float8_e8m0fnu']. */
  readonly facts: (c: T) => [string, string][];
}

/** Gives the record its printed form and pictures. */
export function codedTensor<T extends { readonly shape: readonly number[] }>(
  c: T,
  { head, bytes, scales, decode, boundOf, facts }: Coded<T>,
): T & Pictured {
  const toSVG = (record: T): string =>
    drawHistogram(countBins(decode(record), 64), { title: `values of ${head(record)}`, xLabel: 'value' });
  return picturedAs(c, {
    print: (record) => {
      const all = scales(record);
      const count = `${all.length} scale${all.length === 1 ? '' : 's'}`;
      return `${head(record)}, ${bytes(record)} bytes, ${count}: ${previewOf(all, 4)}`;
    },
    toSVG,
    toHTML: (record) => {
      const size = decode(record).length;
      const all: [string, string][] = [
        ...facts(record),
        ['bytes', bytesFigure(bytes(record))],
        ['bits per weight', size === 0 ? 'none' : fixedFigure((bytes(record) * 8) / size, 3)],
        ['largest error, proved', numberFigure(boundOf(record).maxAbs)],
      ];
      return factsHtml(head(record), all, toSVG(record));
    },
  });
}

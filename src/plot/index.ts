export { histogram, type Histogram, type HistogramOptions } from '../core/histogram.js';
export { barsSvg, type Bar, type BarsOptions } from './bars.js';
export { curveSvg, type CurveOptions, type CurvePoint, type Series } from './curve.js';
export { histogramSvg, type HistogramSvgOptions } from './histogram-svg.js';

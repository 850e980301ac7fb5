/** The picture of a histogram, with the quantization grid over it. */
import { countFigure, numberFigure } from './figures.js';
import type { Histogram } from './histogram.js';
import { at, svgElement, svgPath, textWidth } from './svg.js';
import { bottomLabels, bottomTitle, horizontalRules, svgTitle } from './svg-axes.js';
import { linearScale, type Scale, type Tick } from './svg-scale.js';

export interface HistogramPicture {
  readonly title: string;
  /** Values that codes stand for, drawn as lines over the bars; those that are not finite are left out. */
  readonly levels?: readonly number[];
  /** What the values are. */
  readonly xLabel?: string;
  /** Pixels. Defaults 480 and 220. */
  readonly width?: number;
  readonly height?: number;
  /** The values are whole numbers: no tick between them. Default false. */
  readonly isWhole?: boolean;
  /** Without title and axis of counts, for many small pictures that the page names. Default false. */
  readonly isCompact?: boolean;
  readonly isStyled?: boolean;
}

/** More levels than this are ticks below the axis: lines would hide the bars. */
const MAX_LINES = 33;

export function drawHistogram(histogram: Histogram, picture: HistogramPicture): string {
  const {
    title,
    xLabel = '',
    width = 480,
    height = 220,
    isWhole = false,
    isCompact = false,
    isStyled = true,
  } = picture;
  const levels = (picture.levels ?? []).filter(Number.isFinite);
  const { min, max, counts } = histogram;
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  const top = isCompact ? 8 : 38;
  const bottom = height - (xLabel === '' ? 26 : 44);
  const y = linearScale([0, Math.max(most, 1)], [bottom, top], 4);
  const yTicks = isCompact ? [] : wholeTicks(y, most);
  const left = isCompact ? 10 : 18 + Math.max(0, ...yTicks.map(({ label }) => textWidth(label)));
  const x = linearScale(reach(min, max, levels), [left, width - 12], isCompact ? 5 : 6);
  const isRug = levels.length > MAX_LINES;
  const body = [
    isCompact ? '' : svgTitle(title, 12, width),
    ...horizontalRules(y, yTicks, [left, width - 12]),
    svgPath('ts-bar', outline(histogram, x, y, bottom)),
    levels.length === 0
      ? ''
      : svgPath('ts-level', marks(levels, x, isRug ? bottom + 1 : top, isRug ? bottom + 6 : bottom)),
    svgPath('ts-axis', `M${at(left)} ${at(bottom)}H${at(width - 12)}`),
    ...bottomLabels(isWhole ? wholeOnly(x) : x, bottom + 18, width),
    bottomTitle(xLabel, [left, width - 12], height - 10),
  ];
  return svgElement({
    width,
    height,
    title,
    description: descriptionOf(histogram, levels),
    body: body.join(''),
    isStyled,
  });
}

function descriptionOf({ min, max, counts }: Histogram, levels: readonly number[]): string {
  const total = counts.reduce((a, b) => a + b, 0);
  const bins = `${counts.length} ${counts.length === 1 ? 'bin' : 'bins'}`;
  const grid = levels.length === 0 ? '' : ` Lines mark ${levels.length} quantization levels.`;
  return `Histogram of ${countFigure(total)} values from ${numberFigure(min)} to ${numberFigure(max)} in ${bins}.${grid}`;
}

/** The range that shows all bars and all levels; a single value gets room on both sides. */
function reach(min: number, max: number, levels: readonly number[]): [min: number, max: number] {
  let low = min;
  let high = max;
  for (const level of levels) {
    low = Math.min(low, level);
    high = Math.max(high, level);
  }
  if (low < high) return [low, high];
  const room = low === 0 ? 1 : Math.min(Math.abs(low) / 2, Number.MAX_VALUE - Math.abs(low));
  return [low - room, high + room];
}

/** The bars as one outline; a single bin is a bar of 12 pixels around its value. */
function outline({ min, max, counts }: Histogram, x: Scale, y: Scale, bottom: number): string {
  const isOne = !(max > min);
  const begin = x.position(min) - (isOne ? 6 : 0);
  const step = isOne ? 12 : (x.position(max) - begin) / counts.length;
  let d = `M${at(begin)} ${at(bottom)}`;
  counts.forEach((count, i) => {
    d += `V${at(y.position(count))}H${at(begin + (i + 1) * step)}`;
  });
  return `${d}V${at(bottom)}Z`;
}

function marks(levels: readonly number[], x: Scale, from: number, to: number): string {
  return levels.map((level) => `M${at(x.position(level))} ${at(from)}V${at(to)}`).join('');
}

function wholeOnly(scale: Scale): Scale {
  return {
    ...scale,
    ticks: scale.ticks
      .filter(({ value }) => Number.isInteger(value))
      .map(({ value }) => ({ value, label: numberFigure(value) })),
  };
}

function wholeTicks(y: Scale, most: number): Tick[] {
  return y.ticks
    .filter(({ value }) => Number.isInteger(value) && (most > 0 || value === 0))
    .map(({ value }) => ({ value, label: countFigure(value) }));
}

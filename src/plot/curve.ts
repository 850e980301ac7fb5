/** Curves: error against bits, and whatever else depends on one number. */
import { typeError } from '../core/errors.js';
import { numberFigure } from '../core/figures.js';
import { checkChoice, isPlainObject } from '../core/options.js';
import { at, fitText, SERIES_COLOURS, svgElement, svgPath, svgText, textWidth } from '../core/svg.js';
import { bottomLabels, bottomTitle, horizontalRules, svgTitle } from '../core/svg-axes.js';
import { linearScale, logScale, type Scale } from '../core/svg-scale.js';
import { checkSize, checkText, withDefaults } from './checks.js';

export type CurvePoint = readonly [x: number, y: number];

export interface Series {
  readonly name: string;
  /** In the order in which they are joined. */
  readonly points: readonly CurvePoint[];
}

export type AxisScale = 'linear' | 'log';

export interface CurveOptions {
  /** Default 'Curve'. */
  readonly title?: string;
  /** What the numbers are. Default none. */
  readonly xLabel?: string;
  readonly yLabel?: string;
  /** Default 'linear'. */
  readonly xScale?: AxisScale;
  readonly yScale?: AxisScale;
  /** Pixels, 200 to 4000. Defaults 560 and 320. */
  readonly width?: number;
  readonly height?: number;
}

/** Share of the width that names may take. */
const NAME_SHARE = 0.3;
const LINE = 16;
const TICKS = 5;
const DEFAULTS: Required<CurveOptions> = {
  title: 'Curve',
  xLabel: '',
  yLabel: '',
  xScale: 'linear',
  yScale: 'linear',
  width: 560,
  height: 320,
};

/**
 * Returns curves as one SVG element: a line with dots per series, its name at its end.
 *
 * Numerics: points that are not finite, or not above 0 on a logarithmic axis, are left out and leave a gap; the description counts them.
 *
 * @param data [x, y] points, or several named series of them
 * @param options title, labels, scales ...
 * @throws TypeError or RangeError for arguments.
 * @example
 * const error = [[2, 0.2], [4, 0.03], [8, 0.002]] as const;
 * const svg = curveSvg([{ name: 'per tensor', points: error }], { xLabel: 'bits', yLabel: 'error', yScale: 'log' });
 * svg.includes('per tensor'); // true
 */
export function curveSvg(data: readonly CurvePoint[] | readonly Series[], options?: CurveOptions): string {
  const fn = 'curveSvg';
  const given = withDefaults(fn, options, DEFAULTS);
  const series = checkSeries(fn, data);
  const title = checkText(fn, 'title', given.title);
  const xLabel = checkText(fn, 'xLabel', given.xLabel);
  const yLabel = checkText(fn, 'yLabel', given.yLabel);
  const xScale = checkChoice(fn, 'xScale', given.xScale, ['linear', 'log']);
  const yScale = checkChoice(fn, 'yScale', given.yScale, ['linear', 'log']);
  const width = checkSize(fn, 'width', given.width);
  const height = checkSize(fn, 'height', given.height);
  const canShow = ([x, y]: CurvePoint): boolean =>
    Number.isFinite(x) &&
    Number.isFinite(y) &&
    (xScale === 'linear' || x > 0) &&
    (yScale === 'linear' || y > 0);
  const all = series.flatMap(({ points }) => points.filter(canShow));
  const names = series.map(({ name }) => fitText(name, width * NAME_SHARE));
  const top = yLabel === '' ? 38 : 58;
  const bottom = height - (xLabel === '' ? 30 : 48);
  const y = axis(
    all.map(([, y]) => y),
    yScale,
    [bottom, top],
    0.06,
  );
  const left = 20 + Math.max(0, ...y.ticks.map(({ label }) => textWidth(label)));
  const right = width - 20 - Math.max(0, ...names.map(textWidth));
  const x = axis(
    all.map(([x]) => x),
    xScale,
    [left, right],
    0.02,
  );
  const body = [
    svgTitle(title, 12, width),
    yLabel === '' ? '' : svgText(12, 42, fitText(yLabel, width - 24), 'ts-muted ts-small'),
    ...horizontalRules(y, y.ticks, [left, right]),
    svgPath('ts-axis', `M${at(left)} ${at(bottom)}H${at(right)}`),
    ...bottomLabels(x, bottom + 18, width),
    bottomTitle(xLabel, [left, right], height - 10),
    ...series.map(({ points }, i) => line(points, canShow, x, y, i)),
    ...endNames(series, names, canShow, y, [top, bottom], right + 10),
  ];
  return svgElement({
    width,
    height,
    title,
    description: descriptionOf(series, canShow),
    body: body.join(''),
  });
}

function checkSeries(fn: string, data: unknown): readonly Series[] {
  const expected = 'an array of [x, y] points or of {name, points}';
  if (!Array.isArray(data))
    throw typeError(fn, 'data', expected, data, 'pass for example [[4, 0.03], [8, 0.002]]');
  const list = data as readonly unknown[];
  if (list.some(Array.isArray)) {
    checkPoints(fn, 'data', list);
    return [{ name: '', points: list as readonly CurvePoint[] }];
  }
  list.forEach((one, i) => {
    if (!isPlainObject(one) || typeof (one as Partial<Series>).name !== 'string') {
      throw typeError(fn, `data[${i}]`, '{name, points}', one, 'name every series');
    }
    checkPoints(fn, `data[${i}].points`, (one as Partial<Series>).points);
  });
  return list as readonly Series[];
}

function checkPoints(fn: string, argument: string, points: unknown): void {
  if (!Array.isArray(points)) throw typeError(fn, argument, 'an array of [x, y]', points, 'pass points');
  points.forEach((point: unknown, i) => {
    const isPoint = Array.isArray(point) && point.length === 2 && point.every((n) => typeof n === 'number');
    if (!isPoint)
      throw typeError(fn, `${argument}[${i}]`, 'a point [x, y] of two numbers', point, 'pass pairs');
  });
}

/** The scale that shows all `values`, with `room` beside them as a share of their range. */
function axis(
  values: readonly number[],
  scale: AxisScale,
  ends: readonly [start: number, end: number],
  room: number,
): Scale {
  return (scale === 'log' ? logScale : linearScale)(rangeOf(values, scale, room), ends, TICKS);
}

/** From the smallest to the largest value with a little room; [0, 1] or [1, 10] where there is none. */
function rangeOf(values: readonly number[], scale: AxisScale, room: number): [min: number, max: number] {
  const min = values.reduce((a, b) => Math.min(a, b), Infinity);
  const max = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(max >= min)) return scale === 'log' ? [1, 10] : [0, 1];
  if (scale === 'log') {
    const factor = max > min ? Math.pow(max / min, room) : 2;
    return [Math.max(min / factor, Number.MIN_VALUE), Math.min(max * factor, Number.MAX_VALUE)];
  }
  const margin = max > min ? (max - min) * room : Math.abs(max) / 2 || 1;
  return [Math.max(min - margin, -Number.MAX_VALUE), Math.min(max + margin, Number.MAX_VALUE)];
}

/** Runs of points that can be shown, joined; each also a dot, so that a point between two gaps is seen. */
function line(
  points: readonly CurvePoint[],
  canShow: (point: CurvePoint) => boolean,
  x: Scale,
  y: Scale,
  index: number,
): string {
  let path = '';
  let dots = '';
  let isJoined = false;
  for (const point of points) {
    if (!canShow(point)) {
      isJoined = false;
      continue;
    }
    const place = `${at(x.position(point[0]))} ${at(y.position(point[1]))}`;
    path += `${isJoined ? 'L' : 'M'}${place}`;
    dots += `M${place}h0`;
    isJoined = true;
  }
  if (path === '') return '';
  const colour = `ts-${index % SERIES_COLOURS}`;
  return svgPath(`ts-line ${colour}`, path) + svgPath(`ts-dot ${colour}`, dots);
}

/** The names beside the last points, moved apart until none overlap. */
function endNames(
  series: readonly Series[],
  names: readonly string[],
  canShow: (point: CurvePoint) => boolean,
  y: Scale,
  [top, bottom]: readonly [number, number],
  left: number,
): string[] {
  const labels = series
    .map(({ points }, index) => ({ index, last: points.filter(canShow).at(-1) }))
    .flatMap(({ index, last }) => (last === undefined ? [] : [{ index, at: y.position(last[1]) }]))
    .sort((a, b) => a.at - b.at || a.index - b.index);
  // Down from the top, then up from the bottom: each keeps a line's distance to the next.
  let free = top;
  for (const label of labels) {
    label.at = Math.max(label.at, free);
    free = label.at + LINE;
  }
  let limit = bottom;
  for (const label of [...labels].reverse()) {
    label.at = Math.min(label.at, limit);
    limit = label.at - LINE;
  }
  return labels.map(({ index, at: height }) => {
    if (names[index] === '') return '';
    const key = svgPath(`ts-dot ts-${index % SERIES_COLOURS}`, `M${at(left)} ${at(height)}h0`);
    return key + svgText(left + 8, height + 4, names[index], 'ts-small');
  });
}

function descriptionOf(series: readonly Series[], canShow: (point: CurvePoint) => boolean): string {
  const parts = series.map(({ name, points }) => {
    const shown = points.filter(canShow);
    const hidden = points.length - shown.length;
    const ends = [shown[0], shown.at(-1)].map((p) =>
      p === undefined ? 'nothing' : `(${numberFigure(p[0])}, ${numberFigure(p[1])})`,
    );
    const gaps = hidden === 0 ? '' : `, ${hidden} not shown`;
    return `${name === '' ? 'Curve' : name}: from ${ends[0]} to ${ends[1]}${gaps}.`;
  });
  return parts.length === 0 ? 'No curves.' : parts.join(' ');
}

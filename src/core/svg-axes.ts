/** Axes: rules with labels at their left, labels along the bottom, and the title above. */
import { at, svgPath, svgText, textWidth, fitText } from './svg.js';
import type { Scale, Tick } from './svg-scale.js';

/** How much wider than at 11 px, regular, a title of 13 px, semibold, is. */
const TITLE_STRETCH = 1.3;

/** The title at the top left, its middle left out where it is too long. */
export function svgTitle(title: string, x: number, width: number): string {
  return svgText(x, 22, fitText(title, (width - 2 * x) / TITLE_STRETCH), 'ts-title');
}

/** A faint line from `left` to `right` at every tick, with its label before it. */
export function horizontalRules(
  scale: Scale,
  ticks: readonly Tick[],
  [left, right]: readonly [left: number, right: number],
): string[] {
  return ticks.map(({ value, label }) => {
    const y = scale.position(value);
    const rule = svgPath('ts-rule', `M${at(left)} ${at(y)}H${at(right)}`);
    return rule + svgText(left - 8, y + 4, label, 'ts-muted ts-small', 'end');
  });
}

/** Labels along the bottom; one that would touch its left neighbour or an edge is moved inside or left out. */
export function bottomLabels(scale: Scale, baseline: number, width: number): string[] {
  const shown: string[] = [];
  let free = 2;
  for (const { value, label } of scale.ticks) {
    const half = textWidth(label) / 2;
    const middle = Math.max(half + 2, Math.min(scale.position(value), width - half - 2));
    if (middle - half < free) continue;
    shown.push(svgText(middle, baseline, label, 'ts-muted ts-small', 'middle'));
    free = middle + half + 8;
  }
  return shown;
}

/** What the numbers along the bottom are, in the middle below them. */
export function bottomTitle(
  title: string,
  [left, right]: readonly [left: number, right: number],
  baseline: number,
): string {
  if (title === '') return '';
  return svgText((left + right) / 2, baseline, fitText(title, right - left), 'ts-muted ts-small', 'middle');
}

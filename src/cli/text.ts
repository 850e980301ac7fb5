/** Text for a terminal: safe to print, of known width, cut to fit. */
import { bytesFigure, ratioFigure } from '../core/figures.js';

/** Characters that control, format or reorder text, and halves of pairs: a tensor's name must not steer the terminal. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** East Asian wide and full-width characters and pictographs take two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** Almost every name: one column per character, and fifty times as fast to measure. */
const ASCII = /^[\x20-\x7e]*$/;
const COMBINING = /\p{Mn}|\p{Me}/u;
const ELLIPSIS = '…';

/** `text` on one line, with everything that could steer a terminal written as an escape. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const hex = Number(character.codePointAt(0)).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}

function characterWidth(character: string): number {
  if (WIDE.test(character)) return 2;
  return COMBINING.test(character) ? 0 : 1;
}

/** Columns that `text` takes in a terminal. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** `text` in at most `width` columns; what does not fit is left out of the middle: beginnings and ends of names tell most. */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return '';
  const tailWidth = Math.floor((width - 1) / 2);
  const characters = Array.from(text);
  const head = fitting(characters, width - 1 - tailWidth);
  const tail = fitting(characters.reverse(), tailWidth).reverse();
  return [...head, ELLIPSIS, ...tail].join('');
}

/** The first characters, as many as fit into `width` columns. */
function fitting(characters: readonly string[], width: number): string[] {
  let used = 0;
  let count = 0;
  while (count < characters.length && used + characterWidth(characters[count]) <= width) {
    used += characterWidth(characters[count]);
    count++;
  }
  return characters.slice(0, count);
}

/** `text` filled with spaces to `width` columns. */
export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const spaces = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + spaces : spaces + text;
}

/** A count with a comma between thousands. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** '1 tensor', '2 tensors'. */
export function plural(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** '27.9 MB → 4.00 MB, 6.98×'. */
export function sizesText(before: number, after: number): string {
  return `${bytesFigure(before)} → ${bytesFigure(after)}, ${ratioText(before, after)}`;
}

/** How many times smaller; of nothing there is no ratio. */
export function ratioText(before: number, after: number): string {
  return after === 0 ? '-' : ratioFigure(before / after);
}

/** Seconds as 0:07, 12:30 or 1:02:03. */
export function clockText(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-:--';
  const whole = Math.ceil(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours === 0 ? `${minutes}:${two(whole % 60)}` : `${hours}:${two(minutes)}:${two(whole % 60)}`;
}

/** Shape as '8000×320'. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('×');
}

/** Parts with an empty line between them; empty parts are left out. */
export function sections(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

/** Words with commas between them, on lines of at most `width` columns. */
export function wrapped(label: string, words: readonly string[], width = 96): string {
  const lines = [`${label}`];
  words.forEach((word, i) => {
    const piece = ` ${word}${i < words.length - 1 ? ',' : '.'}`;
    const last = lines.length - 1;
    if (widthOf(lines[last] + piece) <= width) lines[last] += piece;
    else lines.push(`  ${piece.trimStart()}`);
  });
  return lines.join('\n');
}

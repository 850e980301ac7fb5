/** The few elements of SVG that our pictures are made of, as strings: no dependency, the same text on every engine. */

/**
 * Colours of all pictures. Plain class rules and no variables, so that converters without them draw the light picture; every
 * class begins with `ts-`, since a style element inside a page reaches the whole page.
 */
export const SVG_STYLE: string = [
  '.ts-plot text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums;fill:#1f2328}',
  '.ts-plot .ts-title{font-size:13px;font-weight:600}',
  '.ts-plot .ts-muted{fill:#656d76}',
  '.ts-plot .ts-small{font-size:11px}',
  '.ts-paper{fill:#fff}',
  '.ts-axis{stroke:#8c959f;fill:none}',
  '.ts-rule{stroke:#e6e9ed;fill:none}',
  '.ts-level{stroke:#d9730d;fill:none;stroke-opacity:.75}',
  '.ts-before{fill:#c5cdd6}',
  '.ts-track{fill:#f0f2f5}',
  '.ts-bar{fill:#3b76d6}',
  '.ts-0{stroke:#3b76d6}.ts-1{stroke:#d9730d}.ts-2{stroke:#1a8a5c}.ts-3{stroke:#8250df}.ts-4{stroke:#c4315f}.ts-5{stroke:#0b7f93}',
  '.ts-line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}',
  '.ts-dot{stroke-width:5;stroke-linecap:round}',
  '@media(prefers-color-scheme:dark){',
  '.ts-plot text{fill:#e6e8eb}',
  '.ts-plot .ts-muted{fill:#9aa4ae}',
  '.ts-paper{fill:#15181c}',
  '.ts-axis{stroke:#6b7681}',
  '.ts-rule{stroke:#2a3036}',
  '.ts-level{stroke:#f0a050}',
  '.ts-before{fill:#4a545f}',
  '.ts-track{fill:#1f2429}',
  '.ts-bar{fill:#6a9ff0}',
  '.ts-0{stroke:#6a9ff0}.ts-1{stroke:#f0a050}.ts-2{stroke:#4cc38a}.ts-3{stroke:#b08cf5}.ts-4{stroke:#f07097}.ts-5{stroke:#4fc3d6}',
  '}',
].join('');

/** How many series have a colour of their own; more begin again. */
export const SERIES_COLOURS = 6;

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** What is shown, in a few words: the accessible name. */
  readonly title: string;
  /** What one would see, in a sentence or two, for those who do not. */
  readonly description: string;
  readonly body: string;
  /** False where the page around it brings SVG_STYLE. Default true. */
  readonly isStyled?: boolean;
}

/** One svg element that stands alone as a file and inside a page, and scales with its width. */
export function svgElement({ width, height, title, description, body, isStyled = true }: Picture): string {
  const size = `viewBox="0 0 ${at(width)} ${at(height)}" width="${at(width)}" height="${at(height)}"`;
  const name = escapeXml(title);
  const style = isStyled ? `<style>${SVG_STYLE}</style>` : '';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="ts-plot" role="img" aria-label="${name}" ${size}>` +
    `<title>${name}</title><desc>${escapeXml(description)}</desc>${style}` +
    `<rect class="ts-paper" width="100%" height="100%"/>${body}</svg>`
  );
}

export type Anchor = 'start' | 'middle' | 'end';

/** A line of text; `y` is its baseline. */
export function svgText(x: number, y: number, text: string, classes = '', anchor: Anchor = 'start'): string {
  const classed = classes === '' ? '' : ` class="${classes}"`;
  const anchored = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${at(x)}" y="${at(y)}"${classed}${anchored}>${escapeXml(text)}</text>`;
}

export function svgRect(x: number, y: number, width: number, height: number, classes: string): string {
  const box = `x="${at(x)}" y="${at(y)}" width="${at(Math.max(width, 0))}" height="${at(Math.max(height, 0))}"`;
  return `<rect class="${classes}" rx="1.5" ${box}/>`;
}

export function svgPath(classes: string, d: string): string {
  return `<path class="${classes}" d="${d}"/>`;
}

/** A group whose `title` shows when one points at it. */
export function svgGroup(title: string, body: string): string {
  return `<g><title>${escapeXml(title)}</title>${body}</g>`;
}

/** A coordinate: two decimals at most, never '-0' or an exponent. */
export function at(value: number): string {
  const text = value.toFixed(2).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * `text` for XML and HTML, as content or as a quoted attribute. Controls, lone surrogates (which XML forbids) and
 * those that reorder a line of text become U+FFFD: no name of a tensor can change more than its own words.
 */
export function escapeXml(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** Pixels of a character at 11 px in wide typefaces such as DejaVu Sans. */
const CHARACTER = 6.6;

/** Width of `text` in pixels at 11 px, from above; wide scripts count double. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += character > '\u2e80' ? 2 * CHARACTER : CHARACTER;
  return width;
}

/** `text` in at most `width` pixels at 11 px, the middle left out: names of tensors differ at both ends. */
export function fitText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const characters = Array.from(text);
  let [head, tail] = ['', ''];
  let room = width - CHARACTER;
  for (let i = 0; ; i++) {
    const isHead = i % 2 === 0;
    const character = characters[isHead ? i / 2 : characters.length - (i + 1) / 2];
    room -= textWidth(character);
    if (room < 0) return `${head}…${tail}`;
    if (isHead) head += character;
    else tail = character + tail;
  }
}

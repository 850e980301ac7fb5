/** A strict reader of the XML that our pictures and pages are written in: throws at the first thing that is not well formed. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  /** The text of this element and all below it. */
  text: string;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&#39;', "'"],
]);

const TOKEN = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
const ATTRIBUTE = /([\w-]+)="([^"]*)"/g;
const FORBIDDEN = /(?![\t\n\r])\p{Cc}|[\ufffe\uffff]|\p{Cs}/u;

/** The one element that `source` holds, a doctype before it apart. */
export function parseXml(source: string): XmlElement {
  const xml = source.replace(/^<!doctype html>\n/, '').trim();
  const bad = FORBIDDEN.exec(xml);
  if (bad !== null) throw new Error(`forbidden character at ${bad.index}`);
  const root: XmlElement = { name: '', attributes: new Map(), children: [], text: '' };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < xml.length) {
    const begin = TOKEN.lastIndex;
    const token = TOKEN.exec(xml);
    if (token === null) throw new Error(`not well formed at ${begin}: ${xml.slice(begin, begin + 60)}`);
    const [, closes, name, attributes, isEmpty, text] = token;
    if (text !== undefined) for (const element of open) element.text += decode(text);
    else if (closes === '/') {
      const last = open.pop();
      if (last?.name !== name) throw new Error(`</${name}> closes <${last?.name}>`);
    } else {
      const element = { name, attributes: readAttributes(attributes), children: [], text: '' };
      open[open.length - 1].children.push(element);
      if (isEmpty === '') open.push(element);
    }
  }
  if (open.length !== 1 || root.children.length !== 1)
    throw new Error(`${open.length - 1} elements are not closed`);
  return root.children[0];
}

/** Every element below `element`, itself included, that has this name; '*' for all. */
export function elementsOf(element: XmlElement, name: string): XmlElement[] {
  const own = name === '*' || element.name === name ? [element] : [];
  return [...own, ...element.children.flatMap((child) => elementsOf(child, name))];
}

function readAttributes(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name, value] of text.matchAll(ATTRIBUTE)) {
    if (attributes.has(name)) throw new Error(`attribute ${name} twice`);
    attributes.set(name, decode(value));
  }
  return attributes;
}

function decode(text: string): string {
  return text.replace(/&[^;]*;?/g, (entity) => {
    const character = ENTITIES.get(entity);
    if (character === undefined) throw new Error(`unknown entity ${entity}`);
    return character;
  });
}

/** Small pieces of HTML that results show of themselves in notebooks. */
import { escapeXml } from './svg.js';

const STYLE = [
  '.ts-facts{font:13px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:#1f2328;background:#fff;max-width:480px;padding:8px 12px}',
  '.ts-facts dl{display:grid;grid-template-columns:auto 1fr;gap:2px 16px;margin:6px 0}',
  '.ts-facts dt{color:#656d76}.ts-facts dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}',
  '.ts-facts svg{width:100%;height:auto}',
  '@media(prefers-color-scheme:dark){.ts-facts{color:#e6e8eb;background:#15181c}.ts-facts dt{color:#9aa4ae}}',
].join('');

/** A heading, a list of names with their values, and a picture. */
export function factsHtml(
  heading: string,
  facts: readonly (readonly [name: string, value: string])[],
  svg: string,
): string {
  const rows = facts.map(([name, value]) => `<dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd>`);
  return `<div class="ts-facts"><style>${STYLE}</style><strong>${escapeXml(heading)}</strong><dl>${rows.join('')}</dl>${svg}</div>`;
}

/** The look of the HTML reports. Every class begins with `ts-`: in a notebook the style reaches the whole page. */
import { SVG_STYLE } from '../core/svg.js';

const LIGHT =
  '--ts-ink:#1f2328;--ts-muted:#656d76;--ts-page:#f6f7f9;--ts-card:#fff;--ts-edge:#e3e6ea;--ts-hover:#f3f5f8;' +
  '--ts-good:#1a7f4b;--ts-bad:#c4314b;--ts-blue:#3b76d6;--ts-track:#c5cdd6';
const DARK =
  '--ts-ink:#e6e8eb;--ts-muted:#9aa4ae;--ts-page:#0e1114;--ts-card:#15181c;--ts-edge:#272d33;--ts-hover:#1b2026;' +
  '--ts-good:#4cc38a;--ts-bad:#f2708a;--ts-blue:#6a9ff0;--ts-track:#4a545f';

export const REPORT_STYLE: string = [
  `.ts-report{${LIGHT};color-scheme:light dark;color:var(--ts-ink);background:var(--ts-page);` +
    'font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;padding:40px 24px 64px;-webkit-text-size-adjust:100%}',
  `@media(prefers-color-scheme:dark){.ts-report{${DARK}}}`,
  SVG_STYLE,
  '.ts-report *{box-sizing:border-box}',
  '.ts-report .ts-in{max-width:1120px;margin:0 auto}',
  '.ts-report h1{font-size:clamp(30px,6vw,46px);line-height:1.1;letter-spacing:-.025em;font-weight:650;margin:4px 0 12px;color:var(--ts-ink)}',
  '.ts-report h1 i{font-style:normal;font-weight:400;color:var(--ts-muted)}',
  '.ts-report h2{font-size:18px;font-weight:600;letter-spacing:-.01em;margin:48px 0 4px;color:var(--ts-ink)}',
  '.ts-report p{margin:0}.ts-report .ts-note{color:var(--ts-muted);font-size:14px;margin:0 0 14px;max-width:90ch}',
  '.ts-report .ts-gauge{height:10px;border-radius:5px;background:var(--ts-track);margin:20px 0 6px;overflow:hidden}',
  '.ts-report .ts-gauge svg{display:block;width:100%;height:100%}.ts-report .ts-gauge rect{fill:var(--ts-blue)}',
  '.ts-report .ts-verdicts{display:flex;flex-wrap:wrap;gap:4px 24px;list-style:none;margin:0;padding:0;font-weight:550}',
  '.ts-report .ts-good{color:var(--ts-good)}.ts-report .ts-bad{color:var(--ts-bad)}',
  '.ts-report .ts-tiles{display:grid;grid-template-columns:repeat(6,1fr);gap:1px;margin:28px 0 0;border:1px solid var(--ts-edge);border-radius:10px;overflow:hidden;background:var(--ts-edge)}',
  '.ts-report .ts-tiles div{background:var(--ts-card);padding:14px 16px}',
  '.ts-report .ts-tiles dt{font-size:13px;color:var(--ts-muted)}',
  '.ts-report .ts-tiles dd{margin:2px 0 0;font-size:22px;font-weight:600;letter-spacing:-.015em;font-variant-numeric:tabular-nums;white-space:nowrap}',
  '.ts-report .ts-pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:16px;align-items:start}',
  '.ts-report .ts-many{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,250px),1fr));gap:12px}',
  '.ts-report .ts-card{background:var(--ts-card);border:1px solid var(--ts-edge);border-radius:10px;overflow:hidden}',
  '.ts-report .ts-chart{padding:6px 4px;max-width:640px}.ts-report .ts-many .ts-card{padding:6px 4px}.ts-report .ts-card+.ts-chart{margin-top:16px}.ts-report .ts-pair>.ts-card+.ts-chart{margin:0}',
  '.ts-report .ts-plot{display:block;width:100%;height:auto}.ts-report .ts-paper{fill:none}',
  '.ts-report section{min-width:0}.ts-report figure{margin:0}',
  '.ts-report figcaption{display:flex;gap:8px;justify-content:space-between;padding:4px 8px 0;font-size:12px;line-height:1.35}',
  '.ts-report figcaption span{overflow-wrap:anywhere;font-weight:500;display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;overflow:hidden}.ts-report figcaption small{font-size:12px;color:var(--ts-muted);white-space:nowrap}',
  '.ts-report .ts-many .ts-card{display:flex;flex-direction:column;justify-content:space-between}',
  '.ts-report .ts-scroll{overflow-x:auto}',
  '.ts-report table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums;color:var(--ts-ink);margin:0}',
  '.ts-report th,.ts-report td{padding:8px 14px;text-align:right;white-space:nowrap;border:0;border-top:1px solid var(--ts-edge);vertical-align:top;background:none}',
  '.ts-report thead th{border-top:0;font-weight:500;font-size:13px;color:var(--ts-muted);vertical-align:bottom;white-space:normal}',
  '.ts-report .ts-t{text-align:left}.ts-report tbody th{font-weight:500;white-space:normal;overflow-wrap:anywhere}',
  '.ts-report tbody th small{min-width:min(300px,48vw)}.ts-report tbody small{display:block;font-weight:400;font-size:12.5px;color:var(--ts-muted)}',
  '.ts-report tbody tr:hover>*{background:var(--ts-hover)}.ts-report .ts-kept td{color:var(--ts-muted)}',
  '.ts-report details>summary{cursor:pointer;margin:48px 0 0;font-size:18px;font-weight:600;letter-spacing:-.01em}',
  '.ts-report details h2{display:inline;margin:0}',
  '.ts-report details .ts-note{margin-top:4px}',
  '.ts-report .ts-terms{display:grid;grid-template-columns:minmax(120px,max-content) 1fr;gap:8px 24px;margin:12px 0 0;font-size:14px}',
  '.ts-report .ts-terms dt{font-weight:550}.ts-report .ts-terms dd{margin:0;color:var(--ts-muted);max-width:72ch}',
  // Six tiles: 6, 3 or 2 in a row leave none alone.
  '@media(max-width:1000px){.ts-report .ts-tiles{grid-template-columns:repeat(3,1fr)}}',
  '@media(max-width:560px){.ts-report{padding:24px 14px 48px}.ts-report .ts-tiles{grid-template-columns:1fr 1fr}.ts-report .ts-terms{grid-template-columns:1fr;gap:2px}.ts-report .ts-terms dd{margin-bottom:10px}.ts-report th,.ts-report td{padding:8px 10px}}',
  '@media print{.ts-report{background:none;padding:0}.ts-report .ts-card{break-inside:avoid}}',
].join('\n');

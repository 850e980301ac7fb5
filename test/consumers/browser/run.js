/** Computes in Node, bundles for the browser, computes there, compares. Set CHROMIUM to the browser's path if it is elsewhere. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { results } from './cases.js';

const expected = results();
writeFileSync('expected.json', JSON.stringify(expected));
// No platform but the browser's: an import of node:* anywhere in the bundle is an error here.
const { outputFiles } = await build({
  entryPoints: ['page.js'],
  bundle: true,
  platform: 'browser',
  format: 'iife',
  minify: true,
  write: false,
});
const script = outputFiles[0].text;
const html = `<!doctype html><meta charset="utf-8"><title>not run</title><body></body><script>${script}</script>`;
writeFileSync('page.html', html);

const browser = process.env.CHROMIUM ?? 'chromium';
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--user-data-dir=profile',
];
const url = pathToFileURL('page.html').href;
const { error, stdout, stderr } = spawnSync(browser, [...flags, '--dump-dom', url], {
  encoding: 'utf8',
  timeout: 120_000,
});
if (error) throw error;
const title = /<title>(.*?)<\/title>/.exec(stdout)?.[1];
if (title !== `${expected.length} equal`) {
  const body = /<body>([^]*)<\/body>/.exec(stdout)?.[1] ?? stderr;
  throw new Error(`browser: "${title}", expected "${expected.length} equal"\n${body}`);
}
process.stdout.write(`browser: ${title} to Node, ${script.length} bytes of script\n`);

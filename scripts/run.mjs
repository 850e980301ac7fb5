/**
 * Runs a TypeScript program of this repository: `node scripts/run.mjs bench/main.ts --smoke`. The program and the
 * library's sources are bundled into one module, `tensorslim` and `tensorslim/<subpath>` meaning the sources; other packages
 * are imported as installed. The program sees the arguments behind its own name in process.argv, as with plain node.
 */
import { existsSync, rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const [entry, ...programArguments] = process.argv.slice(2);
if (entry === undefined || !existsSync(entry)) {
  process.stderr.write(`run: expected the path of a TypeScript program, got ${entry ?? 'nothing'}\n`);
  process.exit(2);
}

/** The process's id in the name lets two runs of one program go on at the same time. */
const outfile = at(`node_modules/.cache/tensorslim/${basename(entry, '.ts')}.${process.pid}.mjs`);
process.on('exit', () => [outfile, `${outfile}.map`].forEach((path) => rmSync(path, { force: true })));

try {
  await build({
    entryPoints: [resolve(entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    logLevel: 'error',
    plugins: [{ name: 'tensorslim', setup: resolveToSources }],
  });
} catch {
  // esbuild has printed what is wrong, with the place.
  process.exit(1);
}

process.setSourceMapsEnabled(true);
process.argv = [process.execPath, resolve(entry), ...programArguments];
await import(pathToFileURL(outfile).href);

function resolveToSources(esbuild) {
  esbuild.onResolve({ filter: /^tensorslim(\/|$)/ }, ({ path }) => {
    const name = path.slice('tensorslim/'.length);
    const candidates =
      name === '' ? ['index.ts'] : [`${name}/index.ts`, `formats/${name}/index.ts`, `${name}.ts`];
    const found = candidates.map((candidate) => at(`src/${candidate}`)).find(existsSync);
    return found === undefined
      ? {
          errors: [{ text: `tensorslim has no subpath "${name}": looked for src/{${candidates.join(',')}}` }],
        }
      : { path: found };
  });
}

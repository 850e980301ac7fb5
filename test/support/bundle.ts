/** The package as users import it, bundled from the sources in a moment: the same entries that tsup builds. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type BuildResult, type Plugin } from 'esbuild';
import { aliases } from '../../vitest.config.js';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A new folder that is removed when the process ends. It lies in node_modules, so that what is bundled into it finds the
 * installed packages; the process's id keeps two runs of the tests apart.
 */
export function temporaryFolder(name: string): string {
  const folder = join(root, 'node_modules/.cache/tensorslim', `${name}-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `tensorslim` and its subpaths mean the sources, as in the tests themselves. */
const toSources: Plugin = {
  name: 'tensorslim',
  setup({ onResolve }) {
    onResolve({ filter: /^tensorslim(\/|$)/ }, ({ path }) => {
      const alias = aliases.find(({ find }) => find.test(path));
      return alias && { path: path.replace(alias.find, alias.replacement) };
    });
  },
};

/** An ES module of this package and whatever else is given; other packages are imported as installed. */
export function bundle(options: BuildOptions): Promise<BuildResult<{ metafile: true }>> {
  return build({
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    packages: 'external',
    logLevel: 'silent',
    ...options,
    plugins: [toSources],
    metafile: true,
  });
}

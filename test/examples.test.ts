import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundle, root, temporaryFolder } from './support/bundle.js';

/** The one that makes the pictures of docs/guides is a tool; the demo, in a folder, has tests of its own. */
const names = readdirSync(join(root, 'examples')).filter(
  (name) => name.endsWith('.ts') && name !== 'guide-pictures.ts',
);

describe('examples', () => {
  const folder = temporaryFolder('examples');

  beforeAll(async () => {
    const entryPoints = names.map((name) => join(root, 'examples', name));
    await bundle({ entryPoints, outdir: folder, platform: 'node', splitting: true });
  });

  it('are there', () => {
    expect(names.length).toBeGreaterThan(0);
  });

  it.each(names)('%s runs in an empty folder, without complaint, and says something', async (name) => {
    const cwd = join(folder, 'work', name);
    mkdirSync(cwd, { recursive: true });
    const program = join(folder, name.replace(/\.ts$/, '.js'));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { cwd });
    expect(stderr).toBe('');
    expect(stdout).not.toBe('');
  });
});

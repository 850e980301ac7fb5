/**
 * Looks at the packed package as its users' tools will: publint for the manifest, attw for the types under every way to resolve
 * them. `node scripts/check-package.mjs [--tarball <path>]`; without a tarball the package is built and packed first.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { tarball: { type: 'string' } } });
const tarball = values.tarball === undefined ? pack() : resolve(values.tarball);
run('npx', ['--no-install', 'publint', '--strict', tarball]);
run('npx', ['--no-install', 'attw', '--format', 'table-flipped', tarball]);

function pack() {
  const folder = mkdtempSync(join(tmpdir(), 'tensorslim-package-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  run('npm', ['pack', '--silent', '--pack-destination', folder]);
  return join(folder, readdirSync(folder)[0]);
}

function run(command, parameters) {
  const { status } = spawnSync(command, parameters, { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

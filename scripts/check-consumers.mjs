/**
 * Installs the packed package into every project of test/consumers, each in a temporary folder, and runs its `npm test`:
 * `node scripts/check-consumers.mjs [--tarball <path>] [<folder>...]`. Without a tarball the package is built and packed first.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const consumers = join(root, 'test/consumers');
const { values, positionals } = parseArgs({
  options: { tarball: { type: 'string' } },
  allowPositionals: true,
});

const temporary = mkdtempSync(join(tmpdir(), 'tensorslim-consumers-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));

const tarball = values.tarball === undefined ? pack() : resolve(values.tarball);
const all = readdirSync(consumers, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const names = positionals.length > 0 ? positionals : all.map(({ name }) => name);

const failed = names.filter((name) => {
  const started = performance.now();
  const problem = check(name);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${problem === null ? 'pass' : 'FAIL'} ${name} (${seconds} s)\n${problem ?? ''}`);
  return problem !== null;
});
process.exitCode = failed.length === 0 ? 0 : 1;

/** What npm printed when the consumer failed, or null. */
function check(name) {
  const folder = join(temporary, name);
  cpSync(join(consumers, name), folder, { recursive: true });
  // One program, for every version of TypeScript.
  if (existsSync(join(folder, 'tsconfig.json'))) cpSync(join(consumers, 'main.ts'), join(folder, 'main.ts'));
  for (const step of [
    ['install', '--no-save', '--no-package-lock', '--prefer-offline', '--no-audit', tarball],
    ['test', '--silent'],
  ]) {
    const { status, output } = npm(step, folder);
    if (status !== 0) return `${output}\n`;
  }
  return null;
}

function pack() {
  const { status, output } = npm(['pack', '--silent', '--pack-destination', temporary], root);
  if (status !== 0) throw new Error(`npm pack failed:\n${output}`);
  const [file] = readdirSync(temporary).filter((entry) => entry.endsWith('.tgz'));
  return join(temporary, file);
}

function npm(parameters, cwd) {
  const { status, stdout, stderr } = spawnSync('npm', parameters, { cwd, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

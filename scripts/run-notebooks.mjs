/**
 * Runs every notebook of docs/notebooks in a copy of that folder in which the packed package is installed, and checks that every
 * cell that should show something does: `node scripts/run-notebooks.mjs [--tarball <path>] [--out <folder>]`.
 * Needs jupyter-nbconvert, jupyter-client and python3-ipykernel. `--out` keeps the results, as notebooks and as HTML.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { tarball: { type: 'string' }, out: { type: 'string' } } });

const temporary = mkdtempSync(join(tmpdir(), 'tensorslim-notebooks-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));
const folder = join(temporary, 'notebooks');
cpSync(join(root, 'docs/notebooks'), folder, {
  recursive: true,
  filter: (path) => basename(path) !== 'node_modules' && basename(path) !== 'package-lock.json',
});

// The kernel's own folders lie in the temporary place as well, so that nothing of the user's is changed.
const env = {
  ...process.env,
  PATH: join(folder, 'node_modules/.bin') + delimiter + process.env.PATH,
  JUPYTER_PATH: join(temporary, 'prefix/share/jupyter'),
  JUPYTER_DATA_DIR: join(temporary, 'data'),
  JUPYTER_CONFIG_DIR: join(temporary, 'config'),
  JUPYTER_RUNTIME_DIR: join(temporary, 'runtime'),
  IPYTHONDIR: join(temporary, 'ipython'),
};

install();
run('tslab', ['install', `--python=${pythonWithJupyter()}`, `--prefix=${join(temporary, 'prefix')}`]);
const notebooks = readdirSync(folder).filter((name) => name.endsWith('.ipynb'));
for (const name of notebooks) check(name);

function install() {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  manifest.dependencies.tensorslim = `file:${values.tarball === undefined ? pack() : resolve(values.tarball)}`;
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  run('npm', ['install', '--silent', '--no-package-lock', '--prefer-offline', '--no-audit']);
}

function pack() {
  run('npm', ['pack', '--silent', '--pack-destination', temporary], root);
  return join(
    temporary,
    readdirSync(temporary).find((name) => name.endsWith('.tgz')),
  );
}

/** The interpreter that the jupyter command itself runs on. */
function pythonWithJupyter() {
  const path = run('sh', ['-c', 'command -v jupyter']).trim();
  const [, interpreter] = /^#!\s*(\S+)/.exec(readFileSync(path, 'utf8')) ?? [];
  return interpreter ?? '/usr/bin/python3';
}

function check(name) {
  const started = performance.now();
  const executed = join(temporary, name);
  const kernel = ['--ExecutePreprocessor.kernel_name=tslab', '--ExecutePreprocessor.timeout=120'];
  run('jupyter', ['nbconvert', '--to', 'notebook', '--execute', ...kernel, '--output', executed, name]);
  const problems = problemsOf(JSON.parse(readFileSync(executed, 'utf8')).cells);
  if (problems.length > 0) fail(`${name}: ${problems.join('\n')}`);
  if (values.out !== undefined) keep(executed);
  process.stdout.write(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

/** A cell that draws, prints or ends with a name has output, and one that draws has a picture. */
function problemsOf(cells) {
  return cells.flatMap(({ cell_type: type, source, outputs }, i) => {
    if (type !== 'code') return [];
    const text = source.join('');
    const at = `cell ${i} (${text.split('\n', 1)[0]})`;
    const shown = JSON.stringify(outputs);
    if (outputs.some((output) => output.output_type === 'error' || output.name === 'stderr')) {
      return [`${at} failed: ${shown}`];
    }
    const draws = /Svg\(|toHTML\(|toSVG\(/.test(text);
    if (draws && !shown.includes('<svg')) return [`${at} shows no picture`];
    const speaks = draws || text.includes('console.log(') || /^\w+$/.test(text.split('\n').at(-1));
    return speaks && outputs.length === 0 ? [`${at} shows nothing`] : [];
  });
}

function keep(executed) {
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  cpSync(executed, join(out, basename(executed)));
  run('jupyter', ['nbconvert', '--to', 'html', '--output-dir', out, executed]);
}

function run(command, parameters, cwd = folder) {
  const { error, status, stdout, stderr } = spawnSync(command, parameters, { cwd, env, encoding: 'utf8' });
  if (error) fail(`${command}: ${error.message}`);
  if (status !== 0) fail(`${command} ${parameters.join(' ')}: exit code ${status}\n${stdout}${stderr}`);
  return stdout;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

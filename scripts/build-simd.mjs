/**
 * Compiles the AssemblyScript of every kernel family: src/kernels/simd/index.ts to src/kernels/simd.generated.ts, and
 * src/kernels/<family>/simd/index.ts to the same name in the family's folder. A generated file carries the WebAssembly module as
 * base64. Nothing is done where it was made from the same sources (compared by hash, because a checkout does not keep times).
 * `--force` compiles anyway, `--text` also prints the WebAssembly text, `--only <family>` compiles one.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { STATICS } from './simd-layout.mjs';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const { values: flags } = parseArgs({
  options: { force: { type: 'boolean' }, text: { type: 'boolean' }, only: { type: 'string' } },
});

const OPTIONS = ['-O3', '--enable', 'simd', '--runtime', 'stub', '--importMemory', '--noAssert'];

for (const name of families()) {
  if (flags.only === undefined || flags.only === name) await build(name);
}

/** Folders of src/kernels with sources in `simd/`; '' for the one that stands in src/kernels itself. */
function families() {
  const folders = readdirSync(at('src/kernels'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const named = folders
    .map(({ name }) => name)
    .filter((name) => existsSync(at(`src/kernels/${name}/simd/index.ts`)));
  return ['', ...named.sort()];
}

async function build(name) {
  const range = STATICS.get(name);
  if (range === undefined) fail(`the family ${name} has no range in scripts/simd-layout.mjs: add it there`);
  const home = name === '' ? 'src/kernels' : `src/kernels/${name}`;
  const output = at(`${home}/simd.generated.ts`);
  const folder = `${home}/simd`;
  const hash = sourceHash(folder, range);
  const isUpToDate = existsSync(output) && readFileSync(output, 'utf8').includes(hash);
  if (isUpToDate && !flags.force && !flags.text) return;

  const { wasm, text } = await compile(folder, range);
  const { staticsEnd, names } = inspect(wasm);
  if (staticsEnd > range.end) {
    fail(`the constants of ${folder} end at byte ${staticsEnd}, beyond ${range.end}: shrink the tables`);
  }
  // A rename is atomic: two builds at once, or a test run during a build, never see half a file.
  const temporary = `${output}.${process.pid}`;
  writeFileSync(temporary, generatedSource(folder, hash, wasm));
  renameSync(temporary, output);
  process.stdout.write(
    `build:simd: ${folder}: ${names.length} kernels, ${wasm.length} bytes of WebAssembly\n`,
  );
  if (flags.text) process.stdout.write(text);
}

function sourceHash(folder, range) {
  const digest = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  digest.update(readFileSync(at('node_modules/assemblyscript/package.json'))).update(`${range.begin}`);
  const folders = new Set([folder]);
  for (const from of folders) {
    const sources = readdirSync(at(from)).filter((file) => file.endsWith('.ts'));
    for (const file of sources.sort()) {
      const source = readFileSync(at(`${from}/${file}`), 'utf8');
      digest.update(`\0${file}\0`).update(source);
      // A module may share functions of another family, such as '../../blocks-k/simd/half'.
      for (const [, other] of source.matchAll(/from '\.\.\/\.\.\/(.+\/simd)\//g)) {
        folders.add(`src/kernels/${other}`);
      }
    }
  }
  return digest.digest('hex');
}

async function compile(folder, range) {
  const asc = await import('assemblyscript/asc');
  const written = new Map();
  const outputs = ['--outFile', 'out.wasm', '--textFile', 'out.wat', '--memoryBase', String(range.begin)];
  const { error, stderr } = await asc.main([`${folder}/index.ts`, ...outputs, ...OPTIONS], {
    readFile: (name, base) => {
      const path = `${base}/${name}`;
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
    writeFile: (name, contents) => void written.set(name, contents),
    listFiles: () => [],
  });
  if (error) fail(`${error.message}\n${stderr.toString()}`);
  return { wasm: written.get('out.wasm'), text: written.get('out.wat') };
}

function inspect(bytes) {
  const memory = new WebAssembly.Memory({ initial: 64 });
  const abort = () => fail('a kernel may abort: something in it is checked or managed');
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, abort } });
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  if (imports.length !== 1) fail(`the module imports more than its memory: ${JSON.stringify(imports)}`);
  const names = Object.keys(instance.exports).filter((name) => typeof instance.exports[name] === 'function');
  return { staticsEnd: instance.exports.staticsEnd(), names };
}

function generatedSource(folder, hash, bytes) {
  return [
    `/** Made by scripts/build-simd.mjs from ${folder}: do not edit. Sources ${hash} */`,
    `export const SIMD_WASM_BYTES: number = ${bytes.length};`,
    `export const SIMD_WASM_BASE64: string =`,
    `  '${Buffer.from(bytes).toString('base64')}';`,
    '',
  ].join('\n');
}

function fail(message) {
  process.stderr.write(`build:simd: ${message}\n`);
  process.exit(1);
}

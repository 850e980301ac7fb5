/**
 * Compiles src/kernels/simd/index.ts (AssemblyScript) and writes src/kernels/simd.generated.ts, which carries the
 * WebAssembly module as base64. Does nothing when the generated file was made from the same sources (compared by hash,
 * because a checkout does not keep times). `--force` compiles anyway, `--text` also prints the WebAssembly text.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const FOLDER = 'src/kernels/simd';
const OUTPUT = at('src/kernels/simd.generated.ts');

/** Where the module's constants may lie; src/kernels/layout.ts keeps this part of the memory free of anything else. */
const STATICS_BEGIN = 1024;
const STATICS_END = 65536;

const OPTIONS = [
  '-O3',
  '--enable',
  'simd',
  '--runtime',
  'stub',
  '--importMemory',
  '--memoryBase',
  String(STATICS_BEGIN),
  '--noAssert',
];

const sources = readdirSync(at(FOLDER))
  .filter((name) => name.endsWith('.ts'))
  .sort();
const hash = sourceHash();
if (!process.argv.includes('--force') && !process.argv.includes('--text') && isUpToDate()) process.exit(0);

const { wasm, text } = await compile();
const { staticsEnd, names } = inspect(wasm);
if (staticsEnd > STATICS_END) {
  fail(`the module's constants end at byte ${staticsEnd}, beyond ${STATICS_END}: shrink the tables`);
}
// A rename is atomic: two builds at once, or a test run during a build, never see half a file.
const temporary = `${OUTPUT}.${process.pid}`;
writeFileSync(temporary, generatedSource(wasm));
renameSync(temporary, OUTPUT);
process.stdout.write(`build:simd: ${names.length} kernels, ${wasm.length} bytes of WebAssembly\n`);
if (process.argv.includes('--text')) process.stdout.write(text);

function sourceHash() {
  const digest = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  digest.update(readFileSync(at('node_modules/assemblyscript/package.json')));
  for (const name of sources) digest.update(`\0${name}\0`).update(readFileSync(at(`${FOLDER}/${name}`)));
  return digest.digest('hex');
}

function isUpToDate() {
  return existsSync(OUTPUT) && readFileSync(OUTPUT, 'utf8').includes(hash);
}

async function compile() {
  const asc = await import('assemblyscript/asc');
  const written = new Map();
  const outputs = ['--outFile', 'out.wasm', '--textFile', 'out.wat'];
  const { error, stderr } = await asc.main([`${FOLDER}/index.ts`, ...outputs, ...OPTIONS], {
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
  const memory = new WebAssembly.Memory({ initial: 2 });
  const abort = () => fail('a kernel may abort: something in it is checked or managed');
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, abort } });
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  if (imports.length !== 1) fail(`the module imports more than its memory: ${JSON.stringify(imports)}`);
  const names = Object.keys(instance.exports).filter((name) => typeof instance.exports[name] === 'function');
  return { staticsEnd: instance.exports.staticsEnd(), names };
}

function generatedSource(bytes) {
  return [
    `/** Made by scripts/build-simd.mjs from ${FOLDER}: do not edit. Sources ${hash} */`,
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

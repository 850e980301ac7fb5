import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { entries } from '../tsup.config.js';
import { bundle, root, temporaryFolder } from './support/bundle.js';

interface Conditions {
  readonly types: string;
  readonly default: string;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly main: string;
  readonly module: string;
  readonly types: string;
  readonly exports: Readonly<Record<string, { import: Conditions; require: Conditions } | string>>;
  readonly typesVersions: { readonly '*': Readonly<Record<string, string[]>> };
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly sideEffects: boolean;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
};
const names = Object.keys(entries) as (keyof typeof entries)[];
const subpathOf = (name: string): string => (name === 'index' ? '.' : `./${name}`);

describe('package.json', () => {
  it('exports every entry of the build as ES module and CommonJS, each with its types first', () => {
    const expected = names.map((name) => [
      subpathOf(name),
      {
        import: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
        require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` },
      },
    ]);
    expect(manifest.exports).toEqual({
      ...Object.fromEntries(expected),
      './package.json': './package.json',
    });
    for (const conditions of Object.values(manifest.exports)) {
      if (typeof conditions === 'string') continue;
      expect(Object.keys(conditions.import)).toEqual(['types', 'default']);
      expect(Object.keys(conditions.require)).toEqual(['types', 'default']);
    }
  });

  it('maps every subpath to its types for resolvers that know no exports', () => {
    const subpaths = names.filter((name) => name !== 'index');
    const expected = subpaths.map((name) => [name, [`./dist/${name}.d.cts`]]);
    expect(manifest.typesVersions).toEqual({ '*': Object.fromEntries(expected) });
    expect(manifest.main).toBe('./dist/index.cjs');
    expect(manifest.module).toBe('./dist/index.js');
    expect(manifest.types).toBe('./dist/index.d.ts');
  });

  it('promises no side effects, runs nothing when it is installed and pins every package', () => {
    expect(manifest.sideEffects).toBe(false);
    expect(Object.keys(manifest.scripts)).not.toContain('install');
    expect(Object.keys(manifest.scripts)).not.toContain('postinstall');
    for (const version of Object.values({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it('packs what users need and nothing else', () => {
    const listing = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
    const [{ files }] = JSON.parse(listing.toString()) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']));
    const others = paths.filter((path) => !/^dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)$/.test(path));
    expect(others.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
    expect(Object.values(manifest.bin)).toEqual(['./dist/cli.js']);
  });
});

/** The packages that entries import; all others are whole by themselves. */
const IMPORTS: Partial<Record<keyof typeof entries, string[]>> = {
  interop: ['ml-matrix', 'ndarray'],
  model: ['fflate'],
  node: ['fflate'],
};

/**
 * Most bytes that an entry may cost a user who bundles all of it, minified and gzipped, its packages apart: about 4 % above what it costs.
 * The WebAssembly of the base kernels is 20 kB of all but safetensors, gguf, factorize, distill, plot and interop; that of the block encoders 25 kB
 * of blocks and of model and node, which convert models to GGUF. Integer inference, vectors, observers and solvers are a third of quantize and
 * index. Who raises a budget says what it buys.
 */
const BUDGETS: Record<keyof typeof entries, number> = {
  index: 138_000,
  node: 142_000,
  quantize: 127_000,
  blocks: 88_000,
  factorize: 23_000,
  distill: 17_000,
  prune: 76_000,
  safetensors: 9_000,
  tfjs: 52_000,
  gguf: 17_000,
  model: 152_000,
  plot: 12_000,
  interop: 6_000,
};

describe.each(names)('entry %s', (name) => {
  let code: Uint8Array;
  let imports: string[];

  beforeAll(async () => {
    const platform = name === 'node' ? 'node' : 'neutral';
    const { outputFiles, metafile } = await bundle({
      entryPoints: [entries[name]],
      minify: true,
      write: false,
      platform,
    });
    code = outputFiles?.[0].contents ?? new Uint8Array(0);
    imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  });

  it(`stays within ${BUDGETS[name]} bytes`, () => {
    const size = gzipSync(code, { level: 9 }).length;
    expect(size).toBeGreaterThan(20);
    expect(size).toBeLessThanOrEqual(BUDGETS[name]);
  });

  it('imports no package but its own', () => {
    const packages = new Set(imports.filter((path) => name !== 'node' || !path.startsWith('node:')));
    expect([...packages].sort()).toEqual(IMPORTS[name] ?? []);
  });
});

describe('importing the root', () => {
  /** Counts what is made of WebAssembly, imports the root, then uses it. */
  const probe = `
    const made = { Module: 0, Instance: 0, Memory: 0 };
    for (const name of Object.keys(made)) {
      WebAssembly[name] = new Proxy(WebAssembly[name], {
        construct(target, args) {
          made[name]++;
          return Reflect.construct(target, args);
        },
      });
    }
    for (const name of ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming']) {
      WebAssembly[name] = () => { throw new Error(name); };
    }
    const start = process.cpuUsage();
    const { backend } = await import('./index.js');
    const { user, system } = process.cpuUsage(start);
    const ms = (user + system) / 1000;
    const before = { ...made };
    backend();
    console.log(JSON.stringify({ ms, before, after: made }));`;
  interface Seen {
    /** Processor time: that of the clock would also count what else the machine does. */
    readonly ms: number;
    readonly before: Record<string, number>;
    readonly after: Record<string, number>;
  }
  const seen: Seen[] = [];

  beforeAll(async () => {
    const folder = temporaryFolder('package');
    await bundle({ entryPoints: { index: entries.index }, outdir: folder, platform: 'neutral' });
    for (let run = 0; run < 9; run++) {
      const node = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', probe], {
        cwd: folder,
      });
      seen.push(JSON.parse(node.stdout) as Seen);
    }
  });

  it('makes nothing of WebAssembly until the first use', () => {
    for (const { before, after } of seen) {
      expect(before).toEqual({ Module: 0, Instance: 0, Memory: 0 });
      // Two modules: a probe of 37 bytes asks whether compiling is allowed.
      expect(after).toEqual({ Module: 2, Instance: 1, Memory: 1 });
    }
  });

  it('takes less than 25 ms', () => {
    const times = seen.map(({ ms }) => ms).sort((a, b) => a - b);
    expect(times[4]).toBeLessThan(25);
  });
});

/** What TypeScript 5.0 without the DOM would not read, or not precisely, in a declaration. */
function unreadable(declaration: string): string[] {
  const code = declaration.replace(/\/\*[^]*?\*\/|\/\/.*|'[^']*'|"[^"]*"/g, '');
  // Arrays became generic with 5.7; Float16Array came with 5.8; the others need the library of the DOM.
  const later = /\b(Float|Int|Uint|BigInt|BigUint)\w*Array<|\bFloat16Array\b|\bNoInfer\b/g;
  const dom = /\b(Blob|File|Response|ReadableStream|WebAssembly|Worker)\b/g;
  return [later, dom, /\bany\b/g].flatMap((pattern) => code.match(pattern) ?? []);
}

describe('the declarations', () => {
  const options: ts.CompilerOptions = { isolatedDeclarations: true, declaration: true };
  const paths = ts.sys
    .readDirectory(join(root, 'src'), ['.ts'], ['**/kernels/**/simd/**', '**/cli/**'], undefined)
    .map((path) => [path.slice(root.length), readFileSync(path, 'utf8')]);

  it.each(paths)('of %s are read precisely by TypeScript 5.0 without the DOM', (path, source) => {
    const { outputText, diagnostics } = ts.transpileDeclaration(source, {
      fileName: path,
      compilerOptions: options,
    });
    expect(diagnostics?.map(({ messageText }) => messageText)).toEqual([]);
    expect(unreadable(outputText)).toEqual([]);
  });

  it.each([
    ['export declare const x: Float32Array<ArrayBuffer>;', ['Float32Array<']],
    ['export declare function f(x: Float16Array): void;', ['Float16Array']],
    ['export declare function f(x: Blob | any): void;', ['Blob', 'any']],
    [`/** any Blob */ export declare const x: Float32Array | 'Float16Array'; // File`, []],
  ])('are judged: %s', (declaration, expected) => {
    expect(unreadable(declaration)).toEqual(expected);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkArchitecture, PACKAGES } from './support/architecture.js';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the sources', () => {
  const paths = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .map((path) => `src/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts'));
  const tree = new Map(paths.map((path) => [path, readFileSync(root + path, 'utf8')]));

  it('are all read', () => {
    expect(tree.size).toBeGreaterThan(80);
    expect([...tree.keys()]).toContain('src/kernels/simd/index.ts');
  });

  it('keep the rules of the house', () => {
    expect(checkArchitecture(tree)).toEqual([]);
  });

  it('import every package that package.json lists as a dependency, and no other', () => {
    const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(Object.keys(PACKAGES).sort()).toEqual(Object.keys(dependencies).sort());
    const text = [...tree.values()].join('\n');
    for (const name of Object.keys(PACKAGES)) expect(text).toContain(`from '${name}'`);
  });
});

/** What the checker says of `text` at `path`, beside files that every case can import. */
function problemsOf(path: string, text: string, others: Record<string, string> = {}): string[] {
  const tree = {
    'src/core/a.ts': 'export const a: number = 1;',
    'src/kernels/k.ts': '',
    'src/quantize/q.ts': '',
    'src/quantize/index.ts': '',
    'src/compressed/c.ts': '',
    'src/formats/tfjs/t.ts': '',
    'src/model/m.ts': '',
    'src/node/n.ts': '',
    ...others,
    [path]: text,
  };
  return checkArchitecture(new Map(Object.entries(tree)));
}

describe('checkArchitecture()', () => {
  it.each([
    ['core', 'src/core/b.ts', `import { a } from './a.js';`],
    ['kernels', 'src/kernels/deep/down.ts', `import { a } from '../../core/a.js'; import '../k.js';`],
    ['compressed over rooms of floor 2', 'src/compressed/d.ts', `import '../quantize/q.js';`],
    ['node over model', 'src/node/o.ts', `import '../model/m.js'; import { join } from 'node:path';`],
    ['node.ts', 'src/node.ts', `export { x } from './node/n.js';`],
    ['the front door', 'src/index.ts', `export { q } from './quantize/index.js';`],
    ['interop with its packages', 'src/interop/i.ts', `import nd from 'ndarray'; import 'ml-matrix';`],
    ['the command', 'src/cli/main.ts', `console.log(1); import '../node/n.js';`],
    ['a recipe as a computed module', 'src/cli/recipe-file.ts', 'await import(name);'],
    ['AssemblyScript', 'src/kernels/simd/s.ts', `export { x } from '../k';`],
    ['named roundings', 'src/core/b.ts', `export const b: number = Math.fround(Math.floor(1.5));`],
    ['members and keys of a forbidden name', 'src/core/b.ts', `x.console; y = { console: 1 }; z.Math;`],
    ['words in comments and strings', 'src/core/b.ts', `// import '../cli/x.js'; Math.round\n'console'`],
  ])('allows %s', (_, path, text) => {
    expect(problemsOf(path, text)).toEqual([]);
  });

  it.each([
    ['upward arrow core -> kernels', 'src/core/b.ts', `import '../kernels/k.js';`],
    ['upward arrow quantize -> compressed', 'src/quantize/r.ts', `import '../compressed/c.js';`],
    ['upward arrow model -> node', 'src/model/o.ts', `export { n } from '../node/n.js';`],
    ['sideways arrow formats/tfjs -> quantize', 'src/formats/tfjs/u.ts', `import '../../quantize/q.js';`],
    ['sideways arrow index -> node', 'src/index.ts', `export { n } from './node/n.js';`],
    ['upward arrow', 'src/core/b.ts', `import type { K } from '../kernels/k.js';`],
    ['upward arrow', 'src/core/b.ts', `type K = import('../kernels/k.js').K;`],
    ['upward arrow', 'src/core/b.ts', `await import('../kernels/k.js');`],
    ['upward arrow', 'src/core/b.ts', `const k = require('../kernels/k.js');`],
    ['upward arrow', 'src/core/b.ts', `import k = require('../kernels/k.js');`],
    ['computed module', 'src/core/b.ts', 'await import(name);'],
    ['does not exist', 'src/core/b.ts', `import './gone.js';`],
    ['door of the package', 'src/model/o.ts', `import '../quantize/index.js';`],
    ['door of the package', 'src/quantize/r.ts', `import './index.js';`],
    ['node:fs outside node', 'src/model/o.ts', `import 'node:fs';`],
    ['node:fs outside node', 'src/index.ts', `import 'node:fs';`],
    ['fs is not a dependency', 'src/node/o.ts', `import 'fs';`],
    ['lodash is not a dependency', 'src/interop/i.ts', `import 'lodash';`],
    ['tensorslim is not a dependency', 'src/cli/main.ts', `import 'tensorslim';`],
    ['toString is not a dependency', 'src/cli/main.ts', `import 'toString';`],
    ['ndarray outside interop', 'src/core/b.ts', `import 'ndarray';`],
    ['no room', 'src/attic/b.ts', ''],
    ['no room', 'src/formats/zip/b.ts', ''],
    ['export *', 'src/core/b.ts', `export * from './a.js';`],
    ['export *', 'src/core/b.ts', `export * as everything from './a.js';`],
    ['uses Math.round', 'src/core/b.ts', 'Math.round(1);'],
    ['uses Math.random', 'src/cli/main.ts', 'Math.random();'],
    ['uses Math', 'src/core/b.ts', `Math['round'](1);`],
    ['uses Math', 'src/core/b.ts', 'const { round } = Math;'],
    ['uses Math.round', 'src/core/b.ts', 'globalThis.Math.round(1);'],
    ['uses console.log', 'src/node/o.ts', 'console.log(1);'],
    ['uses console.warn', 'src/core/b.ts', 'globalThis.console.warn(1);'],
    ['501 lines', 'src/core/b.ts', '\n'.repeat(501)],
  ])('reports "%s" in %s: %s', (problem, path, text) => {
    const problems = problemsOf(path, text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${path.replaceAll('.', '\\.')}(:1)?: `));
    expect(problems[0]).toContain(problem);
  });

  it('takes 500 lines', () => {
    expect(problemsOf('src/core/b.ts', '\n'.repeat(500))).toEqual([]);
  });

  it('reports a cycle of any length by its path, once', () => {
    const others = { 'src/core/x.ts': `import './y.js';`, 'src/core/y.ts': `import './z.js';` };
    expect(problemsOf('src/core/z.ts', `import './x.js';`, others)).toEqual([
      'cycle: src/core/x.ts -> src/core/y.ts -> src/core/z.ts -> src/core/x.ts',
    ]);
    expect(problemsOf('src/core/b.ts', `import './b.js';`)).toEqual([
      'cycle: src/core/b.ts -> src/core/b.ts',
    ]);
  });

  it('reports no cycle where two ways lead to one file', () => {
    const others = { 'src/core/x.ts': `import './a.js';`, 'src/core/y.ts': `import './a.js';` };
    expect(problemsOf('src/core/z.ts', `import './x.js'; import './y.js';`, others)).toEqual([]);
  });
});

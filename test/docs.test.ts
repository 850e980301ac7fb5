import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './support/bundle.js';
import { documentGroups, exampleGroups, readExamples, readMarkdown, runAll } from './support/documents.js';
import { saidValueProblem } from './support/said-value.js';
import { exampleModule, stepsOf, withChecks } from './support/snippet-module.js';
import { docstringSnippets, markdownSnippets } from './support/snippets.js';

/** Blocks that cannot run here, in all documents together: one more has to replace another. */
const MAX_NOT_RUN = 12;

/** A document in which everything is wrong; its last block ends the process, so it runs behind all others. */
const WRONG = [
  ['ts', `import { tensor } from 'tensorslim';\nconst t = tensor([1, 2], [2]);\nt.shape; // [3]`],
  ['ts', `import { tensor } from 'tensorslim';\nconst wrong: string = tensor([1], [1]).shape;`],
  ['js', `import { tensor } from 'tensorslim';\ntensor([1, 2], [3]);`],
  ['sh', 'npx tensorslim inspect missing.safetensors'],
  ['sh', 'npx other-command'],
  ['js', `import 'node:process';\nprocess.exit(0);`],
].map(([language, text]) => `\`\`\`${language}\n${text}\n\`\`\``);

const markdown = readMarkdown();
const documents = [...markdown].flatMap(([path, text]) => markdownSnippets(path, text));
const publicExamples = readExamples();
const groups = [...documentGroups(documents), ...exampleGroups(publicExamples)];
const wrongGroups = documentGroups(markdownSnippets('wrong.md', WRONG.join('\n\n')));
const outcomes = await runAll([...groups, ...wrongGroups], publicExamples.program);

describe('code in documents and docstrings', () => {
  const rows = outcomes.filter(({ step }) => step.document !== 'wrong.md');

  it.each(rows.map(({ step, problems }) => [`${step.document}:${step.line}`, problems]))(
    'of %s compiles, runs and gives what it states',
    (_, problems) => {
      expect(problems).toEqual([]);
    },
  );

  it('is found to be wrong in every way', () => {
    const wrong = outcomes.filter(({ step }) => step.document === 'wrong.md');
    expect(wrong.map(({ problems }) => problems.join('\n'))).toEqual([
      'line 4: expected [3], got [ 2 ]',
      `line 9: Type 'readonly number[]' is not assignable to type 'string'.`,
      expect.stringMatching(/^RangeError: tensor: "data" expected/),
      expect.stringMatching(/^exit code [1-4]\n.*missing\.safetensors/),
      expect.stringMatching(/^exit code 1\nnpx other-command: only tensorslim runs here/),
      expect.stringMatching(/^did not run: the process ended before it/),
    ]);
  });
});

describe('links of the documents', () => {
  it.each([...markdown])('of %s lead to files that exist', (path, text) => {
    const targets = Array.from(text.matchAll(/\]\((?![a-z]+:|#)([^)\s#]+)/g), ([, target]) => target);
    const gone = targets.filter((target) => !existsSync(join(root, dirname(path), target)));
    expect(gone).toEqual([]);
  });
});

describe('blocks of the documents', () => {
  it('name a language that is run or known to be data', () => {
    const known = ['ts', 'js', 'sh', 'json', 'text', 'html'];
    const others = documents.filter(({ language }) => !known.includes(language));
    expect(others.map(({ document, line, language }) => `${document}:${line}: ${language}`)).toEqual([]);
  });

  it('in JSON can be parsed', () => {
    for (const { language, text } of documents) {
      if (language === 'json') expect(() => JSON.parse(text) as unknown).not.toThrow();
    }
  });

  it(`run, but for ${MAX_NOT_RUN} with their reasons`, () => {
    const notRun = documents.filter(({ notRun }) => notRun !== null);
    expect(notRun.length).toBeLessThanOrEqual(MAX_NOT_RUN);
    for (const { notRun: reason } of notRun) expect(reason?.length).toBeGreaterThan(10);
  });
});

describe('examples', () => {
  it('stand where users see them: on what the package exports', () => {
    const places = new Set(publicExamples.examples.map(({ document, line }) => `${document}:${line}`));
    const hidden = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) => {
        const lines = readFileSync(join(root, 'src', path), 'utf8').split('\n');
        return lines.flatMap((line, i) => (/^\s*\*\s*@example\b/.test(line) ? [`src/${path}:${i + 1}`] : []));
      })
      .filter((place) => !places.has(place));
    expect(hidden).toEqual([]);
    expect(places.size).toBeGreaterThan(40);
  });
});

describe('markdownSnippets()', () => {
  it('finds every block with its language, place and text', () => {
    const text =
      'Words\n\n```ts\nconst a = 1;\n```\n\n- item\n\n  ```sh\n  npx x\n    more\n  ```\n````text\n```\n````\n';
    expect(markdownSnippets('a.md', text)).toEqual([
      { document: 'a.md', line: 4, language: 'ts', text: 'const a = 1;', notRun: null },
      { document: 'a.md', line: 10, language: 'sh', text: 'npx x\n  more', notRun: null },
      { document: 'a.md', line: 14, language: 'text', text: '```', notRun: null },
    ]);
  });

  it('reads the reason why a block is not run', () => {
    const text = '<!-- not run: needs a browser -->\n\n```js\nalert(1)\n```\n\n```js\n1\n```\n';
    expect(markdownSnippets('a.md', text).map(({ notRun }) => notRun)).toEqual(['needs a browser', null]);
  });
});

describe('docstringSnippets()', () => {
  it('finds every example, fenced or not, up to the next tag', () => {
    const comment =
      '/**\n * Text.\n *\n * @example\n * f(1);\n *   g();\n * @example\n * ```ts\n * h();\n * ```\n * @see x\n */';
    expect(docstringSnippets('a.ts', comment, 10).map(({ line, text }) => [line, text])).toEqual([
      [13, '\nf(1);\n  g();'],
      [16, '\n\nh();\n'],
    ]);
  });
});

describe('stepsOf()', () => {
  it('joins a block without imports to the one before it and keeps line numbers', () => {
    const text = '```ts\nimport { f } from "x";\n```\n```ts\nf();\n```\n```sh\nls\n```\n```ts\ng();\n```\n';
    expect(stepsOf(markdownSnippets('a.md', text)).map(({ line, source }) => [line, source])).toEqual([
      [2, '\nimport { f } from "x";\n\n\nf();'],
      [8, 'ls'],
      [11, '\n'.repeat(10) + 'g();'],
    ]);
  });
});

describe('exampleModule()', () => {
  it('imports what the example uses and does not make, at its line', () => {
    const specifiers = new Map(['f', 'g', 'x', 'y'].map((name) => [name, name === 'g' ? 'p/q' : 'p']));
    const example = { document: 'a.ts', line: 3, language: 'ts', notRun: null };
    const text = '\nconst x = f({ y: 1 }).y;\ng(x);';
    expect(exampleModule({ ...example, text }, specifiers).source).toBe(
      `import { f } from 'p'; import { g } from 'p/q';\n\n\nconst x = f({ y: 1 }).y;\ng(x);`,
    );
  });
});

describe('withChecks()', () => {
  it.each([
    ['f(x); // 3: three', 'said(1, (f(x)), "3: three");// 3: three'],
    ['console.log(f(x)); // 3', 'said(1, (f(x)), "3");// 3'],
    ['const y = f(x); // 3', 'const y = f(x); // 3'],
    ['f(x);\n// 3', 'f(x);\n// 3'],
    ['f(\n  1,\n); // 3', 'said(3, (f(\n  1,\n)), "3");// 3'],
    ['await f(); // 3', 'said(1, (await f()), "3");// 3'],
  ])('of %j is %j', (source, expected) => {
    expect(withChecks(source).replaceAll('; //', ';//')).toBe(expected.replaceAll('; //', ';//'));
  });
});

describe('saidValueProblem()', () => {
  it.each<[unknown, string]>([
    [3, '3'],
    [3, '=> 3'],
    [36, '36: 32 bytes of codes and one scale'],
    [0.123456, '0.12...'],
    [31744, '0x7c00'],
    [-0, '-0'],
    [5n, '5n'],
    [NaN, 'NaN'],
    ['simd', `'simd'`],
    ['a long text', `'a long...'`],
    [true, 'true, always'],
    [null, 'null'],
    [[2, 2], '[2, 2]'],
    [[1, 2, 3], '[1, ...]'],
    [new Uint8Array(100), 'Uint8Array [0, 0, ... 98 more]'],
    [Float32Array.of(1, -0.5), 'Float32Array [1, -0.5]'],
    [Float32Array.of(1), 'Float32Array(1) [1]'],
    [{ a: [1], b: { c: 'd' } }, `{ a: [1], b: { c: 'd' } }`],
    [{ a: 1, b: 2 }, '{ b: 2, ... }'],
    [new Map([['a', 1]]), `Map(1) { 'a' => 1 }`],
    [undefined, 'undefined'],
    [undefined, 'gives the memory back'],
  ])('takes %o for "%s"', (actual, comment) => {
    expect(saidValueProblem(actual, comment)).toBeNull();
  });

  it.each<[unknown, string]>([
    [3, '4'],
    [3, '3.0001'],
    [0, '-0'],
    [3, `'3'`],
    ['3', '3'],
    [0.123456, '0.13...'],
    [[1, 2], '[1]'],
    [[1], '[1, 2]'],
    [[1], '[1, 2, ...]'],
    [Float32Array.of(1), '[1]'],
    [Float32Array.of(1), 'Float64Array [1]'],
    [{ a: 1, b: 2 }, '{ a: 1 }'],
    [{ a: 1 }, '{ a: 2 }'],
    [3, '3 or so'],
    [3, 'three'],
    [undefined, '3'],
    [3, ''],
    [[1], '[1'],
  ])('does not take %o for "%s"', (actual, comment) => {
    expect(saidValueProblem(actual, comment)).not.toBeNull();
  });
});

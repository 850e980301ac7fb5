import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/failure.js';
import { loadRecipe, type RecipeFileOptions } from '../../src/cli/recipe-file.js';
import { IoError } from '../../src/core/errors.js';
import type { Recipe } from '../../src/model/types.js';
import { folders } from './support/io.js';

const newFolder = folders();
const RECIPE = { scheme: { scheme: 'affine', bits: 8 }, rules: [{ match: '*', scheme: { scheme: 'keep' } }] };
const SOURCE = JSON.stringify(RECIPE);
const TYPED = `interface R { readonly scheme: object }\nexport const recipe: R = ${SOURCE};\n`;

function load(
  name: string,
  text: string | Uint8Array,
  options: Partial<RecipeFileOptions> = {},
): Promise<Recipe> {
  const path = join(newFolder(), name);
  writeFileSync(path, text);
  return loadRecipe(path, { cwd: process.cwd(), ...options });
}

describe('loadRecipe()', () => {
  it.each([
    ['JSON', 'r.json', SOURCE],
    ['an ending in capitals', 'r.JSON', SOURCE],
    ['an ECMAScript module', 'r.mjs', `export const recipe = ${SOURCE};`],
    ['a default export', 'r.mjs', `export default ${SOURCE};`],
    ['a CommonJS module', 'r.cjs', `module.exports = { recipe: ${SOURCE} };`],
    ['a CommonJS module that is the recipe', 'r.cjs', `module.exports = ${SOURCE};`],
    ['a compiled module', 'r.cjs', `module.exports = { __esModule: true, default: ${SOURCE} };`],
    ['TypeScript', 'r.ts', TYPED],
    ['TypeScript with a default', 'r.mts', `export default ${SOURCE} as const;`],
    [
      'TypeScript that requires',
      'r.cts',
      `import { sep } from 'node:path';\nexport default { ...${SOURCE}, skip: { names: [sep] } };`,
    ],
  ])('reads %s', async (_, name, text) => {
    expect(await load(name, text, { stripsTypes: false })).toMatchObject(RECIPE);
  });

  it('imports TypeScript as it is where the engine takes it', async () => {
    // The text is JavaScript, too: what is tested is the way, not the engine.
    expect(await load('r.ts', `export const recipe = ${SOURCE};`, { stripsTypes: true })).toEqual(RECIPE);
  });

  it('finds out by itself what the engine takes', async () => {
    expect(await load('r.ts', TYPED)).toEqual(RECIPE);
  });

  it('takes the compiler that is installed beside the recipe', async () => {
    const folder = newFolder();
    const own = join(folder, 'node_modules', 'typescript');
    mkdirSync(own, { recursive: true });
    writeFileSync(
      join(own, 'index.js'),
      `exports.ModuleKind = {}; exports.ScriptTarget = {};
       exports.transpileModule = () => ({ outputText: 'exports.recipe = ' + ${JSON.stringify(JSON.stringify(SOURCE))}.slice(1, -1).replaceAll('\\\\"', '"') });`,
    );
    const path = join(folder, 'r.ts');
    writeFileSync(path, 'anything');
    expect(await loadRecipe(path, { cwd: newFolder(), stripsTypes: false })).toEqual(RECIPE);
  });

  it('says how to go on where nothing runs TypeScript', async () => {
    const promise = load('r.ts', TYPED, { cwd: newFolder(), stripsTypes: false });
    await expect(promise).rejects.toThrow(UsageError);
    await expect(promise).rejects.toThrow('run "npm install typescript", use Node 22.18 or later, or write');
  });

  it.each([
    ['another ending', 'r.yaml', 'x', 'expected one of .json, .js, .mjs, .cjs, .ts, .mts, .cts, got ".yaml"'],
    ['an ending with a slip', 'r.jsno', 'x', 'did you mean ".json"?'],
    ['text that is no JSON', 'r.json', '{', 'expected JSON, got'],
    ['bytes that are no text', 'r.json', Uint8Array.of(0xff), 'expected text in UTF-8'],
    ['a wrong recipe', 'r.json', '{"scheme": {"scheme": "afine"}}', "did you mean 'affine'?"],
    ['null', 'r.json', 'null', 'checkRecipe: "recipe" expected a plain object, got null'],
    [
      'a module without a recipe',
      'r.mjs',
      'export const other = 1;',
      'expected an export named recipe, or a default one, got other',
    ],
    ['a module without exports', 'r.mjs', ';', 'got no exports - write "export const recipe = {...}"'],
    [
      'a module that throws',
      'r.mjs',
      'throw new RangeError("boom");',
      'expected a module that runs, got RangeError: boom',
    ],
    ['a module that throws no error', 'r.mjs', 'throw 7;', 'expected a module that runs, got 7'],
    ['a module that does not parse', 'r.mjs', 'export const = ;', 'expected a module that runs, got '],
    [
      'TypeScript that throws',
      'r.ts',
      'throw new Error("boom");',
      'expected a module that runs, got Error: boom',
    ],
    [
      'TypeScript that does not parse',
      'r.ts',
      'export const x = 1;\nconst y: = ;',
      'expected TypeScript, got in line 2: ',
    ],
  ])('refuses %s', async (_, name, text, message) => {
    const promise = load(name, text, { stripsTypes: false });
    await expect(promise).rejects.toThrow(UsageError);
    await expect(promise).rejects.toThrow(message);
  });

  it('refuses a file far larger than any recipe before reading it', async () => {
    await expect(load('r.json', new Uint8Array(16 * 1024 * 1024 + 1))).rejects.toThrow('is this the recipe?');
  });

  it('tells of a file that cannot be read', async () => {
    const promise = loadRecipe(join(newFolder(), 'gone.json'), { cwd: process.cwd() });
    await expect(promise).rejects.toThrow(IoError);
    await expect(promise).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

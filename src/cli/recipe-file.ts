/** Recipes in files: JSON, or a module in JavaScript or TypeScript. */
import { createRequire } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import { describe } from '../core/errors.js';
import { nearestName } from '../core/text.js';
import { checkRecipe } from '../model/recipe.js';
import type { Recipe } from '../model/types.js';
import { readWhole } from '../node/files.js';
import { systemIo } from '../node/io.js';
import { asUsage, UsageError } from './failure.js';

/** A recipe says a few things about names; a file larger than this is something else, such as the model. */
const MAX_RECIPE_BYTES = 16 * 1024 * 1024;

const JAVASCRIPT: readonly string[] = ['.js', '.mjs', '.cjs'];
const TYPESCRIPT: readonly string[] = ['.ts', '.mts', '.cts'];
const EXTENSIONS: readonly string[] = ['.json', ...JAVASCRIPT, ...TYPESCRIPT];

export interface RecipeFileOptions {
  /** Where `typescript` is looked for when it is not installed beside the recipe. */
  readonly cwd: string;
  /** Whether `import` takes TypeScript as it is. Default: what this Node says. */
  readonly stripsTypes?: boolean;
}

/**
 * The recipe in a file: a JSON document, or what a module exports as `recipe` or by default.
 *
 * A module is a program and runs. TypeScript is imported as it is where Node takes it (22.18 and later); else it is compiled with
 * the `typescript` package that is installed beside the recipe or in `cwd`, as CommonJS.
 *
 * @throws UsageError for anything that is no recipe, IoError when the file cannot be read.
 */
export async function loadRecipe(path: string, options: RecipeFileOptions): Promise<Recipe> {
  const extension = extname(path).toLowerCase();
  if (!EXTENSIONS.includes(extension)) {
    const near = nearestName(extension, EXTENSIONS);
    const fix = near === null ? 'rename it by what it holds' : `did you mean "${near}"?`;
    throw refused(path, `one of ${EXTENSIONS.join(', ')}`, describe(extension), fix);
  }
  const text = await readText(path);
  const value =
    extension === '.json'
      ? parseJson(path, text)
      : exported(path, await runModule(path, text, extension, options));
  return asUsage(() => checkRecipe(value));
}

async function readText(path: string): Promise<string> {
  const bytes = await readWhole(systemIo, path, (size) => {
    if (size > MAX_RECIPE_BYTES) {
      throw refused(path, `at most ${MAX_RECIPE_BYTES} bytes`, String(size), 'is this the recipe?');
    }
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused(path, 'text in UTF-8', 'other bytes', 'is this the recipe?');
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw refused(path, 'JSON', (error as Error).message, 'correct it');
  }
}

async function runModule(
  path: string,
  text: string,
  extension: string,
  { cwd, stripsTypes = nodeStripsTypes() }: RecipeFileOptions,
): Promise<Record<string, unknown>> {
  const isNative = JAVASCRIPT.includes(extension) || stripsTypes;
  // Looked for first: that there is no compiler is no fault of the recipe.
  const compiler = isNative ? null : findTypescript(path, cwd);
  try {
    if (compiler !== null) return runCommonJs(path, compile(path, text, compiler));
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const got = error instanceof Error ? `${error.name}: ${error.message}` : describe(error);
    throw refused(path, 'a module that runs', got, 'correct it', error);
  }
}

/** Node's types are those of version 20, which does not have it yet. */
function nodeStripsTypes(): boolean {
  const { typescript } = process.features as { readonly typescript?: string | false };
  return typeof typescript === 'string';
}

/** The part of the compiler's interface that is used; it has been the same since version 1. */
interface Compiler {
  transpileModule(
    text: string,
    options: { fileName: string; reportDiagnostics: boolean; compilerOptions: Record<string, unknown> },
  ): { outputText: string; diagnostics?: readonly Diagnostic[] };
  readonly ModuleKind: { readonly CommonJS: number };
  readonly ScriptTarget: { readonly ES2022: number };
}

interface Diagnostic {
  readonly messageText: string | { readonly messageText: string };
  readonly start?: number;
}

function findTypescript(path: string, cwd: string): Compiler {
  for (const folder of [dirname(resolve(path)), cwd]) {
    try {
      return createRequire(join(folder, 'recipe.js'))('typescript') as Compiler;
    } catch {
      // Not installed there.
    }
  }
  const got = `Node ${process.versions.node}, which does not, and no "typescript" package`;
  const fix =
    'run "npm install typescript", use Node 22.18 or later, or write the recipe in JavaScript or JSON';
  throw refused(path, 'Node to run TypeScript', got, fix);
}

function compile(
  path: string,
  text: string,
  { transpileModule, ModuleKind, ScriptTarget }: Compiler,
): string {
  const { outputText, diagnostics = [] } = transpileModule(text, {
    // The name of an .mts file would make the compiler keep its imports and exports.
    fileName: 'recipe.ts',
    reportDiagnostics: true,
    compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022, esModuleInterop: true },
  });
  if (diagnostics.length > 0) {
    const [{ messageText, start = 0 }] = diagnostics;
    const message = typeof messageText === 'string' ? messageText : messageText.messageText;
    const line = text.slice(0, start).split('\n').length;
    throw refused(path, 'TypeScript', `in line ${line}: ${message}`, 'correct it');
  }
  return outputText;
}

/** Runs the module with what it may need of CommonJS; its imports are found from its own place. */
function runCommonJs(path: string, code: string): Record<string, unknown> {
  const filename = resolve(path);
  const module = { exports: {} as Record<string, unknown> };
  const names = ['exports', 'require', 'module', '__filename', '__dirname'];
  const run = compileFunction(code, names, { filename }) as (...values: unknown[]) => void;
  run(module.exports, createRequire(filename), module, filename, dirname(filename));
  return module.exports;
}

/** What a module calls `recipe`, else its default; a CommonJS module may be wrapped as the default of another. */
function exported(path: string, module: Record<string, unknown>): unknown {
  const inner = (module.default ?? {}) as Record<string, unknown>;
  const value = module.recipe ?? inner.recipe ?? inner.default ?? module.default;
  if (value === undefined) {
    const got = Object.keys(module).join(', ') || 'no exports';
    throw refused(
      path,
      'an export named recipe, or a default one',
      got,
      'write "export const recipe = {...}"',
    );
  }
  return value;
}

function refused(path: string, expected: string, got: string, fix: string, cause?: unknown): UsageError {
  return new UsageError(`--recipe ${describe(path)} expected ${expected}, got ${got} - ${fix}`, { cause });
}

/** All documents of the repository and all docstrings of the public names, taken apart, type-checked and run. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { entries } from '../../tsup.config.js';
import { bundle, root, temporaryFolder } from './bundle.js';
import { exampleModule, stepsOf, withChecks, type Step } from './snippet-module.js';
import type { PlannedStep, RunPlan, StepResult } from './snippet-runner.js';
import { readPublic, type Snippet } from './snippets.js';

const SCENE = join(root, 'test/support/scene.ts');

/** The Markdown files that users read, those at the root and those of docs: paths relative to the root, and texts. */
export function readMarkdown(): ReadonlyMap<string, string> {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  const paths = [...readdirSync(root), ...inDocs.map((path) => `docs/${path}`)].filter(
    (path) => path.endsWith('.md') && !path.includes('node_modules'),
  );
  return new Map(paths.sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  // A snippet may import or make what it does not use, and an example imports the scene by its path.
  const loose = { noUnusedLocals: false, noUnusedParameters: false, verbatimModuleSyntax: false };
  return { ...options, ...loose, allowImportingTsExtensions: true };
}

export interface PublicExamples {
  readonly examples: readonly Snippet[];
  /** Where each public name, and each name of the scene, is imported from. */
  readonly specifierOf: ReadonlyMap<string, string>;
  readonly program: ts.Program;
}

export function readExamples(): PublicExamples {
  const paths = Object.values(entries).map((path) => join(root, path));
  const program = ts.createProgram([...paths, SCENE], compilerOptions());
  const scene = readPublic(program, [SCENE], root).entryOf.keys();
  const { entryOf, examples } = readPublic(program, paths, root);
  const specifiers = new Map(
    Object.entries(entries).map(([name, path]) => [
      join(root, path),
      name === 'index' ? 'tensorslim' : `tensorslim/${name}`,
    ]),
  );
  const specifierOf = new Map<string, string>(Array.from(scene, (name) => [name, SCENE]));
  for (const [name, entry] of entryOf) specifierOf.set(name, specifiers.get(entry) ?? entry);
  return { examples, specifierOf, program };
}

/** One step with everything that is wrong with it. */
export interface Outcome {
  readonly step: Step;
  readonly problems: readonly string[];
}

/** The steps of Markdown documents, one list for each document. */
export function documentGroups(snippets: readonly Snippet[]): Step[][] {
  const paths = new Set(snippets.map(({ document }) => document));
  return Array.from(paths, (path) => stepsOf(snippets.filter(({ document }) => document === path)));
}

/** The steps of docstring examples, each alone. */
export function exampleGroups({ examples, specifierOf }: PublicExamples): Step[][] {
  return examples.map((example) => [exampleModule(example, specifierOf)]);
}

/** Type-checks and runs all steps, those of a group in one folder: one program for the types, one bundle, one process. */
export async function runAll(groups: readonly (readonly Step[])[], program: ts.Program): Promise<Outcome[]> {
  const folder = temporaryFolder('docs');
  const steps = groups.flat();
  const typeProblems = checkTypes(steps, folder, program);
  await build(steps, folder);
  const plan: RunPlan = {
    results: join(folder, 'results'),
    command: join(folder, 'out/command.js'),
    documents: groups.map((group, i) => ({
      folder: join(folder, `work/${i}`),
      steps: group.map((step) => plannedStep(step, steps.indexOf(step), folder)),
    })),
  };
  const { results, stderr } = await run(plan, folder);
  return steps.map((step, id) => {
    const ran = results.get(id) ?? [`did not run: the process ended before it\n${stderr}`];
    return { step, problems: [...(typeProblems.get(id) ?? []), ...ran] };
  });
}

function plannedStep({ language, source }: Step, id: number, folder: string): PlannedStep {
  return language === 'sh'
    ? { id, module: null, script: source }
    : { id, module: join(folder, `out/run/${id}.js`), script: null };
}

async function run(
  plan: RunPlan,
  folder: string,
): Promise<{ results: ReadonlyMap<number, readonly string[]>; stderr: string }> {
  const planPath = join(folder, 'plan.json');
  writeFileSync(planPath, JSON.stringify(plan));
  writeFileSync(plan.results, '');
  const { stderr } = await promisify(execFile)(
    process.execPath,
    ['--enable-source-maps', join(folder, 'out/runner.js'), planPath],
    { maxBuffer: 2 ** 26, timeout: 240_000 },
  ).catch((error: { stderr: string }) => error);
  const lines = readFileSync(plan.results, 'utf8').trim().split('\n');
  const results = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as StepResult);
  return { results: new Map(results.map(({ id, problems }) => [id, problems])), stderr };
}

function checkTypes(steps: readonly Step[], folder: string, before: ts.Program): Map<number, string[]> {
  const ids = new Map<string, number>();
  steps.forEach(({ language, source }, id) => {
    if (language !== 'ts') return;
    const path = join(folder, `${id}.ts`);
    writeFileSync(path, `${source}\nexport {};\n`);
    ids.set(path, id);
  });
  const program = ts.createProgram(
    [...before.getRootFileNames(), ...ids.keys()],
    compilerOptions(),
    undefined,
    before,
  );
  const problems = new Map<number, string[]>();
  for (const [path, id] of ids) {
    const file = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    if (found.length > 0) problems.set(id, found.map(textOf));
  }
  return problems;
}

function textOf({ file, start = 0, messageText }: ts.Diagnostic): string {
  const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
  return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
}

async function build(steps: readonly Step[], folder: string): Promise<void> {
  const entryPoints: Record<string, string> = {
    runner: join(root, 'test/support/snippet-runner.ts'),
    command: join(root, 'src/cli/main.ts'),
  };
  steps.forEach(({ language, source }, id) => {
    if (language === 'sh') return;
    const path = join(folder, 'run', `${id}.${language}`);
    ts.sys.writeFile(path, withChecks(source));
    entryPoints[`run/${id}`] = path;
  });
  await bundle({
    entryPoints,
    outdir: join(folder, 'out'),
    platform: 'node',
    splitting: true,
    sourcemap: true,
    tsconfigRaw: {},
  });
}

/**
 * The program that runs the code of the documents, started by test/docs.test.ts with the path of a plan: for every document a folder
 * with a model in it, its modules imported and its shell blocks run there, in order. Results go to a file, one line of JSON each.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { saidValueProblem } from './said-value.js';
import { files } from './scene.js';

export interface PlannedStep {
  readonly id: number;
  /** A module to import, or the text of a shell block. */
  readonly module: string | null;
  readonly script: string | null;
}

export interface RunPlan {
  readonly results: string;
  /** The bundled command `tensorslim`. */
  readonly command: string;
  /** A folder to make, and what runs in it. */
  readonly documents: readonly { readonly folder: string; readonly steps: readonly PlannedStep[] }[];
}

export interface StepResult {
  readonly id: number;
  readonly problems: readonly string[];
}

/** What a shell block may call: the command, in the ways that users type it. */
const SHELL = `
tensorslim() { "$NODE" "$COMMAND" "$@"; }
npx() { [ "$1" = tensorslim ] || { echo "npx $1: only tensorslim runs here"; return 1; }; "$@"; }
`;

let problems: string[] = [];

function said(line: number, value: unknown, comment: string): void {
  const problem = saidValueProblem(value, comment);
  if (problem !== null) problems.push(`line ${line}: ${problem}`);
}

async function run({ module, script }: PlannedStep, command: string): Promise<void> {
  if (module !== null) await import(module);
  if (script === null) return;
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', SHELL + script], {
    // A pipe of Node is a socket, which bash takes for a remote login.
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, NODE: process.execPath, COMMAND: command },
  });
  if (status !== 0) problems.push(`exit code ${status}\n${stdout}${stderr}`);
}

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8')) as RunPlan;
Object.assign(globalThis, { said });
console.log = () => undefined;
for (const { folder, steps } of plan.documents) {
  mkdirSync(folder, { recursive: true });
  process.chdir(folder);
  for (const [name, bytes] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  for (const step of steps) {
    problems = [];
    try {
      await run(step, plan.command);
    } catch (error) {
      problems.push(String(error instanceof Error ? (error.stack ?? error.message) : error));
    }
    const result: StepResult = { id: step.id, problems };
    appendFileSync(plan.results, `${JSON.stringify(result)}\n`);
  }
}

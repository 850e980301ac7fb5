/** One run of the program, from the words of the command line to the exit code; it has no other effect than through `io` and files. */
import { setBackend } from '../kernels/dispatch.js';
import { describe, IoError } from '../core/errors.js';
import { errnoOf } from '../node/io-error.js';
import { parseArguments, type Parsed } from './arguments.js';
import type { Context, Outcome } from './command.js';
import { COMMANDS } from './commands.js';
import { asUsage, EXIT, failureOf, type Failure } from './failure.js';
import { commandHelp, programHelp } from './help.js';
import { columnsOf, type CliIo, type Output } from './io.js';
import { jsonText } from './json.js';
import { progressBar, type ProgressBar } from './progress.js';
import { VERSION } from './version.js';

/**
 * Runs a command line and returns its exit code; never throws. Standard output gets the whole result once everything went well, else
 * nothing; standard error gets one line for what went wrong.
 *
 * @param argv what stands behind the program's name
 */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    io.signal.throwIfAborted();
    return await perform(parseArguments(argv, COMMANDS), argv, io);
  } catch (error) {
    return fail(failureOf(error), argv, io);
  }
}

async function perform(
  { command, positionals, values }: Parsed,
  argv: readonly string[],
  io: CliIo,
): Promise<number> {
  if (values.help === true || (command === null && values.version !== true)) {
    return print(command === null ? programHelp(COMMANDS) : commandHelp(command), io.stdout);
  }
  if (command === null || values.version === true) return print(VERSION, io.stdout);
  const { backend } = values;
  if (backend !== undefined) asUsage(() => setBackend(backend as 'auto'));
  const isSilent = values.quiet === true || values.json === true;
  const outcome = await withProgress(io, isSilent, (context) =>
    command.run({ positionals, values }, context),
  );
  if (values.json === true) await print(jsonText(outcome.json), io.stdout);
  else if (values.quiet !== true) await print(outcome.text, io.stdout);
  return outcome.complaint === undefined ? EXIT.ok : fail(failureOf(outcome.complaint), argv, io);
}

/** Whatever happens, the line of the progress bar is empty at the end. */
async function withProgress(
  io: CliIo,
  isSilent: boolean,
  action: (context: Context) => Promise<Outcome>,
): Promise<Outcome> {
  const bars: ProgressBar[] = [];
  const work: Context['work'] = (label) => {
    if (isSilent) return { signal: io.signal };
    const bar = progressBar(io, label);
    bars.push(bar);
    return { signal: io.signal, onProgress: (progress) => bar.update(progress) };
  };
  try {
    return await action({ io, columns: columnsOf(io.stdout), work });
  } finally {
    for (const bar of bars) bar.clear();
  }
}

async function print(text: string, output: Output): Promise<number> {
  try {
    await output.write(`${text}\n`);
  } catch (error) {
    const code = errnoOf(error);
    // Who reads has seen enough, as `head` has.
    if (code !== 'EPIPE') {
      const message = `write: ${describe('standard output')} expected success, got ${code} - nothing else was changed`;
      throw new IoError(code, 'standard output', message, { cause: error });
    }
  }
  return EXIT.ok;
}

async function fail(failure: Failure, argv: readonly string[], io: CliIo): Promise<number> {
  const lines = hasFlag(argv, '--json') ? [JSON.stringify(failure.json)] : [`tensorslim: ${failure.message}`];
  if (hasFlag(argv, '--debug')) lines.push(failure.stack);
  // There is nowhere left to say that this failed, too.
  await io.stderr.write(`${lines.join('\n')}\n`).catch(() => undefined);
  return failure.exitCode;
}

/** Looked up in the words themselves, because parsing may be what failed. */
function hasFlag(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes(flag);
}

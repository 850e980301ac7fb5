/** The program and its process: streams, signals, exit code. */
import { EXIT, Interruption } from './failure.js';
import type { CliIo, Output } from './io.js';
import { run } from './run.js';

/** What the program uses of a stream of its process. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string, done: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** What the program uses of its process. */
export interface Process {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  exitCode?: number | string | null | undefined;
  cwd(): string;
  on(event: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: (signal: string) => void): unknown;
  exit(code: number): unknown;
}

/** Ctrl-C, a request to end, and a terminal that was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs the command line of a process and sets its exit code. The first signal lets the work stop and tidy up; the second, for those
 * who do not want to wait, ends the process at once.
 */
export async function start(process: Process): Promise<void> {
  const controller = new AbortController();
  const stop = (signal: string): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(new Interruption(signal));
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const io: CliIo = {
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    env: process.env,
    cwd: process.cwd(),
    signal: controller.signal,
    now: () => performance.now(),
  };
  // Not exit(): what was written to a pipe may still be on its way.
  process.exitCode = await run(process.argv.slice(2), io);
}

function outputOf(stream: OutputStream): Output {
  // Errors are handled where text is written; without a listener the event would end the process.
  stream.on('error', () => undefined);
  return {
    get isTTY() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.columns;
    },
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error == null ? resolve() : reject(error)));
      }),
  };
}

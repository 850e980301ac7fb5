/** What a command is. */
import type { WorkOptions } from '../model/types.js';
import type { Complaint } from './failure.js';
import type { CliIo } from './io.js';
import type { OptionName, OptionValues } from './options.js';

/** A command line that was parsed and checked against its command. */
export interface Call {
  readonly positionals: readonly string[];
  readonly values: OptionValues;
}

export interface Context {
  readonly io: CliIo;
  /** Columns that a table may take; Infinity where the output is no terminal. */
  readonly columns: number;
  /** Signal and progress bar for long work. `label` stands before the bar. */
  work(label: string): WorkOptions & { readonly signal: AbortSignal };
}

/** What a command has found out or done. Nothing is printed before the command has ended well. */
export interface Outcome {
  /** For people; ends without a line feed. */
  readonly text: string;
  /** For programs, by `--json`. */
  readonly json: unknown;
  /** Why the exit code is 1 although the work was done: goals missed, bounds violated. */
  readonly complaint?: Complaint;
}

export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Names of the arguments, all of them required. */
  readonly positionals: readonly string[];
  /** Besides the global ones. */
  readonly options: readonly OptionName[];
  /** Options without which the command cannot run. */
  readonly required?: readonly OptionName[];
  /** More help, ready to print. */
  readonly details?: string;
  /** Argument lines that show what the command is for. */
  readonly examples: readonly string[];
  readonly run: (call: Call, context: Context) => Promise<Outcome>;
}
